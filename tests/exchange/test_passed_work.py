"""Work of a reply that is shown beside a busy main thread: that thread may come to wait for it."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client.questions import Questions
from nbstream.jupyter.pumping import Pump
from tests import needs
from tests.exchange.conftest import calls

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.simulator.server import Simulator
    from tests.exchange.conftest import Tools, User

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


@pytest.mark.parametrize("show", [in_a_view, in_the_background])
def test_only_a_cell_that_waits_for_a_reply_may_ask_by_input(
    simulator: Simulator,
    show: Callable[[nbstream.Run, Any], Callable[[], object]],
    tools: Tools,
    user: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    goes_on = threading.Event()

    async def is_seen(questions: Questions, *_: object) -> bool:
        while not (questions.has_cell or goes_on.is_set()):  # noqa: ASYNC110  (set on other threads)
            await asyncio.sleep(0.005)
        return False

    monkeypatch.setattr(Questions, "wait_until_seen", is_seen)
    later: Later = []
    kernel = SimpleNamespace(io_loop=SimpleNamespace(add_callback=later.append))
    waited, unattended = (nbstream.stream(calls(f'weather {{"city": "{city}"}}'), tools=tools.all) for city in "ab")
    ends = [show(run, kernel) for run in (waited, unattended)]
    for run in (waited, unattended):
        # No page shows the view.
        run.receiver.questions.has_view = True
    assert [call.decided_by for call in waited.result(20).steps[0].tool_calls] == ["user"]
    # Nobody waits for the other one, so nobody could type an answer.
    goes_on.set()
    unattended.receiver.future.result(20)
    assert [call.decided_by for call in unattended.reply.steps[0].tool_calls] == ["nobody"]
    assert len(user.asked) == 1
    for end in ends:
        end()


def test_work_is_passed_on_once_and_done_once(simulator: Simulator) -> None:
    ran = []

    @nbstream.tool(consent="never")
    def note() -> str:
        """Count."""
        ran.append(1)
        return "noted"

    run = nbstream.stream(calls("note {}"), tools=[note])
    jobs = run.receiver.jobs
    later: Later = []
    while not jobs:
        time.sleep(0.005)
    for _ in range(3):
        jobs.pass_to(later.append)
    assert (len(later), jobs.is_passed, ran) == (1, True, [])
    later[0]()
    assert (jobs.is_passed, ran) == (False, [1])
    jobs.pass_to(later.append)
    assert (run.result(20).status, len(later), ran) == ("complete", 1, [1])
