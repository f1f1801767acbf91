"""Distributions as quantile dots: each dot is the same share of the requests.

Readers judge chances more exactly by counting some dots than by areas: Kay, Kola, Hullman and
Munson, "When (ish) is My Bus?", CHI 2016.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from nbstream.language import _
from nbstream.output.durations import seconds
from nbstream.output.usage_pictures import svg, words
from nbstream.output.usage_pictures.drawn import SMALL, TITLE, Area, Drawn, Mark
from nbstream.output.usage_pictures.scales import Scale, log_ticks, ticks
from nbstream.output.usage_pictures.svg import Box, line, text, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbstream.output.usage_pictures.figures import Distribution

#: So many dots are easily counted. Fewer requests have a dot each.
DOTS = 20
_HEAD, _HEIGHT, _FOOT = 22.0, 46.0, 20.0
_LARGEST, _SMALLEST = 11.0, 6.0
#: Smaller ones are 0 for a logarithmic scale.
_LEAST_SECONDS = 0.01


def dots(found: Distribution, title: str, box: Box, *, is_rate: bool) -> Drawn:
    """Draw one distribution.

    Args:
        found: what is shown.
        title: its name.
        box: where it begins, and how wide it is.
        is_rate: whether it is tokens a second; else seconds, on a logarithmic scale.
    """
    x, top, width = box[:3]
    if not found.counts:
        return Drawn("", 0.0)
    said = words.typical(found, is_rate=is_rate)
    parts = [text(title, x, top + TITLE, "title")]
    is_beside = width_of(f"{title} {said}", TITLE) < width - 12
    head = _HEAD if is_beside else _HEAD + 12
    place, anchor = (x + width, "end") if is_beside else (x, "")
    parts.append(text(said, place, top + TITLE + (0 if is_beside else 16), "dim", anchor))
    bottom = top + head + _HEIGHT
    shown = min(found.requests, DOTS)
    values = found.quantiles((at + 0.5) / shown for at in range(shown))
    scale, labels = _scale(values, x + _LARGEST / 2, x + width - _LARGEST / 2, is_rate=is_rate)
    for at, label in labels:
        place = scale(at)
        half = width_of(label, SMALL) / 2
        anchor = "start" if place - half < x else "end" if place + half > x + width else "middle"
        place = x if anchor == "start" else x + width if anchor == "end" else place
        parts += [
            line(scale(at), bottom, scale(at), bottom + 4, "axis"),
            text(label, place, bottom + 16, "dim", anchor),
        ]
    parts.append(line(x, bottom, x + width, bottom, "axis"))
    stacks = _stacked([scale(value) for value in values])
    drawn = [
        (place, bottom - up)
        for column, members in stacks.columns.items()
        for place, up in stacks.places(column, len(members))
    ]
    parts.append(svg.dots(drawn, stacks.size - 1))
    show: Callable[[float], str] = words.rate if is_rate else seconds
    marks = _marks(stacks, values, found, show)
    area = Area(title, "x", (x, top + head, width, _HEIGHT), marks)
    return Drawn("".join(parts), head + _HEIGHT + _FOOT, (_("{title}: {note}.", title=title, note=said),), (area,))


def _scale(
    values: Sequence[float], start: float, end: float, *, is_rate: bool
) -> tuple[Scale, list[tuple[float, str]]]:
    if is_rate:
        steps = [float(each) for each in ticks(Decimal(str(max(*values, 1.0))), 4)]
        return Scale(0.0, steps[-1], start, end), [(at, f"{at:g}") for at in steps]
    least = max(min(values), _LEAST_SECONDS)
    most = max(*values, least)
    # Half a power of ten on both sides of what is alike.
    least, most = (least / 1.25, most * 1.25) if most / least > 4 else (least / 2, most * 2)  # noqa: PLR2004
    found = log_ticks(least, most)
    return Scale(least, most, start, end, is_log=True), [(at, _("{seconds:g} s", seconds=at)) for at in found]


@dataclass(frozen=True, slots=True)
class _Stacks:
    """Dots in stacks.

    Attributes:
        size: how large a dot is.
        wide: how many dots stand beside each other in a stack.
        columns: for the middle of each stack its dots, by their number.
    """

    size: float
    wide: int
    columns: dict[float, list[int]]

    def places(self, column: float, count: int) -> list[tuple[float, float]]:
        """Return where the dots of a stack are, as the place along the axis and the height."""
        found = []
        for at in range(count):
            row, place = divmod(at, self.wide)
            in_row = min(self.wide, count - row * self.wide)
            found.append((column + (place - (in_row - 1) / 2) * self.size, (row + 0.5) * self.size + 1))
        return found


def _stacked(places: Sequence[float]) -> _Stacks:
    """Return dots as large as fit: where many are alike, some stand beside each other."""
    size, wide = _LARGEST, 1
    while True:
        columns: defaultdict[float, list[int]] = defaultdict(list)
        for at, place in enumerate(places):
            columns[round(place / (size * wide)) * size * wide].append(at)
        rows = -(-max(map(len, columns.values())) // wide)
        if rows * size <= _HEIGHT:
            return _Stacks(size, wide, dict(sorted(columns.items())))
        if size > _SMALLEST:
            size -= 1
        else:
            wide += 1


def _marks(
    stacks: _Stacks, values: Sequence[float], found: Distribution, show: Callable[[float], str]
) -> tuple[Mark, ...]:
    marks = []
    half = stacks.size * stacks.wide / 2
    for column, members in stacks.columns.items():
        least, most = show(values[members[0]]), show(values[members[-1]])
        title = least if least == most else _("{least} to {most}", least=least, most=most)
        below = (members[-1] + 1) / len(values)
        rows = (
            ("", _("share of the requests"), words.share(len(members) / len(values))),
            ("", _("as fast or faster") if show is seconds else _("as slow or slower"), words.share(below)),
            ("", _("measured"), words.requests(found.requests)),
        )
        marks.append(Mark(column - half, column + half, title, rows))
    return tuple(marks)
