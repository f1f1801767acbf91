"""Text that a server sends twice: in a second field, in cumulative chunks, or whole at the end.

On a doubt a text is kept: shown twice is a blemish, lost is a fault.
"""

from __future__ import annotations

from typing import Literal

#: A text that begins with all that came before repeats it, if that has this many characters; of
#: fewer, such as "ha", the model may have said them again.
_SHORTEST = 16


class Echo:
    """Tells a growing text that repeats another growing text from one of its own.

    Args:
        original: the pieces of the other text; its owner appends to it.
    """

    def __init__(self, original: list[str]) -> None:
        self._original = original
        #: How much of the original was repeated: whole pieces, and characters of the next one.
        self._pieces = 0
        self._offset = 0
        #: The text so far, and the end of it that the original has not reached yet.
        self._said: list[str] = []
        self._ahead = ""
        self._differs = False

    def feed(self, text: str) -> str:
        """Take more text, and return the part that is certainly no repetition.

        Once the texts differ, that is everything since the beginning.
        """
        if self._differs:
            return text
        self._said.append(text)
        return self._compare(self._ahead + text)

    def finish(self) -> str:
        """Return the end of the text that goes beyond the original, which is complete."""
        if self._differs:
            return ""
        new = self._compare(self._ahead)
        if self._differs:
            return new
        ahead, self._ahead = self._ahead, ""
        return ahead

    def skip(self) -> None:
        """Note that the text was appended to the original."""
        self._pieces, self._offset = len(self._original), 0

    @property
    def differs(self) -> bool:
        """Whether the text is no repetition."""
        return self._differs

    @property
    def covers(self) -> bool:
        """Whether the text repeated everything of the original."""
        return not self._differs and self._pieces == len(self._original)

    def _compare(self, text: str) -> str:
        at = 0
        while at < len(text) and self._pieces < len(self._original):
            piece = self._original[self._pieces]
            size = min(len(piece) - self._offset, len(text) - at)
            if not text.startswith(piece[self._offset : self._offset + size], at):
                self._differs = True
                self._ahead = ""
                return "".join(self._said)
            at += size
            self._offset += size
            if self._offset == len(piece):
                self._pieces, self._offset = self._pieces + 1, 0
        self._ahead = text[at:]
        return ""


def beyond(original: list[str], whole: str) -> str | None:
    """Return what `whole` has beyond the original, which it repeats; None if it does not.

    A text that is shorter than the original, or differs only in white space at its ends, has
    nothing beyond.
    """
    echo = Echo(original)
    echo.feed(whole)
    if not echo.differs:
        return echo.finish()
    size = sum(map(len, original))
    if len(whole) <= size and "".join(original).strip() == whole.strip():
        return ""
    return None


def repeats_all(original: list[str], text: str) -> bool:
    """Whether `text` begins with everything of an original that is not too short to tell."""
    if len(original) < 2 or len(text) < _SHORTEST or len(text) < sum(map(len, original)):  # noqa: PLR2004
        return False
    echo = Echo(original)
    echo.feed(text)
    return echo.covers and sum(map(len, original)) >= _SHORTEST


class Cumulative:
    """Turns chunks, each of which repeats everything before it, into deltas.

    It is certain after three chunks in a row of which each begins with the one before. The second
    one is held back until the third shows what it is.

    Attributes:
        passes: whether all further chunks are deltas.
    """

    def __init__(self) -> None:
        self.passes = False
        self._state: Literal["empty", "one", "doubt", "sure"] = "empty"
        self._last = ""
        self._first = ""

    def feed(self, text: str) -> str:
        """Return the delta of the next chunk, which is not empty."""
        if self.passes:
            return text
        last, self._last = self._last, text
        longer = len(text) > len(last) and text.startswith(last)
        match self._state:
            case "empty":
                self._state, self._first = "one", text
                self.passes = not text.strip()
                return text
            case "one" if longer:
                self._state = "doubt"
                return ""
            case "doubt" if longer:
                self._state = "sure"
                return text[len(self._first) :]
            case "doubt":
                self.passes = True
                return last + text
            case "sure" if text.startswith(last):
                return text[len(last) :]
        self.passes = True
        return text

    def flush(self) -> str:
        """Return the chunk that was held back; deltas follow it."""
        held = self._last if self._state == "doubt" and not self.passes else ""
        self.passes = self.passes or self._state == "doubt"
        return held
