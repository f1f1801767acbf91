"""■ and Stop at random moments, many cells at once, and what is left in the kernel afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.jupyter import trials
from tests.jupyter.test_kernels import SILENT, begin

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel

pytestmark = pytest.mark.kernel
#: The reliability table has two hundred of each (`python -m benchmarks.reliability`).
_TRIES = 6


def test_interrupt_at_any_moment(kernel: Kernel, server: Simulator) -> None:
    tally = trials.interrupts(kernel, server, _TRIES, seed=1)
    assert (tally.tried, tally.wrong) == (_TRIES, [])


def test_stop_at_any_moment_in_any_way(kernel: Kernel, server: Simulator) -> None:
    tally = trials.stops(kernel, server, _TRIES, seed=2, ways=("control", "main", "subshell"))
    assert (tally.tried, tally.wrong) == (_TRIES, [])


@pytest.mark.parametrize("cells", [2, 20])
def test_many_cells_at_once(kernel: Kernel, server: Simulator, cells: int) -> None:
    tally = trials.crowd(kernel, server, cells, seed=3)
    assert (tally.tried, tally.wrong) == (cells, [])


@pytest.mark.parametrize("options", ["", "--background"])
def test_a_widget_that_is_closed_from_python_takes_nothing_along(
    kernel: Kernel, server: Simulator, options: str
) -> None:
    # A foreground cell keeps the main thread busy, so a thread does it; ipykernel 7.0 needs a cell's context for it.
    kernel.run("import contextvars, ipywidgets, threading; context = contextvars.copy_context()")
    kernel.run("closing = threading.Timer(0.15, context.run, (ipywidgets.Widget.close_all,)); closing.start()")
    cell = kernel.run(f"%%deepseek -o reply {options}\n[simulate: normal tokens=60 rate=150] Why?")
    kernel.until(lambda: kernel.evaluate("reply.ended and nbstream.last.ended"), "the reply ends")
    assert kernel.evaluate("[reply.status, closing.is_alive()]") == ["complete", False]
    kernel.until(lambda: kernel.updates_of(cell), "it settles")
    assert "nbstream-settled" in kernel.updates_of(cell)[0]["content"]["data"]["text/html"]
    assert cell.text("stderr") == ""
    assert not cell.of("error")
    kernel.until(lambda: trials.left(kernel, server)["threads"] == ["nbstream"], "the threads end")


def test_nothing_is_left(kernel: Kernel, server: Simulator) -> None:
    for options in ("", "--background"):
        cell, view = begin(kernel, server, SILENT, options)
        kernel.control(view, "cancel")
        kernel.finish(cell)
    kernel.run("%%deepseek\n[simulate: reset after=10] Why?")
    kernel.until(lambda: trials.left(kernel, server)["threads"] == ["nbstream"], "the threads end")
    left = trials.left(kernel, server)
    assert left["tasks"] == 0
    assert left["connections"] <= 1
    # A page that spoke may have been reloaded, so the last few widgets are kept, each reached by its run and its comm.
    assert left["receivers"] == 2 * left["kept"] <= 16
