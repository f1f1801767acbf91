"""About how many tokens a text has.

The weights are fitted to the tokenizer of DeepSeek's V4 models, over answers in German, English,
Japanese, Korean and Chinese, formulas, Python, TypeScript, CSS, JSON, tables of numbers, and prose
in Russian, Arabic, Hindi and Thai. Half of these texts are within 3 per cent, nine of ten within
10, and none is off by more than 22; other texts may be further off.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Where only the length of a text is known; from DeepSeek's documentation, "Token & Token Usage".
TOKENS_PER_CHARACTER = 0.3

#: What is counted, and how many tokens each is.
_ASCII = (
    (re.compile(r"[A-Za-z]+"), 0.96),
    (re.compile(r"[!-/:-@\[-`{-~]+"), 0.9),
    # A number is cut every three digits, and the space before it is a token of its own.
    (re.compile(r"[0-9]{1,3}"), 1.0),
    (re.compile(r" [0-9]"), 1.0),
    (re.compile(r"\s*\n\s*"), 0.55),
    (re.compile(r"[^\S\n]{2,}"), 0.63),
)
#: Of longer runs, each character more: of a word, of punctuation.
_LONGER = ((re.compile(r"[A-Za-z]{6,}"), 5, 0.115), (re.compile(r"[!-/:-@\[-`{-~]{2,}"), 1, 0.2))
#: Characters of other scripts.
_OTHERS = (
    # Letters with accents, which cut a word in two.
    (re.compile("[\x80-\u024f]+"), 2.1),
    (re.compile("[\u0370-\u052f]+"), 0.235),
    (re.compile("[\u0530-\u08ff]+"), 0.48),
    (re.compile("[\u0900-\u1fff]+"), 0.57),
    # Signs: arrows, operators of mathematics, dashes.
    (re.compile("[\u2000-\u2e7f]+"), 1.65),
    (re.compile("[\u2e80-\uabff\uf900-\uffff]+"), 0.634),
    (re.compile("[\uac00-\ud7af]+"), 0.936),
    (re.compile("[\U00010000-\U0010ffff]+"), 1.9),
)


#: So many characters are looked at at once, as the lists of what they match take memory.
_AT_ONCE = 1 << 13


def estimate_tokens(text: str) -> int:
    """Return about how many tokens `text` has. Label the number as an estimate."""
    return estimate_pieces([text])


def estimate_pieces(pieces: Iterable[str]) -> int:
    """Return about how many tokens a text has that comes in pieces of any length."""
    total, is_empty = 0.0, True
    for piece in pieces:
        total += sum(_tokens(piece[at : at + _AT_ONCE]) for at in range(0, len(piece), _AT_ONCE))
        is_empty = is_empty and not piece
    return max(round(total), 0 if is_empty else 1)


def _tokens(text: str) -> float:
    total = sum(weight * len(kind.findall(text)) for kind, weight in _ASCII)
    for kind, short, weight in _LONGER:
        found = kind.findall(text)
        total += weight * (sum(map(len, found)) - short * len(found))
    if not text.isascii():
        total += sum(weight * sum(map(len, kind.findall(text))) for kind, weight in _OTHERS)
    return total
