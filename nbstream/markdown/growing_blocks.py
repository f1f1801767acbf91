"""Splits a growing Markdown text into blocks, and emits each block once, when it is finished.

A list is emitted item by item. Emitted text is never parsed again. A large block in progress is
parsed again only if it may have ended or has grown by a quarter. So the total work is linear in the
length of the text. A reference that is used before its definition stays plain text.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.markdown.parser import Block, Parsed, Position, parse, unix_lines, without_withheld

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A block in progress with more characters than this is large.
LARGE = 2_000
#: A large block is parsed again after it has grown by this fraction of its length.
_GROWTH = 1 / 4

#: The nesting level of an item's own paragraphs, which are hidden tokens in a tight list.
_ITEM_PARAGRAPH = 2
_BLANK_LINE = re.compile(r"^[ \t]*\n", re.MULTILINE)


class Piece(NamedTuple):
    """A block, or an item of a list as a list with one item.

    Attributes:
        block: the block.
        joins: whether there is no blank line between it and the previous piece.
    """

    block: Block
    joins: bool = False


class GrowingBlocks:
    """Collects Markdown that arrives in chunks, and emits finished blocks."""

    def __init__(self) -> None:
        #: A carriage return at the end of the last chunk.
        self._return = ""
        #: Complete lines that are not emitted, and the incomplete line after them.
        self._lines = ""
        self._partial = ""
        self._follows_text = False
        self._references: dict[str, Any] = {}
        #: The start token of the list in progress, and the number of its next item.
        self._list: Any = None
        self._number = 0
        #: A first item that is parsed before `_lines`, so that the parser is inside the list.
        self._context = ""
        self._loose = self._has_items = False
        #: When to parse the block in progress again: at its closing fence, at a blank line, or at
        #: this many characters.
        self._closing: re.Pattern[str] | None = None
        self._ends_at_blank = False
        self._next_length = 0

    def feed(self, text: str) -> list[Piece]:
        """Append `text` and return the pieces that are finished now."""
        text = self._return + text
        # It may be the first half of a line ending.
        self._return = "\r" if text.endswith("\r") else ""
        text = self._partial + unix_lines(text.removesuffix("\r"))
        end = text.rfind("\n") + 1
        self._partial = text[end:]
        self._lines += text[:end]
        pieces: list[Piece] = []
        if end and self._may_have_ended(text[:end]):
            while self._take_items(pieces) if self._list else self._take_blocks(pieces):
                pass
        return pieces

    def in_progress(self) -> list[Piece] | str:
        """Return the pieces in progress; if they are large, the end of their Markdown source."""
        if len(self._lines) + len(self._partial) > LARGE:
            return (self._lines[-LARGE:] + self._partial)[-LARGE:]
        return self._pieces(self._parse(without_withheld(self._context + self._lines + self._partial), repaired=True))

    def finish(self) -> list[Piece]:
        """Return the remaining pieces, at the end of the text."""
        return self._pieces(parse(self._context + self._lines + self._partial, self._references))

    def _may_have_ended(self, lines: str) -> bool:
        """Return whether the added `lines` make it worthwhile to parse the block in progress."""
        if self._closing is not None:
            return self._closing.search(lines) is not None
        return len(self._lines) >= self._next_length or (self._ends_at_blank and _BLANK_LINE.search(lines) is not None)

    def _take_blocks(self, pieces: list[Piece]) -> bool:
        """Append finished blocks to `pieces`; return whether there may be more."""
        parsed = self._parse(self._lines)
        if not parsed.blocks:
            self._cut(self._lines.count("\n"), parsed)
            return False
        *done, last = parsed.blocks
        if _is_complete(last, self._lines.count("\n")):
            done.append(last)
            self._closing, self._next_length = None, 0
        else:
            self._schedule(last)
            while done and done[-1].end == last.start and (done[-1].is_definition or last.is_doubtful):
                # The line after a definition may become its title. A formula may become part of the
                # text before it.
                last = done.pop()
        pieces += [Piece(block) for block in done]
        if last.is_list and last is parsed.blocks[-1] and last not in done and len(last.parts) > 1:
            self._cut(last.start, parsed)
            self._list = last.tokens[0]
            self._number = int(self._list.attrs.get("start", 1))
            # Its content has the maximum indentation, so that no later item is nested in it.
            self._context = f"{1 if self._list.type.startswith('ordered') else ''}{self._list.markup}    x\n"
            self._loose = self._has_items = False
            return True
        if done:
            self._cut(done[-1].end, parsed)
        return False

    def _take_items(self, pieces: list[Piece]) -> bool:
        """Append finished items of the list to `pieces`; return whether the list has ended."""
        parsed = self._parse(self._context + self._lines)
        block, *blocks = parsed.blocks
        ended = bool(blocks) and not blocks[0].is_doubtful
        self._loose = self._loose or not block.tokens[2].hidden
        _, *items = block.parts
        end = block.end if ended else items[-1].start
        items = items if ended else items[:-1]
        pieces += self._items(items)
        self._number += len(items)
        self._has_items = self._has_items or bool(items)
        self._cut(end, parsed)
        if ended:
            self._list, self._context = None, ""
        else:
            self._schedule(block)
        return ended

    def _schedule(self, block: Block) -> None:
        """Decide when to parse `block`, which is in progress, again."""
        self._closing = None
        if block.is_fence:
            mark = block.tokens[0].markup
            self._closing = re.compile(rf"^ {{0,3}}{mark}{mark[0]}*[ \t]*$", re.MULTILINE)
        self._ends_at_blank = not block.outlives_blank_lines
        self._next_length = 0 if len(self._lines) < LARGE else int(len(self._lines) * (1 + _GROWTH))

    def _pieces(self, parsed: Parsed) -> list[Piece]:
        blocks = list(parsed.blocks)
        items = self._items(blocks.pop(0).parts[1:]) if self._list and blocks else []
        return [*items, *(Piece(block) for block in blocks)]

    def _items(self, items: Iterable[Block]) -> list[Piece]:
        """Return each item as a list with one item, which begins with the item's number."""
        pieces = []
        for at, item in enumerate(items):
            attrs = {"start": self._number + at} if self._list.type.startswith("ordered") else {}
            start = self._list.copy(attrs=attrs)
            for token in item.tokens:
                if token.level == _ITEM_PARAGRAPH and token.type in ("paragraph_open", "paragraph_close"):
                    token.hidden = not self._loose
            close = self._list.copy(type=self._list.type.replace("open", "close"), nesting=-1)
            block = replace(item, tokens=[start, *item.tokens, close])
            pieces.append(Piece(block, joins=(self._has_items or at > 0) and not self._loose))
        return pieces

    def _parse(self, text: str, *, repaired: bool = False) -> Parsed:
        position = Position(is_unfinished=True, is_repaired=repaired, follows_text=self._follows_text)
        return parse(text, self._references, position)

    def _cut(self, line: int, parsed: Parsed) -> None:
        """Drop the lines before `line` of what was parsed, and keep their definitions."""
        rest = self._lines.split("\n", line - self._context.count("\n"))[-1]
        if taken := self._lines[: len(self._lines) - len(rest)]:
            self._follows_text = taken[:-1].rpartition("\n")[2].strip() != ""
        self._lines = rest
        for label, definition in parsed.definitions.items():
            if definition["map"][0] < line:
                self._references[label] = definition


def _is_complete(block: Block, lines: int) -> bool:
    """Return whether the last block in `lines` complete lines is final, whatever follows."""
    if block.tokens[0].type in ("heading_open", "hr") or block.is_closed_fence:
        return True
    if block.tokens[0].type == "math_block":
        return bool(block.tokens[0].meta["finished"])
    return block.end < lines and not block.outlives_blank_lines
