"""A block that is written in parts while it grows.

The parts are a list's items, a table's rows, a fence's lines, or the pieces of a very long paragraph. A part is parsed
after a context, which brings the parser to where the rest of the block belongs. This module must not know how a
document is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbstream.markdown.highlight import plain
from nbstream.markdown.parser import render, render_pieces, render_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.markdown.parser import Block

#: The level of the paragraphs whose tags a tight list hides.
_ITEM_PARAGRAPH = 2

#: A larger table is not written in parts. markdown-it fills in at most 65,536 missing cells of a table, counted from
#: its beginning (`MAX_AUTOCOMPLETED_CELLS` in its rules_block/table.py, 4.0): rows alone must not come near that.
MOST_CELLS = 0x8000

# A label is followed by a colon, or the text ends before that is known.
_DEFINITION = re.compile(r"\[(?:[^]\\]|\\.){0,999}(?:$|\\$|](?::|$))")
# The line after the first one.
_UNDERLINE = re.compile(r"[^\n]*\n[ \t]*[-=|:][-=|: \t]*(?:\n|$)")


@dataclass(slots=True)
class Group:
    """A block that is written in parts."""

    #: The tags around the parts.
    start: str
    end: str
    #: What brings the parser to where the rest of the block belongs: in a list an item, in a text that was cut one
    #: character.
    context: str
    #: What was written of the block.
    written: list[str]
    is_list: bool = False
    is_fence: bool = False
    is_text: bool = False
    cells: int = 0
    #: Whether complete lines have made the list loose, and whether that is what the document shows.
    loose: bool = False
    shows_loose: bool = False

    @classmethod
    def of(cls, block: Block, source: str) -> Group | None:
        """Return the group to begin for `block`, with whose lines `source` begins; None if nothing would be gained."""
        tokens, parts = block.tokens, block.parts
        if block.is_list and len(parts) > 1:
            # Its content is indented as far as content can be, so that no item which follows is nested in it.
            context = f"{1 if tokens[0].type.startswith('ordered') else ''}{tokens[0].markup}    x\n"
            return cls(render_tokens(tokens[:1], {}), render_tokens(tokens[-1:], {}), context, [""], is_list=True)
        if block.is_table and parts and cells_of(parts) <= MOST_CELLS:
            head = "\n".join(source.split("\n", 2)[:2]) + "\n"
            body = len(tokens) - 2 - sum(len(part.tokens) for part in parts)
            return cls(render_tokens(tokens[:body], block.references), render_tokens(tokens[-2:], {}), head, [head])
        # A fence's first line alone may still be the head of a table: "~~~ a | b".
        if block.is_fence and not block.is_closed_fence and block.end - block.start > 1:
            head = source[: source.index("\n") + 1]
            start, end = render_tokens([tokens[0].copy(content="")], {}).split("</code>")
            # Without the language, with which it might become the head of a table again.
            context = head[: head.index(tokens[0].markup)] + tokens[0].markup + "\n"
            return cls(start, f"</code>{end}", context, [head], is_fence=True)
        return None

    @classmethod
    def of_text(cls, block: Block, source: str) -> Group | None:
        """Return the group to begin for a paragraph that goes on; None if it is not long, or might be a definition."""
        if block.text is None or len(block.text.meta["pieces"]) == 1 or _DEFINITION.match(block.text.content):
            return None
        start = render_tokens(block.tokens[:1], {}).rstrip()
        return cls(start, "</p>\n", "", [source[: len(source) - len(source.lstrip())]], is_text=True)

    def holds(self, block: Block, lines: str) -> bool:
        """Tell whether `block`, which was parsed after the context, is still the one that was begun.

        A long text may turn out to be a heading, or its last line a table's head. Of the line in which the context ends
        only the rest is known, so that whatever might make it such a head counts as one.
        """
        return not self.is_text or (block.text is not None and not _UNDERLINE.match(lines))

    def parts_of(self, block: Block) -> list[Block]:
        """Return the parts of `block`, which was parsed after the context."""
        return block.parts[1:] if self.is_list else block.parts

    def finds_loose(self, block: Block) -> bool:
        """Tell whether `block`, which was parsed after the context, is loose: then the context is a paragraph."""
        return self.is_list and not block.tokens[2].hidden

    def render(self, parts: Sequence[Block]) -> str:
        """Return the HTML of `parts`, as it stands between the tags."""
        if self.is_list:
            for token in (token for part in parts for token in part.tokens):
                if token.level == _ITEM_PARAGRAPH and token.type in ("paragraph_open", "paragraph_close"):
                    token.hidden = not self.shows_loose
        if self.is_text:
            return "".join(html for part in parts if part.text for html in render_pieces(part.text, part.references))
        return "".join(plain(part.tokens[0].content) if part.is_fence else render([part]) for part in parts)


def from_line(text: str, line: int) -> str:
    """Return `text` from a line on."""
    return text.split("\n", line)[-1]


def cells_of(rows: Sequence[Block]) -> int:
    """Return how many cells `rows` have."""
    return sum(len(row.tokens) // 3 for row in rows)
