"""Joins events, so that a watcher gets only a few of them for each frame."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from nbstream.model.events import (
    Answer,
    CallChanged,
    Identified,
    Moved,
    Noted,
    Reasoning,
    Refusal,
    Retrying,
    Scored,
    Stepped,
    ToolCallDelta,
    UsageReported,
    Waiting,
    Warned,
)
from nbstream.model.tool_call import name_after
from nbstream.model.warning import joined

if TYPE_CHECKING:
    from nbstream.model.events import Event


def coalesce(events: list[Event]) -> list[Event]:
    """Return as few events as reduce to the same reply.

    Adjacent deltas become one delta with the time of the first. Warnings of one kind and place are
    joined, within one attempt, and so are the probabilities of tokens. Of keep-alives, names and
    token counts only the latest is kept, so that a flood of them does not fill the memory.
    """
    groups: list[list[Event]] = []
    repeated: dict[object, list[Event]] = {}
    for event in events:
        if isinstance(event, Identified | Noted | Scored | UsageReported | Warned):
            key = _key(event)
            group = repeated.setdefault(key, [])
            if not group:
                groups.append(group)
            group.append(event)
        elif groups and _belong_together(groups[-1][-1], event):
            groups[-1].append(event)
        else:
            if isinstance(event, Retrying | Stepped):
                # What an attempt or a request before it was told does not belong to the next one.
                repeated.clear()
            elif isinstance(event, Moved):
                # It is about the tokens before it.
                repeated.pop(Scored, None)
            groups.append([event])
    return [group[0] if len(group) == 1 else _join(group) for group in groups]


def _key(event: Identified | Noted | Scored | UsageReported | Warned) -> object:
    match event:
        case Warned():
            return event.warning.kind, event.warning.where
        case Noted():
            return Noted, event.name
    return type(event)


def _belong_together(last: Event, event: Event) -> bool:
    if isinstance(event, ToolCallDelta):
        return isinstance(last, ToolCallDelta) and last.index == event.index
    if isinstance(event, CallChanged):
        return (
            isinstance(last, CallChanged) and last.index == event.index and _only_prints(last) and _only_prints(event)
        )
    return isinstance(event, Reasoning | Answer | Refusal | Waiting) and type(last) is type(event)


def _only_prints(event: Event) -> bool:
    return isinstance(event, CallChanged) and event == CallChanged(event.at, event.index, printed=event.printed)


def _join(group: list[Any]) -> Event:
    """Return one event for all events of a group, which are of one class."""
    first: Event = group[0]
    match first:
        case Reasoning() | Answer() | Refusal():
            return replace(first, text="".join([each.text for each in group]))
        case ToolCallDelta(at, index):
            arguments = "".join([each.arguments for each in group])
            name = reduce(lambda known, each: name_after(known, each.name), group, "") or None
            return ToolCallDelta(at, index, _first(group, "id"), name, arguments)
        case Identified(at):
            newest = group[::-1]
            names = ("id", "model", "system_fingerprint", "reasoning_field")
            return Identified(at, *(_first(newest, name) for name in names))
        case Scored():
            return replace(first, tokens=tuple(token for each in group for token in each.tokens))
        case Warned():
            return replace(first, warning=joined([each.warning for each in group]))
    latest: Event = group[-1]
    return latest


def _first(group: list[Any], name: str) -> str | None:
    """Return the first value that the events of a group have for the attribute `name`."""
    return next(filter(None, (getattr(each, name) for each in group)), None)
