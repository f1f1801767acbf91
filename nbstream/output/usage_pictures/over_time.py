"""The panels over time: spend in each currency, tokens, and the share of the cache, on one axis."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from nbstream.language import _
from nbstream.output.usage_pictures import words
from nbstream.output.usage_pictures.drawn import SMALL, TITLE, Area, Drawn, Mark, rows_of
from nbstream.output.usage_pictures.scales import Scale, every, ticks
from nbstream.output.usage_pictures.stacks import Bars, parts_of, segments
from nbstream.output.usage_pictures.svg import Box, dots, element, line, number, text, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.output.usage_pictures.figures import Figures, Money, Period, Tokens

_HEIGHTS = {"money": 132.0, "tokens": 104.0, "share": 56.0}
_HEAD, _GAP, _FOOT = 22.0, 20.0, 20.0
#: Fewer periods are drawn as if there were so many, so that a single day is not a wall.
_FEWEST = 8
_WIDEST_BAR = 30.0
#: Of the room of a period, its bar takes so much.
_FILLED = 0.72
#: A dot for each value of a line, if there are not more.
_MOST_DOTS, _DOT = 62, 5.0
_LABEL_GAP = 22.0


class OverTime:
    """Draws the panels over time.

    Args:
        figures: what is shown.
        box: where it begins, and how wide it is; its height is found.
        hatch: the id of the pattern for estimates.
    """

    def __init__(self, figures: Figures, box: Box, hatch: str) -> None:
        self._figures, self._hatch = figures, hatch
        self._x, self._top, self._width, _ = box
        self._y = self._top
        self._parts: list[str] = []
        self._says: list[str] = []
        total = figures.total
        self._currencies = [each.currency for each in total.money if each.height]
        self._scales: dict[str, list[Decimal]] = {each: self._ticks(self._money(each)) for each in self._currencies}
        self._scales[""] = self._ticks([period.amounts.tokens for period in figures.periods])
        labels = [self._label(each, scale, at) for each, scale in self._scales.items() for at in scale]
        side = max([width_of(each, SMALL) for each in [*labels, words.percent(1)]]) + 8
        self._left = self._x + side
        self._slots = max(len(figures.periods), _FEWEST)
        self._each = (self._width - side) / self._slots

    def draw(self) -> Drawn:
        """Return all panels, below each other."""
        figures = self._figures
        for currency in self._currencies:
            if len(self._currencies) > 1 or currency != "USD":
                name = _("Would have cost in {currency}") if figures.is_simulated else _("Spend in {currency}")
            else:
                name = _("Would have cost") if figures.is_simulated else _("Spend")
            self._bars(name.format(currency=currency), currency, self._money(currency), "money")
        tokens = [period.amounts.tokens for period in figures.periods]
        self._bars(_("Tokens"), "", tokens, "tokens")
        if figures.total.tokens.cached is not None:
            self._share([each.cached for each in tokens])
        bottom = self._y - _GAP
        self._parts.append(self._axis(bottom))
        box = (self._left, self._top + _HEAD, self._width - (self._left - self._x), bottom - self._top - _HEAD)
        area = Area(words.by_unit(figures.unit), "x", box, tuple(self._marks()))
        return Drawn("".join(self._parts), bottom + _FOOT - self._top, tuple(self._says), (area,))

    def _money(self, currency: str) -> list[Money]:
        return [period.amounts.of(currency) for period in self._figures.periods]

    def _ticks(self, values: Sequence[Money | Tokens]) -> list[Decimal]:
        return ticks(max((Decimal(each.height) for each in values), default=Decimal(0)))

    def _label(self, currency: str, scale: Sequence[Decimal], value: Decimal) -> str:
        return words.tick(value, scale[1] if len(scale) > 1 else Decimal(1), currency)

    def _place(self, at: int) -> tuple[float, float]:
        """Return the left and the right end of a period. The newest one is at the right."""
        left = self._left + (at + self._slots - len(self._figures.periods)) * self._each
        return left, left + self._each

    def _bars(self, title: str, currency: str, values: Sequence[Money | Tokens], kind: str) -> None:
        scale = self._scales[currency]
        most, height = float(scale[-1]), _HEIGHTS[kind]
        labels = [(float(at), self._label(currency, scale, at)) for at in scale]
        bottom = self._open(title, self._most(currency, values), height, labels, most)
        width = min(_FILLED * self._each, _WIDEST_BAR) if self._each > 3 else self._each - 0.4  # noqa: PLR2004
        bars = Bars(self._hatch)
        for at, each in enumerate(values):
            left, right = self._place(at)
            bars.upright(segments(parts_of(each), most, height), (left + right - width) / 2, bottom, width)
        self._parts += [bars.svg(), line(self._left, bottom, self._x + self._width, bottom, "axis")]

    def _most(self, currency: str, values: Sequence[Money | Tokens]) -> str:
        """Return which period has the most; empty if there is one alone."""
        used = [(each.height, at) for at, each in enumerate(values) if each.height]
        if len(used) < 2:  # noqa: PLR2004  (of one there is no most)
            return ""
        height, at = max(used, key=lambda each: each[0])
        shown = words.amount(Decimal(height), currency) if currency else words.count(int(height))
        period = self._figures.periods[at]
        fields = {"amount": shown, "period": words.label(period.start, self._figures.unit)}
        if parts_of(values[at])["about"]:
            return _("most about {amount}, {period}", **fields)
        return _("most {amount}, {period}", **fields)

    def _share(self, values: Sequence[float | None]) -> None:
        height = _HEIGHTS["share"]
        known = self._figures.total.tokens.cached or 0.0
        bottom = self._open(
            _("Prompts from the server's cache"),
            _("{share} in all", share=words.share(known)),
            height,
            [(0.0, "0"), (0.5, words.percent(0.5)), (1.0, words.percent(1))],
            1.0,
        )
        scale = Scale(0.0, 1.0, bottom, bottom - height)
        path, places, was_known = [], [], False
        for at, value in enumerate(values):
            if value is None:
                was_known = was_known and not self._figures.periods[at].amounts.requests
                continue
            x, y = sum(self._place(at)) / 2, scale(value)
            path.append(f"{'L' if was_known else 'M'}{number(x)} {number(y)}")
            places.append((x, y))
            was_known = True
        self._parts.append(element("path", d="".join(path), class_="nbu-line"))
        if len(places) <= _MOST_DOTS:
            self._parts.append(dots(places, _DOT))
        self._parts.append(line(self._left, bottom, self._x + self._width, bottom, "axis"))

    def _open(self, title: str, note: str, height: float, scale: Sequence[tuple[float, str]], most: float) -> float:
        """Draw the title and the grid of a panel, and return where its bottom is."""
        top = self._y + _HEAD
        bottom = top + height
        self._says.append(_("{title}: {note}.", title=title, note=note) if note else title + _("."))
        self._parts.append(text(title, self._x, self._y + TITLE, "title"))
        if note and width_of(f"{title} {note}", TITLE) < self._width - 16:
            self._parts.append(text(note, self._x + self._width, self._y + TITLE, "dim", "end"))
        place = Scale(0.0, most or 1.0, bottom, top)
        for value, words_of in scale:
            y = place(value)
            if value:
                self._parts.append(line(self._left, y, self._x + self._width, y))
            self._parts.append(text(words_of, self._left - 8, y + 4, "dim", "end"))
        self._y = bottom + _GAP
        return bottom

    def _axis(self, bottom: float) -> str:
        """Draw the names of the periods below the last panel."""
        figures = self._figures
        names = [words.label(each.start, figures.unit) for each in figures.periods]
        if not names:
            return ""
        longest = max(width_of(each, SMALL) for each in names)
        step = every(len(names), self._each * len(names), longest + _LABEL_GAP)
        found = []
        # Counted from the newest one, which is the one that a reader looks for.
        for at in range(len(names) - 1, -1, -step):
            x = sum(self._place(at)) / 2
            room = self._x + self._width
            half = width_of(names[at], SMALL) / 2
            x = min(x, room - half)
            if x - half < self._left - longest:
                break
            found.append(text(names[at], x, bottom + 15, "dim", "middle"))
        return "".join(found)

    def _marks(self) -> list[Mark]:
        def mark(at: int, period: Period) -> Mark:
            left, right = self._place(at)
            return Mark(left, right, words.period(period.start, self._figures.unit), rows_of(period.amounts))

        return [mark(at, period) for at, period in enumerate(self._figures.periods)]
