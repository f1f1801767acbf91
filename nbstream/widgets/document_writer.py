"""Writes a document of the page protocol: its HTML and the operations for a page.

Text is kept in pieces, so that the cost of writing is linear in the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nbstream.model.text import common_prefix, utf16_length

if TYPE_CHECKING:
    from nbstream.widgets.protocol import DocumentState, Op

_COLOURED = re.compile(r'<span class="([a-z][a-z0-9]*)">([^<]*)</span>')


@dataclass(slots=True)
class _WrittenGroup:
    open: str = ""
    close: str = ""
    pieces: list[str] = field(default_factory=list)


class DocumentWriter:
    """A document, and the operations on it since the last `take`."""

    def __init__(self) -> None:
        self._groups = [_WrittenGroup()]
        self._tail = ""
        self._ops: list[Op] = []

    def add(self, html: str) -> None:
        """Append balanced HTML, or escaped text, to the innermost group.

        The operation does not repeat what the tail has already.
        """
        if html:
            self._groups[-1].pieces.append(html)
            keep = common_prefix(self._tail, html)
            self._ops.append(("add", html[keep:], utf16_length(html[:keep])) if keep else ("add", html))

    def open(self, start: str, end: str) -> None:
        """Start a group between the tags `start` and `end`."""
        self._groups.append(_WrittenGroup(start, end))
        self._ops.append(("open", start, end))

    def close(self) -> None:
        """End the innermost group."""
        group = self._groups.pop()
        self._groups[-1].pieces += [group.open, *group.pieces, group.close]
        self._ops.append(("close",))

    def redo(self, html: str) -> None:
        """End the innermost group and replace it with balanced HTML.

        If the HTML differs only by colours, the operation holds only the colours.
        """
        group = self._groups.pop()
        if html:
            self._groups[-1].pieces.append(html)
        inner, colours = html[len(group.open) : len(html) - len(group.close)], None
        if group.close and html == group.open + inner + group.close:
            colours = colours_of("".join(group.pieces), inner)
        self._ops.append(("redo", html) if colours is None else ("colour", colours))

    def tail(self, html: str) -> None:
        """Set the tail to `html`. The operation holds only the part that differs."""
        if html != self._tail:
            keep = common_prefix(self._tail, html)
            self._ops.append(("tail", utf16_length(html[:keep]), html[keep:]))
            self._tail = html

    def reset(self, html: str) -> None:
        """Replace the whole document with `html`."""
        self._groups = [_WrittenGroup(pieces=[html])]
        self._tail = ""
        # This operation would undo the earlier ones, so they need not be sent.
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
        """The document of a page that applied every operation, as a copy."""
        groups = self._groups
        return {
            "groups": [{"open": each.open, "html": "".join(each.pieces), "close": each.close} for each in groups],
            "tail": self._tail,
        }

    @property
    def html(self) -> str:
        """The document's HTML: written HTML, the tail, and the end tags of open groups."""
        written = [piece for group in self._groups for piece in (group.open, *group.pieces)]
        return "".join([*written, self._tail, *(group.close for group in reversed(self._groups))])


def colours_of(text: str, html: str) -> str | None:
    """Return the colours that turn escaped `text` into `html`; None if more differs.

    For each coloured stretch: the number of UTF-16 units before it that have no colour, if any; its
    class; `.`; its length in UTF-16 units. For `<span class="k">def</span> <span
    class="nf">f</span>` this is `k.3 1nf.1`.
    """
    if "<" in text or _COLOURED.sub(r"\2", html) != text:
        return None
    # In turn: text without a colour, a class, and the text of that class.
    gaps, names, words = (_COLOURED.split(html)[first::3] for first in range(3))
    stretches = zip(gaps, names, words, strict=False)
    return " ".join(f"{utf16_length(gap) or ''}{name}.{utf16_length(word)}" for gap, name, word in stretches)
