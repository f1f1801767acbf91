"""Where the time of a request went."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.events import (
    Answer,
    CallChanged,
    Continued,
    Ended,
    Event,
    Reasoning,
    Responded,
    Started,
    ToolCallDelta,
    UsageReported,
)
from nbstream.model.retelling import earlier_of
from nbstream.model.tool_result import ToolOutcome
from nbstream.model.usage import Usage
from nbstream.output.time_account import curve, facts, gaps, spans
from tests.model.test_continued import REQUEST, SATURDAY, TRUNCATED
from tests.wire.test_invariants import reply_of

EVENTS: list[Event] = [Started(0, REQUEST, SATURDAY), Reasoning(2, "Hm"), Answer(5, "One"), Answer(7, "two")]
WHOLE = reply_of([*EVENTS, UsageReported(8, Usage(10, 61, 71, 0, 10, 30)), Ended(9, "served")])


def times(*arguments: object) -> list[tuple[str, float, float]]:
    return [(each.kind, each.start, each.end) for each in spans(*arguments)]  # type: ignore[arg-type]


def test_each_part_of_the_time_has_a_span() -> None:
    assert times(WHOLE) == [("wait", 0, 2), ("reasoning", 2, 5), ("answer", 5, 7), ("end", 7, 9)]
    assert dict(facts(WHOLE)) == {
        "tokens a second, from the first token on": "15.0",
        "tokens of reasoning a second": "10.0",
        "tokens of the answer": "31",
    }


def test_a_live_reply_goes_on_until_now() -> None:
    assert times(reply_of(EVENTS[:1]), 4.0) == [("wait", 0, 4)]
    assert times(reply_of(EVENTS[:2]), 4.0) == [("wait", 0, 2), ("reasoning", 2, 4)]
    assert times(reply_of(EVENTS[:3]), 6.0)[-1] == ("answer", 5, 6)
    assert facts(reply_of(EVENTS)) == []


def test_decisions_and_tools_are_told_apart() -> None:
    reply = reply_of(
        [
            *EVENTS[:2],
            ToolCallDelta(3, 0, "c", "look_up", "{}"),
            Responded(4),
            CallChanged(4, 0, state="asking"),
            CallChanged(6, 0, state="running", decided_by="user"),
            CallChanged(7.5, 0, state="done", outcome=ToolOutcome("done", "1", seconds=1.5)),
        ]
    )
    names = [(each.kind, each.name) for each in spans(reply)]
    assert ("answer", "tool calls") in names
    assert ("asked", "your decision about look_up") in names
    assert ("tool", "look_up") in names


def test_a_reply_that_went_on_has_the_times_of_its_last_request() -> None:
    reply = reply_of(
        [Started(4, REQUEST, SATURDAY), Continued(4, earlier_of(TRUNCATED)), Answer(6, "more"), Ended(7, "served")]
    )
    assert times(reply)[0][:2] == ("wait", 0)
    assert all(start >= 0 for _, start, _ in times(reply))


def test_silences_are_found() -> None:
    assert gaps([0, 0.5, 3, 3.1, 9]) == [(0.5, 3), (3.1, 9)]
    assert gaps([0, 0.5]) == []


DELTAS = st.lists(
    st.tuples(st.floats(0, 100), st.sampled_from(["reasoning", "answer"]), st.text(max_size=5)), max_size=30
).map(lambda found: sorted(found, key=lambda each: each[0]))


@given(DELTAS, st.integers(1, 1000))
def test_the_curve_has_all_tokens(deltas: list[tuple[float, str, str]], total: int) -> None:
    found = curve(deltas, total)  # type: ignore[arg-type]
    assert sum(each.tokens for each in found) == pytest.approx(total if deltas else 0)
    assert all(each.end > each.start and each.per_second > 0 for each in found)
    assert len(found) <= 2 * 61
