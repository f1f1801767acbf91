"""Many events to the few that say the same: what a watcher is handed once in a frame.

This module must not know when a frame is due.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nbstream.model.events import Answer, Identified, Reasoning, ToolCallDelta, UsageReported, Waiting

if TYPE_CHECKING:
    from nbstream.model.events import Delta, Event


def coalesce(events: list[Event]) -> list[Event]:
    """Return as few events as reduce to the same reply.

    Neighbouring deltas are joined, and keep the time of the first one. Of what a server repeats, such as keep-alives,
    its name or its count of tokens, the latest holds, so that a flood of them fills no memory.
    """
    joined: list[Event] = []
    pieces: list[str] = []
    places: dict[type[Event], int] = {}
    for event in events:
        last = joined[-1] if joined else None
        if isinstance(event, Identified | UsageReported):
            place = places.setdefault(type(event), len(joined))
            if place < len(joined):
                joined[place] = _corrected(joined[place], event)
                continue
        elif isinstance(event, Waiting) and isinstance(last, Waiting):
            joined[-1] = event
            continue
        elif (delta := _continued(last, event)) is not None:
            joined[-1] = delta
            pieces.append(_text(event))
            continue
        _close(joined, pieces)
        joined.append(event)
        pieces = [_text(event)]
    _close(joined, pieces)
    return joined


def _corrected(earlier: Event, event: Identified | UsageReported) -> Event:
    if isinstance(event, Identified) and isinstance(earlier, Identified):
        fingerprint = event.system_fingerprint or earlier.system_fingerprint
        return Identified(earlier.at, event.id or earlier.id, event.model or earlier.model, fingerprint)
    return event


def _continued(last: Event | None, event: Event) -> Delta | None:
    """Return `last` as it is once `event` is joined to it, except for its text; None if they do not belong together."""
    if isinstance(last, Reasoning | Answer) and type(event) is type(last):
        return last
    if isinstance(last, ToolCallDelta) and isinstance(event, ToolCallDelta) and last.index == event.index:
        return replace(last, id=last.id or event.id, name=last.name or event.name)
    return None


def _text(event: Event) -> str:
    match event:
        case Reasoning() | Answer():
            return event.text
        case ToolCallDelta():
            return event.arguments
    return ""


def _close(joined: list[Event], pieces: list[str]) -> None:
    """Give the last of `joined` its whole text."""
    if len(pieces) > 1:
        match joined[-1]:
            case (Reasoning() | Answer()) as last:
                joined[-1] = replace(last, text="".join(pieces))
            case ToolCallDelta() as last:
                joined[-1] = replace(last, arguments="".join(pieces))
