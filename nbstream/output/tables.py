"""Small tables, as text for a terminal and as HTML for a page."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from nbstream.language import joined
from nbstream.model.printable import one_line
from nbstream.output.widths import padded, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP = "  "
#: As in a settled reply: MathJax leaves dollars alone.
_CLASSES = "nbstream-table mathjax_ignore tex2jax_ignore"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a line above and below it.

    Attributes:
        title: the line above; may be empty.
        headers: one for each column.
        rows: the cells' texts; anything may stand in them.
        numbers: the indices of the columns that are aligned to the right.
        note: the line below; may be empty.
    """

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    note: str = ""

    def text(self) -> str:
        """Return the table with aligned columns."""
        rows = [list(map(one_line, row)) for row in (self.headers, *self.rows)]
        widths = [max(width_of(row[at]) for row in rows) for at in range(len(self.headers))]
        lines = [self.title] if self.title else []
        for row in rows:
            cells = [
                padded(cell, width, to_right=at in self.numbers)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append(_GAP.join(cells).rstrip())
        return "\n".join([*lines, *filter(None, [self.note])])

    def html(self) -> str:
        """Return the table in HTML that reads well without styles, ids and scripts."""
        head = self._row(self.headers, "th")
        body = "".join(self._row(row, "td") for row in self.rows)
        note = joined(*self.note.split("\n"))
        title, note = (f"<div>{escape(each)}</div>" if each else "" for each in (self.title, note))
        return f'<div class="{_CLASSES}">{title}<table>{head}{body}</table>{note}</div>'

    def _row(self, cells: Sequence[str], tag: str) -> str:
        aligned = (
            f'<{tag} style="text-align: {"right" if at in self.numbers else "left"}">{escape(one_line(cell))}</{tag}>'
            for at, cell in enumerate(cells)
        )
        return f"<tr>{''.join(aligned)}</tr>"
