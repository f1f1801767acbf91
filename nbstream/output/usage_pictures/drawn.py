"""A part of a picture: its SVG, its height, and the texts that describe its marks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from nbstream.language import _
from nbstream.output.usage_pictures import words
from nbstream.output.usage_pictures.figures import KINDS

if TYPE_CHECKING:
    from nbstream.output.usage_pictures.figures import Amounts
    from nbstream.output.usage_pictures.svg import Box

#: Sizes of text in pixels, as in the style sheet.
TITLE, SMALL = 12.0, 11.0


@dataclass(frozen=True, slots=True)
class Mark:
    """One bar or dot that a reader may point at.

    Attributes:
        start: where it begins along the area's axis, in pixels of the picture.
        end: where it ends.
        title: what it is.
        rows: for each figure its kind (empty without a colour), its name and its value.
    """

    start: float
    end: float
    title: str
    rows: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a picture whose marks a reader goes through.

    Attributes:
        name: what it shows.
        axis: whether the marks stand beside each other (x) or below each other (y).
        box: where it is.
        marks: those in it, in their order.
    """

    name: str
    axis: Literal["x", "y"]
    box: Box
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A part of a picture.

    Attributes:
        svg: how it looks.
        height: how high it is.
        says: what a reader who cannot see it should know, in sentences.
        areas: what can be pointed at.
    """

    svg: str
    height: float
    says: tuple[str, ...] = ()
    areas: tuple[Area, ...] = field(default=())


def rows_of(amounts: Amounts) -> tuple[tuple[str, str, str], ...]:
    """Return all that is known of some requests, for a reader who points at them."""
    if not amounts.requests:
        return (("", _("requests"), _("none")),)
    rows = [("", _("cost"), words.cost(amounts))]
    tokens = amounts.tokens
    counts = {each: getattr(tokens, each) for each in (*KINDS, "prompt", "about")}
    for kind, count in counts.items():
        if not count:
            continue
        parts = [
            words.amount(each.parts[KINDS.index(kind)], each.currency)
            for each in amounts.money
            if kind in KINDS and each.parts[KINDS.index(kind)]
        ]
        is_about = kind == "about"
        name = _("tokens not reported") if is_about else _(words.NAMES[kind])
        shown = _("about {count:,}", count=count) if is_about else _("{count:,}", count=count)
        rows.append((kind, name, " · ".join([shown, *parts])))
    if tokens.cached is not None:
        rows.append(("", _("of the prompts cached"), words.share(tokens.cached)))
    rows.append(("", _("requests"), _("{count:,}", count=amounts.requests)))
    return tuple(rows)
