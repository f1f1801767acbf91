r"""Where a formula begins and ends in a line of text: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`.

A dollar may be money, so a single one only begins a formula if it looks like one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: What ends a formula, by what begins it.
CLOSERS = {"$$": "$$", "$": "$", "\\(": "\\)", "\\[": "\\]"}

# As Pandoc has it: no space within the dollars, and no digit after them. A backslash takes the next
# character with it.
_FORMULAS = {
    "$$": re.compile(r"\$\$(?!\$)((?:\\.|(?!\$\$)[^\\])+)\$\$", re.DOTALL),
    "$": re.compile(r"(?<![0-9A-Za-z$])\$(?![\s$])((?:\\.|[^$\\])+)(?<!\s)\$(?![\d$])", re.DOTALL),
    "\\(": re.compile(r"\\\(((?:\\[^)]|[^\\])+)\\\)", re.DOTALL),
    "\\[": re.compile(r"\\\[((?:\\[^]]|[^\\])+)\\\]", re.DOTALL),
}
_ENDS = {"$$": re.compile(r"(?:\\.|(?!\$\$)[^\\])*\$\$"), "\\[": re.compile(r"(?:\\[^]]|[^\\])*\\\]")}
_OPENER = re.compile(r"\$\$?|\\[(\[]")
#: Further than so many characters after its opener, what ends a formula is not looked for: some
#: texts have an opener in each word and no end at all.
_LONGEST = 20_000
# "$5 million (US$)": an amount, then words, and nothing that only a formula has.
_AMOUNT = re.compile(r"\d[^\\^_={}+*/<>|]*")
_WORD = re.compile(r"\s[^\W\d_]{2,}")


class Formula(NamedTuple):
    """A formula in a text: its TeX, what stands before and after it, and where it ends."""

    tex: str
    opener: str
    end: int

    @property
    def is_display(self) -> bool:
        """Whether it stands in a line of its own."""
        return self.opener in ("$$", "\\[")


def opener_at(text: str, at: int) -> str:
    """Return what begins a formula at `at`, if anything does."""
    found = _OPENER.match(text, at)
    return found[0] if found else ""


def formula_at(text: str, at: int) -> Formula | None:
    """Return the formula that begins at `at`, if it also ends."""
    opener = opener_at(text, at)
    # Where nothing ends one, it need not be read: that would be done once for each opener.
    has_end = opener != "" and text.find(CLOSERS[opener], at + len(opener), at + _LONGEST) > 0
    found = _FORMULAS[opener].match(text, at) if has_end else None
    if found is None or not found[1].strip() or (opener == "$" and _is_money(found[1])):
        return None
    return Formula(found[1].strip(), opener, found.end())


def _is_money(between: str) -> bool:
    """Tell whether the first of two dollars, with this text between them, is a sign of money."""
    if "**" in between or "`" in between:
        # "**$9** and 10$": Markdown's marks.
        return True
    return _AMOUNT.fullmatch(between) is not None and _WORD.search(between) is not None


def end_in(line: str, opener: str) -> int | None:
    """Return where what ends a formula in a line of its own ends in `line`, if it is there."""
    found = _ENDS[opener].match(line)
    return found.end() if found else None
