"""A document of the page protocol as a page has it: applies operations to strings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nbstream.widgets.protocol import empty_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.widgets.protocol import DocumentState, Op

__all__ = ["apply", "coloured", "empty_state", "html_of"]

_COLOUR = re.compile(r"(\d*)([a-z][a-z0-9]*)\.(\d+)")
_END = "</span>".encode("utf-16-le")


def apply(state: DocumentState, ops: Iterable[Op]) -> None:
    """Apply `ops` to `state` in place, as the page does."""
    groups = state["groups"]
    for op in ops:
        match op:
            case ("add", html):
                groups[-1]["html"] += html
            case ("add", html, kept):
                groups[-1]["html"] += _utf16_prefix(state["tail"], kept) + html
            case ("open", start, end):
                groups.append({"open": start, "html": "", "close": end})
            case ("close",):
                group = groups.pop()
                groups[-1]["html"] += group["open"] + group["html"] + group["close"]
            case ("colour", colours):
                group = groups.pop()
                groups[-1]["html"] += group["open"] + coloured(group["html"], colours) + group["close"]
            case ("redo", html):
                groups.pop()
                groups[-1]["html"] += html
            case ("tail", keep, html):
                state["tail"] = _utf16_prefix(state["tail"], keep) + html
            case ("reset", html):
                groups[:] = [{"open": "", "html": html, "close": ""}]
                state["tail"] = ""


def html_of(state: DocumentState) -> str:
    """Return the document's HTML: written HTML, the tail, and the open groups' end tags."""
    groups = state["groups"]
    written = "".join(group["open"] + group["html"] for group in groups)
    return written + state["tail"] + "".join(group["close"] for group in reversed(groups))


def coloured(text: str, colours: str) -> str:
    """Return escaped `text` with `colours`: the inverse of `document_writer.colours_of`."""
    units, at, parts = text.encode("utf-16-le", "surrogatepass"), 0, []
    for gap, name, length in _COLOUR.findall(colours):
        start = at + 2 * int(gap or 0)
        end = start + 2 * int(length)
        parts += [units[at:start], f'<span class="{name}">'.encode("utf-16-le"), units[start:end], _END]
        at = end
    return b"".join([*parts, units[at:]]).decode("utf-16-le", "surrogatepass")


def _utf16_prefix(text: str, units: int) -> str:
    if text.isascii():
        return text[:units]
    return text.encode("utf-16-le", "surrogatepass")[: units * 2].decode("utf-16-le", "surrogatepass")
