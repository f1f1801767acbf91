"""Tells which runs of `*`, `_` and `~` may begin or end emphasis.

The rule is CommonMark's, with three amendments. Beside Chinese, Japanese and Korean, punctuation
does not hinder emphasis, as specified by markdown-it-cjk-friendly. A star between two factors is a
sign: models compute with it, and a product would lose its signs. And Python's special names, such
as `__init__`, keep their underscores.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace

# Wide, full-width and half-width characters (Unicode Standard Annex 11) and Hangul, without those
# that are emoji by default (Unicode Technical Standard 51). Unicode 17.
CJK = re.compile(
    "[\u1100-\u11ff\u20a9\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\u3247\u3250-\ua4c6\ua960-\ua97c\uac00-\ud7fb"
    "\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uffdc\uffe0-\uffe6\uffe8-\uffee\U00016fe0-\U0001b2fb"
    "\U0001d300-\U0001d376\U0001f200\U0001f202\U0001f210-\U0001f219\U0001f21b-\U0001f22e\U0001f230\U0001f231\U0001f237"
    "\U0001f23b\U0001f240-\U0001f248\U0001f260-\U0001f265\U00020000-\U0003fffd]"
)
_FIRST_CYRILLIC = "\u0400"
_FIRST_CJK = "\u1100"
_QUOTATION_MARKS = "\u2018\u2019\u201c\u201d"
#: Selects the full-width form of a quotation mark.
_FULL_WIDTH = "\ufe01"

# What a factor may end and begin with, besides letters, digits and marks: brackets, and what
# encloses formulas, code and absolute values.
_ENDS = ")]}|$`%°"
_BEGINS = "([{|$`√"
_TEX = re.compile(r"\\[(A-Za-z]")
_NEGATIVE = re.compile(r"[-\u2212]\d")
#: What these stars may close: "**H**2O", "H**2**O".
_OPEN_BOLD = re.compile(r"(?<![\w)\]*])\*\*[^\s*][^*\n]*$|\*\*\d+$")
_LONGEST_BOLD = 120
_BOLD_WORD = re.compile(r"(?:\d+|[^\W\d_])(?:\*\*|\*$)")
#: A star that is talked about: "*".
_ENCLOSED = frozenset(
    ('""', "''", "()", "[]", "{}", "<>", "“”", "\u2018\u2019", "「」", "『』", "\uff08\uff09", "《》")
)

# Openers that will hardly be closed: a factor, "*args", a pointer, a pattern of file names.
_FACTOR = re.compile(r"\*\d")
_SINGLE_LETTER = re.compile(r"\*\w\s")
_NAMES = re.compile(r"_+[^\W_]+_+[^\W_]|\*{1,2}(?:(?:args|kwargs)\b|[a-z](?=[,;)\[]|\s*=|->))|\*\.(?:[a-z]|$)")
_UNDECIDED_NAME = re.compile(r"\*{1,2}(?:[a-zA-Z]|ar|arg|kw|kwa|kwar|kwarg|/)$")
_UNDECIDED_NUMBER = re.compile(r"\*{1,2}\d[\d.,]{0,9}$")
_BEFORE_FACTOR = re.compile(r"[\w)\]}%°!|'\"]\s?$")
_BEFORE_SINGLE_LETTER = re.compile(r"(?:^|\W)\w\s$|[\d)\]]\s$")
_BEFORE_NAME = re.compile(r"[.\\]$")
_LOOK_BACK = 3

_SPECIAL_NAMES = frozenset(
    name[2:-2] for kind in (type, int, str, dict, set, bytes, property) for name in dir(kind) if name.startswith("__")
) | {
    *("main", "file", "all", "path", "version", "author", "package", "spec", "loader", "cached", "annotations"),
    *("post_init", "slots", "wrapped", "debug", "import", "builtins", "future", "missing", "getattr", "set_name"),
    *("enter", "exit", "aenter", "aexit", "aiter", "anext", "await", "next", "del", "bool", "call", "matmul", "copy"),
}
_SPECIAL_NAME = re.compile(f"__(?:{'|'.join(sorted(_SPECIAL_NAMES))})__(?!_)")
_HALF_NAME = re.compile(r"__[a-z_]{0,16}$")
_LONGEST_NAME = 20


class Run(NamedTuple):
    """A run of one character: its end, and whether emphasis may begin or end there."""

    end: int
    can_open: bool
    can_close: bool


def run_at(text: str, start: int, limit: int, *, signs: bool = True) -> Run:
    """Return the run of the character at `start`, which is `*`, `_` or `~`.

    Args:
        text: the text.
        start: the position of the run's first character.
        limit: the text ends at this position.
        signs: whether stars may be signs.
    """
    marker, end = text[start], start + 1
    while end < limit and text[end] == marker:
        end += 1
    before = text[start - 1] if start else " "
    after = text[end] if end < limit else " "
    selector = ""
    if "\ufe00" <= before <= "\ufe0e" and start > 1 and not _is_space(text[start - 2]):
        # A variation selector belongs to the character before it.
        before, selector = text[start - 2], before
    if signs and marker == "_" and end == start + 2 and _is_in_special_name(text, start, end):
        return Run(end, can_open=False, can_close=False)
    if signs and marker == "*" and (before + after in _ENCLOSED or _is_pattern(text, end, before, after)):
        return Run(end, can_open=False, can_close=False)
    if (blank := _is_space(after)) or _is_space(before):
        return Run(end, not blank, not _is_space(before))
    if before.isalnum() and after.isalnum() and before < _FIRST_CJK and after < _FIRST_CJK:
        is_in_word = marker != "_"
        run = Run(end, is_in_word, is_in_word)
        return _without_signs(text, start, run, before, after) if signs and marker == "*" else run
    punctuated, punctuates = _is_punctuation(before), _is_punctuation(after)
    if marker == "_":
        return Run(end, punctuated, punctuates)
    if _is_cjk(after) or _is_cjk_before(before, selector):
        return Run(end, can_open=True, can_close=True)
    run = Run(end, punctuated or not punctuates, punctuates or not punctuated)
    return _without_signs(text, start, run, before, after) if signs and marker == "*" else run


def is_hopeless(text: str, start: int) -> bool:
    """Return whether the run that may begin emphasis will hardly be followed by one that ends it.

    In a growing text this is not known yet. If the guess is wrong, the markers are seen at first.
    """
    before = text[max(0, start - _LOOK_BACK) : start]
    if _FACTOR.match(text, start):
        # "kg *9.8", but not "*9 lives*" at the beginning of a line or a bracket.
        return _BEFORE_FACTOR.search(before) is not None
    if _SINGLE_LETTER.match(text, start) and _BEFORE_SINGLE_LETTER.search(before):
        return True
    return _NAMES.match(text, start) is not None or (text[start] == "*" and _BEFORE_NAME.search(before) is not None)


def is_undecided(text: str, start: int) -> bool:
    """Return whether the next characters of a growing text tell what the markers at `start` are.

    "*9" may become "*9.8 m", where the star is a sign, or "*9*"; "**k" may become "**kwargs", and
    "__in" a special name.
    """
    if text[start] == "_":
        half = _HALF_NAME.match(text, start)
        return half is not None and any(name.startswith(half[0][2:].rstrip("_")) for name in _SPECIAL_NAMES)
    if _UNDECIDED_NUMBER.match(text, start):
        return _BEFORE_FACTOR.search(text[max(0, start - _LOOK_BACK) : start]) is not None
    return _UNDECIDED_NAME.match(text, start) is not None


def _is_in_special_name(text: str, start: int, end: int) -> bool:
    """Return whether two underscores begin or end a name such as `__init__`."""
    if _SPECIAL_NAME.match(text, start):
        return True
    before = text.rfind("__", max(0, start - _LONGEST_NAME), start)
    found = _SPECIAL_NAME.match(text, before) if before >= 0 else None
    return found is not None and found.end() == end


def _is_pattern(text: str, end: int, before: str, after: str) -> bool:
    """Return whether stars belong to a pattern of file names: `src/*.py`, `**/*.py`."""
    is_first = _is_space(before) or before in "/'\""
    return (before == "/" and after in "/.") or (after == "/" and is_first and text.startswith("*", end + 1))


def _without_signs(text: str, start: int, run: Run, before: str, after: str) -> Run:
    """Return the run of stars without what it cannot do as a sign of a product or a power."""
    length = run.end - start
    if length > 2 or not _ends_factor(before):  # noqa: PLR2004
        return run
    is_sign = _begins_factor(text, run.end, before) if length == 1 else _is_power(text, start, run.end, before, after)
    return Run(run.end, can_open=False, can_close=False) if is_sign else run


def _is_power(text: str, start: int, end: int, before: str, after: str) -> bool:
    if before.isdigit() and after.isdigit():
        return True
    may_be = (
        after.isdigit() or before.isdigit() or (_is_single_letter(text, start - 1) and _is_single_letter(text, end))
    )
    return (
        may_be
        and not _BOLD_WORD.match(text, end)
        and not _OPEN_BOLD.search(text[max(0, start - _LONGEST_BOLD) : start])
    )


def _ends_factor(char: str) -> bool:
    return char.isalnum() or char in _ENDS or _is_mark(char)


def _begins_factor(text: str, at: int, before: str) -> bool:
    char = text[at]
    if char.isalnum() or char in _BEGINS or _is_mark(char):
        # "*x*²" is a letter and its power.
        return not unicodedata.decomposition(char).startswith(("<super>", "<sub>"))
    if char == "\\":
        return _TEX.match(text, at) is not None
    return not before.isalpha() and _NEGATIVE.match(text, at) is not None


def _is_single_letter(text: str, at: int) -> bool:
    around = text[at - 1 : at] + text[at + 1 : at + 2]
    # In Arabic and Hebrew a single letter may be a word before bold text.
    return text[at].isalpha() and text[at] < _FIRST_CYRILLIC and sum(char.isalnum() for char in around) == 0


def _is_mark(char: str) -> bool:
    return not char.isascii() and unicodedata.category(char).startswith("M")


def _is_space(char: str) -> bool:
    return isWhiteSpace(ord(char))


def _is_punctuation(char: str) -> bool:
    return isMdAsciiPunct(ord(char)) if char.isascii() else isPunctChar(char)


def _is_cjk(char: str) -> bool:
    return char >= _FIRST_CJK and CJK.match(char) is not None


def _is_cjk_before(char: str, selector: str) -> bool:
    if selector:
        return _is_cjk(char) or (selector == _FULL_WIDTH and char in _QUOTATION_MARKS)
    return _is_cjk(char) or "\U000e0100" <= char <= "\U000e01ef"
