"""Writes a document of the protocol: what it shows, and the operations that bring a page there.

Text is kept in pieces, so that writing is linear in what is written. This module must not know Markdown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nbstream.model.text import utf16_length
from nbstream.widgets.protocol import DocumentState, colours_of, html_of

if TYPE_CHECKING:
    from nbstream.widgets.protocol import Op


@dataclass(slots=True)
class _Group:
    open: str = ""
    close: str = ""
    pieces: list[str] = field(default_factory=list)


class DocumentWriter:
    """A document and the operations that were written to it since they were last taken."""

    def __init__(self) -> None:
        self._groups = [_Group()]
        self._tail = ""
        self._ops: list[Op] = []

    def add(self, html: str) -> None:
        """Append balanced HTML, or escaped text, to the innermost group; what the tail has of it is not sent again."""
        if html:
            self._groups[-1].pieces.append(html)
            keep = _common_prefix(self._tail, html)
            self._ops.append(("add", html[keep:], utf16_length(html[:keep])) if keep else ("add", html))

    def open(self, start: str, end: str) -> None:
        """Start a group between the tags `start` and `end`."""
        self._groups.append(_Group(start, end))
        self._ops.append(("open", start, end))

    def close(self) -> None:
        """End the innermost group."""
        group = self._groups.pop()
        self._groups[-1].pieces += [group.open, *group.pieces, group.close]
        self._ops.append(("close",))

    def redo(self, html: str) -> None:
        """End the innermost group and put balanced HTML in its place; only colours are sent if it differs in them."""
        group = self._groups.pop()
        if html:
            self._groups[-1].pieces.append(html)
        inner, colours = html[len(group.open) : len(html) - len(group.close)], None
        if group.close and html == group.open + inner + group.close:
            colours = colours_of("".join(group.pieces), inner)
        self._ops.append(("redo", html) if colours is None else ("colour", colours))

    def tail(self, html: str) -> None:
        """Let the tail be `html`; only the part that differs is sent."""
        if html != self._tail:
            keep = _common_prefix(self._tail, html)
            self._ops.append(("tail", utf16_length(html[:keep]), html[keep:]))
            self._tail = html

    def reset(self, html: str) -> None:
        """Let the whole document be `html`."""
        self._groups = [_Group(pieces=[html])]
        self._tail = ""
        # Operations that no page has yet would be undone by this one.
        self._ops = [("reset", html)]

    def take(self) -> list[Op]:
        """Return the operations since the last call."""
        ops, self._ops = self._ops, []
        return ops

    @property
    def group_html(self) -> str:
        """The HTML of the innermost group, without the tail."""
        group = self._groups[-1]
        return "".join([group.open, *group.pieces, group.close])

    @property
    def state(self) -> DocumentState:
        """What a page has that applied every operation, as a copy."""
        groups = self._groups
        return {
            "groups": [{"open": each.open, "html": "".join(each.pieces), "close": each.close} for each in groups],
            "tail": self._tail,
        }

    @property
    def html(self) -> str:
        """The document's HTML, as the page shows it."""
        return html_of(self.state)


def _common_prefix(one: str, other: str) -> int:
    """Return how many characters both begin with. Whole characters: a surrogate pair is never cut."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one.startswith(other[low:middle], low):
            low = middle
        else:
            high = middle - 1
    return low
