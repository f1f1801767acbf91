"""Writes formulas with dollars, which pandoc, GitHub and notebooks know."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from nbstream.markdown.delimiters import formula_at, opener_at
from nbstream.markdown.math import MOST_CHARACTERS, completed, for_dollars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

_GAP = "&#8203;"
_BARS = re.compile(r"\\?\|(?=([A-Za-z])?)")


class Edit(NamedTuple):
    """A change of a text: `text` replaces the characters between two positions."""

    start: int
    end: int
    text: str


def formula_edits(token: Token, text: str, previous_end: int, *, in_row: bool = False) -> Iterator[Edit]:
    """Yield the changes that write a formula of a text with dollars.

    A space without width is put between a formula and what would make text of its dollars: other
    dollars, or a letter or digit. A formula that cannot be written so stays as it is.

    Args:
        token: the formula, with its position in the text.
        text: the text.
        previous_end: where the formula before it ends.
        in_row: whether the text is a row of a table, where a bar would end the cell.
    """
    start, end = token.meta["at"], token.meta["end"]
    tex = _tex(token)
    if token.meta["display"] and not token.meta["finished"] and text[:start].rstrip(" \t").endswith("\n"):
        # Complete and at the beginning of a line, it would be a block, and end the one around it.
        return
    if in_row and "\\begin" not in tex:
        tex = _BARS.sub(lambda bar: ("\\vert" if bar[0] == "|" else "\\Vert") + " " * bool(bar[1]), tex)
    before, after = text[max(0, start - 1) : start], text[end : end + 4]
    is_beside = start > 0 and (previous_end == start or before == "$")
    if opener_at(after, 0):
        # What follows is escaped, or begins with a gap.
        after = "\\"
    sign = "$$" if token.meta["display"] else "$"
    # What looks like text between single dollars is a formula in braces.
    candidates = [tex] if token.meta["display"] else [tex, f"{{{tex}}}"]
    for inner in candidates if tex else []:
        written = sign + inner + sign
        for gap_before, gap_after in product(("", _GAP), repeat=2):
            if (is_beside and not gap_before) or not _is_read(gap_before or before, written, gap_after or after, inner):
                continue
            edit = Edit(start, end, gap_before + written + gap_after)
            if edit.text != text[start:end]:
                yield edit
            return


def block_formula(token: Token, lines: list[str]) -> Iterator[tuple[int, Edit]]:
    """Yield the line in which a formula's block begins, and the change that gives it dollars."""
    start, end = token.map or (0, 0)
    at = lines[start].find(token.markup)
    tex = _tex(token)
    if not tex or at < 0:
        return
    written = f"$${tex}$$"
    whole = "\n".join(lines[start:end]).rstrip()
    if _is_read("", written, "", tex) and whole[at:] != written:
        yield start, Edit(at, len(whole), written)


def _tex(token: Token) -> str:
    """Return the TeX to write; "" if the formula stays as it is."""
    tex = token.content
    if len(tex) > MOST_CHARACTERS:
        return ""
    return for_dollars(tex if token.meta["finished"] else completed(tex), display=token.meta["display"])


def _is_read(before: str, written: str, after: str, tex: str) -> bool:
    """Tell whether the written text is read as the formula, by pandoc too."""
    found = formula_at(before + written + after, len(before))
    is_whole = found is not None and found.tex == tex and found.end == len(before) + len(written)
    return is_whole and "$" not in tex.replace("\\$", "")
