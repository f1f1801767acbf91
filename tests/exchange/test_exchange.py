"""An exchange against the simulator: steps, order, results, limits, and what a model reads."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.model.decision import Decision
from tests.exchange.conftest import bodies, calls

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.exchange.conftest import Tools, User

PARIS = 'weather {"city": "Paris"}'


def ask(prompt: str, tools: list[Any], **options: Any) -> nbstream.Reply:
    return nbstream.stream(prompt, tools=tools, **options).result(30)


def results(body: dict[str, Any]) -> list[str]:
    return [message["content"] for message in body["messages"] if message["role"] == "tool"]


def test_one_reply_has_all_steps_until_the_answer(simulator: Simulator, tools: Tools, user: User) -> None:
    reply = ask(calls(PARIS, "clock {}", '2 add {"a": 2, "b": 3}'), tools.all)
    assert (reply.status, reply.error) == ("complete", None)
    assert [[call.name for call in step.tool_calls] for step in reply.steps] == [["weather", "clock"], ["add"], []]
    assert [call.result for step in reply.steps for call in step.tool_calls] == ["sunny in Paris", "12:00", "5"]
    assert tools.ran == {"weather": 1, "clock": 1, "add": 1}
    sent = bodies(simulator)
    assert len(sent) == 3
    for before, after in pairwise(sent):
        assert after["messages"][: len(before["messages"])] == before["messages"]
        assert after["tools"] == before["tools"]
    assert results(sent[-1]) == ["sunny in Paris", "12:00", "5"]
    total = sum(step.usage.total_tokens for step in reply.steps)  # type: ignore[union-attr, misc]
    assert reply.usage is not None
    assert reply.usage.total_tokens == total
    assert reply.cost is not None
    assert reply.cost.amount == sum(step.cost.amount for step in reply.steps)  # type: ignore[union-attr, misc]
    assert [call.name for call in user.asked] == ["weather", "add"]


def test_without_tools_nothing_runs(simulator: Simulator, tools: Tools) -> None:
    definition = {"type": "function", "function": {"name": "other", "parameters": {"type": "object", "properties": {}}}}
    reply = nbstream.stream(calls("other {}"), extra_body={"tools": [definition]}).result(30)
    assert (reply.status, len(reply.steps), [call.name for call in reply.pending]) == ("complete", 1, ["other"])
    assert len(bodies(simulator)) == 1


@pytest.mark.parametrize("thinking", [True, False])
def test_reasoning_goes_back_verbatim_within_an_exchange(simulator: Simulator, tools: Tools, *, thinking: bool) -> None:
    reply = ask(calls("clock {}", "2 clock {}"), [tools.clock], thinking=thinking)
    assert reply.status == "complete"
    said = [each for each in bodies(simulator)[-1]["messages"] if each["role"] == "assistant"]
    assert [each["reasoning_content"] for each in said] == [step.reasoning for step in reply.steps[:2]]
    assert bool(said[0]["reasoning_content"]) is thinking


def test_calls_run_in_the_model_s_order(simulator: Simulator, user: User) -> None:
    order: list[str] = []

    def first() -> None:
        """Do it."""
        order.append("first")

    def second() -> None:
        """Do it."""
        order.append("second")

    ask(calls("second {}", "first {}", "second {}"), [first, second])
    assert order == ["second", "first", "second"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("weather {}", "city"),
        ('weather {"city": 3}', "city"),
        ('weather {"city": "Paris", "planet": "Mars"}', "planet"),
        ("nothing {}", "weather"),
    ],
)
def test_what_cannot_be_called_goes_back_as_an_error(
    simulator: Simulator, tools: Tools, user: User, line: str, said: str
) -> None:
    reply = ask(calls(line), tools.all)
    (call,) = reply.steps[0].tool_calls
    assert (reply.status, call.state, tools.ran) == ("complete", "invalid", {})
    assert said in str(call.result)
    assert results(bodies(simulator)[-1]) == [call.result]
    assert user.asked == []


def test_arguments_that_are_no_json_go_back_and_the_next_request_is_accepted(
    simulator: Simulator, tools: Tools, user: User
) -> None:
    reply = ask("[simulate: tool-call steps=2 broken=json tokens=20] Go on.", [tools.weather])
    assert reply.status == "complete"
    assert [step.tool_calls[0].state for step in reply.steps[:2]] == ["invalid", "done"]
    sent = bodies(simulator)[-1]["messages"][1]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(sent) == {"not_valid": reply.steps[0].tool_calls[0].arguments}


@pytest.mark.parametrize("broken", ["id", "index", "unknown", "arguments"])
def test_broken_calls_keep_the_chain_valid(simulator: Simulator, tools: Tools, user: User, broken: str) -> None:
    reply = ask(f"[simulate: tool-call steps=2 calls=2 broken={broken} tokens=20] Go on.", tools.all)
    assert (reply.status, reply.error) == ("complete", None)
    assert len(reply.steps) == 3


def test_calls_without_a_name_end_the_reply(simulator: Simulator, tools: Tools) -> None:
    reply = ask("[simulate: tool-call broken=name tokens=20] Go on.", tools.all)
    assert (reply.status, len(reply.steps), tools.ran) == ("complete", 1, {})
    assert len(bodies(simulator)) == 1


def test_a_tool_s_error_goes_back_without_its_traceback(simulator: Simulator) -> None:
    @nbstream.tool(consent="never")
    def fails() -> None:
        """Fail."""
        raise ValueError("no such town")

    reply = ask(calls("fails {}"), [fails])
    (call,) = reply.steps[0].tool_calls
    assert (reply.status, call.state, call.result) == ("complete", "failed", "ValueError: no such town")


def test_after_the_most_steps_an_answer_is_asked_for(simulator: Simulator, tools: Tools, user: User) -> None:
    prompt = "[simulate: tool-call steps=20 tokens=20] Go on."
    reply = ask(prompt, [tools.weather], max_steps=3)
    assert (reply.status, len(reply.steps), tools.ran["weather"]) == ("complete", 4, 3)
    assert [body.get("tool_choice") for body in bodies(simulator)] == [None, None, None, "none"]
    assert [warning.kind for warning in reply.warnings] == ["max_steps"]


def test_the_same_call_three_times_ends_the_exchange(simulator: Simulator, tools: Tools, user: User) -> None:
    reply = ask(calls(*(f"{step} {PARIS}" for step in range(1, 7))), [tools.weather])
    assert (len(reply.steps), tools.ran["weather"]) == (4, 2)
    assert reply.steps[2].tool_calls[0].state == "stopped"
    assert [warning.kind for warning in reply.warnings] == ["repeated_call"]
    assert bodies(simulator)[-1]["tool_choice"] == "none"


def test_three_denials_in_a_row_end_the_exchange(simulator: Simulator, tools: Tools, user: User) -> None:
    user.answer = lambda _: Decision("deny", reason="not now")
    reply = ask("[simulate: tool-call steps=20 repeat=denied tokens=20] Go on.", [tools.weather])
    assert (len(reply.steps), tools.ran, len(user.asked)) == (4, {}, 3)
    assert [warning.kind for warning in reply.warnings] == ["denials"]
    assert reply.steps[0].tool_calls[0].result == "not run: denied by the user: not now"


def test_a_demanded_call_is_demanded_once(simulator: Simulator, tools: Tools) -> None:
    reply = ask("[simulate: tool-call steps=1 tokens=20] Go on.", [tools.clock], tool_choice="required", thinking=False)
    assert (reply.status, len(reply.steps)) == ("complete", 2)
    assert [body.get("tool_choice") for body in bodies(simulator)] == ["required", None]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tool_choice": "required"}, "while the model thinks"),
        ({"tool_choice": "weather"}, "while the model thinks"),
        ({"tool_choice": "other", "thinking": False}, "the name of a tool"),
        ({"allow": "other"}, "no tool of this request"),
        ({"max_steps": 0}, "at least 1"),
        ({"max_steps": True}, "at least 1"),
        ({"extra_body": {"tools": []}}, "give only one"),
    ],
)
def test_options_that_do_not_fit_are_explained_before_anything_is_sent(
    simulator: Simulator, tools: Tools, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(nbstream.RequestError, match=said):
        nbstream.stream("Hello", tools=[tools.weather], **options)
    assert bodies(simulator) == []


def test_tools_are_strict_below_beta_where_all_schemas_allow_it(simulator: Simulator, tools: Tools, user: User) -> None:
    ask(calls("clock {}"), [tools.clock, tools.add])
    ask(calls("clock {}"), [tools.clock, tools.weather])
    paths = [entry["path"] for entry in simulator.log()]
    assert paths == ["/beta/chat/completions"] * 2 + ["/chat/completions"] * 2
    strict = [[each["function"].get("strict") for each in body["tools"]] for body in bodies(simulator)]
    assert strict == [[True, True]] * 2 + [[None, None]] * 2


def test_a_failed_second_request_keeps_everything(simulator: Simulator, tools: Tools) -> None:
    reply = ask("[simulate: tool-call window size=120 tokens=20] Go on.", [tools.clock], max_tokens=50, thinking=False)
    assert reply.status == "failed"
    assert reply.steps[0].tool_calls[0].result == "12:00"
    assert reply.usage is not None


def test_an_async_tool_and_awaiting_the_run(simulator: Simulator) -> None:
    import asyncio

    @nbstream.tool(consent="never")
    async def later(text: str) -> str:
        """Say it later."""
        await asyncio.sleep(0.01)
        return f"later {text}"

    async def main() -> nbstream.Reply:
        return await nbstream.stream(calls('later {"text": "x"}'), tools=[later])

    reply = asyncio.run(main())
    assert (reply.status, reply.steps[0].tool_calls[0].result) == ("complete", "later x")


def test_events_of_an_exchange_come_to_an_iterator(simulator: Simulator, tools: Tools) -> None:
    import asyncio

    async def main() -> list[str]:
        run = nbstream.stream(calls("clock {}"), tools=[tools.clock])
        return [type(event).__name__ async for event in run]

    names = asyncio.run(main())
    assert names[0] == "Started"
    assert names[-1] == "Ended"
    assert names.count("Stepped") == names.count("Responded") == 1


def test_what_the_model_reads_is_bounded_however_long_its_call_is(
    simulator: Simulator, tools: Tools, user: User
) -> None:
    long = "x" * 100_000
    lines = [f"{long} {{}}", f'add {{"a": 1, "b": 2, "{long}": 3}}', PARIS]
    user.answer = lambda _: Decision("allow", edited=f'{{"city": "{long}"}}')
    reply = ask(calls(*lines), tools.all)
    assert [call.state for call in reply.steps[0].tool_calls] == ["invalid", "invalid", "done"]
    assert all(len(str(call.result)) <= 25_000 for call in reply.steps[0].tool_calls)
    assert "left out" in str(reply.steps[0].tool_calls[1].result)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("x", "index of ollama"),
        ("ollama", "index of ollama"),
        ("EMPTY", "index of ollama"),
        ("sk-0123456789abcdef", ""),
    ],
)
def test_only_a_key_that_is_a_secret_is_removed_from_results(simulator: Simulator, key: str, told: str) -> None:
    @nbstream.tool(consent="never")
    def tell() -> str:
        """Tell."""
        return told or f"the key is {key}"

    reply = ask(calls("tell {}"), [tell], base_url=simulator.url, api_key=key)
    result = reply.steps[0].tool_calls[0].result
    assert result is not None
    assert (result == told) if told else (key not in result)
