"""Stop and ■ within an exchange: everything is kept, and the next request is accepted."""

from __future__ import annotations

import random
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.model.decision import Decision
from tests.exchange.conftest import bodies, calls
from tests.hostile.server import HostileServer, Response, chunk

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.exchange.conftest import Tools, User

PARIS, ROME = 'weather {"city": "Paris"}', 'weather {"city": "Rome"}'


def states(reply: nbstream.Reply) -> list[str]:
    return [call.state for step in reply.steps for call in step.tool_calls]


def test_a_stop_while_the_user_is_asked_leaves_every_call_with_a_result(simulator: Simulator, tools: Tools) -> None:
    run = nbstream.stream(calls(PARIS, ROME), tools=tools.all)
    run.receiver.questions.has_view = True
    while not run.receiver.questions.is_open("0.1"):
        run.receiver.questions.note_seen("0.0")
        time.sleep(0.001)
    run.cancel()
    reply = run.result(10)
    assert (reply.status, states(reply), tools.ran) == ("cancelled", ["stopped", "stopped"], {})
    assert not run.receiver.questions.answer("0.0", Decision("allow"))
    assert [call.name for call in reply.pending] == ["weather", "weather"]


def test_a_stop_waits_for_a_running_tool_and_keeps_its_result(simulator: Simulator) -> None:
    began, states_seen = threading.Event(), []

    @nbstream.tool(consent="never")
    def slow() -> str:
        """Take half a second."""
        began.set()
        time.sleep(0.5)
        return "finished"

    run = nbstream.stream(calls("slow {}", "slow {}"), tools=[slow])

    def stop() -> None:
        began.wait()
        run.cancel()
        time.sleep(0.1)
        states_seen.append(run.reply.tool_calls[0].state)

    threading.Thread(target=stop).start()
    reply = run.result(10)
    assert (reply.status, states(reply), states_seen) == ("cancelled", ["done", "stopped"], ["stopping"])
    assert reply.tool_calls[0].result == "finished"


def test_an_interrupt_breaks_off_a_tool_and_the_cell(simulator: Simulator) -> None:
    @nbstream.tool(consent="never")
    def hangs() -> None:
        """Hang."""
        threading.Timer(0.1, signal.pthread_kill, [threading.get_ident(), signal.SIGINT]).start()
        time.sleep(30)

    run = nbstream.stream(calls("hangs {}", "hangs {}"), tools=[hangs])
    with pytest.raises(KeyboardInterrupt):
        run.result(10)
    reply = run.result(10)
    assert (reply.status, states(reply)) == ("cancelled", ["interrupted", "stopped"])


@pytest.mark.parametrize("seed", range(40))
def test_after_a_stop_at_any_moment_the_chat_goes_on(simulator: Simulator, tools: Tools, user: User, seed: int) -> None:
    chance = random.Random(seed)
    chat = nbstream.Chat(f"chat{seed}", tools=tools.all)
    prompt = calls(PARIS, "clock {}", 'add {"a": 1, "b": 2}', f"2 {ROME}", "3 clock {}").replace(
        "tool-call tokens=20", "tool-call tokens=20 rate=2000"
    )
    run = chat.stream(prompt)
    threading.Timer(chance.random() * 1.2, run.cancel).start()
    reply = run.result(30)
    # The calls of the last step may still have been arriving.
    for step in reply.steps[:-1]:
        assert all(call.outcome is not None for call in step.tool_calls)
    after = chat.stream("[simulate: normal tokens=5] Hello").result(30)
    assert (after.status, after.error) == ("complete", None)
    sent = bodies(simulator)[-1]["messages"]
    asked = {call["id"] for message in sent for call in message.get("tool_calls", ())}
    assert asked == {message["tool_call_id"] for message in sent if message["role"] == "tool"}


def test_a_dropped_run_ends_its_exchange(simulator: Simulator, tools: Tools) -> None:
    run: Any = nbstream.stream(calls(PARIS), tools=tools.all)
    receiver = run.receiver
    while receiver.reply.status != "calling":
        time.sleep(0.005)
    del run
    assert receiver.future.result(10).status == "cancelled"


@pytest.mark.parametrize("where", ["rule", "question"])
def test_an_interrupt_of_a_rule_or_of_a_question_stops_the_reply(
    simulator: Simulator, tools: Tools, user: User, where: str
) -> None:
    def interrupts(_: Any) -> Any:
        raise KeyboardInterrupt

    @nbstream.tool(consent=interrupts if where == "rule" else "ask")
    def ruled() -> None:
        """Do nothing."""
        tools.ran["ruled"] += 1

    user.answer = interrupts
    run = nbstream.stream(calls("ruled {}", PARIS), tools=[ruled, tools.weather])
    with pytest.raises(KeyboardInterrupt):
        run.result(10)
    reply = run.result(10)
    assert (reply.status, reply.error, states(reply), tools.ran) == ("cancelled", None, ["stopped", "stopped"], {})


def test_an_interrupted_rule_stops_the_reply_before_the_waiting_thread_does(simulator: Simulator, tools: Tools) -> None:
    def interrupts(_: Any) -> Any:
        raise KeyboardInterrupt

    @nbstream.tool(consent=interrupts)
    def ruled() -> None:
        """Do nothing."""
        tools.ran["ruled"] += 1

    run = nbstream.stream(calls("ruled {}"), tools=[ruled])
    while (job := run.receiver.jobs.take()) is None:
        time.sleep(0.005)
    assert job.run()
    reply = run.receiver.future.result(10)
    assert (reply.status, reply.error, states(reply), tools.ran) == ("cancelled", None, ["stopped"], {})


def test_a_stop_before_the_connection_is_closed_gives_each_call_its_outcome(tools: Tools) -> None:
    done = threading.Event()
    call = {"index": 0, "id": "a", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
    pieces: list[bytes | threading.Event] = [
        chunk(tool_calls=[call]),
        chunk(finish="tool_calls"),
        b"data: [DONE]\n\n",
        done,
    ]
    with HostileServer({"v1": lambda _: Response(pieces)}) as server:
        run = nbstream.stream(
            "What time is it?", tools=[tools.clock], base_url=f"{server.url}/v1", api_key="none", model="m"
        )
        while run.reply.status in ("pending", "waiting", "answering"):
            time.sleep(0.001)
        assert run.reply.status == "calling"
        run.cancel()
        reply = run.result(30)
        done.set()
    assert reply.status == "cancelled"
    assert [each.state for each in reply.tool_calls] == ["stopped"]
    assert tools.ran == {}
