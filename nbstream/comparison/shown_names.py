"""What the columns of a comparison are called: by names, and in a blind one by letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.comparison.ballot import named
from nbstream.language import _
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.comparison.ballot import Ballot
    from nbstream.comparison.columns import Column


class ShownNames:
    """The names of the columns as they are shown at the moment.

    Args:
        in_order: the columns in the order of the specs.
        ballot: their letters, and whether these hide the names.
    """

    def __init__(self, in_order: Sequence[Column], ballot: Ballot) -> None:
        self._in_order = in_order
        self._ballot = ballot

    def of(self, column: Column) -> str:
        """Return what a column is called; after a blind choice that is a letter and a name."""
        letter = self.letter(column)
        if not letter:
            return column.name
        return letter if self._ballot.hides else named([letter], [column.name])[0]

    def letter(self, column: Column) -> str:
        """Return the letter of a column in a blind comparison; else it is empty."""
        return self._ballot.letter_of(self._in_order.index(column)) if self._ballot.is_blind else ""

    def find(self, which: int | str) -> Column:
        """Return a column by its position in the specs, its key, or what it is called.

        Raises:
            RequestError: if there is none. While names are hidden, positions tell nothing.
        """
        count = len(self._in_order)
        if isinstance(which, int) and -count <= which < count and not self._ballot.hides:
            return self._in_order[which]
        from_left = [self._in_order[at] for at in self._ballot.order]
        for key, column in zip(self._ballot.letters, from_left, strict=True):
            if which in (key, self.of(column)):
                return column
        names = ", ".join(map(self.of, from_left))
        raise RequestError(_("There is no column {which!r}: there are {map}.", which=which, map=names))
