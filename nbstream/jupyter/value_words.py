"""Keeps the quotes of `-v d["key"]` and the blanks of `--as dict[str, int]` in one word.

A split as in a shell would take them away.
"""

from __future__ import annotations

import re
import shlex

_VALUE = re.compile(r"(?<!\S)(-v|--value|--as)(?:\s+|=)(?=[^\W\d])")


def with_quoted_values(line: str) -> str:
    """Return the line of a magic with each expression of an option as one word for `shlex.split`.

    An expression ends at a blank outside of its brackets and quotes.
    """
    made, at = [], 0
    while found := _VALUE.search(line, at):
        end = _end_of_expression(line, found.end())
        made += [line[at : found.start()], f"{found[1]} {shlex.quote(line[found.end() : end])}"]
        at = end
    return "".join(made) + line[at:]


def _end_of_expression(line: str, start: int) -> int:
    depth, quote = 0, ""
    for at in range(start, len(line)):
        char = line[at]
        if quote:
            quote = "" if char == quote and line[at - 1] != "\\" else quote
        elif char in "\"'" and depth:
            quote = char
        elif char in "[(":
            depth += 1
        elif char in "])":
            depth -= 1
        elif char.isspace() and depth <= 0:
            return at
    return len(line)
