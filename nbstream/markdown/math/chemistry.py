r"""Chemical formulas in `\ce{…}`, as far as plain TeX can write them.

MathJax 3 in a notebook knows `\ce`, MathJax 2 in an export does not. This covers what models write
for a school: coefficients, indices, charges, arrows, states and brackets. The syntax is mhchem's.
"""

from __future__ import annotations

import re

_CE = re.compile(r"\\ce\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_ARROWS = {
    "->": "rightarrow",
    "<-": "leftarrow",
    "<->": "leftrightarrow",
    "<=>": "rightleftharpoons",
}
_ARROW = re.compile(r"(<->|<=>|->|<-)(?:\[([^\[\]{}\\]*)\])?")
_NUMBER = re.compile(r"\d+(?:[./]\d+)?")
_SPECIES = re.compile(
    r"(?P<count>\d+(?:[./]\d+)?)?(?P<rest>(?:[A-Z][a-z]?|[()\[\].*=]|\d+|[_^]\{[^{}\\]*\}|\^\d*[+-]|\^[a-z])+)"
    r"(?P<charge>[+-])?(?P<state>\((?:aq|s|l|g)\))?(?P<falls>[v^])?"
)
_INDEX = re.compile(r"(?<=[A-Za-z)\]])(\d+)")
_RAISED = re.compile(r"\^(\d*[+-]|[a-z])")


def without_ce(tex: str) -> str:
    r"""Return `tex` with each `\ce{…}` written in plain TeX, where that is possible."""
    return _CE.sub(_plain, tex) if "\\ce" in tex else tex


def _plain(found: re.Match[str]) -> str:
    words = [_word(word) for word in found[1].split()]
    return found[0] if None in words or not words else "{" + " ".join(filter(None, words)) + "}"


def _word(word: str) -> str | None:
    if word == "+":
        return "+"
    if arrow := _ARROW.fullmatch(word):
        name = _ARROWS[arrow[1]]
        above = arrow[2]
        return rf"\{name}" if not above else rf"\stackrel{{\text{{{above}}}}}{{\{name}}}"
    if _NUMBER.fullmatch(word):
        return rf"{word}\,"
    species = _SPECIES.fullmatch(word)
    if species is None:
        return None
    count = species["count"] or ""
    rest = _RAISED.sub(r"^{\1}", _INDEX.sub(r"_{\1}", species["rest"])).replace("*", r"\cdot ")
    charge = f"^{{{species['charge']}}}" if species["charge"] else ""
    state = rf"\,\mathrm{{{species['state']}}}" if species["state"] else ""
    falls = {"v": r"\downarrow", "^": r"\uparrow", None: ""}[species["falls"]]
    return rf"{count}\mathrm{{{rest}}}{charge}{state}{falls}"
