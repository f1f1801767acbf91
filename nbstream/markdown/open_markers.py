"""The markers and tags that are open at the end of a growing text."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

#: Only this many open markers are closed, counted from the end. Otherwise a text with an open
#: marker in each word would send all closing tags again in each frame.
_MOST_CLOSED = 32
#: The content of an element is seldom longer; a tag without a partner is text.
_LONGEST_ELEMENT = 80
#: What may end in emphasis although its beginning was taken for a sign: "*9".
_WORD = re.compile(r"\*[^\s*(\[{]+")


class Opener(NamedTuple):
    """An open marker: what it is, the position, the length, and whether it will hardly close.

    A marker is its character, or the closing tag of an element.
    """

    marker: str
    start: int
    length: int
    is_hopeless: bool = False

    @property
    def is_tag(self) -> bool:
        """Whether it is an element's."""
        return self.marker[0] == "<"


class OpenMarkers:
    """A stack of open markers. A marker within an element is not closed by one outside of it."""

    def __init__(self) -> None:
        self._openers: list[Opener] = []
        #: How many of the markers are open, within the innermost element and within those around
        #: it; and how many elements are.
        self._open = [Counter[str]()]
        self._elements = Counter[str]()

    def has(self, marker: str) -> bool:
        """Return whether this marker may be closed."""
        return (self._elements if marker[0] == "<" else self._open[-1])[marker] > 0

    def push(self, opener: Opener) -> None:
        """Open a marker."""
        self._openers.append(opener)
        if opener.is_tag:
            self._elements[opener.marker] += 1
            self._open.append(Counter())
        else:
            self._open[-1][opener.marker] += 1

    def pop_to(self, marker: str) -> Opener:
        """Forget the last opener of this marker and all after it, and return it."""
        while True:
            opener = self._pop()
            if opener.marker == marker:
                return opener

    def expect_end(self, text: str, at: int) -> None:
        """Note that emphasis seems to end at `at`: the last marker began it if it is near."""
        if self._openers and _WORD.fullmatch(text, self._openers[-1].start, at):
            self._openers[-1] = self._openers[-1]._replace(is_hopeless=False)

    def drop_from(self, position: int) -> None:
        """Forget the markers from a position on."""
        while self._openers and self._openers[-1].start >= position:
            self._pop()

    def move_left(self, position: int) -> None:
        """Note that a character was removed at a position."""
        for index in reversed(range(len(self._openers))):
            opener = self._openers[index]
            if opener.start < position:
                break
            self._openers[index] = opener._replace(start=opener.start - 1)

    def close(self, text: str, formula: str) -> str:
        """Return a text with its open markers closed, or left out if nothing follows them.

        Args:
            text: the text.
            formula: the closing delimiter of the formula in which it ends, or "".
        """
        end = len(text)
        closers = [formula] if formula else []
        while self._openers and len(closers) < _MOST_CLOSED:
            opener = self._pop()
            if opener.is_hopeless or (opener.is_tag and len(text) - opener.start > _LONGEST_ELEMENT):
                continue
            if not closers:
                while opener.marker != "`" and end and text[end - 1].isspace():
                    end -= 1
                if opener.start + opener.length >= end:
                    end = opener.start
                    continue
            closers.append(opener.marker if opener.is_tag else opener.marker * opener.length)
        return text[:end] + "".join(closers)

    def _pop(self) -> Opener:
        opener = self._openers.pop()
        if opener.is_tag:
            self._elements[opener.marker] -= 1
            self._open.pop()
        else:
            self._open[-1][opener.marker] -= 1
        return opener
