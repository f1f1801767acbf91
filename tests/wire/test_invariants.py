"""Invariants: chunking never changes the result, no text is lost, no input raises an exception."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from nbstream.model.events import Answer, Ended, Event, Finished, Reasoning, Started, ToolCallDelta
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.wire.response import ResponseDecoder

texts = st.text(st.sampled_from('ab \n<>/think日本🎉é"\\\u2028'), max_size=12)
pieces = st.one_of(texts, st.sampled_from(["<think>", "</think>", "<thi", "nk>", "</", "\ud83c", "\udf89", "", None]))
lines = st.sampled_from([b"\n", b"\r", b"\r\n"])


def chunk(delta: Any = None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta or {}, "finish_reason": reason}], **more}


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """A response in some dialect, complete or cut off."""
    field = draw(st.sampled_from(["reasoning_content", "reasoning", "content"]))
    chunks: list[Any] = [chunk({"role": "assistant", "content": None, field: ""})]
    chunks += [chunk({field: piece}) for piece in draw(st.lists(pieces, max_size=5))]
    chunks += [chunk({"content": piece}) for piece in draw(st.lists(pieces, max_size=5))]
    if draw(st.booleans()):
        function = {"name": "f", "arguments": draw(texts)}
        chunks.append(chunk({"tool_calls": [{"index": 0, "id": "t", "function": function}]}))
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "prompt_cache_hit_tokens": 1}
    ending = draw(st.sampled_from(["finish", "separate", "cut", "error"]))
    if ending in ("finish", "separate"):
        chunks.append(chunk({"content": draw(pieces)}, "stop", **({"usage": usage} if ending == "finish" else {})))
    if ending == "separate":
        chunks.append({"choices": [], "usage": usage})
    if ending == "error":
        chunks.append({"error": draw(st.sampled_from(["no", {"message": "no", "code": 500}]))})
    escaped = draw(st.booleans())
    end = draw(lines)
    out = b"\xef\xbb\xbf" if draw(st.booleans()) else b""
    for one in chunks:
        out += draw(
            st.sampled_from([b"", b": keep-alive" + end, b"id: 7" + end, b"event: x" + end + end, b"data" + end + end])
        )
        text = json.dumps(one, ensure_ascii=escaped)
        data = text.encode("utf-8", "surrogatepass").replace(b"\xed", b"?") if not escaped else text.encode()
        out += b"data:" + draw(st.sampled_from([b"", b" "])) + data + end + end
    return out + draw(st.sampled_from([b"", b"data: [DONE]" + end + end, b"data: [DONE]"]))


def events_of(parts: list[bytes]) -> list[Event]:
    decoder = ResponseDecoder()
    events = [event for part in parts for event in decoder.feed(part, 0)]
    return [*events, *decoder.finish(0)]


def reply_of(events: list[Event]) -> Reply:
    reply = Reply()
    for event in events:
        reply = reduce(reply, event)
    return reply


def verbatim(reply: Reply) -> str:
    """Return the answer with blank lines at its ends."""
    content: str = reply.message["content"]
    return content


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    points = sorted({point % (len(data) + 1) for point in cuts})
    return [data[a:b] for a, b in zip([0, *points], [*points, len(data)], strict=True)]


@settings(max_examples=400, deadline=None)
@given(streams(), st.lists(st.integers(0, 10_000), max_size=20))
def test_chunking_never_changes_the_result(data: bytes, cuts: list[int]) -> None:
    whole = reply_of(events_of([data]))
    assert reply_of(events_of(cut(data, cuts))) == whole
    assert reply_of(events_of([data[i : i + 1] for i in range(len(data))])) == whole


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
@example(b"data: [[[[", [])
@example(b"{", [])
@example(b"\xef\xbb\xbf<html>", [1, 2])
def test_arbitrary_bytes_end_exactly_once(data: bytes, cuts: list[int]) -> None:
    events = events_of(cut(data, cuts))
    assert [type(event) for event in events].count(Ended) == 1
    assert isinstance(events[-1], Ended)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["choices", "delta", "content", "reasoning", "reasoning_details", "tool_calls", "index", "function", "text",
         "arguments", "usage", "prompt_tokens", "completion_tokens_details", "error", "message", "finish_reason", "id"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(json_values, max_size=4), st.sampled_from(["", "event: error\n"]))
@example([{"choices": [{"delta": {"tool_calls": [{"index": True, "function": {"arguments": {"a": 1}}}]}}]}], "")
def test_arbitrary_json_never_raises(values: list[Any], event: str) -> None:
    data = "".join(f"{event}data: {json.dumps(value)}\n\n" for value in values)
    reply = reply_of(events_of([data.encode()]))
    assert reply.ended
    assert repr(reply)


def test_deeply_nested_json_is_a_failure() -> None:
    data = b"data: " + b"[" * 200_000 + b"\n\n"
    assert reply_of(events_of([data])).status == "failed"


deltas = st.lists(
    st.one_of(
        st.builds(Reasoning, st.just(1.0), texts),
        st.builds(Answer, st.just(2.0), texts),
        st.builds(ToolCallDelta, st.just(2.0), st.integers(0, 2), st.just("t"), st.just("f"), texts),
        st.builds(Finished, st.just(3.0), st.sampled_from(["stop", "length", "new_reason"])),
    ),
    max_size=30,
)


@given(deltas, st.sampled_from(["served", "cancelled"]))
def test_reduce_is_pure_and_keeps_everything(events: list[Event], outcome: Any) -> None:
    replies = [reduce(Reply(), Started(0, Request("m")))]
    seen = [(replies[0].reasoning, verbatim(replies[0]))]
    for event in events:
        replies.append(reduce(replies[-1], event))
        seen.append((replies[-1].reasoning, verbatim(replies[-1])))
    # Every earlier reply is unchanged, and any of them can continue differently.
    for reply, texts_then in zip(replies, seen, strict=True):
        fork = reduce(reply, Answer(9, "!"))
        assert verbatim(fork) == texts_then[1] + "!"
        assert (reply.reasoning, verbatim(reply)) == texts_then
    last = reduce(replies[-1], Ended(4, outcome))
    assert last.reasoning == "".join(event.text for event in events if isinstance(event, Reasoning))
    assert verbatim(last) == "".join(event.text for event in events if isinstance(event, Answer))
    arguments = "".join(event.arguments for event in events if isinstance(event, ToolCallDelta))
    assert sum(len(call.arguments) for call in last.tool_calls) == len(arguments)
    assert last.ended
    assert reduce(last, Answer(5, "late")) is last
