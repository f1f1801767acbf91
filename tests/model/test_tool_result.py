"""What came of a tool call is kept by journals and saved chats, exactly."""

from __future__ import annotations

import json
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.saved_values import decode, encode
from nbstream.model.tool_result import Printed, Shown, ToolOutcome, tool_outcome

_text = st.text(max_size=20)
_tables = st.lists(st.tuples(_text, _text), max_size=3).map(tuple)
_shown = st.builds(Shown, kind=st.sampled_from(["text", "table"]), text=_text, rows=_tables, numeric=st.just((True,)))
_outcomes = st.builds(
    ToolOutcome,
    outcome=st.sampled_from(["done", "failed"]),
    content=_text,
    printed=st.builds(Printed, head=_text, left_out=st.integers(0, 9), tail=_text),
    shown=st.lists(_shown, max_size=3).map(tuple),
    seconds=st.floats(0, 9),
    interrupted=st.booleans(),
)


@given(_outcomes)
def test_an_outcome_is_kept_exactly(outcome: ToolOutcome) -> None:
    assert tool_outcome(json.loads(json.dumps(asdict(outcome)))) == outcome
    assert decode(json.loads(json.dumps(encode(outcome)))) == outcome


def test_the_length_of_what_was_printed_counts_what_is_missing() -> None:
    assert Printed("abc", 10, "xy").length == 15
