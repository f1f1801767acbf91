"""Stacked bars: the parts of an amount beside or above each other, estimates hatched at the end."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from nbstream.output.usage_pictures.figures import KINDS, Money
from nbstream.output.usage_pictures.svg import boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.output.usage_pictures.figures import Tokens
    from nbstream.output.usage_pictures.svg import Box

#: In the order of a bar. Estimates come last.
PARTS = (*KINDS, "whole", "about")
#: A bar of anything is at least that long, in pixels, so that a small amount is not taken for none.
_LEAST = 1.0
#: A part that is thinner is not drawn.
_THINNEST = 0.2


def parts_of(found: Money | Tokens) -> dict[str, float]:
    """Return the parts of an amount, in the order of a bar."""
    if isinstance(found, Money):
        values = [float(each) for each in (*found.parts, found.whole, found.about)]
    else:
        values = [*(float(getattr(found, kind)) for kind in KINDS), float(found.prompt), float(found.about)]
    return dict(zip(PARTS, values, strict=True))


def segments(parts: dict[str, float], most: float, room: float) -> list[tuple[str, float, float]]:
    """Return for each part that is drawn its name, where it begins and how long it is.

    Args:
        parts: the parts.
        most: the number that fills the room.
        room: in pixels.
    """
    total = sum(parts.values())
    if total <= 0 or most <= 0:
        return []
    if total / most * room < _LEAST:
        largest = max(parts, key=lambda each: parts[each])
        return [(largest, 0.0, _LEAST)]
    found, start = [], 0.0
    for name, value in parts.items():
        length = value / most * room
        if length >= _THINNEST:
            found.append((name, start, length))
        start += length
    return found


class Bars:
    """Collects the boxes of bars, and draws each kind at once, so that the SVG is short.

    Args:
        hatch: the id of the pattern for estimates.
    """

    def __init__(self, hatch: str) -> None:
        self._hatch = hatch
        self._boxes: defaultdict[str, list[Box]] = defaultdict(list)

    def upright(self, found: Sequence[tuple[str, float, float]], x: float, bottom: float, width: float) -> None:
        """Add a bar that grows upwards from `bottom`."""
        for name, start, length in found:
            self._boxes[name].append((x, bottom - start - length, width, length))

    def lying(self, found: Sequence[tuple[str, float, float]], x: float, y: float, height: float) -> None:
        """Add a bar that grows to the right from `x`."""
        for name, start, length in found:
            self._boxes[name].append((x + start, y, length, height))

    def svg(self) -> str:
        """Return all bars."""
        return "".join(
            boxes(name, self._boxes[name], **({"fill": f"url(#{self._hatch})"} if name == "about" else {}))
            for name in PARTS
        )
