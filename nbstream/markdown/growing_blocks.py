"""Markdown that grows, for a terminal: each block is given out once, when it is finished.

A list is given out item by item. A row that was printed cannot be taken back, so a reference that
is defined after its use stays plain text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from nbstream.markdown.growing_text import LARGE, GrowingText
from nbstream.markdown.parser import Block, parse

if TYPE_CHECKING:
    from nbstream.markdown.open_block import OpenBlock


class Piece(NamedTuple):
    """A block, or an item of a list as a list of its own.

    Attributes:
        block: the block.
        joins: whether no blank line separates it from the piece before it.
    """

    block: Block
    joins: bool = False


class GrowingBlocks(GrowingText):
    """Markdown that grows, block by block."""

    def __init__(self) -> None:
        super().__init__()
        self._finished: list[Piece] = []
        #: The number of the open list's next item, and whether items of it were given out.
        self._number = 0
        self._has_items = False

    def feed(self, text: str) -> list[Piece]:
        """Append `text` and return what it finished."""
        self._append(text)
        self._advance()
        return self._take_finished()

    def in_progress(self) -> list[Piece] | str:
        """Return the unfinished rest, as it can be shown; if it is large, the end of its source."""
        block = self._open_block
        source = "".join(block.source) if block and not block.is_list else ""
        text = source + self._lines + self._partial
        if len(text) > LARGE:
            return text[-LARGE:]
        if source:
            return [Piece(each) for each in self._parse(text, shown=True).blocks]
        end = self._read_end()
        items = self._items(block, end.parts) if block else []
        return [*self._finished, *items, *(Piece(each) for each in end.blocks)]

    def finish(self) -> list[Piece]:
        """Return the rest: the text is complete."""
        self._finish()
        return self._take_finished()

    def _take_finished(self) -> list[Piece]:
        finished, self._finished = self._finished, []
        return finished

    def _add(self, blocks: list[Block]) -> None:
        self._finished += [Piece(block) for block in blocks]

    def _begin(self, block: OpenBlock) -> None:
        self._number = int(block.opening[0].attrs.get("start", 1))
        self._has_items = False

    def _add_parts(self, block: OpenBlock, parts: list[Block]) -> None:
        if block.is_list:
            self._finished += self._items(block, parts)
            self._number += len(parts)
            self._has_items = self._has_items or bool(parts)

    def _end(self, block: OpenBlock) -> None:
        if not block.is_list:
            self._add(parse("".join(block.source), self._references).blocks)

    def _take_back(self, block: OpenBlock) -> None:
        """Do nothing: a table is given out as a whole."""

    def _items(self, block: OpenBlock, items: list[Block]) -> list[Piece]:
        """Return items, each as a list that begins with the item's number."""
        pieces = []
        for at, item in enumerate(items):
            attrs = {"start": self._number + at} if block.opening[0].type.startswith("ordered") else {}
            tokens = [block.opening[0].copy(attrs=attrs), *item.tokens, block.closing[0]]
            joins = (self._has_items or at > 0) and not block.is_loose
            pieces.append(Piece(replace(item, tokens=tokens), joins))
        return pieces
