"""A completion as the bytes of a stream, in DeepSeek's dialect or in one of its look-alikes'.

Here the scenarios that change *how* things are written have their effect. This module must not know about sockets or
time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nbstream.model.reply import SIMULATED_FINGERPRINT
from nbstream.simulator.completion import Delta

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nbstream.simulator.completion import Completion
    from nbstream.simulator.scenarios import Plan

_IN_BAND = "The server had an error while processing your request."
_PAGE = """<!DOCTYPE html>
<html><head><title>{0}</title></head><body><h1>{0}</h1><p>A proxy wrote this page.</p></body></html>
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event, ready to send."""

    data: bytes
    kind: Literal["head", "delta", "end"]


def stream(completion: Completion, plan: Plan, flood: Iterable[Event] = ()) -> Iterator[Event]:
    """Yield every event of the stream: a head with the role, one delta for each token, then how it ends.

    Args:
        completion: what is said.
        plan: how it is written.
        flood: what comes between the tokens and the end.
    """
    failure = plan.get("error-in-band")
    every = "usage-every" in plan

    def chunk(delta: dict[str, Any], finish_reason: str | None, sent: int, *, usage: bool) -> bytes:
        return _event(
            _chunk(completion, delta, finish_reason) | ({"usage": completion.usage(sent)} if usage else {}), plan
        )

    thinks = any(delta.kind == "reasoning" for delta in completion.deltas)
    role = {"role": "assistant", **({"content": None, "reasoning_content": ""} if thinks else {"content": ""})}
    yield Event(chunk(_plain(role, plan), None, 0, usage=every), "head")
    for sent, delta in enumerate(completion.deltas):
        if failure is not None and sent == failure["after"]:
            break
        yield Event(chunk(_plain(_fields(delta, plan), plan), None, sent + 1, usage=every), "delta")
    if failure is not None:
        yield Event(_in_band(completion, plan, failure), "end")
        return
    yield from flood
    total = len(completion.deltas)
    separate = "usage-separate" in plan
    last = {"content": "", **({"reasoning_content": None} if thinks else {})}
    yield Event(chunk(_plain(last, plan), completion.finish_reason, total, usage=every or not separate), "end")
    if separate:
        yield Event(_event(_head(completion, []) | {"usage": completion.usage()}, plan), "end")
    if "no-done" not in plan:
        yield Event(_lines("data: [DONE]", plan), "end")


def delta_event(completion: Completion, delta: Delta, plan: Plan) -> bytes:
    """Return the event of one delta, ready to send."""
    return _event(_chunk(completion, _plain(_fields(delta, plan), plan), None), plan)


def comment(text: str, plan: Plan) -> bytes:
    """Return a comment such as `: keep-alive`, ready to send."""
    return _lines(f": {text}", plan)


def whole(completion: Completion, plan: Plan) -> dict[str, Any]:
    """Return the answer to a request that did not ask for a stream."""
    message: dict[str, Any] = {"role": "assistant", "content": completion.text("answer")}
    if reasoning := completion.text("reasoning"):
        fields = _plain(_fields(Delta("reasoning", reasoning), plan), plan)
        message |= fields | {"content": (fields["content"] or "") + message["content"]}
    if calls := completion.calls():
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": completion.finish_reason}
    return _head(completion, [choice]) | {"object": "chat.completion", "usage": completion.usage()}


def error_object(failure: Mapping[str, Any]) -> dict[str, Any]:
    """Return an in-band error in one of the shapes of the table that are JSON."""
    status = _status(failure)
    match failure["shape"]:
        case "string":
            return {"error": _IN_BAND}
        case "message" | "event":
            kind = "InternalServerError"
            return {"object": "error", "message": _IN_BAND, "type": kind, "param": None, "code": status}
        case "openrouter":
            return {"error": {"code": status, "message": "Provider disconnected unexpectedly"}}
        case _:
            return {"error": {"message": _IN_BAND, "type": "server_error", "param": None, "code": status}}


def _chunk(completion: Completion, delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    return _head(completion, [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}])


def _head(completion: Completion, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": completion.id,
        "object": "chat.completion.chunk",
        "created": completion.created,
        "model": completion.model,
        "system_fingerprint": SIMULATED_FINGERPRINT,
        "choices": choices,
    }


def _fields(delta: Delta, plan: Plan) -> dict[str, Any]:
    if delta.kind == "call":
        head = {} if delta.name is None else {"id": delta.id, "type": "function"}
        function = {"arguments": delta.text} if delta.name is None else {"name": delta.name, "arguments": ""}
        return {"tool_calls": [{"index": delta.call, **head, "function": function}]}
    if delta.kind == "answer" or "think-tags" in plan:
        return {"content": delta.text, "reasoning_content": None}
    if "reasoning" in plan or "details" in plan:
        plainly = {"reasoning": delta.text} if "reasoning" in plan else {}
        detail = {"type": "reasoning.text", "text": delta.text, "index": 0}
        return {"content": "", **plainly, **({"reasoning_details": [detail]} if "details" in plan else {})}
    return {"content": None, "reasoning_content": delta.text}


def _plain(delta: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Take out `reasoning_content` where the dialect does not have it."""
    if not any(dialect in plan for dialect in ("think-tags", "reasoning", "details")):
        return delta
    kept = {key: value for key, value in delta.items() if key != "reasoning_content"}
    return kept | {"content": kept["content"] or ""} if "content" in kept else kept


def _in_band(completion: Completion, plan: Plan, failure: Mapping[str, Any]) -> bytes:
    shape, status = failure["shape"], _status(failure)
    if shape in ("html", "text", "empty"):
        lines = {"html": page(f"{status}").splitlines(), "text": [f"{status}: {_IN_BAND}"], "empty": [""]}[shape]
        return _lines("\n".join(["event: error", *(f"data: {line}" for line in lines)]), plan)
    payload = error_object(failure)
    if shape == "openrouter":
        choice = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": "error"}
        payload = _head(completion, [choice]) | payload
    return _event(payload, plan, "error" if shape == "event" else None)


def _status(failure: Mapping[str, Any]) -> int:
    return int(failure["status"] or (502 if failure["shape"] == "openrouter" else 500))


def page(title: str) -> str:
    """Return the page that a proxy writes in the server's place."""
    return _PAGE.format(title)


def dump(payload: Any) -> str:
    """Return `payload` as JSON that UTF-8 can carry: half of a surrogate pair is escaped, all else stands as it is."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(payload, separators=(",", ":"))
    return text


def _event(payload: dict[str, Any], plan: Plan, name: str | None = None) -> bytes:
    text = dump(payload)
    return _lines(f"event: {name}\ndata: {text}" if name else f"data: {text}", plan)


def _lines(text: str, plan: Plan) -> bytes:
    newline = "\r\n" if "crlf" in plan else "\r" if "cr" in plan else "\n"
    return f"{text}\n\n".replace("\n", newline).encode()
