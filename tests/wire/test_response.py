"""How a response ends: connection resets, data after the end, bodies that are not a stream."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.model.events import Ended, Event
from nbstream.model.failure import Failure
from nbstream.output.failure_words import message
from nbstream.wire.response import ResponseDecoder
from tests.hints import hint_of
from tests.wire.test_invariants import chunk, cut, events_of, reply_of, streams
from tests.wire.test_simulator_streams import FINISH, content, stream

RESET = Failure("disconnected", "connection", "The server", "reset")


def completion(text: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}).encode()


def until_reset(data: bytes) -> list[Event]:
    decoder = ResponseDecoder()
    return [*decoder.feed(data, 0), *decoder.finish(0, RESET)]


bodies = st.sampled_from(
    [
        completion("Yes"),
        b'{"error": {"message": "no"}}',
        b"<html><title>Sign in</title>",
        b"\xef\xbb\xbf{}",
        b"[1]",
        b"upstream connect error",
        b"data: [DONE]\n\n: bye\n\n",
        b"event: error\ndata: no\n\n: bye\n\ndata: late\n\n",
    ]
)


@settings(max_examples=200, deadline=None)
@given(streams() | st.builds(lambda blank, body: blank * 40 + body, st.sampled_from([b"", b"\n", b"\r\n "]), bodies),
       st.lists(st.integers(0, 10_000), max_size=20))  # fmt: skip
def test_chunking_changes_no_event(data: bytes, cuts: list[int]) -> None:
    whole = events_of([data])
    assert events_of(cut(data, cuts)) == whole
    assert [index for index, event in enumerate(whole) if isinstance(event, Ended)] == [len(whole) - 1]


@settings(max_examples=200, deadline=None)
@given(streams(), st.integers(0, 10_000))
def test_a_reset_keeps_all_events_before_it(data: bytes, point: int) -> None:
    whole = events_of([data])
    part = data[: point % (len(data) + 1)]
    seen = ResponseDecoder().feed(part, 0)
    assert seen == whole[: len(seen)]
    ended = until_reset(part)
    assert ended[: len(seen)] == seen
    reply = reply_of(ended)
    assert reply.status == ("complete" if reply.finish_reason and reply.error is None else "failed")


def test_a_reset_after_the_finish_reason_is_complete() -> None:
    reply = reply_of(until_reset(stream(content("a"), FINISH, done=False)))
    assert (reply.status, reply.error) == ("complete", None)


def test_a_reset_within_a_delta_is_a_failure_with_its_reason() -> None:
    data = stream(chunk({"reasoning_content": "We"}), content("Yes"), content("lost"), done=False)
    reply = reply_of(until_reset(data[:-12]))
    assert (reply.status, reply.reasoning, reply.answer) == ("failed", "We", "Yes")
    assert reply.error is not None
    assert message(reply.error) == message(RESET)
    assert "is kept" in hint_of(reply)


@pytest.mark.parametrize("failure", [None, RESET])
def test_the_remedy_does_not_claim_that_text_is_kept_if_there_is_none(failure: Failure | None) -> None:
    decoder = ResponseDecoder()
    error = reply_of([*decoder.feed(b": keep-alive\n\n", 0), *decoder.finish(0, failure)]).error
    assert error is not None
    assert "Nothing of it had arrived" in hint_of(error)


def test_an_event_without_its_blank_line_counts_at_a_reset() -> None:
    assert reply_of(until_reset(stream(content("a"), content("b"), done=False)[:-2])).answer == "ab"


def test_no_event_follows_the_end() -> None:
    decoder = ResponseDecoder()
    assert isinstance(decoder.feed(stream(content("a"), FINISH), 1)[-1], Ended)
    assert decoder.feed(stream(content("b"), FINISH), 2) == []
    assert decoder.flush(3) == []
    assert decoder.finish(3, RESET) == []


def test_blank_lines_before_a_completion_may_last_for_minutes() -> None:
    # DeepSeek sends blank lines while a request that is not streamed is queued.
    assert reply_of(events_of([b"\n"] * 600 + [completion("Yes")])).answer == "Yes"


@pytest.mark.parametrize("size", [1, 9, 1000])
def test_a_completion_without_a_finish_reason_is_kept_and_disconnected(size: int) -> None:
    body = b'{"choices": [{"message": {"content": "Yes"}}]}'
    reply = reply_of(events_of([body[i : i + size] for i in range(0, len(body), size)]))
    assert reply.answer == "Yes"
    assert reply.error is not None
    assert reply.error.kind == "disconnected"


def test_a_long_completion_is_complete() -> None:
    body = completion("x" * (3 << 20))
    pieces = [body[i : i + 65536] for i in range(0, len(body), 65536)]
    assert len(reply_of(events_of(pieces)).answer) == 3 << 20


@pytest.mark.parametrize(
    ("opening", "closing"), [('{"error":', "}"), ('{"message":', "}"), ('{"error":{"x":[[', "]]}}")]
)
def test_errors_nested_to_the_recursion_limit_are_failures(opening: str, closing: str) -> None:
    for depth in range(850, 1000):
        inner = opening * depth + "1" + closing * depth if "[" not in opening else "[" * depth + "]" * depth
        text = inner if "[" not in opening else opening + inner + closing
        for data in (text.encode(), b"data: " + text.encode() + b"\n\n"):
            assert isinstance(events_of([data])[-1], Ended)


def test_the_message_names_json_that_is_not_a_chunk() -> None:
    reply = reply_of(events_of([stream([{"a": 1}], done=False)]))
    assert reply.error is not None
    assert "not a chunk" in message(reply.error)


def test_attributes_of_the_decoder_during_a_stream() -> None:
    decoder = ResponseDecoder()
    seen = []
    for data in (b": ping\n\n", stream(chunk({"role": "assistant", "content": ""}), done=False),
                 stream(content("a"), done=False), stream(FINISH, done=False), b"data: [DONE]\n\n"):  # fmt: skip
        decoder.feed(data, 0)
        seen.append((decoder.payloads, decoder.delivered, decoder.finished, decoder.ended))
    assert seen == [
        (0, False, False, False),
        (1, False, False, False),
        (2, True, False, False),
        (3, True, True, False),
        (4, True, True, True),
    ]
