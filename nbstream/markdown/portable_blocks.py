"""Changes to the source of blocks, so that other programs read the same blocks in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it.token import Token

from nbstream.markdown.delimiters import formula_at
from nbstream.markdown.lists import BULLETS
from nbstream.markdown.portable_formulas import Edit, block_formula, formula_edits
from nbstream.markdown.syntax import has_end
from nbstream.markdown.tables import row_places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.markdown.parser import Block

#: pandoc reads such a block as text if it stands right below a text.
_NEED_BLANK_LINE = frozenset(["bullet_list_open", "ordered_list_open", "table_open", "heading_open", "blockquote_open"])
_ENDS_ALONE = frozenset(["heading_open", "hr", "fence", "math_block"])
_MARKERS = {bullet: "*" if bullet == "•" else "+" for bullet in BULLETS}
_FENCE_IN_CODE = re.compile(r"^[ \t]*(`{3,}|~{3,})", re.MULTILINE)


def block_edits(block: Block, previous: Block | None, lines: list[str]) -> Iterator[tuple[int, Edit]]:
    """Yield the number of each line that changes for the structure's sake, and the change.

    Args:
        block: a block of the text, which is not within another block.
        previous: the block before it.
        lines: the lines of the text.
    """
    first = block.tokens[0]
    is_near = previous and previous.tokens[0].type not in _ENDS_ALONE and lines[block.start - 1].strip() != ""
    if is_near and (first.type in _NEED_BLANK_LINE or (block.is_fence and "glued" not in first.meta)):
        yield block.start, Edit(0, 0, "\n")
    for token in block.tokens:
        line, _ = token.map or (0, 0)
        if token.type == "fence":
            yield from _fence(token, lines)
        elif token.type == "math_block":
            yield from block_formula(token, lines)
        elif token.type == "list_item_open" and token.markup in _MARKERS:
            at = lines[line].find(token.markup)
            blank = "" if lines[line][at + 1 : at + 2] in (" ", "\t") else " "
            yield line, Edit(at, at + 1, _MARKERS[token.markup] + blank)
    if block.is_table:
        columns = sum(token.type == "th_open" for token in block.tokens)
        for line in {token.map[0] for token in block.tokens if token.type == "tr_open" and token.map}:
            for edit in _row(lines[line], columns):
                yield line, edit


def _fence(token: Token, lines: list[str]) -> Iterator[tuple[int, Edit]]:
    """Make a fence longer than those in its code, and put one after a text on a line of its own."""
    start, end = token.map or (0, 0)
    sign, size = token.markup[0], len(token.markup)
    inner = [len(found[1]) for found in _FENCE_IN_CODE.finditer(token.content) if found[1][0] == sign]
    more = sign * (max([size - 1, *inner]) + 1 - size)
    at = lines[start].find(token.markup)
    if text := token.meta.get("glued"):
        before = lines[start][:at].rstrip()
        indent = re.sub(r"[^>\s]", " ", before[: before.rfind(text)])
        break_ = "\n" if token.level else "\n\n"
        yield start, Edit(len(before), at, break_ + indent + more)
    elif more:
        yield start, Edit(at, at, more)
    if more and has_end(token):
        at = lines[end - 1].find(token.markup)
        yield end - 1, Edit(at, at, more)


def _row(line: str, columns: int) -> Iterator[Edit]:
    """Write formulas with dollars, and escape other dollars, and bars beyond the last column."""
    indent = len(line) - len(line.lstrip(" \t"))
    row = row_places(line[indent:])
    if not row.bars:
        # The table is one by a bar in its formula.
        return
    previous_end = 0
    for start, end, source in row.formulas:
        if found := formula_at(source, 0):
            meta = {"display": found.is_display, "finished": True, "at": indent + start, "end": indent + end}
            token = Token("math_inline", "math", 0, content=found.tex, meta=meta)
            yield from formula_edits(token, line, previous_end, in_row=True)
            previous_end = indent + end
    if len(row.dollars) + len(row.formulas) > 1:
        yield from (Edit(indent + at, indent + at + 1, "\\$") for at in row.dollars)
    inner = [bar for bar in row.bars if bar > 0 and line[indent + bar + 1 :].strip()]
    for bar in inner[columns - 1 :]:
        before, after = line[: indent + bar].rstrip(), line[indent + bar + 1 :].lstrip()
        yield Edit(len(before), len(line) - len(after), " \\| ")
