"""Events as lines: what is written is what is read, and what is not an event says so."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.events import (
    Answer,
    Ended,
    Event,
    Finished,
    Identified,
    Priced,
    Reasoning,
    Retrying,
    Started,
    ToolCallDelta,
    UsageReported,
    Waiting,
)
from nbstream.model.failure import Failure
from nbstream.model.request import Request
from nbstream.model.serialization import from_line, to_line
from nbstream.model.usage import Cost, Usage

AT = st.floats(0, 1e9)
TEXT = st.text(st.characters(codec=None))
MAYBE = st.none() | TEXT
FAILURES = st.builds(
    Failure, st.just("refused"), st.just("redirect"), TEXT, TEXT, st.none() | st.integers(100, 599), MAYBE
)
INSTANTS = st.datetimes(timezones=st.just(UTC))
COSTS = st.builds(Cost, st.decimals(0, 1000), st.just("USD"), st.just("peak"), INSTANTS, st.booleans())
COUNT = st.none() | st.integers(0)
EVENTS = st.one_of(
    st.builds(Started, AT, st.builds(Request, TEXT, TEXT), st.none() | AT),
    st.builds(Waiting, AT, TEXT),
    st.builds(Retrying, AT, st.integers(1), st.integers(1), AT, FAILURES),
    st.builds(Identified, AT, MAYBE, MAYBE, MAYBE),
    st.builds(Reasoning, AT, TEXT),
    st.builds(Answer, AT, TEXT),
    st.builds(ToolCallDelta, AT, st.integers(0), MAYBE, MAYBE, TEXT),
    st.builds(UsageReported, AT, st.builds(Usage, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT)),
    st.builds(Priced, AT, COSTS),
    st.builds(Finished, AT, TEXT),
    st.builds(Ended, AT, st.sampled_from(["served", "cancelled", "failed"]), st.none() | FAILURES),
)


@given(EVENTS)
def test_what_is_written_is_read(event: Event) -> None:
    line = to_line(event)
    assert line.isascii()
    assert "\n" not in line
    assert from_line(line) == event


def test_neither_prompt_nor_parameters_are_written() -> None:
    asked = Request("m", "https://a.b", ({"role": "user", "content": "secret"},), {"user_id": "secret"})
    line = to_line(Started(0, asked, 1.0))
    assert "secret" not in line
    assert from_line(line) == Started(0, Request("m", "https://a.b"), 1.0)


@given(EVENTS, st.data())
def test_half_a_line_is_no_event(event: Event, data: st.DataObject) -> None:
    line = to_line(event)
    with pytest.raises(ValueError, match=r".*"):
        from_line(line[: data.draw(st.integers(0, len(line) - 1))])


@pytest.mark.parametrize(
    "line", ["", "1", "null", "[]", "{}", '{"event":"Answer"}', '{"event":[],"at":1}', '{"event":"No"}']
)
def test_what_is_no_event_says_so(line: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        from_line(line)
