"""Finds line breaks: between words, and in Chinese and Japanese between characters.

Punctuation that must not begin or end a row stays next to the character it belongs to. The caller
passes the function that measures text in columns.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_WIDE = "\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\U00020000-\U0003fffd"
_OPENING, _CLOSING = "「『（《〈【〔［｛“‘", "」』）》〉】〕］｝”’、。，．：；？！…ー"  # noqa: RUF001  (wide punctuation)
# A unit that is not broken: a wide character or a word, with its punctuation; then its spaces.
_UNIT = re.compile(
    rf"(?=.)[{_OPENING}]*(?:(?![{_OPENING}])[{_WIDE}]|(?:(?![{_WIDE}])[^ \t])+)?[{_CLOSING}]*[ \t]*", re.DOTALL
)


def breaks(text: str, width: int, measure: Callable[[str], int]) -> list[int]:
    """Return the indices in `text` at which a new row begins, without the first row's 0.

    Args:
        text: one line of text.
        width: the width of a row in columns. A longer word is broken anywhere. Spaces at the end
            of a row may exceed the width.
        measure: returns the width of a text in columns.
    """
    found: list[int] = []
    column = 0
    for unit in _UNIT.finditer(text):
        word = unit[0].rstrip(" \t")
        size = measure(word)
        if column and column + size > width:
            found.append(unit.start())
            column = 0
        if size > width:
            size = 0
            for at, char in enumerate(word, unit.start()):
                if size and size + measure(char) > width:
                    found.append(at)
                    size = 0
                size += measure(char)
        column += size + len(unit[0]) - len(word)
    return found
