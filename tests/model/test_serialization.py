"""Events as lines of text and back."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.earlier import Earlier
from nbstream.model.events import (
    Answer,
    Continued,
    Ended,
    Estimated,
    Event,
    Finished,
    Identified,
    Moved,
    Noted,
    Priced,
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
from nbstream.model.probabilities import Alternative, Token, Tokens, unpacked
from nbstream.model.request import Request
from nbstream.model.serialization import decode_event, encode_event
from nbstream.model.timing import Timing
from nbstream.model.usage import Cost, CostParts, Usage
from nbstream.model.warning import ReplyWarning

AT = st.floats(0, 1e9)
# Also second halves of surrogate pairs; two halves would come back as one character.
TEXT = st.text() | st.text("aé\ude00\udfff")
MAYBE = st.none() | TEXT
FAILURES = st.builds(
    Failure, st.just("refused"), st.just("redirect"), TEXT, TEXT, st.none() | st.integers(100, 599), MAYBE
)
INSTANTS = st.datetimes(timezones=st.just(UTC))
AMOUNTS = st.decimals(0, 1000)
PARTS = st.none() | st.builds(CostParts, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
COSTS = st.builds(
    Cost,
    AMOUNTS,
    st.just("USD"),
    st.just("peak"),
    INSTANTS,
    st.booleans(),
    source=st.sampled_from(["table", "server", ""]),
    parts=PARTS,
    checked=st.none() | st.dates(),
)
COUNT = st.none() | st.integers(0)
USAGES = st.builds(Usage, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT)
LOGPROBS = st.none() | st.floats(allow_nan=False)
ALTERNATIVES = st.builds(Alternative, TEXT, LOGPROBS, st.none() | st.binary(), st.none() | st.integers(0))
TOKENS = st.lists(
    st.builds(
        Token,
        TEXT,
        LOGPROBS,
        st.none() | st.binary(),
        st.none() | st.integers(0),
        st.sampled_from(["reasoning", "answer", "refusal", "call"]),
        st.lists(ALTERNATIVES, max_size=3).map(tuple),
    ),
    max_size=4,
)
EARLIER = st.builds(
    Earlier,
    answer=TEXT,
    reasoning=TEXT,
    requests=st.integers(0, 3),
    timing=st.builds(Timing, st.none() | AT, st.none() | AT),
    usage=st.none() | USAGES,
    cost=st.none() | COSTS,
    estimate=st.none() | COSTS,
    is_unknown=st.booleans(),
    unreported=st.integers(0),
    unreported_prompt=st.integers(0),
    reasoning_field=MAYBE,
    logprobs=TOKENS.map(Tokens),
)
EVENTS = st.one_of(
    st.builds(Continued, AT, EARLIER),
    st.builds(Started, AT, st.builds(Request, TEXT, TEXT), st.none() | AT),
    st.builds(Waiting, AT, TEXT),
    st.builds(Retrying, AT, st.integers(1), st.integers(1), AT, FAILURES),
    st.builds(Identified, AT, MAYBE, MAYBE, MAYBE, MAYBE),
    st.builds(Noted, AT, TEXT, st.none() | st.lists(TEXT) | st.dictionaries(TEXT, st.integers())),
    st.builds(Refusal, AT, TEXT),
    st.builds(Scored, AT, TOKENS.map(tuple)),
    st.builds(Moved, AT, st.sampled_from(["reasoning", "answer"]), TEXT),
    st.builds(Reasoning, AT, TEXT),
    st.builds(Answer, AT, TEXT),
    st.builds(ToolCallDelta, AT, st.integers(0), MAYBE, MAYBE, TEXT),
    st.builds(UsageReported, AT, USAGES),
    st.builds(Priced, AT, COSTS),
    st.builds(Estimated, AT, USAGES, st.none() | COSTS),
    st.builds(Warned, AT, st.builds(ReplyWarning, st.just("unreadable"), TEXT, TEXT, st.integers(1))),
    st.builds(Finished, AT, TEXT),
    st.builds(Ended, AT, st.sampled_from(["served", "cancelled", "failed"]), st.none() | FAILURES),
)


@given(EVENTS)
def test_an_event_survives_encoding_and_decoding(event: Event) -> None:
    line = encode_event(event)
    assert line.isascii()
    assert "\n" not in line
    assert decode_event(line) == event


def test_prompt_and_parameters_are_not_encoded() -> None:
    asked = Request("m", "https://a.b", ({"role": "user", "content": "secret"},), {"user_id": "secret"})
    line = encode_event(Started(0, asked, 1.0))
    assert "secret" not in line
    assert decode_event(line) == Started(0, Request("m", "https://a.b"), 1.0)


@pytest.mark.parametrize(
    ("dated", "source"), [('"2026-09-10T04:00:00+00:00"', "table"), ("null", "server")], ids=["table", "server"]
)
def test_the_cost_of_an_older_version_has_its_source_and_no_parts(dated: str, source: str) -> None:
    old = f'"amount":"0.5","currency":"USD","tier":"","dated":{dated},"at_most":false,"at_least":false'
    event = decode_event(f'{{"event":"Priced","at":1,"cost":{{{old}}}}}')
    assert isinstance(event, Priced)
    assert (event.cost.amount, event.cost.source, event.cost.parts) == (Decimal("0.5"), source, None)


@given(EVENTS, st.data())
def test_a_truncated_line_is_not_an_event(event: Event, data: st.DataObject) -> None:
    line = encode_event(event)
    with pytest.raises(ValueError, match=r".*"):
        decode_event(line[: data.draw(st.integers(0, len(line) - 1))])


@pytest.mark.parametrize(
    "line", ["", "1", "null", "[]", "{}", '{"event":"Answer"}', '{"event":[],"at":1}', '{"event":"No"}']
)
def test_other_json_is_not_an_event(line: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decode_event(line)


@pytest.mark.parametrize("token", [["a", 5, None, None, None, []], ["a", "x", None, 10**12, None, []]])
def test_what_are_no_tokens_is_told_and_takes_no_memory(token: list[object]) -> None:
    with pytest.raises(ValueError, match="not tokens"):
        unpacked([token])
