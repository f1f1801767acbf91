"""Streams of gateways, of the kinds that public bug reports of other clients describe."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from nbstream.client import retry
from nbstream.model.usage import Usage
from nbstream.model.warning import ReplyWarning
from nbstream.wire.response import ResponseDecoder
from tests.wire.test_invariants import chunk, reply_of
from tests.wire.test_simulator_streams import FINISH, content, read, stream

if TYPE_CHECKING:
    from nbstream.model.reply import Reply

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def fragment(name: str = "", arguments: str = "", **fields: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments} if name else {"arguments": arguments}
    return chunk({"tool_calls": [{"function": function, **fields}]})


def calls_of(reply: Reply) -> list[tuple[str, str, str]]:
    return [(one.id, one.name, one.arguments) for one in reply.tool_calls]


def received(*parts: bytes) -> Reply:
    decoder = ResponseDecoder()
    return reply_of([*decoder.feed(b"".join(parts), 0.0), *decoder.finish(1.0)])


@pytest.mark.parametrize(
    "heartbeat",
    [
        b"event: ping\ndata: 2026-04-07 23:36:05.744043\n\n",
        b'event: ping\ndata: {"type": "ping"}\n\n',
        b"event: heartbeat\ndata:\n\n",
        b"event: keep-alive\ndata: ok\n\n",
    ],
)
def test_a_heartbeat_is_no_lost_chunk(heartbeat: bytes) -> None:
    reply = received(heartbeat, stream(content("one "), done=False), heartbeat, stream(content("two"), FINISH))
    assert (reply.answer, reply.status, reply.warnings) == ("one two", "complete", ())


def test_text_of_an_event_with_another_name_is_reported() -> None:
    reply = received(b"event: token\ndata: Hello\n\n", stream(content("x"), FINISH))
    assert reply.warnings == (ReplyWarning("other_text", "Hello", "event token"),)


def test_usage_is_read_where_kimi_and_groq_send_it() -> None:
    in_choice = {
        "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": {**USAGE, "cached_tokens": 4}}]
    }
    assert read(content("x"), in_choice).usage == Usage(7, 3, 10, 4, 3)
    assert read(content("x"), {**FINISH, "x_groq": {"id": "r", "usage": USAGE}}).usage == Usage(7, 3, 10)


def test_a_reason_in_the_name_of_gemini_ends_the_reply() -> None:
    finish = {"choices": [{"index": 0, "delta": {}, "finish_reason": None, "finishReason": "stop"}]}
    reply = read(content("x"), finish)
    assert (reply.status, reply.finish_reason, reply.warnings) == ("complete", "stop", ())


def test_an_error_of_minimax_is_told() -> None:
    refused = {"choices": None, "base_resp": {"status_code": 1004, "status_msg": "login fail: no key"}}
    error = read(refused).error
    assert error is not None
    assert (error.kind, error.cause, error.said) == ("in_band", "key", "login fail: no key")
    assert read(content("x"), {**FINISH, "base_resp": {"status_code": 0, "status_msg": ""}}).status == "complete"


def test_a_fragment_without_id_and_name_belongs_to_the_last_call() -> None:
    reply = read(
        fragment("look", index=0, id="a"),
        fragment("", '{"p":', index=1),
        fragment("", "1}", index=2),
        fragment("find", index=0, id="b"),
        fragment("", "{}", index=1),
        FINISH,
    )
    assert calls_of(reply) == [("a", "look", '{"p":1}'), ("b", "find", "{}")]


@pytest.mark.parametrize(
    ("names", "whole"),
    [(("get_", "weather"), "get_weather"), (("get_", "get_weather"), "get_weather"), (("look", "look"), "look")],
)
def test_a_name_may_come_in_pieces(names: tuple[str, str], whole: str) -> None:
    first, second = names
    reply = read(fragment(first, index=0, id="a"), fragment(second, index=0), fragment("", "{}", index=0), FINISH)
    assert calls_of(reply) == [("a", whole, "{}")]
    assert reply.warnings == ()


def test_an_overloaded_server_is_asked_again() -> None:
    reply = received(
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    )
    assert reply.error is not None
    assert reply.error.cause == "rate"
    assert retry.delay(reply.error, 1) is not None


def test_white_space_alone_is_no_reasoning() -> None:
    thought = [chunk({"reasoning_content": text}) for text in ("\n", "\n")]
    reply = read(*thought, content("\n\nHi"), FINISH)
    assert (reply.reasoning, reply.answer, reply.timing.reasoning_started) == ("", "Hi", None)
    assert reply.message["reasoning_content"] == ""
    assert read(*thought, chunk({"reasoning_content": "So."}), content("Hi"), FINISH).reasoning == "\n\nSo."


@pytest.mark.parametrize(
    "events",
    [
        [{"type": "response.output_text.delta", "delta": "Bonn"}, {"type": "response.completed"}],
        [
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Bonn"}},
            {"type": "message_stop"},
        ],
        [{"candidates": [{"content": {"parts": [{"text": "Bonn"}]}}]}],
    ],
)
@pytest.mark.parametrize("done", ["", "data: [DONE]\n\n"])
def test_events_of_another_api_are_a_failure_that_keeps_their_text(events: list[dict[str, Any]], done: str) -> None:
    reply = received("".join(f"data: {json.dumps(each)}\n\n" for each in events).encode(), done.encode())
    assert reply.error is not None
    assert (reply.error.kind, reply.error.cause) == ("not_a_stream", "other_api")
    assert "Bonn" in f"{reply.extras} {reply.warnings}"


def test_ollamas_own_form_says_when_it_is_done() -> None:
    first = {"message": {"role": "assistant", "content": "Bonn"}, "done": False}
    last = {"message": {"content": ""}, "done": True}
    reply = received("".join(f"{json.dumps(each)}\n" for each in (first, last)).encode())
    assert (reply.answer, reply.status, reply.finish_reason) == ("Bonn", "complete", "stop")
