"""Decisions of pages: each counts once, the first one wins, and nothing else has an effect."""

from __future__ import annotations

import asyncio
import itertools
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from nbstream.client.questions import Questions
from nbstream.model.decision import Decision
from nbstream.widgets.consents import Consents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.client.receiver import Receiver


class Asked:
    """A run with one open question, on a loop of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.receiver = SimpleNamespace(questions=Questions(self.loop), cancelling=False)
        self.consents = Consents(cast("Receiver", self.receiver))
        self.future = self.receiver.questions.open("0.0")

    def decide(self, page: str = "one", asked: int = 1, call: str = "0.0", **fields: Any) -> str:
        message = {"type": "decide", "call": call, "asked": asked, "page": page, "action": "allow", **fields}
        return self.consents.decide(message)

    def decision(self) -> Decision | None:
        async def result() -> Decision | None:
            return self.future.result() if self.future.done() else None

        return asyncio.run_coroutine_threadsafe(result(), self.loop).result(5)


@pytest.fixture
def asked() -> Iterator[Asked]:
    """Give a run with an open question."""
    made = Asked()
    yield made
    made.loop.call_soon_threadsafe(made.loop.stop)
    made.thread.join()
    made.loop.close()


def test_a_view_says_that_pages_may_answer(asked: Asked) -> None:
    assert asked.receiver.questions.has_view
    asked.consents.note_asked({"call": "0.0"})
    seen = asked.receiver.questions.wait_until_seen("0.0", 5)
    assert asyncio.run_coroutine_threadsafe(seen, asked.loop).result(5)


def test_the_first_decision_counts_and_its_copies_change_nothing(asked: Asked) -> None:
    assert asked.decide() == "one"
    assert asked.decide() == "one"
    assert asked.decide("two", action="deny", reason="no") == "one"
    assert asked.decision() == Decision("allow")


@pytest.mark.parametrize(
    ("fields", "decision"),
    [
        ({"action": "allow"}, Decision("allow")),
        ({"action": "allow_all"}, Decision("allow_all")),
        ({"action": "allow", "edited": '{"a": 1}'}, Decision("allow", '{"a": 1}')),
        ({"action": "deny", "reason": "too much"}, Decision("deny", reason="too much")),
        ({"action": "deny", "reason": ""}, Decision("deny")),
        # Only one call is allowed with other arguments.
        ({"action": "allow_all", "edited": "{}"}, Decision("allow_all")),
    ],
)
def test_a_decision_is_what_the_user_chose(asked: Asked, fields: dict[str, Any], decision: Decision) -> None:
    asked.decide(**fields)
    assert asked.decision() == decision


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "yes"},
        {"action": None},
        {"action": ["allow"]},
        {"edited": 1},
        {"reason": 1},
        {"asked": None},
        {"asked": 0},
        {"asked": 2},
        {"page": ""},
        {"call": "0.1"},
        {"call": None},
    ],
)
def test_what_is_no_decision_about_an_open_question_changes_nothing(asked: Asked, fields: dict[str, Any]) -> None:
    assert asked.decide(**fields) == ""
    assert asked.decision() is None
    assert asked.decide() == "one"


def test_nothing_is_decided_while_the_reply_is_stopped_or_after_the_question(asked: Asked) -> None:
    asked.receiver.cancelling = True
    assert asked.decide() == ""
    asked.receiver.cancelling = False
    asked.receiver.questions.close("0.0")
    assert asked.decide() == ""
    assert asked.decision() is None


def test_a_late_copy_does_not_answer_a_question_that_is_asked_again(asked: Asked) -> None:
    assert asked.decide(edited='{"wrong": 1}') == "one"
    asked.future = asked.receiver.questions.open("0.0")
    assert asked.decide(edited='{"wrong": 1}') == "one"
    assert asked.decide("two") == "one"
    assert asked.decision() is None
    assert asked.decide("two", asked=2) == "two"
    assert asked.decision() == Decision("allow")


def test_a_page_that_is_slow_learns_that_the_kernel_asks_by_input(asked: Asked) -> None:
    asked.receiver.questions.by_input.add("0.0")
    assert asked.decide() == "input()"
    assert asked.decision() is None


def test_of_many_pages_at_once_one_decides(asked: Asked) -> None:
    pages = [f"page {number}" for number in range(8)]
    barrier, told = threading.Barrier(2 * len(pages)), []

    def decide(page: str) -> None:
        barrier.wait()
        told.append((page, asked.decide(page, reason=page, action="deny")))

    # Each page sends its message twice, by two channels.
    threads = [threading.Thread(target=decide, args=(page,)) for page in itertools.chain(pages, pages)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = asked.decision()
    assert made is not None
    assert {decider for _, decider in told} == {made.reason}
