# ruff: noqa: RUF001  (the characters of mathematics look like others)
"""Symbols of TeX: splits TeX into symbols, and reads lengths, columns of arrays, and texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nbstream.markdown.math.characters import replace_unprintable

if TYPE_CHECKING:
    from collections.abc import Sequence


LENGTH = r"(-?[\d.]+)\s*([a-z]{2})"
_SYMBOL = re.compile(
    r"\\(?:begin|end)\s*\{[A-Za-z]+\*?\}"
    rf"|\\\\(?:\*|\s*\[\s*{LENGTH}\s*\])?"
    r"|\\(?:(?:text)?color|label)\s*\{[^{}]*\}"
    rf"|\\(?:[hm]space\*?\s*\{{\s*{LENGTH}\s*\}}|(?:[hm]skip|m?kern)\s*{LENGTH})"
    r"|\\(?:operatorname|tag)\*|\\[A-Za-z]+|\\."
    r"|\d+(?:\{,\}\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\s+|%[^\n]*|.",
    re.DOTALL,
)
# Another way to write "\operatorname*".
_NAMED = re.compile(r"\\mathop\s*\{\s*\\(?:mathrm|text|rm|operatorname)\s*\{([A-Za-z ]+)\}\s*\}")
# The length of a unit in em, for a font size of about ten points.
_EMS = {"em": 1, "mu": 1 / 18, "ex": 0.43, "pt": 0.1, "px": 0.075, "cm": 2.85, "mm": 0.285, "in": 7.2}


def to_symbols(tex: str) -> list[str]:
    """Split TeX into symbols: commands, numbers, spaces, comments and single characters.

    Commands for lengths, colours, labels and environments are one symbol with their argument.
    """
    return [found[0] for found in _SYMBOL.finditer(_NAMED.sub(r"\\operatorname*{\1}", replace_unprintable(tex)))]


def em(number: str, unit: str) -> str:
    """Return a length in em, limited so that a formula cannot cover other parts of the page."""
    try:
        return f"{max(-1, min(float(number) * _EMS.get(unit, 0), 4)):.3f}em"
    except ValueError:
        return "0em"


def array(spec: Sequence[str]) -> tuple[str, list[int]]:
    """Return the beginning of an array, and the columns that have a line before them.

    A vertical line becomes a column of its own, because MathML Core has no lines between columns.
    """
    columns: list[str] = []
    bars: list[int] = []
    for number, each in enumerate(spec):
        if each != "|":
            columns.append(each)
        elif columns and number < len(spec) - 1 and len(columns) - len(bars) not in bars:
            bars.append(len(columns) - len(bars))
            columns.append("c")
    return rf"\begin{{array}} {{{' '.join(columns) or 'c'}}}", bars


def words(text: str) -> str:
    r"""Return the plain text of the argument of `\text` or a similar command."""
    text = re.sub(r"\\[,;:> \\]|~|\s+", "\xa0", text)
    text = text.replace("---", "—").replace("--", "–").replace("``", "“").replace("''", "”")
    return re.sub(r"\\([A-Za-z]+\s?|.?)|[{}]", lambda found: found[1] if found[1] in {*"%$&#_{}"} else "", text)
