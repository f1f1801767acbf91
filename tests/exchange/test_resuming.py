"""Carrying on a reply whose calls were not run, asking it anew, and chats that were saved."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.chat import conversation
from nbstream.exchange import known_tools
from nbstream.exchange.actions import carried_on
from nbstream.exchange.start import start
from nbstream.model.decision import Decision
from nbstream.model.reduction import reduced
from nbstream.model.retelling import events_of
from nbstream.widgets.call_cards import CallCards
from tests.exchange.conftest import bodies, calls

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.exchange.conftest import Tools, User

PARIS, ROME = 'weather {"city": "Paris"}', 'weather {"city": "Rome"}'


def stopped_while_asking(start: Any) -> nbstream.Reply:
    run = start()
    run.receiver.questions.has_view = True
    while not run.receiver.questions.is_open("0.0"):
        time.sleep(0.001)
    run.cancel()
    reply: nbstream.Reply = run.result(10)
    return reply


def test_a_stopped_reply_is_carried_on(simulator: Simulator, tools: Tools) -> None:
    reply = stopped_while_asking(lambda: nbstream.stream(calls(PARIS, "clock {}", f"2 {ROME}"), tools=tools.all))
    whole = nbstream.resume(reply, allow=["weather"])
    assert (whole.status, len(whole.steps), tools.ran) == ("complete", 3, {"weather": 2, "clock": 1})
    assert len(bodies(simulator)) == 3
    assert whole.steps[0].reasoning == reply.reasoning
    assert whole.steps[0].usage == reply.usage
    assert whole.usage is not None
    assert whole.usage.total_tokens == sum(step.usage.total_tokens for step in whole.steps)  # type: ignore[union-attr, misc]


def test_a_reply_that_failed_between_is_carried_on_without_running_anything_twice(
    simulator: Simulator, tools: Tools
) -> None:
    options: Any = {"tools": [tools.clock], "thinking": False}
    usual = nbstream.stream("[simulate: tool-call tokens=20] Go on.", **options).result(30)
    assert usual.own.usage is not None
    size = 40 + int(usual.own.usage.prompt_tokens or 0)
    tools.ran.clear()
    prompt = f"[simulate: tool-call window size={size} tokens=20] Go on."
    failed = nbstream.stream(prompt, max_tokens=60, **options).result(30)
    assert (failed.status, len(failed.steps), tools.ran["clock"]) == ("failed", 2, 1)
    whole = nbstream.resume(failed, max_tokens=20)
    assert (whole.status, len(whole.steps), tools.ran["clock"]) == ("complete", 2, 1)


def test_without_the_tools_of_the_session_they_must_be_named(simulator: Simulator, tools: Tools) -> None:
    reply = stopped_while_asking(lambda: nbstream.stream(calls(PARIS), tools=tools.all))
    known_tools._known.get().clear()
    with pytest.raises(nbstream.RequestError, match="`tools=`"):
        nbstream.resume(reply)
    assert nbstream.resume(reply, tools=tools.all, allow="weather").status == "complete"
    assert tools.ran["weather"] == 1


def test_a_chat_that_was_saved_while_it_asked_goes_on_in_another_session(
    simulator: Simulator, tools: Tools, tmp_path: Path
) -> None:
    chat = nbstream.Chat("plan", tools=tools.all)
    run = chat.stream(calls(PARIS, f"2 {ROME}"))
    run.receiver.questions.has_view = True
    while not run.receiver.questions.is_open("0.0"):
        time.sleep(0.001)
    chat.save(tmp_path / "plan.json")
    run.cancel()
    run.result(10)

    conversation._chats.get().clear()
    known_tools._known.get().clear()
    loaded = nbstream.Chat.load(tmp_path / "plan.json")
    (turn,) = loaded.turns
    assert [call.name for call in turn.reply.pending] == ["weather"]
    whole = nbstream.resume(turn.reply, tools=tools.all, allow=["weather"])
    assert (whole.status, tools.ran["weather"]) == ("complete", 2)
    assert loaded.turns[0].reply is whole
    after = loaded.stream("[simulate: normal tokens=5] Thanks", tools=tools.all).result(10)
    assert after.error is None
    assert [each["role"] for each in bodies(simulator)[-1]["messages"]] == [
        *("user", "assistant", "tool", "assistant", "tool", "assistant", "user")
    ]


def test_a_retried_turn_asks_with_the_same_tools(simulator: Simulator, tools: Tools, user: User) -> None:
    from nbstream.chat import again

    reply = nbstream.stream(calls(PARIS), tools=tools.all).result(10)
    anew = again.start(again.another("retry", reply, {}), reply, "retry").result(10)
    assert (anew.status, len(anew.steps), tools.ran["weather"], len(user.asked)) == ("complete", 2, 2, 2)
    first, *_, again_sent, _ = bodies(simulator)
    assert again_sent == first


def test_nothing_is_pending_in_a_complete_reply(simulator: Simulator, tools: Tools, user: User) -> None:
    reply = nbstream.stream(calls(PARIS), tools=tools.all).result(10)
    assert reply.pending == ()
    with pytest.raises(nbstream.RequestError):
        nbstream.resume(reply)


def test_events_of_a_reply_make_the_same_reply(simulator: Simulator, tools: Tools, user: User) -> None:
    reply = nbstream.stream(calls(PARIS, "clock {}", f"2 {ROME}"), tools=tools.all).result(10)
    again = reduced(events_of(reply.steps[:2]))
    assert again.status == "calling"
    for before, after in zip(reply.steps, again.steps, strict=False):
        assert (after.message, after.tool_calls, after.usage, after.cost) == (
            before.message,
            before.tool_calls,
            before.usage,
            before.cost,
        )
        assert (after.request, after.id, after.model, after.extras) == (
            before.request,
            before.id,
            before.model,
            before.extras,
        )
        assert after.timing.begun == before.timing.begun


def test_a_question_of_a_resumed_reply_is_the_next_about_its_call(simulator: Simulator, tools: Tools) -> None:
    reply = stopped_while_asking(lambda: nbstream.stream(calls(PARIS), tools=tools.all))
    source, before = carried_on(reply, {})
    run = start(source, {"tools": tools.all}, before)
    questions = run.receiver.questions
    questions.has_view = True
    while not questions.is_open("0.0"):
        questions.note_seen("0.0")
        time.sleep(0.001)
    cards, (events, so_far) = CallCards(0, {}), run.receiver.wait(0)
    for event in events:
        cards.feed(event)
    cards.changes(so_far)
    (card,) = cards.state
    assert card["asked"] == 2
    assert not questions.answer("0.0", Decision("allow"), 1)
    assert questions.answer("0.0", Decision("allow"), card["asked"])
    assert run.result(30).status == "complete"
    assert tools.ran == {"weather": 1}


def cancel_in_answer(run: nbstream.Run) -> None:
    while len(run.reply.answer) < 60:
        time.sleep(0.001)
    run.cancel()


@pytest.mark.parametrize("is_stopped", [False, True])
def test_an_answer_after_calls_is_continued_with_all_steps(
    simulator: Simulator, tools: Tools, *, is_stopped: bool
) -> None:
    chat = nbstream.Chat("plan", tools=[tools.clock], thinking=False)
    prompt = "[simulate: tool-call tokens=200]\n[simulate: call] clock {}\nGo on."
    if is_stopped:
        run = chat.stream(prompt.replace("tokens=200", "tokens=200 rate=300"))
        threading.Thread(target=cancel_in_answer, args=(run,)).start()
        # The tool runs while this thread waits.
        cut = run.result(10)
    else:
        cut = chat.stream(prompt, max_tokens=60).result(10)
    assert (cut.status, len(cut.steps)) == ("cancelled" if is_stopped else "truncated", 2)
    bodies_before = len(bodies(simulator))
    whole = nbstream.resume(cut, max_tokens=4000)
    assert (whole.status, len(whole.steps), tools.ran["clock"]) == ("complete", 2, 1)
    assert whole.answer.startswith(cut.answer)
    assert len(whole.answer) > len(cut.answer)
    assert whole.steps[0].tool_calls == cut.steps[0].tool_calls
    assert len(bodies(simulator)) == bodies_before + 1
    # All three requests count, and the chat's next request has the call and its result.
    assert whole.usage is not None
    assert whole.usage.total_tokens == sum(step.usage.total_tokens for step in whole.steps)  # type: ignore[union-attr, misc]
    if not is_stopped:
        assert whole.cost is not None
        assert whole.cost.amount == sum(step.cost.amount for step in whole.steps)  # type: ignore[union-attr, misc]
    assert chat.turns[0].reply is whole
    assert [each["role"] for each in chat.messages] == ["user", "assistant", "tool", "assistant"]
    assert chat.stream("[simulate: normal tokens=5] Thanks").result(10).error is None
