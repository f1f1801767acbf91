"""A text as words, for a comparison: the pieces in which a reader sees a difference.

Chinese and Japanese are written without blanks, so there each character is a piece, and in Thai,
Lao, Burmese and Khmer each character with its marks. A number, a name of a program such as
`row_count`, and an emoji of several characters are whole. White space belongs to the piece before
it, but a line end with the indentation after it is a piece, because code depends on it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Han, Kana, Bopomofo, their marks and wide forms; not Hangul, which has blanks.
_CJK = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u302f\u3031-\u30ff\u3105-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
_CJK += "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_UNSPACED_MARKS = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u1056-\u1059\u17b4-\u17d3"
)
_EMOJI = "\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_EMOJI_MARKS = "\ufe0f\u20e3\U0001f3fb-\U0001f3ff"
_FLAGS = "\U0001f1e6-\U0001f1ff"
_LETTER = rf"[^\W{_CJK}{_UNSPACED}]"
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0903\u093a-\u094f"
)

_PIECE = re.compile(
    rf"""
    [ \t]*\r?\n[ \t]*                                                          # a line end, and what follows
    | (?:
        \d+(?:[.,]\d+)*(?:{_LETTER}|[{_MARKS}])*                               # 1,203.50  3rd  0x1f
      | (?:{_LETTER}|[{_MARKS}])+(?:['\u2019](?:{_LETTER})+)*                  # don't  row_count
      | [{_UNSPACED}][{_UNSPACED_MARKS}]*
      | [{_CJK}]
      | [{_FLAGS}]{{2}}
      | [{_EMOJI}][{_EMOJI_MARKS}]*(?:\u200d[{_EMOJI}][{_EMOJI_MARKS}]*)*
      | [=<>!+*/%&|^~:-]{{1,3}}                                                # an operator of code, a rule of Markdown
      | \S
    ) [^\S\n\r]*
    | [^\S\n]+
    """,
    re.VERBOSE,
)


class Word(NamedTuple):
    """A piece of a text.

    Attributes:
        key: what is compared: the piece without the white space after it, whose amount is not told.
        text: the piece as it stands in the text.
    """

    key: str
    text: str


def words_of(text: str) -> list[Word]:
    """Return the pieces of a text, in their order; together they are the text."""
    return [Word(_key(found), found) for found in _PIECE.findall(text)]


def _key(piece: str) -> str:
    if "\n" in piece:
        return "\n" + piece.partition("\n")[2]
    return piece.rstrip() or " "
