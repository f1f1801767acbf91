"""A structured answer that does not fit is asked for again: what is sent, what comes of it."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.output.settled import settled_html, settled_markdown, settled_text
from nbstream.output.wording import footer
from tests.exchange.conftest import bodies

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.exchange.conftest import Tools


@dataclasses.dataclass
class Person:
    name: str
    age: int


def ask(scenario: str = "structured wrong=fields", schema: Any = Person, **options: Any) -> nbstream.Reply:
    options = {"thinking": False, **options}
    return nbstream.stream(f"[simulate: {scenario}]Somebody.", schema=schema, **options).result(30)


WRONG = ["fields", "text", "comma", "cut", "empty", "spaces"]


@pytest.mark.parametrize("wrong", WRONG)
def test_an_answer_that_does_not_fit_is_asked_for_once_more(simulator: Simulator, wrong: str) -> None:
    reply = ask(f"structured wrong={wrong}")
    first, second = reply.steps
    assert (reply.status, reply.data, reply.problems) == ("complete", Person("name 2", 3), ())
    assert (first.data, second.cause) == (None, "again")
    assert first.problems
    one, other = (body["messages"] for body in bodies(simulator))
    # Literally what was sent, what came back, and what is wrong with it.
    assert other[: len(one)] == one
    assert other[len(one)] == {"role": "assistant", "content": first.message["content"]}
    assert other[len(one) + 1]["role"] == "user"
    assert len(other) == len(one) + 2
    said = other[-1]["content"]
    assert said.endswith("Answer again, with the whole JSON object and nothing else.")
    assert all(each.message in said for each in first.problems) or not first.answer.strip()
    assert all("response_format" in body for body in bodies(simulator))


def test_both_requests_are_paid_for(simulator: Simulator) -> None:
    reply = ask()
    first, second = reply.steps
    assert reply.usage is not None
    assert first.usage is not None
    assert second.usage is not None
    assert reply.usage.completion_tokens == sum(each.usage.completion_tokens for each in (first, second))  # type: ignore[union-attr,misc]
    assert reply.cost is not None
    assert reply.cost.amount == sum((each.cost.amount for each in (first, second) if each.cost), Decimal(0))
    assert any("2 requests" in item for item in footer(reply))


def test_one_try_forbids_it(simulator: Simulator) -> None:
    reply = ask(tries=1)
    assert (len(reply.steps), reply.data) == (1, None)
    assert len(bodies(simulator)) == 1


def test_there_are_no_more_tries_than_were_allowed(simulator: Simulator) -> None:
    reply = ask("structured wrong=fields times=5", tries=3)
    assert (len(reply.steps), reply.data) == (3, None)
    assert [step.cause for step in reply.steps] == [None, "again", "again"]
    assert ask("structured wrong=fields times=2", tries=3).data == Person("name 3", 4)


@pytest.mark.parametrize("scenario", ["structured wrong=fields truncate after=2", "structured reset after=2", "402"])
def test_what_did_not_end_by_itself_is_not_asked_for_again(simulator: Simulator, scenario: str) -> None:
    reply = ask(scenario)
    assert (len(reply.steps), reply.data) == (1, None)
    assert reply.status in ("truncated", "failed")


def test_only_the_answer_after_the_tools_is_asked_for_again(simulator: Simulator, tools: Tools) -> None:
    reply = ask("structured wrong=fields tool-call steps=2", tools=[tools.clock])
    assert tools.ran == {"clock": 2}
    assert [step.cause for step in reply.steps] == [None, "tools", "tools", "again"]
    assert isinstance(reply.data, Person)


def test_a_chat_goes_on_after_it_with_every_message(simulator: Simulator, tmp_path: Path) -> None:
    chat = nbstream.Chat("asked-again", thinking=False)
    second = chat.stream("[simulate: structured wrong=fields]Somebody.", schema=Person).result(30)
    third = chat.stream("And now in words.").result(30)
    before, after = (bodies(simulator)[at]["messages"] for at in (1, 2))
    assert after[: len(before)] == before
    assert after[len(before)] == {"role": "assistant", "content": second.answer}
    assert third.answer
    chat.save(tmp_path / "chat.json")
    loaded = nbstream.Chat.load(tmp_path / "chat.json", "asked-again-loaded")
    assert loaded.turns[0].reply.data == dataclasses.asdict(second.data)
    loaded.stream("Go on.").result(30)
    assert bodies(simulator)[-1]["messages"][: len(after)] == after


def test_the_reader_sees_that_it_was_asked_for_again(simulator: Simulator) -> None:
    reply = ask()
    for shown in (settled_html(reply), settled_markdown(reply), settled_text(reply)):
        # The first answer, the second one, and nothing about the second one.
        assert "17" in shown
        assert "name 2" in shown
        assert "so reply.data is None" not in shown
    assert "asked for once more" in settled_html(reply)


def test_a_stop_ends_it(simulator: Simulator) -> None:
    prompt = "[simulate: structured wrong=fields times=999]Somebody."
    run = nbstream.stream(prompt, schema=Person, thinking=False, tries=500)
    while len(bodies(simulator)) < 2:
        run.receiver.wait(10**6, timeout=0.01)
    run.cancel()
    reply = run.result(30)
    assert reply.status == "cancelled"
    assert 2 <= len(bodies(simulator)) < 500
