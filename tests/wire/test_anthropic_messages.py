"""Streams of Anthropic's Messages API, as its servers and look-alikes send them, to replies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nbstream.model.events import Ended, Waiting
from nbstream.model.usage import Usage
from nbstream.model.warning import ReplyWarning
from tests.wire.messages import (
    OVER,
    answer,
    begin,
    content,
    delta,
    encoded,
    end,
    events_of,
    read,
    reply_of,
    start,
    stop,
)
from tests.wire.test_invariants import cut, texts

CALL = [begin(1, "tool_use", id="toolu_1", name="look", input={})]
SEARCH = begin(0, "server_tool_use", id="srv_1", name="web_search", input={})
FOUND = {"type": "web_search_result", "title": "Bonn", "url": "https://example.org", "encrypted_content": "Eq=="}
RESULT = begin(1, "web_search_tool_result", tool_use_id="srv_1", content=[FOUND])


def test_thoughts_an_answer_and_a_call_with_everything_that_goes_back() -> None:
    reply = read(
        start({"input_tokens": 3, "cache_read_input_tokens": 64, "cache_creation_input_tokens": 0, "output_tokens": 0}),
        begin(0, "thinking"),
        {"type": "ping"},
        delta(0, thinking="I need "),
        delta(0, thinking="it."),
        delta(0, signature="Sig"),
        delta(0, signature="=="),
        end(0),
        *answer("Let me ", "look.", index=1),
        begin(2, "tool_use", id="call_00_x", name="look", input={}),
        delta(2, partial_json=""),
        delta(2, partial_json='{"at"'),
        delta(2, partial_json=": 1}"),
        end(2),
        stop("tool_use", {"input_tokens": 3, "cache_read_input_tokens": 64, "output_tokens": 20}),
        OVER,
    )
    assert (reply.status, reply.finish_reason, reply.id, reply.model) == ("complete", "tool_calls", "msg_1", "m")
    assert (reply.reasoning, reply.answer) == ("I need it.", "Let me look.")
    assert [(call.id, call.name, call.arguments) for call in reply.tool_calls] == [("call_00_x", "look", '{"at": 1}')]
    assert reply.usage == Usage(67, 20, 87, 64, 3, cache_write_tokens=0)
    assert content(reply) == [
        {"type": "thinking", "thinking": "I need it.", "signature": "Sig=="},
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": "call_00_x", "name": "look", "input": {"at": 1}},
    ]
    assert (reply.reasoning_field, reply.warnings, reply.extras) == (None, (), {})


def test_encrypted_thoughts_and_thoughts_without_text_go_back() -> None:
    reply = read(
        start(),
        begin(0, "redacted_thinking", data="Enc=="),
        end(0),
        begin(1, "thinking"),
        delta(1, signature="S"),
        end(1),
        *answer("Hi", index=2),
        stop(),
        OVER,
    )
    assert content(reply)[:2] == [
        {"type": "redacted_thinking", "data": "Enc=="},
        {"type": "thinking", "thinking": "", "signature": "S"},
    ]
    assert (reply.reasoning, reply.answer) == ("", "Hi")
    assert reply.extras == {"redacted_thinking": [{"type": "redacted_thinking", "data": "Enc=="}]}


def test_searches_of_the_server_and_citations_are_kept_and_go_back() -> None:
    cited = {"type": "web_search_result_location", "url": "https://example.org", "cited_text": "Bonn is"}
    reply = read(
        start(),
        SEARCH,
        delta(0, partial_json='{"query": '),
        delta(0, partial_json='"Bonn"}'),
        end(0),
        RESULT,
        end(1),
        begin(2, "text", citations=[]),
        delta(2, text="It is."),
        delta(2, citation=cited),
        end(2),
        *answer(" Yes.", index=3),
        stop("pause_turn", {"output_tokens": 9, "server_tool_use": {"web_search_requests": 1}}),
        OVER,
    )
    search = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "Bonn"}}
    result = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": [FOUND]}
    assert content(reply) == [
        search,
        result,
        {"type": "text", "text": "It is.", "citations": [cited]},
        {"type": "text", "text": " Yes."},
    ]
    assert reply.answer == "It is. Yes."
    assert (reply.status, reply.finish_reason) == ("truncated", "pause_turn")
    assert reply.tool_calls == ()
    assert {name: reply.extras[name] for name in ("citations", "server_tool_use", "web_search_tool_result")} == {
        "citations": [cited],
        "server_tool_use": [search],
        "web_search_tool_result": [result],
    }
    assert reply.extras["usage"]["server_tool_use"] == {"web_search_requests": 1}


@pytest.mark.parametrize(
    ("reason", "expected", "status", "extras"),
    [
        ("end_turn", "stop", "complete", {}),
        ("stop_sequence", "stop", "complete", {"stop_reason": "stop_sequence"}),
        ("tool_use", "tool_calls", "complete", {}),
        ("max_tokens", "length", "truncated", {}),
        (
            "model_context_window_exceeded",
            "length",
            "truncated",
            {"stop_reason": "model_context_window_exceeded"},
        ),
        ("refusal", "content_filter", "truncated", {"stop_reason": "refusal"}),
        ("pause_turn", "pause_turn", "truncated", {}),
        ("something_new", "something_new", "complete", {}),
    ],
)
def test_stop_reasons(reason: str, expected: str, status: str, extras: dict[str, Any]) -> None:
    reply = read(start(), *answer("Hi"), stop(reason), OVER)
    assert (reply.finish_reason, reply.status, reply.extras) == (expected, status, extras)


@pytest.mark.parametrize("reason", ["", "null", None])
def test_no_stop_reason_is_none(reason: str | None) -> None:
    reply = read(start(), *answer("Hi"), stop(reason))
    assert (reply.status, reply.finish_reason) == ("failed", None)
    # The server's own word that it is over counts, as [DONE] does.
    whole = read(start(), *answer("Hi"), OVER)
    assert (whole.status, whole.finish_reason, whole.answer) == ("complete", None, "Hi")


def test_a_stream_that_breaks_off_keeps_everything() -> None:
    reply = read(start(), begin(0, "thinking"), delta(0, thinking="So"), end(0), begin(1, "text"), delta(1, text="Hel"))
    assert (reply.status, reply.reasoning, reply.answer) == ("failed", "So", "Hel")
    assert reply.error is not None
    assert reply.error.kind == "disconnected"
    assert content(reply)[0] == {"type": "thinking", "thinking": "So", "signature": ""}
    # Of the first event, only the count of the prompt is one of the reply.
    assert reply.usage == Usage(10, None, None, None, 10)
    assert reply.message["content"] == "Hel"


def test_an_error_in_the_stream() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "r"}
    reply = read(start(), begin(0, "text"), delta(0, text="Hel"), error)
    assert reply.error is not None
    assert (reply.error.kind, reply.error.cause, reply.error.said, reply.error.code) == (
        "in_band",
        "rate",
        "Overloaded",
        "overloaded_error",
    )
    assert reply.answer == "Hel"
    nameless = reply_of([b'event: error\ndata: {"message": "Internal server error"}\n\n'])
    assert nameless.error is not None
    assert nameless.error.said == "Internal server error"


# Usage


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        # Older servers send only the output at the end.
        (
            {"input_tokens": 5, "cache_read_input_tokens": 3, "output_tokens": 1},
            {"output_tokens": 9},
            Usage(8, 9, 17, 3, 5),
        ),
        # The end repeats all fields, and counts.
        (
            {"input_tokens": 900, "output_tokens": 0},
            {"input_tokens": 4, "cache_read_input_tokens": 896, "output_tokens": 9},
            Usage(900, 9, 909, 896, 4),
        ),
        # What was written to the cache was no hit.
        (
            {"input_tokens": 5, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 10},
            {"output_tokens": 9},
            Usage(115, 9, 124, 10, 105, cache_write_tokens=100),
        ),
        # Gateways fill in zeros.
        ({"input_tokens": 5, "output_tokens": 0}, {"input_tokens": 0, "output_tokens": 9}, Usage(5, 9, 14, None, 5)),
        ({"input_tokens": 0, "output_tokens": 0}, {"input_tokens": 5, "output_tokens": 9}, Usage(5, 9, 14, None, 5)),
        ({"input_tokens": 5, "output_tokens": 1}, {"output_tokens": 0}, Usage(5, None, None, None, 5)),
        ({"input_tokens": 0, "output_tokens": 0}, {"output_tokens": 9}, Usage(None, 9)),
        (
            {"input_tokens": 5},
            {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}},
            Usage(5, 9, 14, None, 5, 4),
        ),
        ({"input_tokens": True}, {"output_tokens": "9"}, None),
        ({}, {}, None),
    ],
)
def test_a_later_count_replaces_an_earlier_one(first: Any, last: Any, expected: Usage | None) -> None:
    reply = read(start(first or {"service_tier": None}), *answer("Hi"), stop(usage=last), OVER)
    assert reply.usage == expected


def test_what_usage_has_beyond_the_counts_is_kept() -> None:
    written = {"cache_creation_input_tokens": 100, "cache_creation": {"ephemeral_5m_input_tokens": 100}}
    reply = read(start({"input_tokens": 5, "output_tokens": 1, **written}), *answer("Hi"), stop(), OVER)
    assert reply.extras["usage"] == {"input_tokens": 5, "output_tokens": 7, **written}


# Look-alikes


def test_thoughts_within_a_block_that_began_as_text() -> None:
    reply = read(
        start(),
        begin(0, "text"),
        delta(0, thinking="So."),
        delta(0, text="Hi"),
        end(0),
        begin(1, "thinking"),
        delta(1, text=" there"),
        end(1),
        stop(),
        OVER,
    )
    assert (reply.reasoning, reply.answer) == ("So.", "Hi there")
    assert [(block["type"], block.get("text", block.get("thinking"))) for block in content(reply)] == [
        ("thinking", "So."),
        ("text", "Hi"),
        ("text", " there"),
    ]


def test_texts_of_separate_blocks_stand_apart_and_go_back_as_they_came() -> None:
    reply = read(
        start(),
        *[begin(0, "thinking"), delta(0, thinking="One."), delta(0, signature="A"), end(0)],
        *[begin(1, "thinking"), delta(1, thinking="Two."), delta(1, signature="B"), end(1)],
        *answer("I search.", index=2),
        SEARCH | {"index": 3},
        end(3),
        *answer("Found", index=4),
        *answer(" it.", index=5),
        stop(),
        OVER,
    )
    assert (reply.reasoning, reply.answer) == ("One.\n\nTwo.", "I search.\n\nFound it.")
    assert [block.get("text", block.get("thinking")) for block in content(reply)] == [
        *["One.", "Two.", "I search.", None, "Found", " it."]
    ]


def test_events_that_are_missing_or_come_twice() -> None:
    twice = read(start(), start(), *answer("Hi"), stop(), stop(), OVER)
    assert (twice.answer, twice.status) == ("Hi", "complete")
    no_beginning = read(delta(0, text="Hi"), end(0), stop(), OVER)
    assert (no_beginning.answer, no_beginning.status) == ("Hi", "complete")
    no_end = read(start(), begin(0, "thinking"), delta(0, thinking="So"), begin(1, "text"), delta(1, text="Hi"), stop())
    assert [block["type"] for block in content(no_end)] == ["thinking", "text"]
    assert no_end.status == "complete"
    same_index = read(
        start(), *answer("A"), *answer("B"), begin(0, "text"), begin(0, "text"), delta(0, text="C"), stop()
    )
    assert same_index.answer == "ABC"
    unnumbered = read({"type": "content_block_start", "content_block": {"type": "text"}}, delta(0, text="Hi"), stop())
    assert unnumbered.answer == "Hi"


def test_the_type_of_an_event_may_stand_in_its_name_only() -> None:
    lines = [
        b"event: content_block_delta\ndata: "
        + json.dumps({"index": 0, "delta": delta(0, text="Hi")["delta"]}).encode(),
        b'event: message_delta\ndata: {"delta": {"stop_reason": "end_turn"}}',
        b"event: message_stop\ndata: {}",
    ]
    reply = reply_of([b"\n\n".join([*lines, b""])])
    assert (reply.answer, reply.status, reply.finish_reason) == ("Hi", "complete", "stop")


def test_text_at_the_beginning_of_a_block_and_arguments_that_come_at_once() -> None:
    reply = read(
        start(),
        begin(0, "text", text="Hel"),
        delta(0, text="lo"),
        end(0),
        begin(1, "tool_use", id="a", name="look", input={"at": 1}),
        end(1),
        begin(2, "tool_use", id="b", name="look", input={}),
        end(2),
        stop("tool_use"),
        OVER,
    )
    assert reply.answer == "Hello"
    assert [call.arguments for call in reply.tool_calls] == ['{"at": 1}', "{}"]


def test_a_whole_message_instead_of_a_stream() -> None:
    message = {
        **start()["message"],
        "content": [
            {"type": "thinking", "thinking": "So.", "signature": "S"},
            {"type": "text", "text": "Hi"},
            {"type": "tool_use", "id": "a", "name": "look", "input": {"at": 1}},
        ],
        "stop_reason": "tool_use",
    }
    reply = reply_of([json.dumps(message).encode()])
    assert (reply.reasoning, reply.answer, reply.status) == ("So.", "Hi", "complete")
    assert content(reply) == message["content"]
    assert reply.usage == Usage(10, 1, 11, None, 10)


def test_the_counts_of_bedrock_are_kept() -> None:
    counts = {"inputTokenCount": 3, "firstByteLatency": 400}
    reply = read(start(), *answer("Hi"), stop(), {**OVER, "amazon-bedrock-invocationMetrics": counts})
    assert reply.extras == {"amazon-bedrock-invocationMetrics": counts}


def test_text_after_the_finish_reason_leaves_the_end_open() -> None:
    went_on = read(start(), *answer("A"), stop(), *answer("B", index=1))
    assert (went_on.answer, went_on.status) == ("AB", "failed")
    whole = read(start(), *answer("A"), stop(), *answer("B", index=1), stop("max_tokens"), OVER)
    assert (whole.answer, whole.status, whole.finish_reason) == ("AB", "truncated", "length")


def test_unknown_events_blocks_and_deltas_are_told() -> None:
    reply = read(
        start(),
        {"type": "advice", "text": "Look out"},
        begin(0, "compaction", content=None),
        delta(0, content="All of "),
        delta(0, content="it."),
        end(0),
        begin(1, "text"),
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hi", "tone": "kind"}},
        end(1),
        stop(),
        OVER,
    )
    assert reply.answer == "Hi"
    assert [(each.kind, each.where, each.said) for each in reply.warnings] == [
        ("other_text", "advice.text", "Look out"),
        ("other_text", "content.compaction.content", "All of it."),
        ("other_text", "text_delta.tone", "kind"),
    ]
    assert content(reply)[0] == {"type": "compaction", "content": "All of it."}


def test_an_answer_of_another_api_fails() -> None:
    reply = read({"choices": [{"index": 0, "delta": {"content": "Hi"}}]})
    assert reply.error is not None
    assert (reply.error.kind, reply.error.cause) == ("not_a_stream", "other_api")
    assert "Hi" in reply.warnings[0].said


def test_a_damaged_event_makes_the_reply_incomplete() -> None:
    good = encoded(start(), *answer("Hi"))
    broken = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"del\n\n'
    reply = reply_of([good + broken + encoded(stop(), OVER)])
    assert reply.status == "truncated"
    assert reply.warnings == (ReplyWarning("unreadable", '{"type":"content_block_delta","index":0,"del'),)


def test_pings_are_heard_while_the_model_has_not_begun() -> None:
    events = events_of([encoded(start(), {"type": "ping"}, {"type": "ping"})])
    assert [type(event) for event in events if isinstance(event, Waiting)] == [Waiting, Waiting]


def test_surrogates_that_are_split_over_deltas_are_joined() -> None:
    reply = read(start(), *answer("\ud83c", "\udf89", "\ud83c"), stop(), OVER)
    assert reply.answer == "🎉\ufffd"
    assert content(reply) == [{"type": "text", "text": "🎉\ufffd"}]


@pytest.mark.parametrize(
    "flood",
    [
        [begin(0, "text"), *[delta(0, text="x" * 1000)] * 30],
        [begin(0, "thinking"), *[delta(0, signature="x" * 1000)] * 30],
        [begin(0, "redacted_thinking", data="x" * 30_000)],
        [begin(0, "text"), *[delta(0, citation={"cited_text": "x" * 1000})] * 30],
        [SEARCH, *[delta(0, partial_json="x" * 1000)] * 30],
        [begin(number, "text") for number in range(100)],
    ],
)
def test_what_a_server_sends_is_limited(flood: list[Any]) -> None:
    events = events_of([encoded(start(), *flood)], 20_000)
    assert isinstance(events[-1], Ended)
    assert events[-1].failure is not None
    assert (events[-1].failure.kind, events[-1].failure.cause) == ("too_large", "reply")


# Invariants

_BLOCKS = ["text", "thinking", "tool_use", "redacted_thinking", "server_tool_use", "new_block"]
_FIELDS = ["text", "thinking", "partial_json", "signature", "citation", "content", "data"]
pieces = st.one_of(texts, st.sampled_from(["\ud83c", "\udf89", ""]))
blocks = st.builds(
    lambda index, kind, start_text, deltas, ends: [
        begin(index, kind, **({"text": start_text} if kind == "text" else {})),
        *(delta(index, **{name: text}) for name, text in deltas),
        *([end(index)] if ends else []),
    ],
    st.integers(0, 3),
    st.sampled_from(_BLOCKS),
    pieces,
    st.lists(st.tuples(st.sampled_from(_FIELDS), pieces), max_size=4),
    st.booleans(),
)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    events: list[Any] = [start()] if draw(st.booleans()) else []
    for block in draw(st.lists(blocks, max_size=4)):
        events += block
    ending = draw(st.sampled_from(["stop", "stop", "over", "error", "cut"]))
    if ending == "stop":
        events += [stop(draw(st.sampled_from(["end_turn", "tool_use", "", "x"]))), OVER]
    elif ending != "cut":
        events.append(OVER if ending == "over" else {"type": "error", "error": {"message": "no"}})
    return encoded(*events, newline=draw(st.sampled_from(["\n", "\r", "\r\n"])))


@settings(max_examples=300, deadline=None)
@given(streams(), st.lists(st.integers(0, 10_000), max_size=20))
def test_chunking_never_changes_the_result(data: bytes, cuts: list[int]) -> None:
    whole = reply_of([data])
    assert whole.ended
    assert reply_of(cut(data, cuts)) == whole
    assert reply_of([data[i : i + 1] for i in range(len(data))]) == whole


# An opaque label, such as a signature, is no text.
_TEXTS = ["text", "thinking", "partial_json", "citation", "content", "input", "citations", "aside", "x-y", "name"]
words = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.just("WORD"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_TEXTS), inner, max_size=3),
    max_leaves=6,
)
deltas = st.dictionaries(st.sampled_from([*_TEXTS, "stop_details", "data"]), words, max_size=3)
payloads = st.one_of(
    st.builds(
        lambda kind, fields: {**begin(0, kind), "content_block": {"type": kind, **fields}},
        st.sampled_from(_BLOCKS),
        deltas,
    ),
    st.builds(
        lambda kind, fields: {"type": "content_block_delta", "index": 0, "delta": {"type": kind, **fields}},
        st.sampled_from(
            ["text_delta", "thinking_delta", "input_json_delta", "signature_delta", "citations_delta", "new_delta"]
        ),
        deltas,
    ),
    st.builds(lambda value: {"type": "content_block_delta", "index": 0, "delta": value}, words),
    st.builds(lambda value: {"type": "content_block_start", "index": 0, "content_block": value}, words),
    st.builds(
        lambda value: {"type": "message_start", "message": {"content": [{"type": "text", "text": value}]}}, words
    ),
    st.builds(lambda value: {"type": "message_delta", "delta": {"aside": value}}, words),
    st.builds(lambda value: {"type": "new_event", "aside": value}, words),
)


def _with_words(value: Any, found: list[str]) -> Any:
    if value == "WORD":
        found.append(f"q{len(found)}z")
        return found[-1]
    if isinstance(value, list):
        return [_with_words(each, found) for each in value]
    if isinstance(value, dict):
        return {name: _with_words(each, found) for name, each in value.items()}
    return value


@settings(max_examples=400, deadline=None)
@given(st.lists(payloads, max_size=5))
@example([begin(0, "tool_use", input={"text": "WORD"}), delta(0, partial_json="WORD")])
@example([{"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": {"text": "WORD"}}}])
def test_text_in_any_place_is_kept(events: list[Any]) -> None:
    found: list[str] = []
    sent = [_with_words(event, found) for event in events]
    reply = read(start(), *sent, stop(), OVER)
    held = json.dumps([reply.message, dict(reply.extras)]) + "".join(each.said for each in reply.warnings)
    assert [word for word in found if word not in held + reply.reasoning] == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["message_start", "content_block_start", "content_block_delta", "message_delta", "tool_use"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["type", "index", "delta", "content_block", "message", "usage", "input_tokens", "output_tokens", "text", "id",
         "name", "input", "partial_json", "signature", "stop_reason", "citations", "citation", "error", "content"]
    ), inner, max_size=4),
    max_leaves=12,
), max_size=4))  # fmt: skip
def test_arbitrary_json_never_raises(values: list[Any]) -> None:
    data = "".join(f"data: {json.dumps(value)}\n\n" for value in values)
    reply = reply_of([data.encode()])
    assert reply.ended
    assert repr(reply)
    assert json.dumps(reply.message)
