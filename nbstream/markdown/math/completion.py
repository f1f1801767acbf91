"""Completes the TeX of a formula that was cut off, so that MathJax does not refuse it."""

from __future__ import annotations

import re

from nbstream.markdown.math.symbols import to_symbols

_COMMAND = re.compile(r"\\(?:[A-Za-z]+\*?)?")
_TWO_ARGUMENTS = re.compile(r"\\(?:[cdt]?frac|[dt]?binom|overset|underset|stackrel)")
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*(\{.*\})")


def completed(tex: str) -> str:
    r"""Return the beginning of a formula with its groups, `\left` and environments closed.

    A command at the end is left out, because it may be half of another one.
    """
    symbols = to_symbols(tex.rstrip())
    while symbols and (_COMMAND.fullmatch(symbols[-1]) or symbols[-1] in ("^", "_") or symbols[-1].isspace()):
        symbols.pop()
    ends: list[str] = []
    #: For each open group: how many arguments of a command are still to come after it.
    wanted = [0]
    for symbol in symbols:
        if _TWO_ARGUMENTS.fullmatch(symbol):
            wanted[-1] = 2
        elif symbol == "{":
            ends.append("}")
            wanted.append(0)
        elif symbol == r"\left":
            ends.append(r"\right.")
        elif symbol == r"\right" or (symbol == "}" and ends):
            if symbol == "}":
                wanted.pop()
                wanted[-1] = max(0, wanted[-1] - 1)
            if ends:
                ends.pop()
        elif found := _ENVIRONMENT.fullmatch(symbol):
            if found[1] == "begin":
                ends.append(rf"\end{found[2]}")
            elif ends:
                ends.pop()
        elif not symbol.isspace():
            wanted[-1] = max(0, wanted[-1] - 1)
    closing = []
    for end in reversed(ends):
        if end == "}":
            closing.append("{}" * wanted.pop() + end)
            wanted[-1] = max(0, wanted[-1] - 1)
        else:
            closing.append(end)
    return "".join([*symbols, *closing, "{}" * wanted[0]])
