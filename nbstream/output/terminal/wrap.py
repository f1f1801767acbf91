"""Where a line of text is broken: between words, and in Chinese and Japanese between characters.

A mark that must not begin or end a row stays with the character it belongs to. This module must not know how wide a
character is on a terminal, nor styles.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_WIDE = "\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\U00020000-\U0003fffd"
_OPENING, _CLOSING = "「『（《〈【〔［｛“‘", "」』）》〉】〕］｝”’、。，．：；？！…ー"  # noqa: RUF001  (wide punctuation)
# What is not broken: a wide character with the marks around it that must not stand alone, or a word; then its spaces.
_UNIT = re.compile(rf"(?:[{_OPENING}]*[{_WIDE}][{_CLOSING}]*|(?:(?![{_WIDE}])[^ \t])+[{_CLOSING}]*|(?=[ \t]))[ \t]*")


def breaks(text: str, width: int, measure: Callable[[str], int]) -> list[int]:
    """Return where the rows of one line after its first row begin; spaces at the end of a row count for nothing.

    Args:
        text: the line.
        width: how many columns a row has. A word that is longer is broken anywhere.
        measure: tells how many columns a text takes.
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
