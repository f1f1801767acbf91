"""Pieces of SVG as text. Everything that stands in one is escaped here, as names are untrusted."""

from __future__ import annotations

import unicodedata
from html import escape
from typing import TYPE_CHECKING

from nbstream.model.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A rectangle: left, top, width, height.
Box = tuple[float, float, float, float]

#: The usual width of a character, as a share of the font's size.
_CHARACTER = 0.55
_WIDE_CHARACTER = 1.02


def number(value: float) -> str:
    """Return a coordinate with a tenth of a pixel."""
    return f"{round(value, 1) + 0.0:g}"


def element(tag: str, content: str = "", **attributes: str | float) -> str:
    """Return an element; `content` is SVG, and `_` in a name stands for `-` or ends it."""
    written = "".join(f' {_name(name)}="{_value(value)}"' for name, value in attributes.items() if value != "")
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def text(words: str, x: float, y: float, kind: str = "dim", anchor: str = "") -> str:
    """Return one line of text, whatever stands in it."""
    return element("text", content(words), x=x, y=y, class_=f"nbu-{kind}", text_anchor=anchor)


def content(words: str) -> str:
    """Return words as the content of an element, in one line; XML has no control characters."""
    return escape("".join(" " if unicodedata.category(char) == "Cn" else char for char in one_line(words)))


def boxes(kind: str, found: Iterable[Box], **attributes: str) -> str:
    """Return rectangles of one kind as one path; empty without any."""
    path = "".join(f"M{number(x)} {number(y)}h{number(w)}v{number(h)}h{number(-w)}z" for x, y, w, h in found)
    return element("path", d=path, class_=f"nbu-{kind}", **attributes) if path else ""


def dots(places: Iterable[tuple[float, float]], size: float) -> str:
    """Return dots of one size as one path: lines without a length, with round ends."""
    path = "".join(f"M{number(x)} {number(y)}h0" for x, y in places)
    return element("path", d=path, class_="nbu-dots", stroke_width=size) if path else ""


def line(x: float, y: float, to_x: float, to_y: float, kind: str = "grid") -> str:
    """Return a straight line."""
    return element("path", d=f"M{number(x)} {number(y)}L{number(to_x)} {number(to_y)}", class_=f"nbu-{kind}")


def width_of(words: str, size: float) -> float:
    """Return about how wide words are, in pixels, in a font of that size."""
    wide = sum(1 for char in words if unicodedata.east_asian_width(char) in "WF")
    return size * (wide * _WIDE_CHARACTER + (len(words) - wide) * _CHARACTER)


def fitted(words: str, room: float, size: float, *, keeps_end: bool = False) -> str:
    """Return words that fit into `room` pixels; of long ones the beginning, or the end."""
    words = one_line(words)
    if width_of(words, size) <= room:
        return words
    while words and width_of(f"{words}…", size) > room:
        words = words[1:] if keeps_end else words[:-1]
    return f"…{words.lstrip()}" if keeps_end else f"{words.rstrip()}…"


def wrapped(items: Iterable[str], room: float, size: float, gap: str = " · ") -> list[str]:
    """Return items in lines of `room` pixels, joined by `gap`; none is broken within."""
    lines: list[str] = []
    for item in items:
        joined = f"{lines[-1]}{gap}{item}" if lines else item
        if lines and width_of(joined, size) <= room:
            lines[-1] = joined
        else:
            lines.append(fitted(item, room, size))
    return lines


def _name(name: str) -> str:
    return name.removesuffix("_").replace("_", "-")


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else number(value)
