"""Splits a growing Markdown text into finished blocks and an end that may still change.

Complete lines finish blocks, and within a list, a table or a fence the parts of the last block (see
`open_block`). A finished part is handed over once and never parsed again. So the work is linear in
the text, except for a single paragraph, quote or item that does not end.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.markdown.open_block import OpenBlock
from nbstream.markdown.parser import Position, parse, unix_lines, without_withheld
from nbstream.markdown.repair import may_define

if TYPE_CHECKING:
    from nbstream.markdown.parser import Block, ParsedText

#: An unfinished block of at least this many characters counts as large.
LARGE = 2_000
#: A large block is parsed again when it has grown by this share.
_SHARE = 1 / 4

_BLANK_LINE = re.compile(r"^[ \t]*\n", re.MULTILINE)


class Unfinished(NamedTuple):
    """The end of a growing text.

    Attributes:
        parts: the parts of the open block that were not handed over.
        blocks: the blocks after the open block.
    """

    parts: list[Block]
    blocks: list[Block]


class GrowingText(ABC):
    """A growing Markdown text. A subclass takes finished parts by the abstract methods."""

    def __init__(self) -> None:
        self._fed: list[str] = []
        self._ends_in_return = False
        #: Complete lines that were not handed over, and the beginning of the line after them.
        self._lines = ""
        self._partial = ""
        #: Whether a definition may stand in `_partial`.
        self._may_define = True
        #: Whether the line before `_lines` is not blank.
        self._follows_text = False
        self._references: dict[str, Any] = {}
        self._open_block: OpenBlock | None = None
        #: When the text in `_lines` is parsed again: at this length, or after a blank line.
        self._enough = 0
        self._ends_at_blank_line = False

    @abstractmethod
    def _add(self, blocks: list[Block]) -> None:
        """Take finished blocks."""

    @abstractmethod
    def _begin(self, block: OpenBlock) -> None:
        """Begin a block that comes in parts."""

    @abstractmethod
    def _add_parts(self, block: OpenBlock, parts: list[Block]) -> None:
        """Take finished parts of the block. `block.source` does not contain them yet."""

    @abstractmethod
    def _end(self, block: OpenBlock) -> None:
        """End the block: it has all its parts."""

    @abstractmethod
    def _take_back(self, block: OpenBlock) -> None:
        """Drop the block and its parts: it will come as a whole. This happens to tables only."""

    def _append(self, text: str) -> None:
        """Append `text`, which `_advance` will look at."""
        if text:
            # A line's end may be split over two chunks.
            self._fed.append(unix_lines(text[1:] if self._ends_in_return and text[0] == "\n" else text))
            self._ends_in_return = text[-1] == "\r"

    def _advance(self) -> None:
        """Hand over what complete lines have finished."""
        *complete, self._partial = (self._partial + "".join(self._fed)).split("\n")
        self._fed.clear()
        if not complete:
            return
        self._may_define = may_define(complete, before=self._may_define)
        lines = "\n".join(complete) + "\n"
        self._lines += lines
        if len(self._lines) >= self._enough or (self._ends_at_blank_line and _BLANK_LINE.search(lines)):
            while self._advance_parts(self._open_block) if self._open_block else self._advance_blocks():
                pass

    def _read_end(self) -> Unfinished:
        """Return the unfinished part, as it is to be shown."""
        block = self._open_block
        parsed = self._parse(self._context + self._lines + self._partial, shown=True)
        if block is None:
            return Unfinished([], parsed.blocks)
        first, *blocks = parsed.blocks
        if not blocks or blocks[0].is_doubtful:
            return Unfinished(block.parts_of(first), blocks)
        # The line in progress stands after the block, and its next characters will not move it
        # (`is_withheld`).
        self._finish_parts(block, first, parsed)
        return Unfinished([], blocks)

    def _finish(self) -> None:
        """Hand over the rest: the text is complete."""
        self._advance()
        parsed = parse(self._context + self._lines + self._partial, self._references)
        blocks = parsed.blocks
        if block := self._open_block:
            first, *blocks = blocks
            self._lines, self._partial = self._lines + self._partial, ""
            self._finish_parts(block, first, parsed)
        if blocks:
            self._add(blocks)
        self._references |= parsed.definitions
        self._lines = self._partial = ""

    def _advance_blocks(self) -> bool:
        """Hand over finished blocks, and open the last one; return whether to look again."""
        parsed = self._parse(self._lines)
        lines = self._lines.count("\n")
        if not parsed.blocks:
            self._cut(lines, parsed)
            return False
        *done, last = parsed.blocks
        if last.is_complete(lines):
            self._add(parsed.blocks)
            self._cut(last.end, parsed)
            return False
        if block := OpenBlock.of(last, self._lines.split("\n", last.start)[-1]):
            if done:
                self._add(done)
            self._cut(last.start, parsed)
            # A fence may be glued to the text of a paragraph that was handed over.
            head = "".join(block.source).count("\n")
            self._lines = self._lines.split("\n", head)[head]
            self._open_block = block
            self._begin(block)
            return True
        if done and last.is_doubtful:
            last = done.pop()
        if done and done[-1].end > last.start:
            # The text that the fence is glued to.
            done.pop()
        if done and done[-1].is_definition and done[-1].end == last.start:
            # The line after a definition may turn out to be its title.
            done.pop()
        if done:
            self._add(done)
            self._cut(done[-1].end, parsed)
        self._wait_for(parsed.blocks[-1])
        return False

    def _advance_parts(self, block: OpenBlock) -> bool:
        """Hand over finished parts of the open block; return whether the block has ended."""
        parsed = self._parse(block.context + self._lines)
        first, *blocks = parsed.blocks
        parts = block.parts_of(first)
        if first.is_table and not block.has_room_for(parts):
            self._lines = "".join(block.source) + self._lines
            self._open_block = None
            self._take_back(block)
            return False
        has_next = bool(blocks) and not blocks[0].is_doubtful
        if has_next or first.is_complete((block.context + self._lines).count("\n")):
            self._finish_parts(block, first, parsed)
            return True
        # The last item of a list may go on.
        end = parts.pop().start if block.is_list else first.end
        self._add_parts(block, parts)
        block.source.append(self._cut(end, parsed))
        block.move_on(first)
        self._wait_for(first)
        return False

    def _finish_parts(self, block: OpenBlock, parsed_block: Block, parsed: ParsedText) -> None:
        """Hand over the last parts of the open block, and end it."""
        self._add_parts(block, block.parts_of(parsed_block))
        block.source.append(self._cut(parsed_block.end, parsed))
        self._open_block = None
        self._end(block)

    def _wait_for(self, block: Block) -> None:
        """Decide when to look again at the last block, which has not ended."""
        size = len(self._lines)
        self._enough = int(size * (1 + _SHARE)) if size >= LARGE else 0
        self._ends_at_blank_line = not block.outlives_blank_lines

    @property
    def _context(self) -> str:
        return self._open_block.context if self._open_block else ""

    def _parse(self, text: str, *, shown: bool = False) -> ParsedText:
        """Parse unfinished text; if `shown`, its half-written end is completed or left out."""
        text = without_withheld(text, defines=self._may_define) if shown else text
        position = Position(is_unfinished=True, is_repaired=shown, follows_text=self._follows_text)
        return parse(text, self._references, position)

    def _cut(self, end: int, parsed: ParsedText) -> str:
        """Remove and return the parsed lines before line `end`; keep their definitions."""
        line = end - self._context.count("\n")
        rest = "".join(self._lines.split("\n", line)[line:])
        taken = self._lines[: len(self._lines) - len(rest)]
        self._lines = rest
        self._enough = 0
        if taken:
            self._follows_text = taken[:-1].rpartition("\n")[2].strip() != ""
        for label, definition in parsed.definitions.items():
            if definition["map"][0] < end:
                self._references[label] = definition
        return taken
