"""Interrupts and Stop at random moments, many cells at once, and resources left in the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.jupyter import exchange_trials, trials
from tests.jupyter.test_kernels import SILENT, begin

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel

pytestmark = [pytest.mark.kernel, pytest.mark.every_kernel]
#: `python -m benchmarks.reliability` runs two hundred of each.
_TRIES = 6


def test_interrupts_at_random_moments_end_the_cell_cleanly(kernel: Kernel, server: Simulator) -> None:
    tally = trials.interrupts(kernel, server, _TRIES, seed=1)
    assert (tally.tried, tally.wrong) == (_TRIES, [])


def test_stops_at_random_moments_end_the_cell_cleanly(kernel: Kernel, server: Simulator) -> None:
    tally = trials.stops(kernel, server, _TRIES, seed=2, ways=("control", "main", "subshell"))
    assert (tally.tried, tally.wrong) == (_TRIES, [])


def test_an_exchange_that_ends_at_a_random_moment_leaves_a_chat_that_goes_on(kernel: Kernel, server: Simulator) -> None:
    tally = exchange_trials.moments(kernel, server, _TRIES, seed=4)
    assert (tally.tried, tally.wrong) == (_TRIES, [])


@pytest.mark.parametrize("cells", [2, 20])
def test_many_cells_stream_at_once_without_mixing(kernel: Kernel, server: Simulator, cells: int) -> None:
    tally = trials.crowd(kernel, server, cells, seed=3)
    assert (tally.tried, tally.wrong) == (cells, [])


@pytest.mark.parametrize("options", ["", "--background"])
def test_a_reply_completes_after_its_widget_was_closed_from_python(
    kernel: Kernel, server: Simulator, options: str
) -> None:
    # A foreground cell keeps the main thread busy, so a thread closes the widgets. In ipykernel 7.0
    # the thread needs the context of a cell.
    kernel.run("import contextvars, ipywidgets, threading; context = contextvars.copy_context()")
    kernel.run("closing = threading.Timer(0.15, context.run, (ipywidgets.Widget.close_all,)); closing.start()")
    cell = kernel.run(f"%%deepseek -o reply {options}\n[simulate: normal tokens=60 rate=150] Why?")
    kernel.until(lambda: kernel.evaluate("reply.ended and nbstream.last.ended"), "the reply ends")
    assert kernel.evaluate("[reply.status, closing.is_alive()]") == ["complete", False]
    kernel.until(lambda: kernel.updates_of(cell), "it settles")
    assert "nbstream-settled" in kernel.updates_of(cell)[0]["content"]["data"]["text/html"]
    assert cell.text("stderr") == ""
    assert not cell.outputs_of("error")
    kernel.until(lambda: trials.remaining(kernel, server)["threads"] == ["nbstream"], "the threads end")


def test_ended_replies_leave_no_extra_threads_tasks_or_connections(kernel: Kernel, server: Simulator) -> None:
    # Other tests of this kernel have asked other paths of the server, each with a connection.
    before = trials.remaining(kernel, server)
    # Those of widgets that people build with, which stay.
    others = before["receivers"] - before["kept"]
    for options in ("", "--background"):
        cell, view = begin(kernel, server, SILENT, options)
        kernel.control(view, "cancel")
        kernel.finish(cell)
    kernel.run("%%deepseek\n[simulate: reset after=10] Why?")
    kernel.until(lambda: trials.remaining(kernel, server)["threads"] == ["nbstream"], "the threads end")
    remaining = trials.remaining(kernel, server)
    assert remaining["tasks"] == 0
    assert remaining["connections"] <= max(1, before["connections"])
    # The last few widgets are kept, because their page may have been reloaded.
    assert remaining["receivers"] - others == remaining["kept"] <= 8
