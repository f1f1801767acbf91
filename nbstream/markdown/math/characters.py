"""Characters: those that can be printed, those that are letters in a style, and those that stand for words.

This module must not know TeX, nor the elements of MathML.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

#: The first of the characters that stand for words: of those that Unicode leaves to such uses.
FIRST_WORD = 0xF0000
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\U000f0000-\U0010ffff]")


class Word(NamedTuple):
    """What latex2mathml does not see of a formula: a text, a name, or a number with separators."""

    tag: str
    text: str
    movable: bool = False


def printable(text: str) -> str:
    """Return `text` with U+FFFD for what no page may hold, and for what stands for words."""
    return _UNPRINTABLE.sub("\ufffd", text)


def styled(text: str, style: str) -> str:
    """Return `text` with its letters and digits in a style, which is named as Unicode does; "" is none."""
    return "".join(_styled_character(each, style) for each in text) if style else text


@lru_cache(maxsize=2048)
def _styled_character(character: str, style: str) -> str:
    """Return a letter or digit in a style: another character, as MathML Core has no attribute for it."""
    name = re.sub("^(?:LATIN|GREEK) (CAPITAL|SMALL) LETTER ", r"\1 ", unicodedata.name(character, ""))
    for prefix in (f"MATHEMATICAL {style}", style, "BLACK-LETTER"):
        try:
            return unicodedata.lookup(f"{prefix} {name}")
        except KeyError:
            continue
    return character
