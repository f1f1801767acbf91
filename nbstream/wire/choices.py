"""Where the choices of a chunk are, and which index each of them has."""

from __future__ import annotations

from typing import Any

from nbstream.wire.usage_counts import count

_DEEPEST = 3


def unwrapped(chunk: dict[str, Any]) -> dict[str, Any]:
    """Return the completion that a gateway wrapped in another object, or Ollama's own form."""
    for _ in range(_DEEPEST):
        inner = next((name for name, value in chunk.items() if _has_choices(value)), None)
        if inner is None:
            break
        outer = {name: value for name, value in chunk.items() if name != inner}
        chunk = {**outer, **chunk[inner]}
        if "choices" in chunk:
            return chunk
    message = chunk.get("message")
    if isinstance(message, dict) and ("content" in message or "tool_calls" in message) and not chunk.get("error"):
        others = {name: value for name, value in chunk.items() if name != "message"}
        reason = chunk.get("done_reason") or ("stop" if chunk.get("done") is True else None)
        return {**others, "choices": [{"message": message, "finish_reason": reason}]}
    return chunk


def _has_choices(value: object, depth: int = _DEEPEST) -> bool:
    if not isinstance(value, dict) or depth == 0:
        return False
    return isinstance(value.get("choices"), list) or any(_has_choices(each, depth - 1) for each in value.values())


def index_of(choice: Any, place: int) -> int:
    """Return the index of a choice; its place in the list if it has none."""
    index = choice.get("index") if isinstance(choice, dict) else None
    if index == 0 and index is not False:
        return 0
    if isinstance(index, str) and index.isdecimal() and len(index) < 10:  # noqa: PLR2004
        return int(index)
    found = count(index)
    return place if found is None else found
