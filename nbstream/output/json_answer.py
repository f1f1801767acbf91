"""A structured answer as a reader sees it: indented JSON, and a list of flat objects as a table.

The text is the model's, so every part of it is escaped. It is shown whether it fits the schema or
not.
"""

from __future__ import annotations

import json
import re
from html import escape
from typing import TYPE_CHECKING, Any

from nbstream.language import _, listed
from nbstream.markdown.growing_json import indented, json_html
from nbstream.model.printable import one_line, printable, storable
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from nbstream.markdown.rendering import Renderer

#: A table shows at most so many rows and columns, and of a cell so many characters.
_MOST_ROWS = 100
_MOST_COLUMNS = 30
_LONGEST_CELL = 300
_HEAD_STYLE = "border-bottom:1px solid rgba(128,128,128,.6)"
_BACKTICKS = re.compile(r"`{3,}")
_decoder = json.JSONDecoder()


def html(answer: str, renderer: Renderer | None = None, *, settled: bool = True) -> str:
    """Return a structured answer as HTML; one that is no JSON as any other answer."""
    return json_html(answer, settled=settled, renderer=renderer, below=table_html)


def code(answer: str) -> str:
    """Return a structured answer as indented JSON; empty if it is no JSON."""
    found = indented(answer)
    return "" if found is None else found[0]


def markdown(answer: str) -> str:
    """Return a structured answer as Markdown; empty if it is no JSON."""
    found = indented(answer)
    if found is None:
        return ""
    shown = storable(found[0])
    fence = "`" * max([3, *(len(run) + 1 for run in _BACKTICKS.findall(shown))])
    table = table_markdown(found[0]) if found[1] else ""
    block = f"{fence}json\n{shown}\n{fence}"
    return f"{block}\n\n{table}" if table else block


def text(answer: str) -> str:
    """Return a structured answer as plain text; empty if it is no JSON."""
    found = indented(answer)
    if found is None:
        return ""
    table = _table_of(found[0]) if found[1] else None
    shown = printable(found[0])
    return shown if table is None else f"{shown}\n\n{table.text()}"


def table_html(answer: str) -> str:
    """Return the table of an answer that begins with JSON; empty if it has none."""
    table = _table_of(answer)
    if table is None:
        return ""
    head = "".join(
        f'<th><span style="display:block;text-align:{_side(table, at)}">{escape(one_line(cell))}</span></th>\n'
        for at, cell in enumerate(table.headers)
    )
    rows = "".join(
        "<tr>\n"
        + "".join(
            f'<td style="text-align:{_side(table, at)}" dir="auto">{escape(one_line(cell))}</td>\n'
            for at, cell in enumerate(row)
        )
        + "</tr>\n"
        for row in table.rows
    )
    note = f'<div style="opacity:.72;font-size:.83em">{escape(table.note)}</div>' if table.note else ""
    return (
        f'<div class="nbstream-table" style="overflow-x:auto;overflow-wrap:normal"><table>\n'
        f'<tr style="{_HEAD_STYLE}">\n'
        f"{head}</tr>\n{rows}</table></div>{note}\n"
    )


def table_markdown(answer: str) -> str:
    """Return the same table as Markdown."""
    table = _table_of(answer)
    return "" if table is None else _markdown_of(table)


def _side(table: Table, at: int) -> str:
    return "right" if at in table.numbers else "left"


def _markdown_of(table: Table) -> str:
    lines = ["| " + " | ".join(map(_literal, row)) + " |" for row in (table.headers, *table.rows)]
    rule = "|" + "|".join("-:" if at in table.numbers else "-" for at in range(len(table.headers))) + "|"
    lines.insert(1, rule)
    return "\n".join(lines) + (f"\n\n<small>{_literal(table.note)}</small>" if table.note else "")


def _literal(cell: str) -> str:
    """Return the text of a cell for Markdown to show as it is."""
    return re.sub(r"([\\`*_\[\]<>&$~|])", r"\\\1", one_line(cell))


def _table_of(answer: str) -> Table | None:
    """Return the table of an answer that is a list of flat objects, or an object with only that."""
    try:
        value, _ = _decoder.raw_decode(answer.lstrip())
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if not (isinstance(value, list) and value and all(map(_is_flat, value))):
        return None
    columns = list(dict.fromkeys(name for row in value for name in row))
    shown, rows = columns[:_MOST_COLUMNS], value[:_MOST_ROWS]
    numbers = frozenset(at for at, name in enumerate(shown) if _are_numbers([row.get(name) for row in value]))
    cells = [[_cell(row.get(name)) for name in shown] for row in rows]
    headers = [_cut(name) for name in shown]
    return Table("", headers, cells, numbers, _note(len(rows), len(value), len(shown), len(columns)))


def _note(rows: int, all_rows: int, columns: int, all_columns: int) -> str:
    parts = [_("{rows:,} of {all_rows:,} rows", rows=rows, all_rows=all_rows)] if rows < all_rows else []
    parts += (
        [_("{columns:,} of {all_columns:,} columns", columns=columns, all_columns=all_columns)]
        if columns < all_columns
        else []
    )
    if not parts:
        return ""
    shown_parts = listed(parts, " and ")
    return _("{parts} are shown. All of them are in the JSON and in reply.frame().", parts=shown_parts)


def _is_flat(row: Any) -> bool:
    return isinstance(row, dict) and bool(row) and all(map(_is_short, row.values()))


def _is_short(value: Any) -> bool:
    """Return whether a value fits into a cell: a simple one, or a list of simple ones."""
    items = value if isinstance(value, list) else [value]
    return not any(isinstance(each, dict | list) for each in items)


def _are_numbers(values: list[Any]) -> bool:
    there = [each for each in values if each is not None]
    return bool(there) and all(isinstance(each, int | float) and not isinstance(each, bool) for each in there)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return _cut(", ".join(map(_cell, value)))
    if value is None or isinstance(value, str):
        return _cut(value or "")
    return _cut(json.dumps(value))


def _cut(cell: str) -> str:
    return cell if len(cell) <= _LONGEST_CELL else f"{cell[: _LONGEST_CELL - 1]}…"
