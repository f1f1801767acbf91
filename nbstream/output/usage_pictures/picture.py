"""The whole picture: what all of it cost, a legend, and the panels in one to three columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbstream.language import _, joined, listed
from nbstream.model.printable import one_line, printable
from nbstream.output.usage_pictures import words
from nbstream.output.usage_pictures.by_cell import by_cell
from nbstream.output.usage_pictures.dots import dots
from nbstream.output.usage_pictures.drawn import SMALL, TITLE, Area, Drawn
from nbstream.output.usage_pictures.over_time import OverTime
from nbstream.output.usage_pictures.stacks import PARTS, parts_of
from nbstream.output.usage_pictures.style import STANDALONE
from nbstream.output.usage_pictures.svg import boxes, content, element, fitted, text, width_of, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.output.usage_pictures.figures import Figures, Money, Tokens
    from nbstream.output.usage_pictures.svg import Box

#: That of a picture in a file: it fits a page of GitHub, and a notebook beside a side bar.
WIDTH = 760
NARROWEST, WIDEST = 280, 1600
_PAD, _GAP, _BETWEEN = 16.0, 36.0, 24.0
#: From these widths on there are two and three columns.
_TWO, _THREE = 640, 1120
#: The shares of the columns' room.
_SHARES = {1: (1.0,), 2: (0.58, 0.42), 3: (0.48, 0.28, 0.24)}
_SWATCH = 10.0
#: Of a description for screen readers, so many characters are kept.
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of usage.

    Attributes:
        svg: how it looks.
        width: in pixels.
        height: in pixels.
        areas: what a reader may point at.
        title: what it is, in a few words.
        description: what it shows, in sentences.
    """

    svg: str
    width: int
    height: int
    areas: tuple[Area, ...]
    title: str
    description: str


def picture(figures: Figures, width: int = WIDTH, *, name: str = "nbu", standalone: bool = True) -> Picture:
    """Draw usage.

    Args:
        figures: what is shown.
        width: in pixels; the height follows from what there is.
        name: begins the ids in it; those of a page must differ.
        standalone: whether it has a background and colours of its own, as in a file; else the page
            has a style sheet for it.
    """
    width = min(max(width, NARROWEST), WIDEST)
    hatch = f"{name}-about"
    room = width - 2 * _PAD
    head, y = _head(figures, room, hatch)
    parts, says = [head], list[str]()
    areas: list[Area] = []
    lowest = y
    if figures.total.requests:
        for column in _columns(figures, width, y, hatch):
            for drawn, _at in column:
                parts.append(drawn.svg)
                areas += drawn.areas
                says += drawn.says
            lowest = max(lowest, *(at + drawn.height for drawn, at in column), y)
    height = round(lowest + _PAD)
    title = one_line(_("Usage: {about}", about=words.about(figures)))
    facts = listed(words.facts(figures))
    stop = _(".")
    description = joined(f"{words.headline(figures)}{stop}", f"{facts}{stop}" if facts else "", *says)
    description = printable(description)[:_LONGEST]
    ids = f"{name}-title {name}-description"
    inner = [
        element("title", content(title), id=f"{name}-title"),
        element("desc", content(description), id=f"{name}-description"),
        element("style", STANDALONE) if standalone else "",
        element("defs", _hatching(hatch)),
    ]
    if standalone:
        inner.append(element("rect", x=0.5, y=0.5, width=width - 1, height=height - 1, rx=4, class_="nbu-card"))
    svg = element(
        "svg",
        "".join([*inner, *parts]),
        xmlns="http://www.w3.org/2000/svg",
        class_="nbu",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=ids,
    )
    return Picture(svg, width, height, tuple(areas), title, description)


def _head(figures: Figures, room: float, hatch: str) -> tuple[str, float]:
    """Draw what all of it cost, and the legend; return it, and where the panels begin."""
    total = figures.total
    parts, y = [text(fitted(words.about(figures), room, SMALL), _PAD, 24, "dim")], 52.0
    if not total.requests:
        parts.append(text(_("No requests yet") if not figures.note else _("No requests are known"), _PAD, y, "big"))
    else:
        parts.append(element("text", _sum(figures), x=_PAD, y=y))
    y += 6
    for each in wrapped(words.facts(figures), room, SMALL):
        y += 17
        parts.append(text(each, _PAD, y))
    if figures.note:
        for each in wrapped(figures.note.split(), room, TITLE, " "):
            y += 17
            parts.append(text(each, _PAD, y, "note"))
    if total.requests:
        legend, y = _legend(figures, room, y + 24, hatch)
        parts.append(legend)
    return "".join(parts), y + 22


def _sum(figures: Figures) -> str:
    """Return the largest text of the picture: money of each currency, estimates smaller."""
    total = figures.total
    would = _("would have cost") if figures.is_simulated and total.money else ""
    would = " ".join(filter(None, (would, words.bound_of(total) if total.money else "")))
    found = [element("tspan", content(would), class_="nbu-middle")] if would else []
    for at, money in enumerate(total.money):
        found.append(element("tspan", "+", class_="nbu-middle", dx="6") if at else "")
        exact = words.amount(money.exact, money.currency) if money.exact or not money.about else ""
        found.append(element("tspan", content(exact), class_="nbu-big", dx="6" if would or at else "") if exact else "")
        if money.about:
            about = _("about {amount}", amount=words.amount(money.about, money.currency))
            about = f"+ {about}" if exact else about
            found.append(element("tspan", content(about), class_="nbu-middle", dx="6" if exact else ""))
    if not total.money:
        found.append(element("tspan", _("The cost is not known") if total.unknown else _("No cost"), class_="nbu-big"))
    return "".join(found)


def _legend(figures: Figures, room: float, y: float, hatch: str) -> tuple[str, float]:
    total = figures.total
    every: list[Money | Tokens] = [*total.money, total.tokens]
    used = {name for each in every for name, value in parts_of(each).items() if value}
    unsplit = [
        words.NAMES["whole"] if any(each.whole for each in total.money) else "",
        words.NAMES["prompt"] if total.tokens.prompt else "",
    ]
    names = {name: _(each) for name, each in words.NAMES.items()}
    names["whole"] = listed([_(each) for each in unsplit if each], " or ")
    parts, x = [], _PAD
    for each in PARTS:
        if each not in used:
            continue
        needed = _SWATCH + 6 + width_of(names[each], SMALL)
        if x > _PAD and x + needed > _PAD + room:
            x, y = _PAD, y + 18
        parts.append(_swatch(each, x, y, hatch))
        parts.append(text(names[each], x + _SWATCH + 6, y))
        x += needed + 16
    return "".join(parts), y


def _swatch(kind: str, x: float, y: float, hatch: str) -> str:
    fill = {"fill": f"url(#{hatch})"} if kind == "about" else {}
    return boxes(kind, [(x, y - _SWATCH + 1, _SWATCH, _SWATCH)], **fill)


def _columns(figures: Figures, width: int, y: float, hatch: str) -> Iterator[list[tuple[Drawn, float]]]:
    """Draw the panels, column by column, each with the place of its top."""
    count = 3 if width >= _THREE else 2 if width >= _TWO else 1
    room = width - 2 * _PAD - (count - 1) * _GAP
    widths = [share * room for share in _SHARES[count]]
    lefts = [_PAD + sum(widths[:at]) + at * _GAP for at in range(count)]
    columns: list[list[tuple[Drawn, float]]] = [[] for _column in range(count)]
    tops = [y] * count

    def box(at: int) -> Box:
        return lefts[at], tops[at], widths[at], 0.0

    def add(at: int, drawn: Drawn) -> None:
        if drawn.height:
            columns[at].append((drawn, tops[at]))
            tops[at] += drawn.height + _BETWEEN

    add(0, OverTime(figures, box(0), hatch).draw())
    second = min(1, count - 1)
    add(second, by_cell(figures, box(second), hatch))
    for found, title, is_rate in (
        (figures.rates, _("Tokens a second"), True),
        (figures.first_tokens, _("Until the first token"), False),
    ):
        # Of two columns, below the shorter one.
        at = 2 if count > 2 else tops.index(min(tops))  # noqa: PLR2004
        add(at, dots(found, title, box(at), is_rate=is_rate))
    yield from filter(None, columns)


def _hatching(name: str) -> str:
    """Return the pattern of estimates: an amount that is not certain is not a full colour."""
    stripes = element("path", d="M-1 1L1 -1M0 4L4 0M3 5L5 3", class_="nbu-stripe")
    return element("pattern", stripes, id=name, width=4, height=4, patternUnits="userSpaceOnUse")
