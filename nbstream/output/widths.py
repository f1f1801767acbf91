"""How many columns of a terminal a text takes: letters of Chinese, for one, take two."""

from __future__ import annotations

import unicodedata


def width_of(text: str) -> int:
    """Return the number of columns that a text on one line takes."""
    if text.isascii():
        return len(text)
    return sum(_width(char) for char in text)


def padded(text: str, width: int, *, to_right: bool = False) -> str:
    """Return a text with blanks after it, or before it, so that it takes that many columns."""
    blanks = " " * (width - width_of(text))
    return blanks + text if to_right else text + blanks


def _width(char: str) -> int:
    if unicodedata.east_asian_width(char) in "WF":
        return 2
    return 0 if unicodedata.combining(char) else 1
