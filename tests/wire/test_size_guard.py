"""Limits on a reply, an event, a body, the number of tool calls, and white space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.model.events import Ended
from nbstream.output.failure_words import message
from nbstream.output.sentences import alert
from nbstream.wire.response import ResponseDecoder
from nbstream.wire.size_guard import MOST_CALLS, MOST_SPACE, SizeGuard
from tests.hints import hint_of
from tests.wire.test_invariants import chunk, cut, reply_of
from tests.wire.test_response import completion
from tests.wire.test_simulator_streams import FINISH, content, stream

if TYPE_CHECKING:
    from nbstream.model.failure import Failure

LIMIT = 100
LARGEST = SizeGuard("", LIMIT).largest_event


def events_of(parts: list[bytes], limit: int = LIMIT) -> list[Any]:
    decoder = ResponseDecoder("The server", limit)
    events = [event for part in parts for event in decoder.feed(part, 0)]
    return [*events, *decoder.finish(0)]


def called(index: int, **function: str) -> dict[str, Any]:
    return chunk({"tool_calls": [{"index": index, "function": function}]})


def error_of(data: bytes, limit: int = LIMIT) -> Failure:
    reply = reply_of(events_of([data], limit))
    assert reply.status == "failed"
    assert reply.error is not None
    return reply.error


@pytest.mark.parametrize("field", ["content", "reasoning_content", "arguments"])
@pytest.mark.parametrize(
    ("text", "fits"), [("x", LIMIT), ("中", LIMIT // 3), ("🎉", LIMIT // 4), ("\ud83c", LIMIT // 3)]
)
def test_text_is_counted_in_bytes_of_utf_8(field: str, text: str, fits: int) -> None:
    def said(count: int) -> bytes:
        one = called(0, arguments=text) if field == "arguments" else chunk({field: text})
        return stream(*[one] * count, done=False)

    # A lone surrogate becomes U+FFFD, of three bytes, once the next one arrives.
    more = 1 if text == "\ud83c" else 0
    assert not any(isinstance(event, Ended) for event in ResponseDecoder("", LIMIT).feed(said(fits + more), 0))
    error = error_of(said(fits + 1 + more))
    assert error.kind == "too_large"
    assert message(error) == "The reply grew beyond 100 bytes, so nbstream closed the connection."
    assert "max_bytes = 200" in hint_of(error)


def test_text_up_to_the_limit_is_kept_and_later_text_ignored() -> None:
    reply = reply_of(events_of([stream(content("a" * 60), content("b" * 60), content("c"))]))
    assert (reply.status, reply.answer) == ("failed", "a" * 60 + "b" * 60)


def test_a_reply_that_is_complete_at_the_limit_is_complete() -> None:
    body = completion("x" * 2 * LIMIT)
    reply = reply_of(events_of([body]))
    assert (reply.status, len(reply.answer)) == ("complete", 2 * LIMIT)


def test_text_after_the_finish_reason_is_limited_too() -> None:
    decoder = ResponseDecoder("", LIMIT)
    events = decoder.feed(stream(content("a"), FINISH, *[content("b" * 60)] * 3, done=False), 0)
    assert isinstance(events[-1], Ended)
    # The finish reason came in mid-stream, so it does not say that the text is whole.
    assert reply_of(events).status == "failed"


@pytest.mark.parametrize(
    "data",
    [
        b"data: " + b"x" * LARGEST,
        b"x" * (LARGEST + 1),
        b": " + b"x" * LARGEST,
        b" " * (LARGEST + 1),
        b"data: x\n" * (LARGEST // 7 + 1),
        b"data:\n" * (LARGEST // 5 + 1),
        b"{" + b"x" * LARGEST,
    ],
    ids=["data", "field", "comment", "blank", "lines", "empty lines", "body"],
)
@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_an_event_that_is_too_large_is_not_buffered(data: bytes, size: int) -> None:
    decoder = ResponseDecoder("The server", LIMIT)
    begun = decoder.feed(b"" if data.startswith(b"{") else stream(content("a"), done=False), 0)
    events = [event for at in range(0, len(data), size) for event in decoder.feed(data[at : at + size], 0)]
    assert isinstance(events[-1], Ended)
    reply = reply_of([*begun, *events])
    assert reply.error is not None
    assert reply.error.kind == "too_large"
    assert message(reply.error).startswith("The server sent a single piece of more than 64.2 KiB")
    assert decoder.finish(0) == []


def test_an_event_of_exactly_the_limit_is_read() -> None:
    data = b'data: {"choices":[{"delta":{"content":"a"}}],"x":"' + b"x" * 1000
    data += b"x" * (LARGEST - len(data) - 2) + b'"}\n\n'
    assert reply_of(events_of([data])).answer == "a"
    assert error_of(data.replace(b"xx", b"xxxxx", 1)).kind == "too_large"


def test_the_limit_on_one_event_does_not_limit_their_sum() -> None:
    assert (
        reply_of(events_of([b": ping\n\n" * LARGEST, b"data: {}\n\n" * 10_000, stream(content("a"), FINISH)])).answer
        == "a"
    )


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(
        [
            stream(*[content("ab" * 20)] * 5, FINISH),
            stream(content("a")).replace(b"data: [DONE]", b"data: " + b"y" * LARGEST),
            completion("x" * LARGEST),
            stream(*[content("\n" * 500)] * 10),
        ]
    ),
    st.lists(st.integers(0, 200_000), max_size=20),
)
def test_chunking_changes_no_event(data: bytes, cuts: list[int]) -> None:
    assert events_of(cut(data, cuts), 5000 if b"\\n\\n" in data else LIMIT) == events_of(
        [data], 5000 if b"\\n\\n" in data else LIMIT
    )


def test_the_number_of_tool_calls_is_limited() -> None:
    few = stream(*(called(index, name="f") for index in range(MOST_CALLS)), FINISH)
    assert reply_of(events_of([few], 1 << 20)).status == "complete"
    many = stream(*(called(index, name="f") for index in range(MOST_CALLS + 1)))
    error = error_of(many, 1 << 20)
    assert error.kind == "too_large"
    assert "1,000 tool calls" in message(error)


def test_spaces_in_place_of_json_are_an_empty_answer() -> None:
    reply = reply_of(events_of([stream(*[content(" " * 100)] * 100, FINISH)], 1 << 20))
    assert (reply.status, reply.answer, len(reply.message["content"])) == ("complete", "", 10_000)
    assert alert(reply, "cell") == "The answer is empty."


@pytest.mark.parametrize("space", ["\n", " \t", "\u3000"])
def test_a_flood_of_white_space_is_a_failure(space: str) -> None:
    flood = [content(space * 10)] * (MOST_SPACE // (10 * len(space)))
    assert reply_of(events_of([stream(content("a"), *flood, FINISH)], 1 << 20)).status == "complete"
    for last in (content(space), content(space + "b")):
        data = stream(content("a"), *flood, last, content("never"))
        reply = reply_of(events_of([data], 1 << 20))
        assert reply.error is not None
        assert reply.error.kind == "white_space"
        assert "json" in hint_of(reply)
        assert (
            reply.message["content"]
            == "a" + space * (MOST_SPACE // len(space)) + last["choices"][0]["delta"]["content"]
        )


def test_only_contiguous_white_space_is_counted() -> None:
    pieces = [content("\n" * (MOST_SPACE - 2)), content("\na\n"), content("\n" * (MOST_SPACE - 2)), content("\nb")]
    assert reply_of(events_of([stream(*pieces, FINISH)], 1 << 20)).status == "complete"
    assert error_of(stream(*pieces[:3], content("\n\nb")), 1 << 20).kind == "white_space"


def test_white_space_in_reasoning_is_not_limited() -> None:
    thought = chunk({"reasoning_content": "\n" * 1000})
    assert reply_of(events_of([stream(*[thought] * 10, content("a"), FINISH)], 1 << 20)).status == "complete"
