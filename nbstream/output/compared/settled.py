"""The settled output of a comparison: a table of figures, and the answers beside each other.

The answers stand in boxes that wrap below each other where there is no room. Where styles are
removed, as on GitHub, they stand below each other in any case, each below its name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

from nbstream.language import _, marked
from nbstream.model.presentation import Presentation
from nbstream.model.printable import one_line, printable
from nbstream.output import settled
from nbstream.output.compared.figures import UNKNOWN, Figure, figures_of, notes_of
from nbstream.output.markdown_text import literal
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.model.reply import Reply

HIDDEN = marked("Names and figures are hidden until an answer is chosen.")
UNFINISHED = marked("Not all answers had ended when this was written.")
_DEFAULT = Presentation()
_ROOT = (
    '<div class="nbstream nbstream-compared mathjax_ignore tex2jax_ignore" style="overflow-wrap:break-word">{}</div>'
)
_QUIET = "opacity:.72;font-size:.83em;line-height:1.62"
_LINE = f'<div style="{_QUIET};margin:.2em 0 .4em">{{}}</div>'
#: As wide as fits a sentence of code; more columns than fit stand in further lines.
_COLUMNS = '<div style="display:flex;flex-wrap:wrap;column-gap:28px">{}</div>'
_COLUMN = (
    '<div style="flex:1 1 300px;min-width:0;max-width:100%"><div style="border-top:1px solid rgba(128,128,128,.3);'
    'margin:.6em 0 .4em;padding-top:.5em"><strong>{}</strong></div>{}</div>'
)


@dataclass(frozen=True, slots=True)
class Compared:
    """What is shown of a comparison.

    Attributes:
        names: of each column, from left to right.
        replies: of each column. While they are hidden, of them only the texts are shown.
        same: what is the same in all columns, in words; may be empty.
        verdict: what was chosen, in words; empty without a choice.
        is_hidden: whether names and figures are hidden.
        warning: what a reader should know before the choice, besides; may be empty.
    """

    names: Sequence[str]
    replies: Sequence[Reply]
    same: str = ""
    verdict: str = ""
    is_hidden: bool = False
    warning: str = ""

    @property
    def notes(self) -> list[str]:
        """The lines below the figures."""
        if self.is_hidden:
            return [_(HIDDEN), _(self.warning)] if self.warning else [_(HIDDEN)]
        same = _("All columns: {same}", same=self.same) if self.same else ""
        return [each for each in (same, " · ".join(notes_of(self.replies))) if each]

    @property
    def notes_in_file(self) -> list[str]:
        """The same in a file, which may be older than the answers."""
        return self.notes if all(reply.ended for reply in self.replies) else [*self.notes, _(UNFINISHED)]

    def table(self) -> Table | None:
        """Return the figures as a table, with a row for each column; None if there are none."""
        columns = [] if self.is_hidden else figures_of(self.replies)
        if all(each.text in ("", UNKNOWN) for column in columns for each in column):
            return None
        headers = ["", *(each.label for each in columns[0])]
        rows = [[name, *(each.text for each in column)] for name, column in zip(self.names, columns, strict=True)]
        numbers = frozenset(at for at, header in enumerate(headers) if header not in ("", _("state")))
        return Table("", headers, rows, numbers)


def bundle(compared: Compared, presentation: Presentation = _DEFAULT) -> dict[str, str]:
    """Return the settled output for every front end and export."""
    presentation = replace(presentation, has_footer=False, has_buttons=False)
    return {
        "text/html": html(compared, presentation),
        "text/markdown": markdown(compared, presentation),
        "text/plain": text(compared, presentation),
    }


def html(compared: Compared, presentation: Presentation) -> str:
    """Return a comparison as HTML."""
    parts = [_table_html(compared)]
    parts += [_LINE.format(escape(printable(each))) for each in compared.notes_in_file]
    if compared.verdict:
        parts.append(f'<div style="margin:.4em 0"><strong>{escape(printable(compared.verdict))}</strong></div>')
    columns = [
        _COLUMN.format(escape(printable(name)), settled.settled_html(reply, presentation))
        for name, reply in zip(compared.names, compared.replies, strict=True)
    ]
    return settled.one_block(_ROOT.format("".join([*parts, _COLUMNS.format("".join(columns))])))


def markdown(compared: Compared, presentation: Presentation) -> str:
    """Return a comparison as Markdown: the table, and each answer below its name."""
    parts = []
    if (table := compared.table()) is not None:
        lines = [[literal(one_line(cell)) for cell in row] for row in (table.headers, *table.rows)]
        rule = ["---:" if at in table.numbers else "---" for at in range(len(table.headers))]
        parts.append("\n".join(f"| {' | '.join(row)} |" for row in (lines[0], rule, *lines[1:])))
    parts += [f"<small>{literal(printable(each))}</small>" for each in compared.notes_in_file]
    parts += [f"**{literal(printable(compared.verdict))}**"] if compared.verdict else []
    for name, reply in zip(compared.names, compared.replies, strict=True):
        parts += [f"### {literal(printable(name))}", settled.settled_markdown(reply, presentation).strip("\n")]
    return "\n\n".join(filter(None, parts)) + "\n"


def summary(compared: Compared) -> str:
    """Return the figures and the choice as text."""
    table = compared.table()
    lines = [table.text() if table is not None else "", *map(printable, compared.notes_in_file)]
    return "\n\n".join(filter(None, ["\n".join(filter(None, lines)), printable(compared.verdict)]))


def text(compared: Compared, presentation: Presentation) -> str:
    """Return a comparison as plain text."""
    parts = [summary(compared)]
    for name, reply in zip(compared.names, compared.replies, strict=True):
        parts += [heading(name), settled.settled_text(reply, presentation)]
    return "\n\n".join(filter(None, parts))


def heading(name: str) -> str:
    """Return a name above the text of its column."""
    return f"── {printable(name)} ──"


def _table_html(compared: Compared) -> str:
    table = compared.table()
    if table is None:
        return ""
    columns = figures_of(compared.replies)
    head = "".join(_cell(label, "th", is_number=at in table.numbers) for at, label in enumerate(table.headers))
    rows = [
        f"<tr>{_cell(name, 'th')}{''.join(map(_figure, column))}</tr>"
        for name, column in zip(compared.names, columns, strict=True)
    ]
    # Wide as its content, and aligned to the left as the answers are.
    return f'<table style="margin:.2em 0 .4em;font-variant-numeric:tabular-nums"><tr>{head}</tr>{"".join(rows)}</table>'


def _figure(figure: Figure) -> str:
    words = escape(figure.text)
    return _cell(
        f"<strong>{words}</strong>" if figure.is_best else words,
        "td",
        is_html=True,
        is_number=figure.label != _("state"),
    )


def _cell(words: str, tag: str, *, is_number: bool = False, is_html: bool = False) -> str:
    shown = words if is_html else escape(printable(words))
    return f'<{tag} style="text-align:{"right" if is_number else "left"}">{shown}</{tag}>'
