"""Streams in the manner of servers, in `tests/data/streams`, each with the reply that it makes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbstream.model.reply import Reply

FOLDER = Path(__file__).parents[1] / "data" / "streams"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
#: Those of Anthropic's Messages API.
MESSAGES = FOLDER / "messages"
MESSAGES_NAMES = sorted(path.stem for path in MESSAGES.glob("*.json"))


def as_json(reply: Reply) -> dict[str, Any]:
    """Return a reply as JSON, without empty values and times."""
    usage = {name: value for name, value in asdict(reply.usage).items() if value is not None} if reply.usage else {}
    error = {name: value for name, value in asdict(reply.error).items() if value} if reply.error else {}
    values = {
        "status": reply.status,
        "finish_reason": reply.finish_reason,
        "model": reply.model,
        "reasoning": reply.reasoning,
        "answer": reply.answer,
        "refusal": reply.refusal,
        "tool_calls": [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in reply.tool_calls],
        "usage": usage,
        "error": error,
        "warnings": [asdict(warning) for warning in reply.warnings],
        "reasoning_field": reply.reasoning_field,
        "extras": dict(reply.extras),
        "content_blocks": reply.message.get("content_blocks"),
    }
    return {name: value for name, value in values.items() if value or name == "status"}
