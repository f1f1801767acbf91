"""What a page has of a reply: applies patches to a keyframe, and operations to documents."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from nbstream.widgets.protocol import empty_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.widgets.protocol import Card, CardChange, DocumentState, Keyframe, Op, Patch

__all__ = ["apply", "apply_patch", "card_html_of", "coloured", "empty_state", "html_of"]

_COLOUR = re.compile(r"(\d*)([a-z][a-z0-9]*)\.(\d+)")
_END = "</span>".encode("utf-16-le")


def apply_patch(keyframe: Keyframe, patch: Patch) -> None:
    """Apply `patch` to `keyframe` in place, as the page does."""
    assert patch["seq"] == keyframe["seq"] + 1
    keyframe["seq"] = patch["seq"]
    if "earlier" in patch:
        apply(keyframe["earlier"], patch["earlier"])
        keyframe["cards"] = []
    apply(keyframe["reasoning"], patch.get("reasoning", []))
    apply(keyframe["answer"], patch.get("answer", []))
    for change in patch.get("cards", []):
        _change(keyframe["cards"], change)
    keyframe["meta"] = patch.get("meta", keyframe["meta"])


def _change(cards: list[Card], change: CardChange) -> None:
    at = next((at for at, card in enumerate(cards) if card["key"] == change["key"]), len(cards))
    before: Card = cards[at] if at < len(cards) else {"results": ""}  # type: ignore[typeddict-item]
    card: Card = {**before, **change}  # type: ignore[typeddict-item]
    kept, added = change.get("results", (sys.maxsize, ""))
    card["results"] = _utf16_prefix(before["results"], kept) + added
    cards[at : at + 1] = [card]


def card_html_of(card: Card) -> str:
    """Return the HTML of a card, without the question."""
    parts = [card["head"], card["arguments"], card["results"]]
    return "\n".join([card["root"], *filter(None, parts), "</div>"])


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
