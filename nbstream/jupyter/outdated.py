"""Tells in a turn's own output that it answered an earlier version of a turn before it.

The output of another cell is updated after the cell that changed the chat has ended.
"""

from __future__ import annotations

import contextvars
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from nbstream.jupyter import shown, sinks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.chat.conversation import Chat
    from nbstream.chat.turn import Version

#: The versions whose outputs tell it, by number.
_told: set[int] = set()
#: The revision of each chat whose outputs are up to date.
_revisions: dict[str, int] = {}


def refresh(chats: Iterable[Chat]) -> None:
    """Update the outputs of turns that are outdated since the last call, or are not any more."""
    changed: list[tuple[Version, bool]] = []
    for chat in chats:
        if _revisions.get(chat.name) == chat.revision:
            continue
        _revisions[chat.name] = chat.revision
        for turn in chat.turns:
            version, is_outdated = turn.version, turn.outdated
            if version.ended and is_outdated != (version.number in _told):
                changed.append((version, is_outdated))
                (_told.add if is_outdated else _told.discard)(version.number)
    if changed:
        # Not here, as it takes some milliseconds for each output. The context carries the cell, on
        # ipykernel 7.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(_update, changed), name="nbstream-outdated", daemon=True).start()


def _update(changed: list[tuple[Version, bool]]) -> None:
    for version, is_outdated in changed:
        reply = version.reply
        place, turn = shown.of(reply), reply.request.turn
        # Where a continued reply arrives, its live view is.
        if place is not None and turn is not None and not place.is_used:
            marked = replace(turn, outdated=is_outdated)
            told = replace(reply, request=replace(reply.request, turn=marked))
            sinks.update_settled(told, place.presentation, place.place, place.run)
