# ruff: noqa: RUF001  (the punctuation of Chinese looks like ours)
"""Tells TeX from ordinary text: between dollars, and in a formula whose end has not come.

A dollar may be money or a variable of a shell, and an opening delimiter may never get its closing
one. Each answer about a beginning holds for all that may follow it, so that what was shown stays.
"""

from __future__ import annotations

import re
from enum import Enum

# What TeX says in words, and its commands: neither tells that the rest is prose.
_GROUPS = re.compile(
    r"\\(?:text\w*|math\w+|operatorname\*?|mbox|hbox|tag\*?|label|begin|end|color|ce)\s*\{[^{}]*\}?"
    r"|[_^]\{[^{}]*\}?|\\(?:[A-Za-z]+|.)",
    re.DOTALL,
)
_TWO_WORDS = re.compile(r"[^\W\d_]{2,}[,.;:]?\s+[^\W\d_]{3,}|[^\W\d_]{3,}[,.;:]?\s+[^\W\d_]{2,}")
_MARKDOWN = re.compile(r"\*\*|`|\]\(|[，。；：、？！]")
_SIGN = re.compile(r"\\[A-Za-z{}|,;:!]|[\^{}=<>]|_(?=[\w{\\])")
_STRONG = re.compile(r"\\[A-Za-z{}|]|\^|_\{")
_BRACKET = re.compile(rf"{_SIGN.pattern}|[\[\]()]")
_OPERATION = re.compile(r"[\w)\]!']\s*[-+*/×·±,]\s*[-\w(\[\\|]")
_NAME = re.compile(r"[A-Za-z]{2}\w*|[A-Za-z]_[A-Za-z]{2}\w*|_\w*")
_LATIN_WORD = re.compile(r"[A-Za-z]{3,}")
_FUNCTIONS = re.compile(
    "(?:arc)?(?:sin|cos|tan)h?|cot|sec|csc|log|exp|lim|max|min|sup|inf|det|dim|ker|deg|gcd|lcm|mod|rank|Var|Cov|arg"
)
# Of a formula without its end: a sign, or an operation of single letters and digits.
_HALF = re.compile(rf"{_SIGN.pattern}|(?<![\d\w])[A-Za-z)\]!']\s*[-+*/×·±]\s*(?:[A-Za-z]\b|[-\d(\[\\|])")
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_AMOUNT = re.compile(r"[-+]?\.?\d")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)")
_WORD = re.compile(r"(?:\s\(?|(?<=\d)/)[^\W\d_]{2,}")
_ENDS_OPEN = re.compile(r"[-/:=,;+&|.]\s*$")
_SHELL = re.compile(r"[@#?!;\"%].|[A-Za-z_]{2,}\w*[/:]|[{(][^}){(]*[})][/:.]|[A-Z][A-Z0-9]*_[A-Z]")
#: What may follow the closing dollar directly: the 3rd, $n$th, two $x$s, $3$D.
_SUFFIX = re.compile(r"(?:th|st|nd|rd|s|d|D)(?![A-Za-z0-9$])")

#: An opening dollar that is more than this many characters back does not begin a formula.
_LONGEST_HALF = 400
_LONGEST_WAIT = 24


class Kind(Enum):
    """What a text is, as far as it has come."""

    TEX = "tex"
    TEXT = "text"
    UNDECIDED = "undecided"


def is_prose(tex: str) -> bool:
    """Return whether `tex` holds words or Markdown that no formula has."""
    return _MARKDOWN.search(tex) is not None or _TWO_WORDS.search(_bare(tex)) is not None


def is_escaped_bracket(text: str) -> bool:
    r"""Return whether `text` after `\[` or `\(` shows an escaped bracket of Markdown: `\[x] y`."""
    depth = 0
    for found in _BRACKET.finditer(text):
        if found[0] not in "[]()":
            return False
        depth += 1 if found[0] in "[(" else -1
        if depth < 0:
            return True
    return False


def has_sign(tex: str) -> bool:
    """Return whether `tex` holds a character that hardly stands in text, but in most formulas."""
    return _SIGN.search(tex) is not None


def between_dollars(text: str, after: str) -> bool:
    """Return whether `text` between two single dollars is a formula.

    Args:
        text: the text, not empty.
        after: the text after the closing dollar.
    """
    core = text.strip()
    if not core or "**" in text or "`" in text or after[:1].isdigit() or after[:1] in ("{", "$"):
        return False
    bare = _bare(core)
    if not _may_be_tex(core, bare) or (after[:1] == "(" and _ENDS_OPEN.search(core)):
        return False
    if text != core and not _is_padded_formula(text, core, bare):
        return False
    if after[:1].isascii() and after[:1].isalpha():
        # "$HOME/$USER", but also "the $n$th" and "$\alpha$helix".
        if _ENDS_OPEN.search(text) or text != core or _NAME.match(core):
            return False
        return _SUFFIX.match(after) is not None or _STRONG.search(core) is not None
    return True


def after_dollar(text: str) -> Kind:
    """Return what the text after a dollar is, if no other dollar has followed it."""
    core = text.strip()
    if not core:
        return Kind.UNDECIDED if len(text) <= 1 else Kind.TEXT
    if len(text) > _LONGEST_HALF or "`" in core or "**" in core or "\n\n" in text:
        return Kind.TEXT
    bare = _bare(core)
    name = _NAME.match(core)
    if not _may_be_tex(core, bare) or (name and core[name.end() : name.end() + 1] in (*"/:.=-",)):
        return Kind.TEXT
    if any(not _FUNCTIONS.fullmatch(word) for word in _LATIN_WORD.findall(bare)) and not (name and name[0] == core):
        # A word in running text, unless TeX surrounds it.
        return Kind.TEX if _STRONG.search(core) and not name and not _WORD.search(bare) else Kind.TEXT
    if _STRONG.search(core) or (not name and core[0] != "{" and _HALF.search(core)):
        return Kind.TEX
    waits = len(core) <= (4 if name and name[0] == core else _LONGEST_WAIT)
    return Kind.UNDECIDED if waits and "\n" not in text else Kind.TEXT


def line_in_formula(line: str, *, is_complete: bool) -> Kind:
    """Return whether a line that stands after a blank line can belong to an open formula.

    Args:
        line: the line, or its beginning.
        is_complete: whether it is the whole line.
    """
    text = line.strip()
    if _BEGINS_TEXT.match(text):
        return Kind.TEXT
    if is_complete:
        return Kind.TEXT if _ONE_WORD.fullmatch(text) else Kind.TEX
    return Kind.UNDECIDED if _MAY_BEGIN_TEXT.fullmatch(text) else Kind.TEX


_MARK = r"(?:(?:[-*+>|]|\d{1,3}[.)])\s+)?"
_BEGINS_TEXT = re.compile(
    r"#|`|~~~|\*\*|__|!\[|\[\^?[^\]]*\][:(]|>\s*[^\W\d_]{3,}|(?:-{3,}|\*{3,}|_{3,})\s*$|\\[(\[]|\$"
    rf"|{_MARK}(?:[^\W\d_]+[,.:;!?]?\s+(?:[^\W\d_]{{3,}}|(?<=[^\W\d_]{{2}}\s)[^\W\d_]{{2,}}|\$|\\\())"
    rf"|{_MARK}[^\W\d_]{{3,}}[,:;!?.](?:\s|$)|{_MARK}(?:\*\*|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])"
    r"|(?:[-*+|]|\d{1,3}[.)])\s+[^\W\d_]{3,}"
)
_MAY_BEGIN_TEXT = re.compile(r"(?:[-*+>|~_\[!]|\d{1,3}[.)]?|\\)*\s*(?:[^\W\d_]+[,.:;!?]?\s*)?(?:[^\W\d_]{0,2}|\\)")
_ONE_WORD = re.compile(rf"{_MARK}[^\W\d_]{{4,}}[,.:;!?]?")


def _bare(tex: str) -> str:
    """Return `tex` without commands and words that belong to TeX."""
    return _GROUPS.sub("\\\\", tex)


def _may_be_tex(core: str, bare: str) -> bool:
    has_sign = _SIGN.search(core) is not None
    if bare.count("}") > bare.count("{"):
        return False
    if _SHELL.match(core) and not _STRONG.search(core):
        return False
    if (amounts := _THOUSANDS.match(core)) and amounts.end() < len(core) and not has_sign:
        return False
    if _AMOUNT.match(core) and not has_sign and (_WORD.search(bare) or _IDEOGRAPH.search(bare)):
        # "$5 million (US$)": an amount and words, without any character that only a formula has.
        return False
    return has_sign or not (_TWO_WORDS.search(bare) or _IDEOGRAPH.search(bare))


def _is_padded_formula(text: str, core: str, bare: str) -> bool:
    """Return whether text with blanks beside its dollars is a formula."""
    is_both = text[0].isspace() and text[-1].isspace()
    words = [word for word in _LATIN_WORD.findall(bare) if not _FUNCTIONS.fullmatch(word)]
    if _TWO_WORDS.search(bare) or (words and not _STRONG.search(core)) or (_ENDS_OPEN.search(core) and len(core) > 1):
        return False
    if is_both and len(core) == 1:
        return core.isalpha()
    return _SIGN.search(core) is not None or (is_both and _OPERATION.search(core) is not None)
