"""Chats of panels that name none: a cell that is run again has the same one."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from nbstream.chat import names
from nbstream.chat.cells import AskingCells
from nbstream.chat.conversation import Chat, chats
from nbstream.sessions.per_session import PerSession

if TYPE_CHECKING:
    from nbstream.chat.turn import Place

_NAME = "chat"


class _Made:
    def __init__(self) -> None:
        self.cells = AskingCells()
        self.names: dict[Place, str] = {}


_made = PerSession(_Made)


def unnamed_chat() -> Chat:
    """Return the chat of cells that name none, if there is one; else one of the running cell.

    Where the front end does not name its cells, it is a new one each time.
    """
    if names.default:
        return Chat(names.default)
    made = _made.get()
    place = made.cells.next_place()
    made.cells.note(place)
    name = made.names.get(place) if place is not None else None
    if name is None:
        known = chats()
        candidates = itertools.chain([_NAME], (f"{_NAME}-{number}" for number in itertools.count(2)))
        name = next(each for each in candidates if each not in known)
        if place is not None:
            made.names[place] = name
    return Chat(name)
