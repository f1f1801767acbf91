"""Helpers for tests of Anthropic's Messages API: its events, and the replies that they make."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.wire.anthropic_messages import MessagesDecoder
from nbstream.wire.response import ResponseDecoder
from nbstream.wire.size_guard import MAX_BYTES

if TYPE_CHECKING:
    from nbstream.model.events import Event


def start(usage: Any = None, **fields: Any) -> dict[str, Any]:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], **fields}
    counts = usage or {"input_tokens": 10, "output_tokens": 1}
    return {"type": "message_start", "message": {**message, "stop_reason": None, "usage": counts}}


def begin(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    empty: dict[str, dict[str, Any]] = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}}
    return {
        "type": "content_block_start",
        "index": index,
        "content_block": {"type": kind, **empty.get(kind, {}), **fields},
    }


def delta(index: int, **fields: Any) -> dict[str, Any]:
    kinds = {"text": "text_delta", "thinking": "thinking_delta", "partial_json": "input_json_delta"}
    kinds |= {"signature": "signature_delta", "citation": "citations_delta"}
    kind = next((kinds[name] for name in fields if name in kinds), "other_delta")
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def end(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def stop(reason: Any = "end_turn", usage: Any = None, **fields: Any) -> dict[str, Any]:
    counts = {"output_tokens": 7} if usage is None else usage
    return {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None, **fields}, "usage": counts}


OVER = {"type": "message_stop"}


def answer(*texts: str, index: int = 0) -> list[dict[str, Any]]:
    return [begin(index, "text"), *(delta(index, text=text) for text in texts), end(index)]


def encoded(*events: Any, newline: str = "\n") -> bytes:
    lines = [f"event: {event.get('type', 'x')}\ndata: {json.dumps(event)}\n\n" for event in events]
    return "".join(lines).replace("\n", newline).encode()


def events_of(parts: list[bytes], max_bytes: int = MAX_BYTES) -> list[Event]:
    decoder = ResponseDecoder("Claude", max_bytes, MessagesDecoder("Claude"))
    events = [event for part in parts for event in decoder.feed(part, 0)]
    return [*events, *decoder.finish(0)]


def reply_of(parts: list[bytes]) -> Reply:
    reply = Reply()
    for event in events_of(parts):
        reply = reduce(reply, event)
    return reply


def read(*events: Any) -> Reply:
    return reply_of([encoded(*events)])


def content(reply: Reply) -> Any:
    return reply.message["content_blocks"]
