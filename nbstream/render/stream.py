"""Markdown that grows, as operations of the protocol.

What complete lines have finished is written for good and never parsed again: blocks, and within the last block the
lines of a fence, the rows of a table and the items of a list. The rest is the tail, rendered anew in each frame. So the
work is linear in the text, unless a single paragraph, quote or item goes on and on. This module must not know replies,
widgets or comms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbstream.render.markdown import (
    parse,
    parse_unfinished,
    render,
    render_text,
    render_tokens,
    to_html,
    unix_lines,
)
from nbstream.render.writer import DocumentWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.render.markdown import Block, Parsed
    from nbstream.render.protocol import DocumentState, Op

#: The level of the paragraphs whose tags a tight list hides.
_ITEM_PARAGRAPH = 2

#: A larger table stays in the tail as a whole. markdown-it fills in at most 65,536 missing cells of a table, counted
#: from its beginning (`MAX_AUTOCOMPLETED_CELLS` in its rules_block/table.py, 4.0): rows alone must not come near that.
_MOST_CELLS = 0x8000


class MarkdownStream:
    """Markdown that grows, as operations on a document.

    After each frame the document is `to_html(text, final=False)`, and after `finish` it is `to_html(text)`, however the
    text was split. One exception: a reference that is defined after its use becomes a link at `finish`.
    """

    def __init__(self) -> None:
        self._text: list[str] = []
        self._ends_in_return = False
        self._begin()

    def _begin(self) -> None:
        self._writer = DocumentWriter()
        self._fed: list[str] = []
        #: Complete lines that are not written, and the beginning of the line after them.
        self._lines = ""
        self._partial = ""
        self._group: _Group | None = None
        self._references: dict[str, Any] = {}
        self._finished = False

    def feed(self, text: str) -> None:
        """Append `text`. The next frame looks at it."""
        if text:
            # The second half of a line's end that was split is dropped.
            lines = unix_lines(text[1:] if self._ends_in_return and text[0] == "\n" else text)
            self._ends_in_return = text[-1] == "\r"
            self._text.append(lines)
            self._fed.append(lines)

    def frame(self) -> list[Op]:
        """Return the operations since the last frame."""
        if self._fed:
            self._take()
            self._write_tail()
        return self._writer.take()

    def finish(self) -> list[Op]:
        """Return the last frame, after which nothing is open. Should the text go on nevertheless, it begins anew."""
        if self._fed or not self._finished:
            self._take()
            self._write_rest()
            if self._references and self.html != (full := to_html("".join(self._text))):
                self._writer.take()
                self._writer.reset(full)
            self._finished = True
        return self._writer.take()

    @property
    def state(self) -> DocumentState:
        """What the page now shows, as a copy."""
        return self._writer.state

    @property
    def html(self) -> str:
        """What the page now shows."""
        return self._writer.html

    def _take(self) -> None:
        """Take what was fed, and write what its complete lines have finished."""
        if self._finished:
            self._begin()
            self._fed = list(self._text)
            self._writer.reset("")
        text = self._partial + "".join(self._fed)
        end = text.rfind("\n") + 1
        self._fed.clear()
        self._lines += text[:end]
        self._partial = text[end:]
        if end:
            while self._write_parts(self._group) if self._group else self._write_blocks():
                pass

    def _write_blocks(self) -> bool:
        """Write the blocks that are finished, and begin a group for the last one; return whether to look again."""
        parsed = parse(self._lines, self._references)
        if not parsed.blocks:
            self._lines = ""
            return False
        *done, last = parsed.blocks
        if last.end < self._lines.count("\n") and not last.outlives_blank_lines:
            self._writer.add(render(parsed.blocks))
            self._cut(last.end, parsed)
            return False
        if done and done[-1].is_definition and done[-1].end == last.start:
            # What follows a definition at once may turn out to be its title.
            done.pop()
        self._writer.add(render(done))
        group = _Group.of(last, _from_line(self._lines, last.start))
        if group:
            self._writer.open(group.start, group.end)
            self._cut(last.start, parsed)
            self._lines = self._lines.removeprefix(group.written[0])
            self._group = group
        elif done:
            self._cut(done[-1].end, parsed)
        return group is not None

    def _write_parts(self, group: _Group) -> bool:
        """Write the parts that are finished, and end the group if its block has ended; return whether to look again."""
        parsed = parse(group.context + self._lines, self._references)
        block = parsed.blocks[0]
        parts = group.parts_of(block)
        ended = len(parsed.blocks) > 1 or block.is_closed_fence
        group.cells += _cells(parts) if block.is_table else 0
        if group.cells > _MOST_CELLS:
            self._writer.redo("")
            self._lines = "".join(group.written) + self._lines
            self._group = None
            return False
        group.loose = group.loose or group.finds_loose(block)
        self._show_looseness(group, block)
        # The last item may go on.
        end = parts.pop().start if block.is_list and not ended else block.end
        self._writer.add(group.render(parts))
        group.written.append(self._cut(end, parsed, group.context))
        if ended:
            self._end_group()
        return ended

    def _write_tail(self) -> None:
        """Let the tail be what is not finished."""
        group = self._group
        context = group.context if group else ""
        parsed = parse_unfinished(context + self._lines, self._partial, self._references)
        blocks = parsed.blocks
        html = ""
        if group:
            block, *blocks = blocks
            self._show_looseness(group, block)
            html = group.render(group.parts_of(block))
            if blocks:
                # The line in progress stands after the block, and its next characters will not move it (`is_withheld`).
                self._writer.add(html)
                self._cut(block.end, parsed, context)
                self._end_group()
                html = ""
        self._writer.tail(html + render(blocks))

    def _write_rest(self) -> None:
        """Write what is left, as nothing follows."""
        group = self._group
        parsed = parse((group.context if group else "") + self._lines + self._partial, self._references)
        blocks = parsed.blocks
        if group:
            block, *blocks = blocks
            self._show_looseness(group, block)
            self._writer.add(group.render(group.parts_of(block)))
            self._end_group()
        self._writer.add(render(blocks))
        self._writer.tail("")
        self._references |= parsed.definitions
        self._lines = self._partial = ""

    def _show_looseness(self, group: _Group, block: Block) -> None:
        """Write a list's items again if `block`, its end, makes it loose: then there are paragraphs in each of them."""
        loose = group.loose or group.finds_loose(block)
        if loose == group.shows_loose:
            return
        group.shows_loose = loose
        if source := "".join(group.written):
            self._writer.redo("")
            self._writer.open(group.start, group.end)
            self._writer.add(group.render(parse(source, self._references).blocks[0].parts))

    def _end_group(self) -> None:
        """End the group. Here its block can be done again as a whole, from its lines: `_Group.written`."""
        self._writer.close()
        self._group = None

    def _cut(self, line: int, parsed: Parsed, context: str = "") -> str:
        """Take the lines before `line` away, as they are written, and keep what they define; return them."""
        rest = _from_line(self._lines, line - context.count("\n"))
        written = self._lines[: len(self._lines) - len(rest)]
        self._lines = rest
        for label, definition in parsed.definitions.items():
            if definition["map"][0] < line:
                self._references[label] = definition
        return written


@dataclass(slots=True)
class _Group:
    """A block that is written in parts."""

    #: The tags around the parts.
    start: str
    end: str
    #: Lines that bring the parser to where the block's next line belongs. In a list they are an item.
    context: str
    #: The block's lines so far.
    written: list[str]
    is_list: bool = False
    cells: int = 0
    #: Whether complete lines have made the list loose, and whether that is what the document shows.
    loose: bool = False
    shows_loose: bool = False

    @classmethod
    def of(cls, block: Block, source: str) -> _Group | None:
        """Return the group to begin for `block`, with whose lines `source` begins; None if nothing would be gained."""
        tokens, parts = block.tokens, block.parts
        if block.is_list and len(parts) > 1:
            # Its content is indented as far as content can be, so that no item which follows is nested in it.
            context = f"{1 if tokens[0].type.startswith('ordered') else ''}{tokens[0].markup}    x\n"
            return cls(render_tokens(tokens[:1]), render_tokens(tokens[-1:]), context, [""], is_list=True)
        if block.is_table and parts and _cells(parts) <= _MOST_CELLS:
            head = "\n".join(source.split("\n", 2)[:2]) + "\n"
            body = len(tokens) - 2 - sum(len(part.tokens) for part in parts)
            return cls(render_tokens(tokens[:body]), render_tokens(tokens[-2:]), head, [head])
        # A fence's first line alone may still be the head of a table: "~~~ a | b".
        if block.is_fence and not block.is_closed_fence and block.end - block.start > 1:
            head = source[: source.index("\n") + 1]
            start, end = render_tokens([tokens[0].copy(content="")]).split("</code>")
            # Without the language, with which it might become the head of a table again.
            context = head[: head.index(tokens[0].markup)] + tokens[0].markup + "\n"
            return cls(start, f"</code>{end}", context, [head])
        return None

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
        return "".join(render_text(part.tokens[0].content) if part.is_fence else render([part]) for part in parts)


def _from_line(text: str, line: int) -> str:
    return text.split("\n", line)[-1]


def _cells(rows: Sequence[Block]) -> int:
    return sum(len(row.tokens) // 3 for row in rows)
