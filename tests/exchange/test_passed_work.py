"""Work of a reply that is shown beside a busy main thread: that thread may come to wait for it."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.jupyter.pumping import Pump
from tests import needs
from tests.exchange.conftest import calls

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.simulator.server import Simulator

#: What a main thread that is in a cell does later.
Later = list["Callable[[], object]"]


def in_a_view(run: nbstream.Run, kernel: Any) -> Callable[[], object]:
    needs.bundle()
    view = nbstream.ReplyView()
    view._kernel = kernel
    view.show(run)
    return view.close


def in_the_background(run: nbstream.Run, kernel: Any) -> Callable[[], object]:
    def nothing(*_: object) -> None:
        pass

    sink: Any = SimpleNamespace(update=nothing, tick=nothing, acknowledge=nothing, settle=nothing)
    thread = threading.Thread(target=Pump(run, sink).work_elsewhere, args=(kernel,))
    thread.start()
    return thread.join


@pytest.mark.parametrize("show", [in_a_view, in_the_background])
def test_a_cell_that_waits_for_a_reply_runs_the_tools_that_wait_for_its_thread(
    simulator: Simulator, show: Callable[[nbstream.Run, Any], Callable[[], object]]
) -> None:
    threads = []

    @nbstream.tool(consent="never")
    def note() -> str:
        """Note the thread."""
        threads.append(threading.current_thread())
        return "noted"

    later: Later = []
    kernel = SimpleNamespace(io_loop=SimpleNamespace(add_callback=later.append))
    run = nbstream.stream(calls("note {}"), tools=[note])
    end = show(run, kernel)
    deadline = time.monotonic() + 20
    # The cell does something else first.
    while not later and time.monotonic() < deadline:
        time.sleep(0.01)
    assert run.result(20).status == "complete"
    for each in later:
        each()
    end()
    assert threads == [threading.current_thread()]


def test_work_is_passed_on_once_and_done_once(simulator: Simulator) -> None:
    ran = []

    @nbstream.tool(consent="never")
    def note() -> str:
        """Count."""
        ran.append(1)
        return "noted"

    run = nbstream.stream(calls("note {}"), tools=[note])
    jobs = run.receiver.jobs
    later: list[Any] = []
    while not jobs:
        time.sleep(0.005)
    for _ in range(3):
        jobs.pass_to(later.append)
    assert (len(later), jobs.is_passed, ran) == (1, True, [])
    later[0]()
    assert (jobs.is_passed, ran) == (False, [1])
    jobs.pass_to(later.append)
    assert (run.result(20).status, len(later), ran) == ("complete", 1, [1])
