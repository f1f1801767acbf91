"""What is printed, in bounded memory: the beginning, the end, and how much is between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.tool_result import Printed
from nbstream.prompt.plain_output import plain_output

if TYPE_CHECKING:
    from collections.abc import Callable

#: So many characters of the beginning and of the end are kept.
KEPT = 8_000
#: A longer piece is cut before it is read, so that a gigabyte in one call of `print` costs nothing.
_LONGEST_PIECE = 4 * KEPT
#: A line without an end may be overwritten, as progress bars do; up to so many characters.
_LONGEST_LINE = 2_000
#: A key may stand across the place where a piece is cut.
_BEYOND = 500


class PrintedText:
    """Text as it is printed, piece by piece.

    Overwritten lines and escape sequences are resolved as soon as a line is whole, so ten thousand
    updates of a progress bar are one line.

    Args:
        clean: removes from whole lines what nobody may read, such as an API key.
    """

    def __init__(self, clean: Callable[[str], str] = str) -> None:
        self._clean = clean
        self._head = ""
        self._left_out = 0
        self._tail = ""
        #: The last line, as it was printed.
        self._line = ""

    def append(self, text: str) -> None:
        """Add a piece of text."""
        if len(text) > _LONGEST_PIECE:
            self.append(self._clean(text[: KEPT + _BEYOND])[:KEPT])
            self._flush()
            self._skip(len(text) - 2 * KEPT)
            self.append(self._clean(text[-KEPT - _BEYOND :])[-KEPT:])
            return
        whole, end, line = text.rpartition("\n")
        if end:
            self._keep(self._readable(self._line + whole + end))
            self._line = line
        else:
            self._line += line
        if len(self._line) > _LONGEST_LINE:
            shown = self._readable(self._line)
            if len(shown) <= _LONGEST_LINE:
                self._line = shown
            else:
                self._flush()

    def snapshot(self) -> Printed:
        """Return what was printed so far."""
        line = self._readable(self._line.removesuffix("\r"))
        if not self._left_out and not self._tail and len(self._head) + len(line) <= KEPT:
            return Printed(self._head + line)
        rest = self._tail + line
        head = self._head
        if not self._left_out and len(head) + len(rest) <= 2 * KEPT:
            return Printed(head + rest)
        kept = rest[-KEPT:]
        left_out = self._left_out + len(rest) - len(kept)
        # Between two texts of which nothing is missing there is no gap.
        return Printed(head, left_out, kept) if left_out else Printed(head + kept)

    def _readable(self, text: str) -> str:
        return self._clean(plain_output(text))

    def _flush(self) -> None:
        self._keep(self._readable(self._line))
        self._line = ""

    def _keep(self, text: str) -> None:
        room = 0 if self._left_out or self._tail else KEPT - len(self._head)
        self._head += text[:room]
        self._tail += text[room:]
        if len(self._tail) > 2 * KEPT:
            self._left_out += len(self._tail) - KEPT
            self._tail = self._tail[-KEPT:]

    def _skip(self, count: int) -> None:
        """Leave out so many characters, and the end so far."""
        self._left_out += len(self._tail) + count
        self._tail = ""
