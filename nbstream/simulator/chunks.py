"""Writes a completion as server-sent events or as one JSON document.

The format is DeepSeek's, or a variant of it that another server uses: scenarios about the format
take effect here. `_fields` is the only place that says how a kind of delta is written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nbstream.model.reply import SIMULATED_FINGERPRINT
from nbstream.simulator import probabilities

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nbstream.simulator.completion import Completion, Delta
    from nbstream.simulator.scenarios import Plan

_IN_BAND = "The server had an error while processing your request."
_PAGE = """<!DOCTYPE html>
<html><head><title>{0}</title></head><body><h1>{0}</h1><p>A proxy wrote this page.</p></body></html>
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event, encoded."""

    data: bytes
    kind: Literal["head", "delta", "end"]


def stream(completion: Completion, plan: Plan, flood: Iterable[Event] = ()) -> Iterator[Event]:
    """Yield every event of the stream: a head with the role, one event for each delta, the end.

    Args:
        completion: the completion to write.
        plan: the scenarios.
        flood: events to insert between the last delta and the end.
    """
    failure = plan.get("error-in-band")
    every = "usage-every" in plan

    def chunk(
        delta: dict[str, Any], finish_reason: str | None, sent: int, *, usage: bool, token: Delta | None = None
    ) -> bytes:
        written = _chunk(completion, delta, finish_reason)
        if usage or completion.reports_usage:
            written["usage"] = completion.usage(sent) if usage else None
        if token is not None and token.kind != "call" and completion.logprobs is not None:
            written["choices"][0]["logprobs"] = probabilities.logprobs(token, completion.logprobs, completion.likely)
        return event(written, plan)

    thinks = any(delta.kind == "reasoning" for delta in completion.deltas)
    role = {"role": "assistant", **({"content": None, "reasoning_content": ""} if thinks else {"content": ""})}
    yield Event(chunk(_in_dialect(role, plan), None, 0, usage=every), "head")
    for sent, delta in enumerate(completion.deltas):
        if failure is not None and sent == failure["after"]:
            break
        yield Event(chunk(_fields(delta, plan), None, sent + 1, usage=every, token=delta), "delta")
    if failure is not None:
        yield Event(in_band(completion, plan, failure), "end")
        return
    yield from flood
    total = len(completion.deltas)
    separate = "usage-separate" in plan
    last = _in_dialect({"content": "", **({"reasoning_content": None} if thinks else {})}, plan)
    yield Event(chunk(last, completion.finish_reason, total, usage=every or not separate), "end")
    if separate:
        yield Event(event(_head(completion, []) | {"usage": completion.usage()}, plan), "end")
    if "no-done" not in plan:
        yield Event(_lines("data: [DONE]", plan), "end")


def delta_event(completion: Completion, delta: Delta, plan: Plan) -> bytes:
    """Return the encoded event of one delta."""
    return event(_chunk(completion, _fields(delta, plan), None), plan)


class ChunkEvents:
    """The format of one completion, for the sender; `message_events` has another one."""

    def __init__(self, completion: Completion, plan: Plan) -> None:
        self._completion = completion
        self._plan = plan

    def stream(self, flood: Iterable[Event] = ()) -> Iterator[Event]:
        """Yield every event of the stream."""
        return stream(self._completion, self._plan, flood)

    def delta_event(self, delta: Delta) -> bytes:
        """Return the encoded event of one delta."""
        return delta_event(self._completion, delta, self._plan)

    def whole(self) -> dict[str, Any]:
        """Return the answer to a request that did not ask for a stream."""
        return whole(self._completion, self._plan)

    def error_object(self, failure: Mapping[str, Any]) -> dict[str, Any]:
        """Return the JSON of an error inside a stream."""
        return error_object(failure)


def comment(text: str, plan: Plan) -> bytes:
    """Return an encoded comment, such as `: keep-alive`."""
    return _lines(f": {text}", plan)


def whole(completion: Completion, plan: Plan) -> dict[str, Any]:
    """Return the answer to a request that did not ask for a stream."""
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    for delta in completion.joined_deltas():
        _merge(message, _fields(delta, plan, delta.call))
    if not completion.is_chat:
        return _chunk(completion, message, completion.finish_reason) | {"usage": completion.usage()}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": completion.finish_reason}
    return _head(completion, [choice]) | {"object": "chat.completion", "usage": completion.usage()}


def error_object(failure: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON of an error inside a stream, for each `shape` that is JSON."""
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


def html_page(title: str) -> str:
    """Return a page such as a proxy sends instead of the server's answer."""
    return _PAGE.format(title)


def to_json(payload: Any) -> str:
    """Return `payload` as JSON that UTF-8 can encode: escaped only if it has a lone surrogate."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(payload, separators=(",", ":"))
    return text


def _chunk(completion: Completion, delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    said = {"delta": delta} if completion.is_chat else {"text": delta.get("content") or ""}
    return _head(completion, [{"index": 0, **said, "logprobs": None, "finish_reason": finish_reason}])


def _head(completion: Completion, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": completion.id,
        "object": "chat.completion.chunk" if completion.is_chat else "text_completion",
        "created": completion.created,
        "model": completion.model,
        "system_fingerprint": SIMULATED_FINGERPRINT,
        "choices": choices,
    }


def _fields(delta: Delta, plan: Plan, index: int | None = None) -> dict[str, Any]:
    """Return the fields of one delta, in DeepSeek's format or in the plan's variant of it.

    Args:
        delta: the delta.
        plan: the scenarios.
        index: the index of its tool call; None for the one that it has in the stream.
    """
    if index is None:
        index = 0 if _has_one_index(plan) else delta.call
    if delta.kind == "call":
        head = {} if delta.name is None else {"id": delta.id, "type": "function"}
        function = {"arguments": delta.text} if delta.name is None else {"name": delta.name, "arguments": ""}
        return {"tool_calls": [{"index": index, **head, "function": function}]}
    if delta.kind == "answer" or "think-tags" in plan:
        return _in_dialect({"content": delta.text, "reasoning_content": None}, plan)
    if "reasoning" in plan or "details" in plan:
        field = {"reasoning": delta.text} if "reasoning" in plan else {}
        detail = {"type": "reasoning.text", "text": delta.text, "index": 0}
        return {"content": "", **field, **({"reasoning_details": [detail]} if "details" in plan else {})}
    return {"content": None, "reasoning_content": delta.text}


def _has_one_index(plan: Plan) -> bool:
    return (plan.get("tool-call") or {}).get("broken") == "index"


def _in_dialect(delta: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Remove `reasoning_content` if the plan names a format that does not have that field."""
    if not any(dialect in plan for dialect in ("think-tags", "reasoning", "details")):
        return delta
    kept = {key: value for key, value in delta.items() if key != "reasoning_content"}
    return kept | {"content": kept["content"] or ""}


def _merge(message: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add a delta to a message, as a client does: join strings, and list items by `index`."""
    for key, value in delta.items():
        if isinstance(value, dict):
            _merge(message.setdefault(key, {}), value)
        elif isinstance(value, list):
            items = message.setdefault(key, [])
            for item in value:
                if item["index"] == len(items):
                    items.append({})
                _merge(items[item["index"]], item)
        elif key in ("index", "type"):
            message[key] = value
        elif value is not None:
            message[key] = message.get(key, "") + value


def in_band(completion: Completion, plan: Plan, failure: Mapping[str, Any]) -> bytes:
    """Return the encoded event of an error inside a stream."""
    shape, status = failure["shape"], _status(failure)
    if shape in ("html", "text", "empty"):
        lines = {"html": html_page(f"{status}").splitlines(), "text": [f"{status}: {_IN_BAND}"], "empty": [""]}[shape]
        return _lines("\n".join(["event: error", *(f"data: {line}" for line in lines)]), plan)
    payload = error_object(failure)
    if shape == "openrouter":
        choice = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": "error"}
        payload = _head(completion, [choice]) | payload
    return event(payload, plan, "error" if shape == "event" else None)


def _status(failure: Mapping[str, Any]) -> int:
    return int(failure["status"] or (502 if failure["shape"] == "openrouter" else 500))


def event(payload: dict[str, Any], plan: Plan, name: str | None = None) -> bytes:
    """Return the encoded event with a JSON object."""
    text = to_json(payload)
    return _lines(f"event: {name}\ndata: {text}" if name else f"data: {text}", plan)


def _lines(text: str, plan: Plan) -> bytes:
    newline = "\r\n" if "crlf" in plan else "\r" if "cr" in plan else "\n"
    return f"{text}\n\n".replace("\n", newline).encode()
