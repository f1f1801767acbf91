"""No call runs without consent: each way to give it, and each way to refuse it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client.loop import background_loop
from nbstream.model.decision import Decision
from tests.exchange.conftest import bodies, calls

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.exchange.conftest import Tools, User

PARIS, ROME = 'weather {"city": "Paris"}', 'weather {"city": "Rome"}'


def ask(prompt: str, tools: list[Any], **options: Any) -> nbstream.Reply:
    return nbstream.stream(prompt, tools=tools, **options).result(30)


def call_of(reply: nbstream.Reply, step: int = 0, index: int = 0) -> Any:
    return reply.steps[step].tool_calls[index]


def test_where_nobody_can_be_asked_a_call_is_denied_and_that_is_said(simulator: Simulator, tools: Tools) -> None:
    reply = ask(calls(PARIS), [tools.weather])
    assert (tools.ran, call_of(reply).state, call_of(reply).decided_by) == ({}, "denied", "nobody")
    assert [(each.kind, each.where) for each in reply.warnings] == [("nobody_asked", "weather")]
    assert "nobody" in bodies(simulator)[-1]["messages"][-1]["content"]


def test_allow_once_asks_again(simulator: Simulator, tools: Tools, user: User) -> None:
    ask(calls(PARIS, ROME), [tools.weather])
    assert (tools.ran["weather"], len(user.asked)) == (2, 2)


def test_allow_for_this_reply_asks_once_and_is_forgotten_then(simulator: Simulator, tools: Tools, user: User) -> None:
    user.answer = lambda _: Decision("allow_all")
    reply = ask(calls(PARIS, ROME, '2 weather {"city": "Oslo"}'), [tools.weather])
    assert (tools.ran["weather"], len(user.asked)) == (3, 1)
    assert [call.decided_by for step in reply.steps for call in step.tool_calls] == ["user_all"] * 3
    ask(calls(PARIS), [tools.weather])
    assert len(user.asked) == 2


def test_allowing_one_tool_allows_no_other(simulator: Simulator, tools: Tools, user: User) -> None:
    user.answer = lambda call: Decision("allow_all" if call.name == "weather" else "deny")
    ask(calls(PARIS, 'add {"a": 1, "b": 2}', '2 weather {"city": "Oslo"}'), tools.all)
    assert tools.ran == {"weather": 2}


@pytest.mark.parametrize("allow", ["weather", ["weather"]])
def test_a_request_allows_tools_by_name(simulator: Simulator, tools: Tools, user: User, allow: Any) -> None:
    reply = ask(calls(PARIS, 'add {"a": 1, "b": 2}'), tools.all, allow=allow)
    assert [call.name for call in user.asked] == ["add"]
    assert call_of(reply).decided_by == "request"


def test_edited_arguments_run_and_the_model_is_told(simulator: Simulator, tools: Tools, user: User) -> None:
    user.answer = lambda _: Decision("allow", edited='{"city": "Bonn"}')
    reply = ask(calls(PARIS), [tools.weather])
    assert tools.arguments == [("Bonn", 1)]
    call = call_of(reply)
    assert (call.arguments, call.edited, call.used) == ('{"city": "Paris"}', '{"city": "Bonn"}', '{"city": "Bonn"}')
    message = bodies(simulator)[-1]["messages"][-1]["content"]
    assert '{"city": "Bonn"}' in message
    assert "sunny in Bonn" in message


def test_edited_arguments_that_do_not_fit_are_asked_for_again(simulator: Simulator, tools: Tools, user: User) -> None:
    answers = [Decision("allow", edited='{"town": 1}'), Decision("allow", edited="{"), Decision("allow")]
    user.answer = lambda _: answers.pop(0)
    reply = ask(calls(PARIS), [tools.weather])
    assert len(user.asked) == 3
    assert "town" in user.asked[1].reason
    assert (call_of(reply).state, call_of(reply).edited, tools.arguments) == ("done", None, [("Paris", 1)])


def test_what_a_rule_denies_is_denied_whatever_was_allowed(simulator: Simulator, user: User) -> None:
    ran = []

    @nbstream.tool(consent=lambda call: "deny" if call.arguments["path"].startswith("/") else "ask")
    def remove(path: str) -> None:
        """Remove a file."""
        ran.append(path)

    user.answer = lambda _: Decision("allow", edited='{"path": "/etc/passwd"}')
    reply = ask(calls('remove {"path": "/x"}', 'remove {"path": "x"}'), [remove], allow="remove")
    assert ran == ["x"]
    assert [call.state for call in reply.steps[0].tool_calls] == ["denied", "done"]
    reply = ask(calls('remove {"path": "y"}'), [remove])
    assert (ran, call_of(reply).state, call_of(reply).decided_by) == (["x"], "denied", "rule")


def test_a_rule_that_raises_asks(simulator: Simulator, user: User) -> None:
    @nbstream.tool(consent=lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
    def shout() -> str:
        """Shout."""
        return "!"

    ask(calls("shout {}"), [shout])
    assert "ZeroDivisionError" in user.asked[0].reason


class Page:
    """Answers the questions of a run as a page does, from another thread."""

    def __init__(self, run: nbstream.Run, **decisions: Decision) -> None:
        self.questions = run.receiver.questions
        self.questions.has_view = True
        self._run = run
        self._decisions = {key.replace("q", "").replace("_", "."): value for key, value in decisions.items()}
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while not self._run.done:
            for key, decision in list(self._decisions.items()):
                self.questions.note_seen(key)
                if self.questions.answer(key, decision):
                    del self._decisions[key]
            time.sleep(0.002)


def test_a_page_answers_in_any_order_and_calls_run_in_the_model_s(simulator: Simulator, tools: Tools) -> None:
    run = nbstream.stream(calls(PARIS, ROME, 'add {"a": 1, "b": 2}'), tools=tools.all)
    Page(run, q0_2=Decision("deny"), q0_1=Decision("allow"), q0_0=Decision("allow"))
    reply = run.result(30)
    assert [call.state for call in reply.steps[0].tool_calls] == ["done", "done", "denied"]
    assert tools.arguments == [("Paris", 1), ("Rome", 1)]


def test_only_the_first_answer_counts(simulator: Simulator, tools: Tools) -> None:
    run = nbstream.stream(calls(PARIS), tools=tools.all)
    questions = run.receiver.questions
    questions.has_view = True
    while not questions.answer("0.0", Decision("deny")):
        time.sleep(0.001)
    assert not questions.answer("0.0", Decision("allow"))
    run.result(30)
    assert tools.ran == {}


def test_an_answer_to_an_edited_question_of_a_page_is_asked_again(simulator: Simulator, tools: Tools) -> None:
    run = nbstream.stream(calls(PARIS), tools=tools.all)
    page = Page(run, q0_0=Decision("allow", edited="{}"))
    threading.Timer(0.3, lambda: page._decisions.update({"0.0": Decision("allow")})).start()
    assert call_of(run.result(30)).state == "done"


def test_a_page_that_shows_nothing_within_two_seconds_leaves_the_question_to_input(
    simulator: Simulator, tools: Tools, user: User
) -> None:
    run = nbstream.stream(calls(PARIS), tools=tools.all)
    run.receiver.questions.has_view = True
    assert call_of(run.result(30)).state == "done"
    assert len(user.asked) == 1


def test_a_denied_call_that_comes_again_is_asked_for_again(simulator: Simulator, tools: Tools, user: User) -> None:
    answers = [Decision("deny"), Decision("allow")]
    user.answer = lambda _: answers.pop(0)
    ask("[simulate: tool-call repeat=denied tokens=20] Go on.", [tools.weather])
    assert (len(user.asked), tools.ran["weather"]) == (2, 1)


def test_the_time_of_a_question_is_not_the_server_s(simulator: Simulator, tools: Tools, user: User) -> None:
    def slow(_: Any) -> Decision:
        time.sleep(0.5)
        return Decision("allow")

    user.answer = slow
    reply = ask(calls(PARIS), [tools.weather])
    first, last = reply.steps
    assert first.timing.ended is not None
    assert last.timing.begun - first.timing.ended >= 0.5


def test_what_the_model_calls_where_it_may_call_none_does_not_run(
    simulator: Simulator, tools: Tools, user: User
) -> None:
    prompt = calls("clock {}", PARIS).replace("tool-call", "tool-call broken=choice")
    reply = ask(prompt, tools.all, allow="weather", tool_choice="none")
    assert (reply.status, tools.ran, user.asked) == ("complete", {}, [])
    assert [call.outcome for call in reply.tool_calls] == [None, None]
    # After the last of `max_steps`, and so on in the next turn.
    many = calls("clock {}", *(f'{step} {PARIS[:-2]}{step}"}}' for step in range(2, 6)))
    reply = ask(many.replace("tool-call", "tool-call broken=choice"), tools.all, allow="weather", max_steps=2)
    assert (len(reply.steps), tools.ran, user.asked) == (3, {"clock": 1, "weather": 1}, [])
    assert len(reply.tool_calls) == 1


def test_two_calls_with_one_id_are_two_calls(simulator: Simulator, tools: Tools, user: User) -> None:
    user.answer = lambda call: Decision("allow" if "Paris" in call.arguments else "deny")
    reply = ask(calls(PARIS, ROME).replace("tool-call", "tool-call broken=same-id"), tools.all)
    assert (tools.arguments, len(user.asked), reply.status) == ([("Paris", 1)], 2, "complete")
    results = [message for message in bodies(simulator)[-1]["messages"] if message["role"] == "tool"]
    assert len({message["tool_call_id"] for message in results}) == 2


@pytest.mark.parametrize("decisions", [("deny", "deny", "deny"), ("allow", "deny", "allow"), ("deny", "allow", "deny")])
def test_decisions_that_come_at_the_same_moment_each_count(
    simulator: Simulator, tools: Tools, decisions: tuple[Any, ...]
) -> None:
    run = nbstream.stream(calls(PARIS, ROME, 'weather {"city": "Oslo"}'), tools=tools.all)
    questions = run.receiver.questions
    questions.has_view = True
    while not questions.is_open("0.2"):
        questions.note_seen("0.0")
        time.sleep(0.001)

    def decide() -> None:
        for index, action in enumerate(decisions):
            assert questions.answer(f"0.{index}", Decision(action))

    # Within one turn of the loop.
    background_loop().call_soon_threadsafe(decide)
    reply = run.result(30)
    outcomes = [{"deny": "denied", "allow": "done"}[action] for action in decisions]
    assert [call.state for call in reply.steps[0].tool_calls] == outcomes
    assert tools.ran["weather"] == decisions.count("allow")


def test_a_question_that_cannot_be_asked_is_denied(simulator: Simulator, tools: Tools, user: User) -> None:
    def fails(_: Any) -> Decision:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    user.answer = fails
    reply = ask(calls(PARIS, ROME), tools.all)
    assert (tools.ran, reply.status, call_of(reply).decided_by) == ({}, "complete", "nobody")


@pytest.mark.parametrize(
    "fault",
    [
        "reset after=8",
        "close after=8 ending=clean",
        "close after=8 ending=cut",
        "truncate after=8",
        "finish reason=content_filter",
        "finish reason=insufficient_system_resource",
        "error-in-band after=8",
        "silence after=8",
    ],
)
def test_calls_of_a_response_that_did_not_end_well_do_not_run(
    simulator: Simulator, tools: Tools, user: User, fault: str
) -> None:
    prompt = calls("clock {}", "clock {}", PARIS).replace("tool-call", f"tool-call pieces=whole {fault}")
    run = nbstream.stream(prompt, tools=tools.all, allow="weather", thinking=False)
    if fault.startswith("silence"):
        while not run.reply.tool_calls:
            time.sleep(0.005)
        time.sleep(0.1)
        run.cancel()
    reply = run.result(30)
    assert reply.status != "complete"
    assert reply.tool_calls
    assert (tools.ran, user.asked) == ({}, [])
    assert len(bodies(simulator)) == 1
