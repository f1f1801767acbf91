"""A block that is handed over in parts while it grows: items, rows or lines of code.

A part is parsed after a context: a few lines that bring the parser to where the rest of the block
belongs, so that the parts before it need not be parsed again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nbstream.markdown.lists import set_spacing
from nbstream.markdown.tables import MOST_MISSING_CELLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from markdown_it.token import Token

    from nbstream.markdown.parser import Block

#: A larger table is not taken apart. Missing cells of a table are filled in up to a number that is
#: counted from its beginning: rows that are parsed by themselves must not come near that number.
MOST_CELLS = MOST_MISSING_CELLS // 2


@dataclass(slots=True)
class OpenBlock:
    """A block whose finished parts are handed over while it grows.

    Attributes:
        opening: the tokens before the parts.
        closing: the tokens after the parts.
        references: what the text before it defines.
        context: what brings the parser to where the rest of the block belongs.
        source: the lines that were handed over, in pieces.
        is_list: whether its parts are items.
        is_fence: whether its parts are lines of code.
        cells: how many cells the rows of a table had.
        is_loose: whether it is a loose list.
    """

    opening: Sequence[Token]
    closing: Sequence[Token]
    references: Mapping[str, Any]
    context: str
    source: list[str] = field(default_factory=list)
    is_list: bool = False
    is_fence: bool = False
    cells: int = 0
    is_loose: bool = False

    @classmethod
    def of(cls, block: Block, source: str) -> OpenBlock | None:
        """Return `block` as an open one, or None if it cannot be taken apart yet.

        Args:
            block: the last block of a text.
            source: the text from the first line of the block on.
        """
        tokens, parts = block.tokens, block.parts
        first = tokens[0]
        if block.is_list and len(parts) > 1:
            # The content of this item is indented as far as content can be, so that no later item
            # is nested in it.
            context = f"{1 if first.type.startswith('ordered') else ''}{first.markup}    x\n"
            return cls(tokens[:1], tokens[-1:], {}, context, is_list=True, is_loose=first.meta["loose"])
        if block.is_table and parts and count_cells(parts) <= MOST_CELLS:
            head = "\n".join(source.split("\n", 2)[:2]) + "\n"
            body = len(tokens) - 2 - sum(len(part.tokens) for part in parts)
            return cls(tokens[:body], tokens[-2:], block.references, head, [head])
        # The first line of a fence alone may still become the head of a table: "~~~ a | b".
        if block.is_fence and not block.is_closed_fence and block.end - block.start > 1:
            # Without the text that the fence may be glued to.
            indent = source[: len(source) - len(source.lstrip(" \t"))]
            head = f"{indent}{first.markup}{first.info}\n"
            context = f"{indent}{first.meta['context'][0]}\n"
            return cls(tokens, (), {}, context, [head], is_fence=True)
        return None

    def parts_of(self, block: Block) -> list[Block]:
        """Return the parts of `block`, which was parsed after the context."""
        lines = self.context.count("\n") - 1
        if self.is_fence and lines:
            code = block.tokens[0]
            return [replace(block, tokens=[code.copy(content=code.content.split("\n", lines)[lines])])]
        if not self.is_list:
            return block.parts
        items = block.parts[1:]
        for item in items:
            set_spacing(item.tokens, is_loose=self.is_loose)
        return items

    def move_on(self, block: Block) -> None:
        """Make the context that of the lines after `block`, which was parsed after the context."""
        if self.is_fence:
            self.context = "\n".join([self.context.split("\n", 1)[0], *block.tokens[0].meta["context"][1:], ""])

    def has_room_for(self, rows: Iterable[Block]) -> bool:
        """Count the cells of a table's next rows, and tell whether it may still be taken apart."""
        self.cells += count_cells(rows)
        return self.cells <= MOST_CELLS


def count_cells(rows: Iterable[Block]) -> int:
    """Return how many cells `rows` have."""
    return sum(len(row.tokens) // 3 for row in rows)
