"""Cuts a very long paragraph into pieces, each of which is read by itself, so that reading it again is never dear.

Where a piece ends depends on nothing after it, so the pieces of a growing text stay what they are. This module must not
know the parser.
"""

from __future__ import annotations

import re

#: A piece has about this many characters; it is cut where nothing seems to be open, and somewhere in the end.
_SHORTEST, _LONGEST = 2048, 4096
#: Or this many lines, as each costs the parser more than its characters do.
_LINES = 40
#: Or this many square brackets that are open: for each of them the parser looks at all that follows. Prose has none.
MOST_OPEN = 32

_SPACE = re.compile(r"(?<=[^\s\\])[ \n](?=\S)")
#: A text in which one of these is missing its partner is not cut, as far as that can be helped.
_PAIRS = ("`", "*", "_", "~", "$")
_SQUARE = re.compile(r"[\[\]]")
_BRACKETS = (("(", ")"), ("[", "]"), ("<", ">"))


def pieces(text: str) -> list[str]:
    """Return `text` in pieces; each but the first begins with a space or a line end."""
    found: list[str] = []
    start = 0
    while cut := _cut(text, start):
        found.append(text[start:cut])
        start = cut
    return [*found, text[start:]]


def _cut(text: str, start: int) -> int:
    """Return where the piece that begins at `start` ends, or 0 if that is not decided yet."""
    limit = _limit(text, start)
    if len(text) <= min(limit, start + _SHORTEST) and text.count("\n", start) < _LINES:
        return 0
    last, counted, lines = 0, start, 0
    counts = dict.fromkeys((*_PAIRS, *(char for both in _BRACKETS for char in both)), 0)
    # One more character is needed to see that a space is followed by none.
    for space in _SPACE.finditer(text, start + 1, min(len(text), limit + 1)):
        at = last = space.start()
        lines += text[at] == "\n"
        if at - start < _SHORTEST and lines < _LINES:
            continue
        for char in counts:
            counts[char] += text.count(char, counted, at)
        counted = at
        is_closed = not any(counts[char] % 2 for char in _PAIRS) and all(counts[a] == counts[b] for a, b in _BRACKETS)
        if is_closed or lines >= 2 * _LINES:
            return at
    if len(text) <= limit:
        return 0
    return last or limit


def _limit(text: str, start: int) -> int:
    """Return where the piece that begins at `start` ends at the latest."""
    limit = start + _LONGEST
    if text.count("[", start, limit) > MOST_OPEN:
        depth = 0
        for bracket in _SQUARE.finditer(text, start, limit):
            depth = max(0, depth + (1 if bracket[0] == "[" else -1))
            if depth > MOST_OPEN:
                return bracket.start()
    return limit
