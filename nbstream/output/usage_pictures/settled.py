"""Usage in a file: the picture and the same numbers as tables, in HTML, Markdown and text.

The picture is the background of an element of the HTML. An output of its own type, `image/svg+xml`,
would make nbconvert's export to LaTeX and PDF fail where Inkscape is not installed (its
`svg2pdf.py`); there, the tables take its place.
"""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

from nbstream.language import _, marked
from nbstream.model.printable import one_line
from nbstream.output.durations import seconds
from nbstream.output.markdown_text import literal
from nbstream.output.tables import Table
from nbstream.output.usage_pictures import words
from nbstream.output.usage_pictures.picture import WIDTH, picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbstream.output.usage_pictures.figures import Amounts, Figures

_HEADERS = (
    *(marked("cost"), marked("cache hit"), marked("cache miss"), marked("reasoning"), marked("answer")),
    *(marked("cached"), marked("requests")),
)
#: Columns that may be empty throughout, and are left out then.
_ABOUT, _PROMPT = marked("not reported"), marked("prompt, cache not reported")
_SHARES = (0.1, 0.5, 0.9)
#: A background, and no `<img>`: JupyterLab's sanitised export would show that as text, with all
#: of its data. An untrusted notebook keeps these rules.
_IMAGE = (
    '<div style="max-width:{width}px"><div class="nbstream-usage-picture" role="img" aria-label="{label}" style="'
    "height:0;padding-bottom:{share};background-repeat:no-repeat;background-size:contain;"
    "print-color-adjust:exact;background-image:url(&quot;data:image/svg+xml;base64,{source}&quot;)"
    '"></div></div>'
)
#: An image follows the `color-scheme` of its element. JupyterLab and nbconvert say their theme on
#: the body; elsewhere it follows the reader's system.
_SCHEME = "".join(
    f'[data-jp-theme-light="{is_light}"] .nbstream-usage-picture{{color-scheme:{scheme}}}'
    for is_light, scheme in (("true", "light"), ("false", "dark"))
)
_ROOT = '<div class="nbstream nbstream-usage-settled mathjax_ignore tex2jax_ignore" style="overflow-wrap:break-word">'


def bundle(figures: Figures, width: int = WIDTH) -> dict[str, str]:
    """Return usage for every front end and export.

    Args:
        figures: what is shown.
        width: that of the picture, in pixels. Where there is less room, it is made smaller.
    """
    return {"text/html": html(figures, width), "text/markdown": markdown(figures), "text/plain": text(figures)}


def html(figures: Figures, width: int = WIDTH) -> str:
    """Return the picture as an image with the tables below it; arguments as for `bundle`."""
    drawn = picture(figures, width)
    source = b64encode(drawn.svg.encode()).decode()
    label = escape(f"{drawn.title}. {drawn.description}")
    image = _IMAGE.format(label=label, width=drawn.width, share=f"{drawn.height / drawn.width:.2%}", source=source)
    return f"{_ROOT}{image}{tables_html(figures, is_folded=True)}<style>{_SCHEME}</style></div>"


def tables_html(figures: Figures, *, is_folded: bool = False) -> str:
    """Return the numbers as tables.

    Args:
        figures: what is shown.
        is_folded: whether a reader has to open them.
    """
    found = "".join(each.html() for each in tables(figures))
    if not found or not is_folded:
        return found
    said = "".join(f"<div>{escape(each)}</div>" for each in (_line(figures), *_notes(figures)))
    return f"<details><summary>{_('The numbers')}</summary>{said}{found}</details>"


def markdown(figures: Figures) -> str:
    """Return the numbers as Markdown."""
    parts = [f"**{literal(_line(figures))}**", *map(literal, _notes(figures))]
    for table in tables(figures):
        rule = ["---:" if at in table.numbers else "---" for at in range(len(table.headers))]
        rows = [[literal(one_line(cell)) for cell in row] for row in (table.headers, *table.rows)]
        lines = [f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])]
        parts.append("\n".join([literal(table.title), "", *lines]))
    return "\n\n".join(parts) + "\n"


def text(figures: Figures) -> str:
    """Return the numbers as plain text."""
    found = [_line(figures), *_notes(figures)]
    return "\n\n".join(["\n".join(found), *(each.text() for each in tables(figures))])


def _line(figures: Figures) -> str:
    """Return what it is about and what it cost, in one line."""
    return one_line(_("{label}: {text}", label=words.about(figures), text=words.headline(figures)))


def _notes(figures: Figures) -> list[str]:
    return [one_line(each) for each in (" · ".join(words.facts(figures)), figures.note) if each]


def tables(figures: Figures) -> list[Table]:
    """Return the tables of a picture: by period, by cell, and the distributions."""
    found = []
    used = [each for each in figures.periods if each.amounts.requests]
    if used:
        names = [words.period(each.start, figures.unit) for each in used]
        found.append(_table(words.by_unit(figures.unit), _(figures.unit), names, [each.amounts for each in used]))
    if cells := [*figures.cells, *([figures.more_cells] if figures.more_cells is not None else [])]:
        found.append(_table(_("By cell"), _("cell"), [each.label for each in cells], [each.amounts for each in cells]))
    measured = [
        (name, each, show)
        for name, each, show in (
            (_("tokens a second"), figures.rates, words.rate),
            (_("until the first token"), figures.first_tokens, seconds),
        )
        if each.counts
    ]
    if measured:
        rows = [
            (name, *map(show, each.quantiles(_SHARES)), _("{count:,}", count=each.requests))
            for name, each, show in measured
        ]
        headers = (_("measure"), _("10 % below"), _("median"), _("90 % below"), _("requests"))
        found.append(Table(_("Speed"), headers, rows, frozenset({1, 2, 3, 4})))
    return found


def _table(title: str, first: str, names: Sequence[str], amounts: Sequence[Amounts]) -> Table:
    optional = [
        *([_PROMPT] if any(each.tokens.prompt for each in amounts) else []),
        *([_ABOUT] if any(each.tokens.about for each in amounts) else []),
    ]
    headers = [first, *_HEADERS[:5], *optional, *_HEADERS[5:]]
    rows = [[name, *_row(each, optional)] for name, each in zip(names, amounts, strict=True)]
    return Table(title, [first, *(_(each) for each in headers[1:])], rows, frozenset(range(2, len(headers))))


def _row(amounts: Amounts, optional: Iterable[str]) -> list[str]:
    tokens = amounts.tokens
    about = _("about {count:,}", count=tokens.about) if tokens.about else "0"
    more = {_PROMPT: _("{count:,}", count=tokens.prompt), _ABOUT: about}
    counts = [_("{count:,}", count=each) for each in (tokens.hit, tokens.miss, tokens.reasoning, tokens.answer)]
    cached = words.share(tokens.cached) if tokens.cached is not None else ""
    return [
        words.cost(amounts),
        *counts,
        *(more[each] for each in optional),
        cached,
        _("{count:,}", count=amounts.requests),
    ]
