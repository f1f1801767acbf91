"""How many columns of a terminal a text takes: letters of Chinese, for one, take two."""

from __future__ import annotations

import re
import unicodedata

#: Where a line may end: after blanks, a word, or a letter of Chinese. Punctuation stays with it.
_UNIT = re.compile(
    r"\s+|[\u201c\u300a\uff08]*(?:[\u3000-\u9fff\uff00-\uffef]|[^\s\u201c\u3000-\u9fff\uff00-\uffef]+)"
    r"[\u201d\u2026\u3001\u3002\u300b\uff01\uff09\uff0c\uff1a\uff1b\uff1f]*|."
)


def width_of(text: str) -> int:
    """Return the number of columns that a text on one line takes."""
    if text.isascii():
        return len(text)
    return sum(_width(char) for char in text)


def padded(text: str, width: int, *, to_right: bool = False) -> str:
    """Return a text with blanks after it, or before it, so that it takes that many columns."""
    blanks = " " * (width - width_of(text))
    return blanks + text if to_right else text + blanks


def wrapped(text: str, width: int) -> list[str]:
    """Return a text as lines of at most `width` columns; a longer word has a line of its own."""
    lines = [""]
    for unit in _UNIT.findall(text):
        if lines[-1] and width_of(lines[-1]) + width_of(unit.rstrip()) > width:
            lines.append("")
        lines[-1] += unit if lines[-1] else unit.lstrip()
    return [line.rstrip() for line in lines]


def _width(char: str) -> int:
    if unicodedata.east_asian_width(char) in "WF":
        return 2
    return 0 if unicodedata.combining(char) else 1
