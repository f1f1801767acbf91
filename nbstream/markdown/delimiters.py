r"""Finds formulas in a text: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`.

A dollar may be money, so text between single dollars counts as a formula only if it looks like one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: The closing delimiter of each opening one.
CLOSERS = {"$$": "$$", "$": "$", "\\(": "\\)", "\\[": "\\]"}

# Pandoc's rules (extension tex_math_dollars): no space directly within the dollars, no digit after
# them. A backslash escapes the next character.
_FORMULAS = {
    "$$": re.compile(r"\$\$(?!\$)((?:\\.|(?!\$\$)[^\\])+)\$\$", re.DOTALL),
    "$": re.compile(r"(?<![0-9A-Za-z$])\$(?![\s$])((?:\\.|[^$\\])+)(?<!\s)\$(?![\d$])", re.DOTALL),
    "\\(": re.compile(r"\\\(((?:\\[^)]|[^\\])+)\\\)", re.DOTALL),
    "\\[": re.compile(r"\\\[((?:\\[^]]|[^\\])+)\\\]", re.DOTALL),
}
_ENDS = {"$$": re.compile(r"(?:\\.|(?!\$\$)[^\\])*\$\$"), "\\[": re.compile(r"(?:\\[^]]|[^\\])*\\\]")}
_OPENER = re.compile(r"\$\$?|\\[(\[]")
#: A closing delimiter is searched for within this many characters: a text may have an opening
#: delimiter in each word, and no closing one.
_LONGEST = 20_000
# "$5 million (US$)": an amount and words, without any character that only a formula has.
_AMOUNT = re.compile(r"\d[^\\^_={}+*/<>|]*")
_WORD = re.compile(r"\s[^\W\d_]{2,}")


class Formula(NamedTuple):
    """A formula in a text: its TeX, its opening delimiter, and the position after its end."""

    tex: str
    opener: str
    end: int

    @property
    def is_display(self) -> bool:
        """Whether it is shown on a line of its own."""
        return self.opener in ("$$", "\\[")


def opener_at(text: str, at: int) -> str:
    """Return the opening delimiter at `at`, or ""."""
    found = _OPENER.match(text, at)
    return found[0] if found else ""


def formula_at(text: str, at: int) -> Formula | None:
    """Return the complete formula that begins at `at`, or None."""
    opener = opener_at(text, at)
    # Without a closing delimiter each opening one would cause a search of the whole text.
    has_end = opener != "" and text.find(CLOSERS[opener], at + len(opener), at + _LONGEST) > 0
    found = _FORMULAS[opener].match(text, at) if has_end else None
    if found is None or not found[1].strip() or (opener == "$" and _is_money(found[1])):
        return None
    return Formula(found[1].strip(), opener, found.end())


def _is_money(between: str) -> bool:
    """Return whether two dollars with this text between them are signs of money."""
    if "**" in between or "`" in between:
        # "**$9** and 10$": the dollars are separated by Markdown's markers.
        return True
    return _AMOUNT.fullmatch(between) is not None and _WORD.search(between) is not None


def end_in(line: str, opener: str) -> int | None:
    r"""Return the position after the closing delimiter in `line`, or None.

    Args:
        line: a line of a formula that is on lines of its own, without the opening delimiter.
        opener: the opening delimiter, "$$" or "\[".
    """
    found = _ENDS[opener].match(line)
    return found.end() if found else None
