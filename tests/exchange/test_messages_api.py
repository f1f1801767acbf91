"""Exchanges over Anthropic's API: signed thoughts and results of tools, as the server demands."""

from __future__ import annotations

import random
import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.model.decision import Decision
from tests.exchange.conftest import bodies, calls

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.exchange.conftest import Tools, User

FLASH = "deepseek-anthropic/flash"
PARIS, ROME = 'weather {"city": "Paris"}', 'weather {"city": "Rome"}'


def ask(prompt: str, tools: list[Any], **options: Any) -> nbstream.Reply:
    return nbstream.stream(prompt, tools=tools, model=FLASH, **options).result(30)


def blocks(message: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    content = message["content"]
    return [block for block in content if block["type"] == kind] if isinstance(content, list) else []


@pytest.mark.parametrize("thoughts", ["", "thoughts ", "thoughts kind=encrypted "])
def test_thoughts_calls_and_results_go_back_as_they_came(
    simulator: Simulator, tools: Tools, user: User, thoughts: str
) -> None:
    prompt = calls(PARIS, "clock {}", '2 add {"a": 2, "b": 3}').replace("[simulate: ", f"[simulate: {thoughts}", 1)
    reply = ask(prompt, tools.all)
    assert (reply.status, reply.error) == ("complete", None)
    assert {entry["path"] for entry in simulator.log()} == {"/anthropic/v1/messages"}
    assert [[call.name for call in step.tool_calls] for step in reply.steps] == [["weather", "clock"], ["add"], []]
    assert tools.ran == {"weather": 1, "clock": 1, "add": 1}
    sent = bodies(simulator)
    for before, after in pairwise(sent):
        assert after["messages"][: len(before["messages"])] == before["messages"]
        assert after["tools"] == before["tools"]
    assistants = [message["content"] for message in sent[-1]["messages"] if message["role"] == "assistant"]
    assert assistants == [step.message["content_blocks"] for step in reply.steps[:2]]
    assert assistants[0][0]["type"] == ("redacted_thinking" if "encrypted" in thoughts else "thinking")
    results = [block["content"] for message in sent[-1]["messages"] for block in blocks(message, "tool_result")]
    assert results == ["sunny in Paris", "12:00", "5"]
    assert reply.usage is not None
    assert reply.usage.total_tokens == sum(step.usage.total_tokens for step in reply.steps)  # type: ignore[union-attr, misc]


@pytest.mark.parametrize("broken", ["id", "unknown", "arguments", "json"])
def test_broken_calls_keep_the_chain_valid(simulator: Simulator, tools: Tools, user: User, broken: str) -> None:
    reply = ask(f"[simulate: tool-call steps=2 calls=2 broken={broken} tokens=20] Go on.", tools.all)
    assert (reply.status, reply.error) == ("complete", None)
    assert len(reply.steps) == 3
    results = blocks(bodies(simulator)[1]["messages"][-1], "tool_result")
    assert [result.get("is_error") for result in results] == [None if broken == "id" else True] * 2


def test_a_denial_is_told_and_the_last_request_asks_for_an_answer(
    simulator: Simulator, tools: Tools, user: User
) -> None:
    user.answer = lambda _: Decision("deny", reason="not now")
    reply = ask("[simulate: tool-call steps=20 repeat=denied tokens=20] Go on.", [tools.weather])
    assert (reply.status, len(reply.steps), tools.ran) == ("complete", 4, {})
    last = bodies(simulator)[-1]
    assert last["tool_choice"] == {"type": "none"}
    (result,) = blocks(last["messages"][-1], "tool_result")
    assert (result["content"], result["is_error"]) == ("not run: denied by the user: not now", True)


def test_a_demanded_call(simulator: Simulator, tools: Tools) -> None:
    options: dict[str, Any] = {"tool_choice": "clock", "thinking": False}
    reply = ask("[simulate: tool-call steps=1 tokens=20] Go on.", [tools.clock], **options)
    assert (reply.status, len(reply.steps)) == ("complete", 2)
    assert [body.get("tool_choice") for body in bodies(simulator)] == [{"type": "tool", "name": "clock"}, None]
    with pytest.raises(nbstream.RequestError, match="while the model thinks"):
        ask("Go on.", [tools.clock], tool_choice="required")


@pytest.mark.parametrize("seed", range(12))
def test_after_a_stop_at_any_moment_the_chat_goes_on(simulator: Simulator, tools: Tools, user: User, seed: int) -> None:
    chance = random.Random(seed)
    chat = nbstream.Chat(f"chat{seed}", tools=tools.all, model=FLASH)
    prompt = calls(PARIS, "clock {}", 'add {"a": 1, "b": 2}', f"2 {ROME}").replace("tokens=20", "tokens=20 rate=2000")
    run = chat.stream(prompt)
    threading.Timer(chance.random() * 0.9, run.cancel).start()
    run.result(30)
    for text, model in (("Hello", FLASH), ("Here", "flash"), ("There", FLASH)):
        after = chat.stream(f"[simulate: normal tokens=5] {text}", model=model).result(30)
        assert (after.status, after.error) == ("complete", None)


def test_a_chat_that_was_saved_within_an_exchange_goes_on(
    simulator: Simulator, tools: Tools, user: User, tmp_path: Path
) -> None:
    chat = nbstream.Chat("plan", tools=tools.all, model=FLASH)
    chat.stream(calls(PARIS, "2 clock {}")).result(30)
    signed = [step.message["content_blocks"] for step in chat.turns[0].reply.steps]
    chat.save(tmp_path / "plan.json")
    loaded = nbstream.Chat.load(tmp_path / "plan.json", "other")
    assert [step.message["content_blocks"] for step in loaded.turns[0].reply.steps] == signed
    after = loaded.stream("[simulate: normal tokens=5] Hello", tools=tools.all, model=FLASH).result(30)
    assert (after.status, after.error) == ("complete", None)
    sent = bodies(simulator)[-1]["messages"]
    assert [message["content"] for message in sent if message["role"] == "assistant"][:2] == signed[:2]


def test_an_answer_that_does_not_fit_is_asked_for_again(simulator: Simulator) -> None:
    prompt = "[simulate: structured wrong=fields] Who?"
    reply = nbstream.stream(prompt, schema="name, age int", model=FLASH).result(30)
    assert (reply.status, len(reply.steps), reply.problems) == ("complete", 2, ())
    assert isinstance(reply.data, dict)
    first, second = bodies(simulator)
    # This surface has no field for it: the instruction alone asks.
    assert "output_config" not in first
    assert second["messages"][:1] == first["messages"]
    assert [message["role"] for message in second["messages"]] == ["user", "assistant", "user"]
