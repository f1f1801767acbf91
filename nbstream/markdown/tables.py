"""Tables as on GitHub, except that no text of a row vanishes and bars need no backslash in code.

A bar within code or a formula belongs to its cell, and cells beyond the last column are joined to
the last one: models write `$P(A|B)$` and `a | b` in cells, and nobody is there to correct it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nbstream.markdown.delimiters import CLOSERS, formula_at, opener_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.rules_block import StateBlock

#: At most so many missing cells of a table are filled in. A table of few characters may have a row
#: of many cells, and many rows of one.
MOST_MISSING_CELLS = 0x10000

_DELIMITERS = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*+\|?[ \t]*")
_SPECIAL = re.compile(r"[|\\$]|`+")
#: An amount of money and a bar: "$10M | 12$" are two cells.
_AMOUNT = re.compile(r"\d[^\\^_={}|]*\|[^\\^_={}]*")
_BRACKETS = str.maketrans("[{)]}", "(()))")


def table(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001  (markdown-it calls it so)
    """Read a table: a head, delimiters, and rows."""
    if start + 2 > end or state.sCount[start + 1] < state.blkIndent:
        return False
    at = state.bMarks[start + 1] + state.tShift[start + 1]
    if state.src[at : at + 1] not in ("|", "-", ":") or state.is_code_block(start + 1):
        return False
    sides = _sides(_line(state, start + 1))
    head_line = _line(state, start)
    if not sides or "|" not in head_line or state.is_code_block(start):
        return False
    head = next(
        (cells for cells in (split_row(head_line), _split_at_bars(head_line)) if len(cells) == len(sides)), None
    )
    if head is None:
        return False
    if silent:
        return True
    parent, state.parentType = state.parentType, "table"
    state.push("table_open", "table", 1).map = lines = [start, 0]
    state.push("thead_open", "thead", 1).map = [start, start + 1]
    _push_row(state, start, "th", head, sides)
    state.push("thead_close", "thead", -1)
    lines[1] = state.line = _push_body(state, start + 2, end, sides)
    state.push("table_close", "table", -1)
    state.parentType = parent
    return True


def split_row(line: str, *, grows: bool = False) -> list[str]:
    """Return the cells of a row, without the blanks around them.

    Args:
        line: the row.
        grows: whether its end is missing, so that code and formulas may still be closed.
    """
    line = line.strip(" \t")
    if "\\" not in line and "$" not in line and "`" not in line:
        return _stripped(line.split("|"))
    return RowReader(line, grows=grows).cells()


def row_places(line: str) -> RowReader:
    """Return where bars, formulas and dollars are in a row.

    In the source of a formula an escaped bar of the table is a bar.
    """
    row = RowReader(line, grows=False)
    row.cells()
    return row


def _push_body(state: StateBlock, start: int, end: int, sides: Sequence[str]) -> int:
    """Read the rows below the head; return the line after them."""
    ends = state.md.block.ruler.getRules("blockquote")
    growing_line = len(state.bMarks) - 2 if state.env["position"].is_repaired and not state.src.endswith("\n") else -1
    columns, missing, line = len(sides), 0, start
    lines = [start, 0]
    while line < end and state.sCount[line] >= state.blkIndent:
        if any(rule(state, line, end, True) for rule in ends):  # noqa: FBT003
            break
        text = _line(state, line)
        if not text or state.is_code_block(line):
            break
        cells = split_row(text, grows=line == growing_line)
        missing += columns - len(cells)
        if missing > MOST_MISSING_CELLS:
            break
        if line == start:
            state.push("tbody_open", "tbody", 1).map = lines
        if len(cells) > columns:
            cells[columns - 1 :] = [" | ".join(cells[columns - 1 :])]
        _push_row(state, line, "td", cells, sides)
        line += 1
    if line > start:
        lines[1] = line
        state.push("tbody_close", "tbody", -1)
    return line


def _push_row(state: StateBlock, line: int, tag: str, cells: Sequence[str], sides: Sequence[str]) -> None:
    lines = [line, line + 1]
    state.push("tr_open", "tr", 1).map = lines
    for at, side in enumerate(sides):
        opening = state.push(f"{tag}_open", tag, 1)
        if side:
            opening.attrs = {"style": f"text-align:{side}"}
        text = state.push("inline", "", 0)
        text.content, text.map, text.children = cells[at] if at < len(cells) else "", lines, []
        state.push(f"{tag}_close", tag, -1)
    state.push("tr_close", "tr", -1)


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip(" \t")


def _sides(line: str) -> list[str]:
    """Return the alignment of each column, if `line` holds the delimiters below a head."""
    # "- | -" is an item, and a single sign is none of a table.
    if len(line) < 2 or (line[0] == "-" and line[1] in " \t") or not _DELIMITERS.fullmatch(line):  # noqa: PLR2004
        return []
    names = {(True, True): "center", (True, False): "left", (False, True): "right", (False, False): ""}
    return [names[cell[0] == ":", cell[-1] == ":"] for cell in _stripped(line.split("|"))]


def _split_at_bars(line: str) -> list[str]:
    """Return the cells of a row as on GitHub: each bar without a backslash ends one."""
    return [cell.replace("\\|", "|") for cell in _stripped(re.split(r"(?<!\\)\|", line))]


def _stripped(cells: list[str]) -> list[str]:
    """Return cells without those outside of the outer bars, and without the blanks around them."""
    if cells and not cells[0]:
        del cells[0]
    if cells and not cells[-1]:
        del cells[-1]
    return [cell.strip(" \t") for cell in cells]


class RowReader:
    """Reads a row that may hold code, formulas and escaped bars.

    Attributes:
        bars: where the bars between cells are.
        formulas: where each formula begins and ends, and its source.
        dollars: where a dollar is text.
    """

    def __init__(self, line: str, *, grows: bool) -> None:
        self._line = line
        self._grows = grows
        #: Runs of backticks that do not come again.
        self._unclosed: set[str] = set()
        self.bars: list[int] = []
        self.formulas: list[tuple[int, int, str]] = []
        self.dollars: list[int] = []

    def cells(self) -> list[str]:
        """Return the cells, without the blanks around them."""
        line, at, start = self._line, 0, 0
        cells, cell = [], ""
        while found := _SPECIAL.search(line, at):
            at = found.end()
            if found[0] == "|":
                cells.append(cell + line[start : found.start()])
                cell, start = "", at
                self.bars.append(found.start())
            elif line.startswith("\\|", found.start()):
                cell += line[start : found.start()] + "|"
                start = at = at + 1
            elif found[0][0] == "`":
                at = self._end_of_code(found[0], at)
                cell, start = cell + line[start:at].replace("\\|", "|"), at
            else:
                at = self._end_of_formula(found.start())
                formula = _unescaped(line[found.start() : at])
                if at - found.start() > len(opener_at(line, found.start())) > 0:
                    self.formulas.append((found.start(), at, formula))
                elif found[0] == "$":
                    self.dollars.append(found.start())
                cell, start = cell + line[start : found.start()] + formula, at
        return _stripped([*cells, cell + line[start:]])

    def _end_of_code(self, run: str, at: int) -> int:
        if run in self._unclosed:
            return at
        closing = re.compile(rf"(?<!`){run}(?!`)").search(self._line, at)
        if closing:
            return closing.end()
        self._unclosed.add(run)
        return len(self._line) if self._grows else at

    def _end_of_formula(self, start: int) -> int:
        line, opener = self._line, opener_at(self._line, start)
        if not opener:
            # A backslash: it escapes a dollar, and another backslash, except before a bar.
            is_pair = line.startswith("\\\\", start) and line[start + 2 : start + 3] != "|"
            return start + (2 if is_pair or line.startswith("\\$", start) else 1)
        after = start + len(opener)
        if formula := formula_at(line, start):
            return after if opener == "$" and _AMOUNT.fullmatch(formula.tex) else formula.end
        if not self._grows or CLOSERS[opener] in line[after:]:
            return after
        if opener != "$":
            return len(line)
        bar = line.find("|", after)
        return len(line) if bar >= 0 and self._may_belong_to_formula(after, bar) else after

    def _may_belong_to_formula(self, start: int, bar: int) -> bool:
        """Tell whether a bar after an open dollar is the formula's: it is close, or in brackets."""
        text, after = self._line[start:bar], self._line[bar + 1 : bar + 2]
        if text[:1].isspace() or text[:1].isdigit():
            return False
        is_close = not text[-1:].isspace() and after not in ("", "$", " ", "\t", "|")
        return is_close or not _is_balanced(text)


def _unescaped(text: str) -> str:
    r"""Return text up to the end of a formula, with its escaped bars as the author meant them.

    In `$P(A\|B)$` the backslash is the table's, in `$\|v\|$` it is TeX's: there the bars come in
    pairs.
    """
    parts = text.split("\\|")
    is_norm = len(parts) > 1 and len(parts) % 2 == 1 and all(part and _is_balanced(part) for part in parts[1::2])
    return text if is_norm else "|".join(parts)


def _is_balanced(text: str) -> bool:
    depth = 0
    for char in text.translate(_BRACKETS):
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0
