"""Markdown that grows, as operations of the protocol.

What complete lines have finished is written for good and never parsed again: blocks, and within the last block the
lines of a fence, the rows of a table, the items of a list and the pieces of a very long paragraph. The rest is the
tail, rendered anew in each frame. So the work is linear in the text, unless a single quote or item goes on and on. This
module must not know replies, widgets or comms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from nbstream.markdown.collection import held_off
from nbstream.markdown.group import MOST_CELLS, Group, cells_of, from_line
from nbstream.markdown.parser import Position, parse, render, render_pieces, to_html, unix_lines, without_withheld
from nbstream.markdown.repair import may_define

if TYPE_CHECKING:
    from nbstream.markdown.parser import Block, Parsed


class Writer(Protocol):
    """Writes a document from front to back: groups that nest, and a tail that may still change."""

    @property
    def html(self) -> str:
        """The document's HTML."""

    @property
    def group_html(self) -> str:
        """The HTML of the innermost group, without the tail."""

    def add(self, html: str) -> None:
        """Append balanced HTML, or escaped text, to the innermost group."""

    def open(self, start: str, end: str) -> None:
        """Start a group between the tags `start` and `end`."""

    def close(self) -> None:
        """End the innermost group."""

    def redo(self, html: str) -> None:
        """End the innermost group and put balanced HTML in its place."""

    def tail(self, html: str) -> None:
        """Replace the tail."""

    def reset(self, html: str) -> None:
        """Replace the whole document."""


class GrowingMarkdown:
    """Markdown that grows, written to a document.

    After each frame the document is `to_html(text, final=False)`, and after `finish` it is `to_html(text)`, however the
    text was split. One exception: a reference or a named footnote that is defined after its use is corrected at
    `finish`.

    Args:
        writer: the document.
    """

    def __init__(self, writer: Writer) -> None:
        self._text: list[str] = []
        self._ends_in_return = False
        self._writer = writer
        self._fed: list[str] = []
        #: Complete lines that are not written, and the beginning of the line after them.
        self._lines = ""
        self._partial = ""
        self._follows_text = False
        #: The line in progress from its beginning, and whether a definition may stand in it.
        self._line = ""
        self._may_define = True
        self._group: Group | None = None
        #: Whether the last paragraph turned out to be something else when it was written in parts.
        self._is_doubtful = False
        self._references: dict[str, Any] = {}

    def feed(self, text: str) -> None:
        """Append `text`. The next frame looks at it."""
        if text:
            # The second half of a line's end that was split is dropped.
            lines = unix_lines(text[1:] if self._ends_in_return and text[0] == "\n" else text)
            self._ends_in_return = text[-1] == "\r"
            self._text.append(lines)
            self._fed.append(lines)

    def frame(self) -> None:
        """Write one frame: what was fed since the last one."""
        if self._fed:
            with held_off():
                self._take()
                self._write_tail()

    def finish(self) -> None:
        """Write the last frame: the text is complete, and nothing may be fed any more."""
        with held_off():
            self._take()
            self._write_rest()
            if self._references and self._writer.html != (full := to_html("".join(self._text))):
                self._writer.reset(full)

    def _take(self) -> None:
        """Take what was fed, and write what its complete lines have finished."""
        complete, fed = self._lines, "".join(self._fed)
        self._fed.clear()
        self._split(self._lines + self._partial + fed)
        *lines, self._line = (self._line + fed).split("\n")
        self._may_define = may_define(lines, before=self._may_define)
        if self._lines != complete:
            while self._write_parts(self._group) if self._group else self._write_blocks():
                pass

    def _write_blocks(self) -> bool:
        """Write the blocks that are finished, and begin a group for the last one; return whether to look again."""
        parsed = self._parse(self._lines)
        if not parsed.blocks:
            self._cut(self._lines.count("\n"), parsed)
            return False
        *done, last = parsed.blocks
        if last.end < self._lines.count("\n") and not last.outlives_blank_lines:
            self._writer.add(render(parsed.blocks))
            self._cut(last.end, parsed)
            return False
        if done and last.is_doubtful:
            last = done.pop()
        if done and done[-1].is_definition and done[-1].end == last.start:
            # What follows at once may turn out to be its title.
            done.pop()
        self._writer.add(render(done))
        self._is_doubtful = self._is_doubtful and not done
        group = Group.of(last, from_line(self._lines, last.start)) if last is parsed.blocks[-1] else None
        if group:
            self._writer.open(group.start, group.end)
            self._cut(last.start, parsed)
            self._lines = self._lines.removeprefix(group.written[0])
            self._group = group
        elif done:
            self._cut(done[-1].end, parsed)
        return group is not None

    def _write_parts(self, group: Group) -> bool:
        """Write the parts that are finished, and end the group if its block has ended; return whether to look again."""
        parsed = self._parse(group.context + self._lines)
        block, *blocks = parsed.blocks
        if not group.holds(block, self._lines):
            self._undo(group)
            return True
        parts = group.parts_of(block)
        group.cells += cells_of(parts) if block.is_table else 0
        if group.cells > MOST_CELLS:
            self._undo(group)
            return False
        ended = block.is_closed_fence or (bool(blocks) and not blocks[0].is_doubtful)
        if group.is_text:
            ended = ended or (not blocks and block.end < (group.context + self._lines).count("\n"))
            if not ended:
                return False
        group.loose = group.loose or group.finds_loose(block)
        self._show_looseness(group, block)
        # The last item may go on.
        end = parts.pop().start if block.is_list and not ended else block.end
        self._writer.add(group.render(parts))
        group.written.append(self._cut(end, parsed, group.context))
        if ended:
            self._end_group(group)
        return ended

    def _write_tail(self) -> None:
        """Let the tail be what is not finished."""
        group = self._group
        context = group.context if group else ""
        text = without_withheld(context + self._lines + self._partial, defines=self._may_define)
        parsed = self._parse(text, repaired=True)
        blocks = parsed.blocks
        html = ""
        if group is None and blocks and self._begin_text(parsed):
            self._write_tail()
            return
        if group:
            block, *blocks = blocks
            self._show_looseness(group, block)
            if group.is_text and not blocks:
                self._write_pieces(group, block)
                return
            html = group.render(group.parts_of(block))
            if blocks and not blocks[0].is_doubtful:
                # The line in progress stands after the block, and its next characters will not move it (`is_withheld`).
                self._writer.add(html)
                group.written.append(self._cut(block.end, parsed, context))
                self._end_group(group)
                html = ""
        self._writer.tail(html + render(blocks))

    def _write_rest(self) -> None:
        """Write what is left, as nothing follows."""
        group = self._group
        parsed = self._parse((group.context if group else "") + self._lines + self._partial, final=True)
        blocks = parsed.blocks
        if group and not group.holds(blocks[0], self._lines + self._partial):
            self._undo(group)
            self._write_rest()
            return
        if group:
            block, *blocks = blocks
            self._show_looseness(group, block)
            self._writer.add(group.render(group.parts_of(block)))
            group.written.append(self._lines + self._partial)
            self._end_group(group)
        self._writer.add(render(blocks))
        self._writer.tail("")
        self._references |= parsed.definitions
        self._lines = self._partial = ""

    def _begin_text(self, parsed: Parsed) -> bool:
        """Begin a group for the paragraph in progress, if it is very long."""
        *done, last = parsed.blocks
        if self._is_doubtful or any(block.is_definition for block in done):
            return False
        source = from_line(self._lines + self._partial, last.start)
        self._group = Group.of_text(last, source)
        if self._group is None:
            return False
        self._writer.add(render(done))
        self._writer.open(self._group.start, self._group.end)
        self._split(source.removeprefix(self._group.written[0]))
        return True

    def _write_pieces(self, group: Group, block: Block) -> None:
        """Write the pieces of a paragraph that are finished."""
        assert block.text is not None  # noqa: S101  (the group holds a paragraph)
        *done, tail = render_pieces(block.text, block.references)
        self._writer.add("".join(done))
        self._writer.tail(tail)
        if done:
            source = self._lines + self._partial
            size = sum(len(piece) for piece in block.text.meta["pieces"][:-1])
            group.written.append(source[:size])
            # What is left is to be read as a text that goes on.
            group.context = "x"
            self._split(source[size:])

    def _show_looseness(self, group: Group, block: Block) -> None:
        """Write a list's items again if `block`, its end, makes it loose: then there are paragraphs in each of them."""
        loose = group.loose or group.finds_loose(block)
        if loose == group.shows_loose:
            return
        group.shows_loose = loose
        if source := "".join(group.written):
            self._writer.redo("")
            self._writer.open(group.start, group.end)
            self._writer.add(group.render(parse(source, self._references).blocks[0].parts))

    def _end_group(self, group: Group) -> None:
        """End the group. Code gets its colours now: they are not known line by line."""
        whole = render(parse("".join(group.written)).blocks) if group.is_fence else ""
        if whole and whole != self._writer.group_html:
            self._writer.redo(whole)
        else:
            self._writer.close()
        self._group = None

    def _undo(self, group: Group) -> None:
        """Take back what was written of a group, as its block has turned out to be something else."""
        self._writer.redo("")
        self._group = None
        self._is_doubtful = True
        self._split("".join(group.written) + self._lines + self._partial)

    def _parse(self, text: str, *, final: bool = False, repaired: bool = False) -> Parsed:
        in_text = self._group is not None and self._group.is_text and self._group.context != ""
        position = Position(
            is_unfinished=not final, is_repaired=repaired, follows_text=self._follows_text, begins_in_text=in_text
        )
        return parse(text, self._references, position)

    def _split(self, text: str) -> None:
        end = text.rfind("\n") + 1
        self._lines, self._partial = text[:end], text[end:]

    def _cut(self, line: int, parsed: Parsed, context: str = "") -> str:
        """Take the lines before `line` away, as they are written, and keep what they define; return them."""
        rest = from_line(self._lines, line - context.count("\n"))
        written = self._lines[: len(self._lines) - len(rest)]
        self._lines = rest
        if written:
            self._follows_text = written[:-1].rpartition("\n")[2].strip() != ""
        for label, definition in parsed.definitions.items():
            if definition["map"][0] < line:
                self._references[label] = definition
        return written
