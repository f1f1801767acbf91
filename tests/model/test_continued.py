"""A reply that a second request went on with is one reply, with one usage and one cost."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.earlier import Earlier
from nbstream.model.events import (
    Answer,
    Continued,
    Ended,
    Event,
    Finished,
    Identified,
    Moved,
    Priced,
    Reasoning,
    Refusal,
    Started,
    UsageReported,
    Warned,
)
from nbstream.model.failure import Failure
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.retelling import earlier_of
from nbstream.model.saved_values import decode, encode
from nbstream.model.unreported import received_tokens, unreported_output
from nbstream.model.usage import Cost, Usage
from nbstream.model.warning import ReplyWarning
from nbstream.output import wording
from tests.priced import priced
from tests.wire.test_invariants import reply_of

SATURDAY = 1_795_222_800.0  # 2026-11-21, off-peak
MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC).timestamp()  # peak
REQUEST = Request("deepseek-flash", "https://api.deepseek.com")
USED = Usage(1000, 100, 1100, 0, 1000, 20)


def first(*ends: Event, usage: Usage | None = USED) -> Reply:
    reported: list[Event] = [UsageReported(4, usage)] if usage else []
    return priced(
        [Started(0, REQUEST, SATURDAY), Reasoning(1, "Hm. "), Answer(2, "One, "), Answer(3, "two"), *reported, *ends]
    )


TRUNCATED = first(Finished(4, "length"), Ended(4, "served"))
STOPPED = first(Ended(4, "cancelled"), usage=None)


def joined(before: Reply, *events: Event, instant: float = MONDAY) -> Reply:
    earlier = earlier_of(before)
    return priced([Started(4, REQUEST, instant), Continued(4, earlier), *events])


def test_texts_times_usage_and_cost_are_those_of_both() -> None:
    reply = joined(TRUNCATED, Answer(6, ", three"), UsageReported(7, USED), Finished(7, "stop"), Ended(7, "served"))
    assert (reply.answer, reply.reasoning, reply.status) == ("One, two, three", "Hm. ", "complete")
    assert reply.message["content"] == "One, two, three"
    assert reply.usage == Usage(2000, 200, 2200, 0, 2000, 40)
    assert reply.own.usage == USED
    timing = reply.timing
    assert (timing.started, timing.continued, timing.first_delta, timing.ended) == (SATURDAY, MONDAY, 1, 7)
    assert timing.reasoning_seconds == 1
    assert TRUNCATED.cost is not None
    assert reply.cost is not None
    # Peak costs twice off-peak, and each request has the price of its own time.
    assert reply.cost.amount == 3 * TRUNCATED.cost.amount
    assert reply.cost.tier == ""
    footer = wording.footer(reply)
    assert "continued" in footer
    assert "7.0 s" in footer
    assert not any("tok/s" in item for item in footer)
    again = joined(reply, Answer(9, ", four"), Ended(9, "cancelled"))
    assert "continued 2 times" in wording.footer(again)
    assert again.answer == "One, two, three, four"


def test_a_part_that_was_not_reported_is_estimated_beside_the_cost() -> None:
    assert STOPPED.cost is None
    assert STOPPED.estimate is not None
    reply = joined(STOPPED, Answer(6, ", three"), UsageReported(7, USED), Finished(7, "stop"), Ended(7, "served"))
    assert reply.usage == USED
    assert unreported_output(reply) == received_tokens(STOPPED) > 0
    assert reply.cost is not None
    assert reply.cost.at_least
    assert reply.estimate == STOPPED.estimate
    assert str(reply.spend) == f"{reply.cost} + about {STOPPED.estimate.text(1)}"
    footer = wording.footer(reply)
    assert f"about {unreported_output(reply)} tokens out, not reported" in footer
    # The other way round, and then neither.
    stopped_again = joined(TRUNCATED, Answer(6, ", three and four"), Ended(7, "cancelled"))
    assert stopped_again.usage == TRUNCATED.usage
    assert unreported_output(stopped_again) > 0
    assert stopped_again.cost == replace(TRUNCATED.cost, at_least=True)  # type: ignore[type-var]
    neither = joined(STOPPED, Answer(6, ", three"), Ended(7, "cancelled"))
    assert neither.cost is None
    assert neither.estimate is not None
    assert neither.estimate.amount > STOPPED.estimate.amount
    assert any("usage not reported" in item for item in wording.footer(neither))
    # A third part does not make the second one known.
    third = joined(stopped_again, Answer(9, "!"), UsageReported(9, USED), Finished(9, "stop"), Ended(9, "served"))
    assert unreported_output(third) == unreported_output(stopped_again)
    assert third.cost is not None
    assert third.cost.at_least


def test_a_continuation_that_is_refused_keeps_the_first_part_and_its_cost() -> None:
    failure = Failure("refused", server="DeepSeek", status_code=404)
    reply = joined(TRUNCATED, Ended(5, "failed", failure))
    assert (reply.answer, reply.status, reply.error) == ("One, two", "failed", failure)
    assert reply.usage == TRUNCATED.usage
    assert reply.cost == TRUNCATED.cost
    assert unreported_output(reply) == 0
    assert joined(reply, Answer(9, "!"), Ended(9, "cancelled")).answer == "One, two!"


def test_a_cost_and_an_unknown_price_are_a_lower_bound() -> None:
    elsewhere = replace(REQUEST, endpoint="http://127.0.0.1:8000")
    unpriced = priced([Started(0, elsewhere, SATURDAY), Answer(1, "One"), UsageReported(1, USED), Ended(2, "served")])
    assert unpriced.cost is None
    reply = joined(unpriced, Answer(6, "!"), UsageReported(7, USED), Finished(7, "stop"), Ended(7, "served"))
    assert (str(reply.spend), reply.spend.unknown) == ("at least $0.00042", 1)
    assert reply.cost is not None
    assert reply.cost.at_least


def test_a_given_beginning_is_text_of_the_answer_and_no_token() -> None:
    given: list[Event] = [Started(0, REQUEST, SATURDAY), Continued(0, Earlier("Sure: " * 50)), Answer(1, "yes")]
    reply = priced([*given, UsageReported(9, USED), Finished(9, "stop"), Ended(9, "served")])
    assert reply.answer == "Sure: " * 50 + "yes"
    assert reply.usage == USED
    plain = priced([Started(0, REQUEST, SATURDAY), UsageReported(9, USED), Ended(9, "served")])
    assert reply.cost == plain.cost
    assert "continued" not in wording.footer(reply)
    stopped = reply_of([*given, Ended(2, "cancelled")])
    assert received_tokens(stopped) == 1


def test_another_model_is_named_beside_the_first() -> None:
    reply = joined(TRUNCATED, Identified(5, model="deepseek-v4-pro"), Answer(6, "!"), Ended(7, "cancelled"))
    assert "deepseek-flash, then deepseek-v4-pro" in wording.footer(reply)


texts = st.text("ab ", max_size=4)
events = st.one_of(
    st.builds(Answer, st.just(6.0), texts),
    st.builds(Reasoning, st.just(6.0), texts),
    st.builds(Refusal, st.just(6.0), texts),
    st.builds(Identified, st.just(6.0), texts, texts),
    st.builds(UsageReported, st.just(6.0), st.builds(Usage, st.integers(0, 3), st.none() | st.integers(0, 3))),
    st.builds(Warned, st.just(6.0), st.just(ReplyWarning("repeated"))),
)


@given(st.lists(events, max_size=12), st.sampled_from([TRUNCATED, STOPPED]))
def test_a_joined_reply_has_the_texts_of_both_requests(later: list[Event], before: Reply) -> None:
    alone = reply_of([Started(0, REQUEST), *later, Ended(8, "served")])
    reply = joined(before, *later, Ended(8, "served"))
    assert reply.message["content"] == before.message["content"] + alone.message["content"]
    assert reply.reasoning == before.reasoning + alone.reasoning
    assert reply.refusal == alone.refusal
    assert reply.own.usage == alone.usage


@pytest.mark.parametrize("to", ["reasoning", "answer"])
def test_what_moves_is_only_text_of_the_last_request(to: str) -> None:
    text: Event = Answer(6, "So. ") if to == "reasoning" else Reasoning(6, "So. ")
    reply = joined(TRUNCATED, text, Moved(7, to, "So. "), Answer(8, "Three"), Ended(9, "cancelled"))  # type: ignore[arg-type]
    moved = ("Hm. So. ", "One, twoThree") if to == "reasoning" else ("Hm. ", "One, twoSo. Three")
    assert (reply.reasoning, reply.answer) == moved
    assert earlier_of(reduce(Reply(), Started(0, REQUEST))).requests == 1
    assert isinstance(reply.cost, Cost)
    assert Priced(1, reply.cost).cost == reply.cost


def test_a_joined_reply_is_kept_in_a_file() -> None:
    reply = joined(TRUNCATED, Answer(6, ", three"), UsageReported(7, USED), Finished(7, "stop"), Ended(7, "served"))
    kept = decode(json.loads(json.dumps(encode(reply))))
    assert kept == reply
    assert earlier_of(kept) == earlier_of(reply)
