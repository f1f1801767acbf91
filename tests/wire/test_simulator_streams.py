"""Dialects of servers by example, and the replies that they make."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nbstream.model.events import Ended, Event, Started, Waiting
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply, ReplyError
from nbstream.model.request import Request
from nbstream.model.usage import Usage
from nbstream.output.failure_words import message
from nbstream.wire.response import ResponseDecoder
from nbstream.wire.sse import Comment, Message, SseDecoder
from tests.wire.test_invariants import chunk, events_of, reply_of


def stream(*chunks: Any, done: bool = True) -> bytes:
    lines = [f"data: {json.dumps(one)}\n\n" for one in chunks]
    return "".join([*lines, "data: [DONE]\n\n" if done else ""]).encode()


def read(*chunks: Any, done: bool = True) -> Reply:
    return reply_of(events_of([stream(*chunks, done=done)]))


def content(text: str, reason: str | None = None) -> dict[str, Any]:
    return chunk({"content": text}, reason)


FINISH = content("", "stop")


def test_server_sent_events_follow_the_standard() -> None:
    decoder = SseDecoder()
    data = b"\xef\xbb\xbf: hi\ndata: a\ndata:b\r\n\revent: e\rdata\r\rdata: c\n\nevent: lost\n\nid: 1\n\ndata: last"
    assert decoder.feed(data) == [Comment("hi"), Message("a\nb"), Message("", "e"), Message("c")]
    assert decoder.finish() == [Message("last")]


def test_a_stream_of_deepseek() -> None:
    usage = {
        "prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17, "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 5},
        "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 6,
    }  # fmt: skip
    reply = read(
        chunk({"role": "assistant", "content": None, "reasoning_content": ""}, system_fingerprint="fp"),
        chunk({"content": None, "reasoning_content": "We"}),
        chunk({"content": "Yes", "reasoning_content": None}),
        {**FINISH, "usage": usage},
    )
    assert (reply.status, reply.reasoning, reply.answer, reply.finish_reason) == ("complete", "We", "Yes", "stop")
    assert reply.usage == Usage(10, 7, 17, 4, 6, 5)
    assert (reply.id, reply.model, reply.system_fingerprint) == ("c", "m", "fp")


@pytest.mark.parametrize(
    "deltas",
    [
        [{"reasoning_content": "We"}, {"content": "Yes"}],
        [{"reasoning": "We", "content": ""}, {"content": "Yes"}],
        [{"reasoning": "We", "reasoning_content": "We"}, {"content": "Yes"}],
        [{"reasoning": "We", "reasoning_details": [{"type": "reasoning.text", "text": "We"}]}, {"content": "Yes"}],
        [{"reasoning_details": [{"text": "W"}, {"summary": "e"}, {"data": "x"}]}, {"content": "Yes"}],
        [{"content": "<think>We</think>\n\nYes"}],
        [
            {"content": " <thi"},
            {"content": "nk>\nW"},
            {"content": "e</th"},
            {"content": "ink>"},
            {"content": "\n\nYes"},
        ],
        [{"reasoning_content": "We"}, {"role": "assistant", "content": "Yes"}],
        [{"role": None, "content": None, "reasoning_content": "We"}, {"content": "Yes", "tool_calls": None}],
    ],
)
def test_reasoning_is_read_from_every_field_and_only_once(deltas: list[dict[str, Any]]) -> None:
    reply = read(*map(chunk, deltas), FINISH)
    assert (reply.reasoning, reply.answer) == ("We", "Yes")


def test_tags_are_text_within_the_answer() -> None:
    assert read(content("a <think>x</think>"), FINISH).answer == "a <think>x</think>"


@pytest.mark.parametrize("text", ["<", "<thin", "<think>We</thi", "  "])
def test_an_incomplete_tag_is_not_lost(text: str) -> None:
    reply = read(content(text), FINISH)
    assert (reply.reasoning + reply.message["content"]) == text.removeprefix("<think>")


def test_usage_is_read_from_every_place() -> None:
    first, last = {"prompt_tokens": 1, "completion_tokens": 1}, {"prompt_tokens": 1, "completion_tokens": 9}
    for chunks in (
        [content("a"), {**FINISH, "usage": last}],
        [content("a"), FINISH, {"choices": [], "usage": last}],
        [{**content("a"), "usage": first}, {**FINISH, "usage": last}],
        [content("a"), FINISH, {"choices": [{"index": 0, "delta": {}}], "usage": last}, {"choices": [], "usage": None}],
    ):
        usage = read(*chunks).usage
        assert usage is not None
        assert usage.completion_tokens == 9


def test_invalid_usage_is_ignored() -> None:
    raw = {"prompt_tokens": "3", "completion_tokens": -1, "total_tokens": True, "prompt_tokens_details": [1]}
    assert read(content("a"), {**FINISH, "usage": raw}).usage is None
    cached = {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}}
    assert read({**FINISH, "usage": cached}).usage == Usage(prompt_tokens=9, cache_hit_tokens=4, cache_miss_tokens=5)


def test_tool_calls_are_joined_from_fragments() -> None:
    reply = read(
        chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]}),
        chunk({"tool_calls": [{"index": 0, "id": None, "function": {"name": None, "arguments": '{"x"'}}]}),
        chunk({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}),
        content("", "tool_calls"),
    )
    assert [(call.id, call.name, call.arguments) for call in reply.tool_calls] == [
        ("a", "f", '{"x":1}'),
        ("b", "g", "{}"),
    ]
    assert reply.status == "complete"
    without_index = read(chunk({"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}]}), FINISH)
    assert without_index.tool_calls[0].arguments == '{"x": 1}'


@pytest.mark.parametrize(
    ("chunks", "done", "status", "kind"),
    [
        ([content("a")], True, "complete", None),
        ([content("a")], False, "failed", "disconnected"),
        ([content("a"), FINISH], False, "complete", None),
        ([content("a"), FINISH, FINISH], True, "complete", None),
        ([content("a"), content("b", "stop"), content("c")], True, "complete", None),
        (
            [{"choices": [], "prompt_filter_results": []}, {"choices": [{"index": 0}]}, content("a"), FINISH],
            True,
            "complete",
            None,
        ),
        ([content("a", "length")], True, "truncated", None),
        ([content("a", "content_filter")], True, "truncated", None),
        ([content("a", "something_new")], True, "complete", None),
        ([content("a"), {"error": {"message": "no", "code": 502}}], True, "failed", "in_band"),
        ([content("a"), {"error": "no"}], False, "failed", "in_band"),
        ([content("a"), {"message": "no", "code": 400}], False, "failed", "in_band"),
        ([content("a"), {"object": "error", "message": "no"}], False, "failed", "in_band"),
        ([content("a"), {"detail": "no"}], False, "failed", "in_band"),
        ([content("a"), {**content("", "error"), "error": {"code": 502, "message": "no"}}], True, "failed", "in_band"),
        ([content("a"), content("", "error")], True, "failed", "in_band"),
    ],
)
def test_the_end_of_a_stream(chunks: list[Any], done: bool, status: str, kind: str | None) -> None:  # noqa: FBT001
    reply = read(*chunks, done=done)
    assert reply.answer.startswith("a")
    assert reply.status == status
    assert (reply.error.kind if reply.error else None) == kind


def test_an_event_named_error_is_a_failure_whatever_its_data() -> None:
    for data in (b"Internal error", b'{"code": 5, "message": "no"}', b'"no"'):
        reply = reply_of(events_of([stream(content("a"), done=False), b"event: error\ndata: " + data + b"\n\n"]))
        assert reply.error is not None
        assert reply.error.kind == "in_band"
        assert reply.answer == "a"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!doctype html><title>Sign  in</title><p>x", "web page titled \u201cSign in\u201d"),
        (b"\n\n  <html></html>", "web page"),
        (b'{"error": {"message": "no such model"}}', "no such model"),
        (b'{"hello": 1}', "not a stream"),
        (b"", "nothing in it"),
        (b"upstream connect error", "upstream connect error"),
        (b'{"choices": [{"mess', "not a stream"),
    ],
)
def test_a_body_that_is_not_a_stream_is_a_failure(body: bytes, words: str) -> None:
    reply = reply_of(events_of([body[:3], body[3:]]))
    assert reply.error is not None
    assert words in message(reply.error)


def test_a_completion_without_streaming_is_a_reply() -> None:
    message = {"content": "Yes", "reasoning_content": "We", "tool_calls": [{"id": "a", "function": {"name": "f"}}]}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}
    reply = reply_of(events_of([b"\n\n", json.dumps(body).encode()]))
    assert (reply.status, reply.reasoning, reply.answer, reply.tool_calls[0].name) == ("complete", "We", "Yes", "f")
    assert reply.usage is not None


def test_keep_alives_are_events_until_the_first_delta() -> None:
    events = events_of([b": keep-alive\n\n: OPENROUTER PROCESSING\n\n", stream(content("a"))[:-14], b": ping\n\n"])
    assert [event.note for event in events if isinstance(event, Waiting)] == ["keep-alive", "OPENROUTER PROCESSING"]


def test_unreadable_data_is_skipped_and_named_in_a_failure() -> None:
    data = stream(content("a"), done=False) + b"data: oops\n\n"
    assert reply_of(events_of([data, stream(content("b"), FINISH)])).answer == "ab"
    reply = reply_of(events_of([data]))
    assert reply.error is not None
    assert "oops" in message(reply.error)


def test_a_split_emoji_is_joined_and_a_lone_half_replaced() -> None:
    assert read(content("\ud83c"), content("\udf89!"), FINISH).answer == "🎉!"
    assert read(content("\ud83c"), content("x"), FINISH).answer == "\ufffdx"
    assert read(chunk({"reasoning_content": "\ud83c"}), FINISH).reasoning == "\ufffd"


def test_flush_returns_held_back_text() -> None:
    decoder = ResponseDecoder()
    events: list[Event] = [
        Started(0, Request("m")),
        *decoder.feed(stream(content("a"), content("\ud83c"), done=False), 1),
    ]
    reply = reply_of([*events, *decoder.flush(2), Ended(2, "cancelled")])
    assert (reply.status, reply.answer) == ("cancelled", "a\ufffd")


def test_status_and_timing_follow_the_events() -> None:
    decoder = ResponseDecoder()
    reply = Reply()
    statuses = [reply.status]
    steps: list[tuple[float, bytes]] = [
        (1.0, stream(chunk({"reasoning_content": "We"}), done=False)),
        (3.5, stream(content("Yes"), done=False)),
        (4.0, stream(FINISH)),
    ]
    reply = reduce(reply, Started(0.0, Request("m", "https://a.b"), 100.0))
    statuses.append(reply.status)
    for at, data in steps:
        for event in decoder.feed(data, at):
            reply = reduce(reply, event)
        statuses.append(reply.status)
    assert statuses == ["pending", "waiting", "reasoning", "answering", "complete"]
    timing = reply.timing
    assert (timing.started, timing.first_delta, timing.answer_started, timing.ended) == (100.0, 1.0, 3.5, 4.0)
    assert timing.reasoning_seconds == 2.5


def test_raise_for_status_raises_for_every_incomplete_reply() -> None:
    whole = read(content("a"), FINISH)
    assert whole.raise_for_status() is whole
    for reply in (read(content("a", "length")), read(content("a"), done=False), Reply()):
        with pytest.raises(ReplyError) as caught:
            reply.raise_for_status()
        assert caught.value.reply is reply


def test_a_cancel_after_the_finish_reason_leaves_the_reply_complete() -> None:
    decoder = ResponseDecoder()
    events = decoder.feed(stream(content("a"), FINISH, done=False), 1)
    assert reply_of([*events, Ended(2, "cancelled")]).status == "complete"
