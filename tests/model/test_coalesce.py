"""Joining events does not change the reply."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.model.coalesce import coalesce
from nbstream.model.events import (
    Answer,
    Estimated,
    Finished,
    Identified,
    Moved,
    Noted,
    Reasoning,
    Refusal,
    Retrying,
    Scored,
    Started,
    ToolCallDelta,
    UsageReported,
    Waiting,
    Warned,
)
from nbstream.model.failure import Failure
from nbstream.model.probabilities import Token
from nbstream.model.request import Request
from nbstream.model.usage import Cost, Usage
from nbstream.model.warning import ReplyWarning
from tests.wire.test_invariants import reply_of

if TYPE_CHECKING:
    from nbstream.model.events import Event

MONEY = Cost(Decimal("0.02"), "USD", "", None)
names = st.sampled_from([None, "a", "b"])
texts = st.sampled_from(["", "x", "yy", "🎉"])
times = st.just(1.0)
events = st.one_of(
    st.builds(Waiting, times, texts),
    st.builds(Retrying, times, st.just(1), st.just(2), st.just(0.5), st.just(Failure("refused"))),
    st.builds(Identified, times, names, names, names, names),
    st.builds(Noted, times, st.sampled_from("ab"), st.none() | st.integers(0, 1)),
    st.builds(Refusal, times, texts),
    st.builds(Moved, times, st.sampled_from(["reasoning", "answer"]), texts),
    st.builds(Scored, times, st.tuples(st.builds(Token, texts, channel=st.sampled_from(["reasoning", "answer"])))),
    st.builds(Reasoning, times, texts),
    st.builds(Answer, times, texts),
    st.builds(ToolCallDelta, times, st.integers(0, 1), names, names, texts),
    st.builds(UsageReported, times, st.builds(Usage, st.integers(0, 3))),
    st.builds(Estimated, times, st.builds(Usage, st.integers(0, 3), st.integers(0, 3)), st.none() | st.just(MONEY)),
    st.builds(
        Warned,
        times,
        st.builds(ReplyWarning, st.sampled_from(["unreadable", "other_text"]), texts, st.sampled_from(["", "a"])),
    ),
    st.builds(Finished, times, texts),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(events, max_size=30))
def test_joined_events_reduce_to_the_same_reply(given: list[Event]) -> None:
    before = list(given)
    joined = coalesce([Started(0, Request("m")), *given])
    assert reply_of(joined) == reply_of([Started(0, Request("m")), *given])
    assert given == before
    assert len(joined) <= len(given) + 1
    assert coalesce(joined) == joined


def test_a_flood_of_repeated_events_becomes_a_few_events() -> None:
    flood: list[Event] = [Waiting(at, "keep-alive") for at in range(50)]
    for at in range(50, 100):
        usage = UsageReported(at, Usage(completion_tokens=at))
        flood += [Identified(at, str(at)), Answer(at, "a"), usage]
    flood += [ToolCallDelta(at, 0, arguments="1") for at in range(100, 150)]
    assert coalesce(flood) == [
        Waiting(49, "keep-alive"),
        Identified(50, "99"),
        Answer(50, "a"),
        UsageReported(99, Usage(completion_tokens=99)),
        Answer(51, "a" * 49),
        ToolCallDelta(100, 0, arguments="1" * 50),
    ]
