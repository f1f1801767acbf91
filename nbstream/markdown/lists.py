"""Lists: CommonMark's, with more bullets, any first number, and a spacing that stays.

The blank line that makes a CommonMark list loose may come after its last item, and then each item
moves. Here the first two items decide: a list is loose if a blank line separates them. Within an
item, a paragraph has a space after it where a blank line does.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

#: Bullets that are signs of nothing else at the beginning of a line. Not a dash, which may begin
#: speech, and not a box or an open circle, which may be a mark.
BULLETS = "•●◦▪‣⁃∙·"  # noqa: RUF001  (a hyphen's bullet)
_MARKER = re.compile(
    rf"(?P<number>[0-9]{{1,9}})(?P<sign>[.)])(?=[ \t]|$)"
    rf"|[-+*](?=[ \t]|$)|[{BULLETS}](?=[ \t]+[^ \t{BULLETS}])|•(?=[^\s{BULLETS}])"
)
_FIRST = frozenset(f"-+*{BULLETS}0123456789")
#: A higher number after a line of text is a year or an amount: "It was built in\n1984."
_HIGHEST_FIRST_NUMBER = 999
_CODE_INDENT = 4


class _Marker(NamedTuple):
    """What an item begins with: its end, the sign that the items of a list share, the number."""

    end: int
    sign: str
    number: int | None


def list_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001  (markdown-it calls it so)
    """Read a list."""
    indent = state.sCount[start]
    at = state.bMarks[start] + state.tShift[start]
    if (
        state.src[at : at + 1] not in _FIRST
        or state.is_code_block(start)
        or (
            # It continues the text of an item, as it would be code outside of the item.
            state.listIndent >= 0 and indent - state.listIndent >= _CODE_INDENT and indent < state.blkIndent
        )
    ):
        return False
    marker = _marker_at(state, start)
    if marker is None:
        return False
    interrupts = silent and state.parentType == "paragraph" and indent >= state.blkIndent
    if interrupts and not _may_interrupt(state, start, marker):
        return False
    if silent:
        return True
    name, tag = ("bullet_list", "ul") if marker.number is None else ("ordered_list", "ol")
    opening = state.push(f"{name}_open", tag, 1)
    if marker.number not in (None, 1):
        opening.attrs = {"start": marker.number or 0}
    opening.markup, opening.map = marker.sign, [start, 0]
    parent, state.parentType = state.parentType, "list"
    ends = state.md.block.ruler.getRules("list")
    line, items = start, []
    next_marker: _Marker | None = marker
    while next_marker and (next_marker.sign, next_marker.number is None) == (marker.sign, marker.number is None):
        first = len(state.tokens)
        line = _push_item(state, line, end, next_marker)
        items.append(state.tokens[first:])
        if line >= end or state.sCount[line] < state.blkIndent or state.is_code_block(line):
            break
        if any(rule(state, line, end, True) for rule in ends):  # noqa: FBT003
            break
        next_marker = _marker_at(state, line)
    state.push(f"{name}_close", tag, -1).markup = marker.sign
    opening.map[1] = state.line = line
    state.parentType = parent
    is_loose = len(items) > 1 and _end(items[0]) < _start(items[1])
    opening.meta["loose"] = is_loose
    for item in items:
        set_spacing(item, is_loose=is_loose)
    return True


def set_spacing(item: Sequence[Token], *, is_loose: bool) -> None:
    """Show or hide the tags of an item's own paragraphs, which have a space after them.

    Its lists get a space after them, too.

    Args:
        item: the tokens of an item.
        is_loose: whether the list is loose, so that there is a space below the item.
    """
    blocks = list(_blocks(item))
    is_apart = [_end(before) < _start(after) for before, after in pairwise(blocks)]
    is_apart.append(is_loose or any(is_apart))
    for block, space in zip(blocks, is_apart, strict=False):
        if block[0].type == "paragraph_open":
            block[0].hidden = block[-1].hidden = not space
        elif block[0].type in ("bullet_list_open", "ordered_list_open"):
            block[0].meta["space_below"] = space
    item[0].meta["loose"] = is_loose


def _marker_at(state: StateBlock, line: int) -> _Marker | None:
    found = _MARKER.match(state.src, state.bMarks[line] + state.tShift[line], state.eMarks[line])
    if not found:
        return None
    number = found["number"]
    return _Marker(found.end(), found["sign"] or found[0], None if number is None else int(number))


def _may_interrupt(state: StateBlock, line: int, marker: _Marker) -> bool:
    """Tell whether a list may begin right after a line of text."""
    return (marker.number or 0) <= _HIGHEST_FIRST_NUMBER and state.skipSpaces(marker.end) < state.eMarks[line]


def _push_item(state: StateBlock, line: int, end: int, marker: _Marker) -> int:
    """Read an item; return the line after it."""
    at, last = marker.end, state.eMarks[line]
    marker_width = column = state.sCount[line] + at - state.bMarks[line] - state.tShift[line]
    while at < last and state.src[at] in " \t":
        column += 4 - (column + state.bsCount[line]) % 4 if state.src[at] == "\t" else 1
        at += 1
    is_empty = at >= last
    # Further than this, the text is indented code after one blank.
    blanks = 1 if is_empty or column - marker_width > _CODE_INDENT else column - marker_width
    item = state.push("list_item_open", "li", 1)
    item.markup, item.map = marker.sign, [line, 0]
    if marker.number is not None:
        item.info = str(marker.number)
    before = (state.listIndent, state.blkIndent, state.tShift[line], state.sCount[line])
    state.listIndent, state.blkIndent = state.blkIndent, marker_width + blanks
    state.tShift[line], state.sCount[line] = at - state.bMarks[line], column
    if is_empty and state.isEmpty(line + 1):
        # An item without text ends at a blank line.
        state.line = min(line + 2, end)
    else:
        state.md.block.tokenize(state, line, end)
    state.listIndent, state.blkIndent, state.tShift[line], state.sCount[line] = before
    state.push("list_item_close", "li", -1).markup = marker.sign
    item.map[1] = state.line
    return state.line


def _blocks(item: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Yield the tokens of each block in an item."""
    level, start = item[0].level + 1, 1
    for at, token in enumerate(item):
        if token.level == level and token.nesting <= 0:
            yield item[start : at + 1]
            start = at + 1


def _start(tokens: Sequence[Token]) -> int:
    return (tokens[0].map or [0])[0]


def _end(tokens: Sequence[Token]) -> int:
    """Return the line after the last one with text."""
    for at in range(len(tokens) - 1, -1, -1):
        if tokens[at].nesting == 0 and tokens[at].map:
            # The text of a heading does not have the line below it; the heading has.
            return max(token.map[1] for token in tokens[max(at - 1, 0) : at + 1] if token.map and token.nesting >= 0)
    return _start(tokens) + 1
