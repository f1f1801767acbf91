"""Which cells ask the turns of a chat, and how often each has asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.chat import front_end
from nbstream.chat.turn import Place

if TYPE_CHECKING:
    from nbstream.chat.front_end import Cell


class AskingCells:
    """Counts the turns that each cell asks, so that the next execution finds them again."""

    def __init__(self) -> None:
        #: For each cell its latest execution, and how often that has asked.
        self._asked: dict[str, tuple[str, int]] = {}

    def next_place(self) -> Place | None:
        """Return the place of the turn that the running cell asks next; None without a cell."""
        cell = front_end.cell()
        return Place(cell.id, self.count(cell)) if cell is not None else None

    def note(self, place: Place | None) -> None:
        """Count a turn that the running cell has asked."""
        cell = front_end.cell()
        if cell is not None and place is not None:
            self._asked[cell.id] = cell.execution, place.ordinal + 1

    def count(self, cell: Cell) -> int:
        """Return how often this execution of a cell has asked."""
        execution, count = self._asked.get(cell.id, ("", 0))
        return count if execution == cell.execution else 0
