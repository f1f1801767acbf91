"""Text that grows, and measures of text."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, AnyStr

if TYPE_CHECKING:
    from collections.abc import Iterator

_SLICE = 1 << 12
_BLANK_LINES = re.compile(r"(?:[^\S\n]*\n)+")


class Text:
    """Immutable text that grows by appending in constant time; versions share their pieces."""

    __slots__ = ("_count", "_joined", "_pieces", "length")

    def __init__(self, pieces: list[str] | None = None, count: int = 0, length: int = 0) -> None:
        self._pieces = [] if pieces is None else pieces
        self._count = count
        self._joined: str | None = None
        self.length = length

    def append(self, piece: str) -> Text:
        """Return this text with `piece` added. Only the newest version takes constant time."""
        pieces = self._pieces if len(self._pieces) == self._count else self._pieces[: self._count]
        pieces.append(piece)
        return Text(pieces, self._count + 1, self.length + len(piece))

    def slices(self, start: int = 0) -> Iterator[str]:
        """Yield the text from the character `start` on, in pieces of a few thousand characters.

        The text as a whole is not made, as it may be large.
        """
        found: list[str] = []
        length = 0
        for piece in islice(self._pieces, self._count):
            if start >= len(piece):
                start -= len(piece)
                continue
            found.append(piece[start:] if start else piece)
            length, start = length + len(found[-1]), 0
            if length >= _SLICE:
                yield "".join(found)
                found, length = [], 0
        if found:
            yield "".join(found)

    def __str__(self) -> str:
        if self._joined is None:
            self._joined = "".join(self._pieces[: self._count])
        return self._joined

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, Text) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))

    def __repr__(self) -> str:
        return f"Text({str(self)!r})"


def without_blank_ends(text: str) -> str:
    """Return `text` without blank lines at its beginning and its end; empty if it is all blank.

    The indentation of the first line stays, as it may make a block of code.
    """
    if not text or not (text[0].isspace() or text[-1].isspace()):
        return text
    end = len(text.rstrip())
    if not end:
        return ""
    found = _BLANK_LINES.match(text)
    line_end = text.find("\n", end)
    return text[found.end() if found else 0 : line_end if line_end >= 0 else len(text)]


def utf16_length(text: str) -> int:
    """Return the length of `text` in UTF-16 code units, which JavaScript counts."""
    return len(text) + sum(1 for char in text if char > "\uffff") if not text.isascii() else len(text)


def overlap(text: AnyStr, mark: AnyStr) -> int:
    """Return how many characters at the end of `text` may be the beginning of `mark`."""
    return next((size for size in range(min(len(mark) - 1, len(text)), 0, -1) if text.endswith(mark[:size])), 0)


def common_prefix(one: str, other: str) -> int:
    """Return the length of the common prefix, in characters."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one.startswith(other[low:middle], low):
            low = middle
        else:
            high = middle - 1
    return low
