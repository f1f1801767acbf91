"""Which turns of a chat the pages have: a window, as a long chat would slow down every page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.chat.turn import Turn

#: So many turns at most, and so many characters of their texts: what a page draws in a moment.
MOST_TURNS = 30
MOST_CHARACTERS = 200_000


class Window:
    """A window that stays with the last turns until a user looks at earlier ones."""

    def __init__(self) -> None:
        #: The first turn, counted from 0; None stays with the last ones.
        self._first: int | None = None

    def move(self, first: int) -> None:
        """Show the turns from `first` on; the last ones if it is less than 0."""
        self._first = first if first >= 0 else None

    def of(self, turns: Sequence[Turn]) -> range:
        """Return the positions of the turns in the window."""
        # Once, as another thread may move it.
        wanted = self._first
        if wanted is None:
            return range(len(turns) - self._fitting(turns[::-1]), len(turns))
        first = min(wanted, max(0, len(turns) - 1))
        end = first + self._fitting(turns[first:])
        if end == len(turns):
            # Nothing is below it any more.
            self._first = None
            return self.of(turns)
        return range(first, end)

    def _fitting(self, turns: Sequence[Turn]) -> int:
        """Return how many of the turns fit, at least one if there is any."""
        characters = 0
        for count, turn in enumerate(turns[:MOST_TURNS]):
            reply = turn.reply
            characters += len(turn.prompt) + len(turn.answer) + len(reply.reasoning)
            if characters > MOST_CHARACTERS and count:
                return count
        return min(len(turns), MOST_TURNS)
