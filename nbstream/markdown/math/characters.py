"""Characters: replaces unprintable ones, and maps letters to mathematical styles such as bold."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

#: The first placeholder character. The TeX for latex2mathml has one placeholder for each `Word`.
#: Placeholders are in Unicode's private use area, and `replace_unprintable` removes them from a
#: model's TeX.
FIRST_WORD = 0xF0000
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\U000f0000-\U0010ffff]")


class Word(NamedTuple):
    """A leaf that latex2mathml sees only as a placeholder: a text, a name, or a grouped number.

    `tag` is the MathML element. `movable` says whether scripts are set below and above in a
    display.
    """

    tag: str
    text: str
    movable: bool = False


def replace_unprintable(text: str) -> str:
    """Return `text` with U+FFFD in place of controls, surrogates and placeholder characters."""
    return _UNPRINTABLE.sub("\ufffd", text)


def styled(text: str, style: str) -> str:
    """Return `text` with its letters and digits in a style.

    `style` is named as in Unicode, such as "BOLD ITALIC"; "" leaves the text unchanged.
    """
    return "".join(_styled_character(each, style) for each in text) if style else text


@lru_cache(maxsize=2048)
def _styled_character(character: str, style: str) -> str:
    # MathML Core has no attribute for styles: a bold letter is another character.
    name = re.sub("^(?:LATIN|GREEK) (CAPITAL|SMALL) LETTER ", r"\1 ", unicodedata.name(character, ""))
    for prefix in (f"MATHEMATICAL {style}", style, "BLACK-LETTER"):
        try:
            return unicodedata.lookup(f"{prefix} {name}")
        except KeyError:
            continue
    return character
