"""The blind choice: columns behind letters in an order that nobody knows, until one is chosen."""

from __future__ import annotations

import secrets
import threading
from string import ascii_uppercase
from typing import TYPE_CHECKING

from nbstream.language import _, listed
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The choices besides a letter.
TIE, NEITHER = "tie", "neither"


class Ballot:
    """The letters of the columns, and the choice.

    Args:
        count: how many columns there are.
        blind: whether the order is shuffled, and names are hidden until the choice.

    Attributes:
        order: for each place from left to right, the position of its column in the specs.
        letters: the letter of each place.
        is_blind: whether the names are hidden.
    """

    def __init__(self, count: int, *, blind: bool) -> None:
        self.letters = tuple(ascii_uppercase[:count])
        self.is_blind = blind
        self._choice: str | None = None
        self._lock = threading.Lock()
        order = list(range(count))
        if blind:
            # Not by the generator of `random`, whose seed a notebook may have set.
            secrets.SystemRandom().shuffle(order)
        self.order = tuple(order)

    @property
    def choice(self) -> str | None:
        """A letter, "tie" or "neither"; None before the choice."""
        return self._choice

    @property
    def hides(self) -> bool:
        """Whether names and figures are still hidden."""
        return self.is_blind and self._choice is None

    @property
    def choices(self) -> tuple[str, ...]:
        """What can be chosen."""
        return (*self.letters, TIE, NEITHER)

    def choose(self, choice: str) -> bool:
        """Choose; any thread may call this. Return whether it counted: only the first one does.

        Raises:
            RequestError: if there is no such choice.
        """
        found = next((each for each in self.choices if each.casefold() == str(choice).casefold()), None)
        if found is None:
            raise RequestError(
                _(
                    "The choice is {choices} or {neither}, not {choice!r}.",
                    choices=listed(self.choices[:-1]),
                    neither=NEITHER,
                    choice=choice,
                )
            )
        with self._lock:
            if self._choice is not None:
                return False
            self._choice = found
        return True

    def chosen(self) -> int | None:
        """Return the position of the chosen column in the specs; None for none."""
        return self.order[self.letters.index(self._choice)] if self._choice in self.letters else None

    def letter_of(self, position: int) -> str:
        """Return the letter of a column by its position in the specs."""
        return self.letters[self.order.index(position)]


def named(letters: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return letters and names together, as they are shown after a blind choice."""
    return [f"{letter} · {name}" for letter, name in zip(letters, names, strict=True)]
