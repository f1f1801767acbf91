"""Completes the TeX of a formula that was cut off, so that MathJax does not refuse it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbstream.markdown.math.symbols import to_symbols

#: Half of an environment's beginning or end, of the space below a row, and of a length.
_HALF = re.compile(
    r"\\(?:begin|end)\s*(?:\{[A-Za-z]*\*?)?$|\\begin\{(?:array|alignat\*?)\}\s*(?:\{[^{}]*)?$"
    r"|\\\\\s*\[[^\]]*$|\\[hv]space\*?\s*(?:\{[^{}]*)?$|\\(?:[hm]skip|m?kern)[^A-Za-z]*[a-z]?$"
)
_COMMAND = re.compile(r"\\(?:[A-Za-z]+\*?)?")
_TWO_ARGUMENTS = re.compile(r"\\(?:[cdt]?frac|[dt]?binom|overset|underset|stackrel)")
_OPTIONAL_ARGUMENT = re.compile(r"\\(?:sqrt|xrightarrow|xleftarrow)")
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*(\{.*\})")
_LEFT = r"\right."


@dataclass
class _Open:
    """A part that is not closed: what closes it, and how many arguments a command in it lacks."""

    end: str
    lacks: int = 0

    def take(self) -> None:
        """Note that an argument came, if one was lacking."""
        self.lacks = max(0, self.lacks - 1)


def completed(tex: str) -> str:
    r"""Return the beginning of a formula with its groups, `\left` and environments closed.

    A command at the end is left out, because it may be half of another one.
    """
    symbols = to_symbols(_HALF.sub("", tex.rstrip()).rstrip())
    while symbols and (_COMMAND.fullmatch(symbols[-1]) or symbols[-1] in ("^", "_") or symbols[-1].isspace()):
        symbols.pop()
    parts = [_Open("")]
    may_begin_option = False
    for symbol in symbols:
        if symbol.isspace():
            continue
        part, option = parts[-1], may_begin_option
        may_begin_option = _OPTIONAL_ARGUMENT.fullmatch(symbol) is not None
        if may_begin_option:
            part.lacks = 1
        elif _TWO_ARGUMENTS.fullmatch(symbol):
            part.lacks = 2
        elif symbol == "{":
            parts.append(_Open("}"))
        elif symbol == "[" and option:
            parts.append(_Open("]"))
        elif symbol == r"\left":
            parts.append(_Open(_LEFT))
        elif found := _ENVIRONMENT.fullmatch(symbol):
            if found[1] == "begin":
                parts.append(_Open(rf"\end{found[2]}"))
            elif len(parts) > 1:
                parts.pop()
        elif len(parts) > 1 and symbol in ("}", "]", r"\right") and part.end in (symbol, f"{symbol}."):
            parts.pop()
            if symbol == "}":
                parts[-1].take()
        else:
            part.take()
    closing = ""
    while parts:
        part = parts.pop()
        closing += "{}" * part.lacks + part.end
        if part.end == "}":
            parts[-1].take()
    return "".join(symbols) + closing
