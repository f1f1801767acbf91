"""A request without the reasoning of earlier messages, for a reader who hides reasoning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbstream.model.request import Request

#: Stands in place of reasoning in a request.
HIDDEN = "[hidden]"
#: The fields in which the APIs send reasoning back.
_FIELDS = frozenset({"reasoning_content", "reasoning", "reasoning_details", "thinking"})


def without_reasoning(request: Request) -> Request:
    """Return the request with a mark in place of the reasoning in its messages."""
    return replace(request, messages=tuple(_without(each) for each in request.messages))


def _without(value: Any) -> Any:
    if isinstance(value, list):
        return [_without(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: HIDDEN if name in _FIELDS and each else _without(each) for name, each in value.items()}
