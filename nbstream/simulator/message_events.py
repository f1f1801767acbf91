"""Writes a completion as events of Anthropic's Messages API, or as one message.

The format is that of DeepSeek's Anthropic-compatible endpoint, as captured in September 2026.
Scenarios about the format of chat completions have no effect here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nbstream.model.reply import SIMULATED_FINGERPRINT
from nbstream.simulator import chunks
from nbstream.simulator.chunks import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nbstream.simulator.completion import Completion, Delta
    from nbstream.simulator.scenarios import Plan

_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
_EMPTY: dict[str, dict[str, Any]] = {
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
    "text": {"type": "text", "text": ""},
    "redacted_thinking": {"type": "redacted_thinking", "data": "c2ltdWxhdGVk"},
}


class MessageEvents:
    """The format of one completion; it knows which block is open."""

    def __init__(self, completion: Completion, plan: Plan) -> None:
        self._completion = completion
        self._plan = plan
        thoughts = plan.get("thoughts")
        self._thoughts = thoughts["kind"] if thoughts else ""
        #: The type of the open block, or the number of its call; None before the first block.
        self._open: str | int | None = None
        self._index = -1

    def stream(self, flood: Iterable[Event] = ()) -> Iterator[Event]:
        """Yield every event of the stream; see `chunks.stream`."""
        completion, failure = self._completion, self._plan.get("error-in-band")
        usage = self._usage(0)
        start = {"type": "message_start", "message": self._head([]) | {"stop_reason": None, "usage": usage}}
        yield Event(self._written(start), "head")
        for sent, delta in enumerate(completion.deltas):
            if failure is not None and sent == failure["after"]:
                break
            yield Event(self.delta_event(delta), "delta")
        if failure is not None:
            yield Event(self._in_band(failure), "end")
            return
        yield from flood
        reason = _REASONS.get(completion.finish_reason, completion.finish_reason)
        end = {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": self._usage(len(completion.deltas)),
        }
        yield Event(b"".join([*self._closed(), self._written(end)]), "end")
        if "no-done" not in self._plan:
            yield Event(self._written({"type": "message_stop"}), "end")

    def delta_event(self, delta: Delta) -> bytes:
        """Return the events of one delta, with those that end and begin a block."""
        written: list[bytes] = []
        kind: str | int = delta.call if delta.kind == "call" else "thinking" if delta.kind == "reasoning" else "text"
        if kind == "thinking" and "think-tags" in self._plan:
            kind = "text"
        if kind == "thinking" and self._thoughts == "encrypted":
            kind = "redacted_thinking"
        if kind != self._open or delta.name is not None:
            written += self._closed()
            self._index, self._open = self._index + 1, kind
            block = _EMPTY[kind] if isinstance(kind, str) else self._call(delta, {})
            begun = {"type": "content_block_start", "index": self._index, "content_block": block}
            written.append(self._written(begun))
            if self._index == 0:
                written.append(self._written({"type": "ping"}))
        match kind:
            case "thinking":
                if self._thoughts != "omitted":
                    written.append(self._delta("thinking_delta", thinking=delta.text))
            case "text":
                written.append(self._delta("text_delta", text=delta.text))
            case int():
                written.append(self._delta("input_json_delta", partial_json=delta.text))
        return b"".join(written)

    def whole(self) -> dict[str, Any]:
        """Return the answer to a request that did not ask for a stream."""
        content: list[dict[str, Any]] = []
        texts: dict[int, list[str]] = {}
        for delta in self._completion.joined_deltas():
            if delta.kind == "call":
                if delta.name is not None:
                    content.append(self._call(delta, {}))
                texts.setdefault(len(content) - 1, []).append(delta.text)
            elif delta.kind == "reasoning":
                content.append({"type": "thinking", "thinking": delta.text, "signature": self._completion.id})
            else:
                content.append({"type": "text", "text": delta.text})
        for index, pieces in texts.items():
            content[index]["input"] = _parsed("".join(pieces))
        reason = _REASONS.get(self._completion.finish_reason, self._completion.finish_reason)
        usage = self._usage(len(self._completion.deltas))
        return self._head(content) | {"stop_reason": reason, "stop_sequence": None, "usage": usage}

    def error_object(self, failure: Mapping[str, Any]) -> dict[str, Any]:
        """Return the JSON of an error inside a stream."""
        error = chunks.error_object(failure)
        if failure["shape"] != "object":
            return error
        return {"type": "error", "error": {"type": "api_error", "message": error["error"]["message"]}}

    def _in_band(self, failure: Mapping[str, Any]) -> bytes:
        if failure["shape"] != "object":
            return chunks.in_band(self._completion, self._plan, failure)
        return self._written(self.error_object(failure))

    def _closed(self) -> list[bytes]:
        """Return the events that end the open block; thoughts are signed first."""
        if self._open is None:
            return []
        signed = [self._delta("signature_delta", signature=self._completion.id)] if self._open == "thinking" else []
        return [*signed, self._written({"type": "content_block_stop", "index": self._index})]

    def _delta(self, kind: str, **fields: str) -> bytes:
        delta = {"type": kind, **fields}
        return self._written({"type": "content_block_delta", "index": self._index, "delta": delta})

    def _call(self, delta: Delta, given: dict[str, Any]) -> dict[str, Any]:
        return {"type": "tool_use", "id": delta.id, "name": delta.name, "input": given}

    def _head(self, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self._completion.id,
            "type": "message",
            "role": "assistant",
            "model": self._completion.model,
            "content": content,
            # DeepSeek has no such field here; it tells that the reply is simulated.
            "system_fingerprint": SIMULATED_FINGERPRINT,
        }

    def _usage(self, sent: int) -> dict[str, Any]:
        counts = self._completion.usage(sent)
        return {
            "input_tokens": counts["prompt_cache_miss_tokens"],
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": counts["prompt_cache_hit_tokens"],
            "output_tokens": counts["completion_tokens"],
        }

    def _written(self, payload: dict[str, Any]) -> bytes:
        return chunks.event(payload, self._plan, payload["type"])


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
