"""Which cells ask the turns of a chat, and how often each has asked."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from nbstream.chat import front_end
from nbstream.chat.turn import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.chat.front_end import Cell

_is_outside: ContextVar[bool] = ContextVar("is_outside", default=False)


@contextmanager
def outside() -> Iterator[None]:
    """Let what is asked in the context belong to no cell, although one may be running."""
    token = _is_outside.set(True)
    try:
        yield
    finally:
        _is_outside.reset(token)


class AskingCells:
    """Counts the turns that each cell asks, so that the next execution finds them again."""

    def __init__(self) -> None:
        #: For each cell its latest execution, and how often that has asked.
        self._asked: dict[str, tuple[str, int]] = {}

    def next_place(self) -> Place | None:
        """Return the place of the turn that the running cell asks next; None without a cell."""
        cell = _running()
        return Place(cell.id, self.count(cell)) if cell is not None else None

    def note(self, place: Place | None) -> None:
        """Count a turn that the running cell has asked."""
        cell = _running()
        if cell is not None and place is not None:
            self._asked[cell.id] = cell.execution, place.ordinal + 1

    def count(self, cell: Cell) -> int:
        """Return how often this execution of a cell has asked."""
        execution, count = self._asked.get(cell.id, ("", 0))
        return count if execution == cell.execution else 0


def _running() -> Cell | None:
    return None if _is_outside.get() else front_end.cell()
