"""The panel of the cells: for each a bar of its spend, and below it one of its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.language import _
from nbstream.output.usage_pictures import words
from nbstream.output.usage_pictures.drawn import SMALL, TITLE, Area, Drawn, Mark, rows_of
from nbstream.output.usage_pictures.stacks import Bars, parts_of, segments
from nbstream.output.usage_pictures.svg import Box, fitted, text, width_of

if TYPE_CHECKING:
    from nbstream.output.usage_pictures.figures import Amounts, Cell, Figures

_HEAD, _ROW = 22.0, 36.0
_SPEND, _TOKENS = 8.0, 4.0
#: Of a row, its figures take so much at most.
_MOST_OF_A_ROW = 0.6
#: From the top of a row to its name, its first and its second bar.
_NAME, _FIRST, _SECOND = 11.0, 17.0, 27.0


def by_cell(figures: Figures, box: Box, hatch: str) -> Drawn:
    """Draw the cells with the largest amounts, and all others as one row.

    Args:
        figures: what is shown.
        box: where it begins, and how wide it is.
        hatch: the id of the pattern for estimates.
    """
    x, top, width = box[:3]
    rows = [*figures.cells, *([figures.more_cells] if figures.more_cells is not None else [])]
    if not rows:
        return Drawn("", 0.0)
    # One currency has a bar; amounts of another one have no common scale with it.
    currency = _main_currency(figures)
    note = _("spend in {currency}, tokens", currency=currency) if len(figures.total.money) > 1 else _("spend, tokens")
    parts = [text(_("By cell"), x, top + TITLE, "title")]
    if currency:
        parts.append(text(note, x + width, top + TITLE, "dim", "end"))
    most_money = max((float(each.amounts.of(currency).height) for each in figures.cells), default=0.0)
    most_tokens = max((float(each.amounts.tokens.height) for each in figures.cells), default=0.0)
    bars = Bars(hatch)
    marks = []
    for at, each in enumerate(rows):
        y = top + _HEAD + at * _ROW
        parts.append(_head(each, currency, x, y, width))
        marks.append(Mark(y - 2, y + _ROW - 2, each.label, rows_of(each.amounts)))
        # All others together would make the bars of single cells short.
        if each is figures.more_cells:
            continue
        second = _SECOND if currency else _FIRST
        if currency:
            bars.lying(segments(parts_of(each.amounts.of(currency)), most_money, width), x, y + _FIRST, _SPEND)
        found = segments(parts_of(each.amounts.tokens), most_tokens, width)
        bars.lying(found, x, y + second, _TOKENS if currency else _SPEND)
    height = _HEAD + len(rows) * _ROW
    area = Area(_("By cell"), "y", (x, top + _HEAD - 2, width, height - _HEAD), tuple(marks))
    largest = rows[0]
    says = (
        _("By cell: {label} took the most, {cost}.", label=largest.label, cost=words.cost(largest.amounts))
        if len(rows) > 1
        else _("By cell.")
    )
    return Drawn("".join([*parts, bars.svg()]), height, (says,), (area,))


def _head(cell: Cell, currency: str, x: float, y: float, width: float) -> str:
    value = _value(cell.amounts, currency, width * _MOST_OF_A_ROW)
    room = width - width_of(value, SMALL) - 12
    label = text(fitted(cell.label, room, SMALL, keeps_end=True), x, y + _NAME, "name")
    return label + text(value, x + width, y + _NAME, "value", "end")


def _value(amounts: Amounts, currency: str, room: float) -> str:
    """Return the cost and the tokens in words; where there is no room, less of it."""
    tokens = words.count(amounts.tokens.sent + amounts.tokens.received)
    if not amounts.money:
        return f"{_('cost not known') if amounts.unknown else _('no cost')} · {tokens}"
    cost = words.cost(amounts, is_whole=True)
    found = (f"{cost} · {tokens}", cost, f"{words.amount(amounts.of(currency).exact, currency)} …")
    return next((each for each in found if width_of(each, SMALL) <= room), found[-1])


def _main_currency(figures: Figures) -> str:
    """Return the currency of most cells; empty if no cost is known."""
    used = [each.currency for cell in figures.cells for each in cell.amounts.money if each.height]
    return max(sorted(set(used)), key=used.count) if used else ""
