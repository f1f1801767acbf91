"""Growing Markdown as HTML in a document: finished parts once, the rest in each frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from nbstream.markdown.gc_pause import paused
from nbstream.markdown.growing_text import GrowingText
from nbstream.markdown.highlight import plain
from nbstream.markdown.parser import parse
from nbstream.markdown.rendering import Renderer, to_html

if TYPE_CHECKING:
    from nbstream.markdown.open_block import OpenBlock
    from nbstream.markdown.parser import Block


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


class GrowingHtml(GrowingText):
    """Markdown that grows, written to a document.

    After each frame the document is `to_html(text, final=False)`, and after `finish` it is
    `to_html(text)`, however the text was split. One exception: a reference or a named footnote that
    is defined after its use is corrected at `finish`.

    Args:
        writer: the document.
        renderer: renders the blocks, and remembers their HTML.
    """

    def __init__(self, writer: Writer, renderer: Renderer | None = None) -> None:
        super().__init__()
        self._writer = writer
        self._renderer = renderer or Renderer()
        self._text: list[str] = []

    def feed(self, text: str) -> None:
        """Append `text`; the next frame shows it."""
        self._text.append(text)
        self._append(text)

    def frame(self) -> None:
        """Write one frame, with the text since the last one."""
        if self._fed:
            with paused():
                self._advance()
                self._write_tail()

    def finish(self) -> None:
        """Write the last frame: the text is complete, and nothing may be fed any more."""
        with paused():
            self._finish()
            self._writer.tail("")
            if self._references:
                html = to_html("".join(self._text), renderer=self._renderer)
                if html != self._writer.html:
                    self._writer.reset(html)

    def _write_tail(self) -> None:
        end = self._read_end()
        html = ""
        if self._open_block:
            html = self._render_parts(self._open_block, end.parts)
        self._writer.tail(html + self._renderer.render(end.blocks))

    def _add(self, blocks: list[Block]) -> None:
        self._writer.add(self._renderer.render(blocks))

    def _begin(self, block: OpenBlock) -> None:
        self._open_group(block)

    def _add_parts(self, block: OpenBlock, parts: list[Block]) -> None:
        self._writer.add(self._render_parts(block, parts))

    def _end(self, block: OpenBlock) -> None:
        # Code gets its colours only now: they are not known line by line.
        whole = self._renderer.render(parse("".join(block.source)).blocks) if block.is_fence else ""
        if whole and whole != self._writer.group_html:
            self._writer.redo(whole)
        else:
            self._writer.close()

    def _take_back(self, block: OpenBlock) -> None:  # noqa: ARG002  (it is the innermost group)
        self._writer.redo("")

    def _open_group(self, block: OpenBlock) -> None:
        if block.is_fence:
            start, end = self._renderer.render_tokens([block.opening[0].copy(content="")], {}).split("</code>")
            self._writer.open(start, f"</code>{end}")
        else:
            start = self._renderer.render_tokens(block.opening, block.references)
            self._writer.open(start, self._renderer.render_tokens(block.closing, {}))

    def _render_parts(self, block: OpenBlock, parts: list[Block]) -> str:
        """Return the HTML of parts, as it stands between the tags of the block."""
        if block.is_fence:
            return "".join(plain(part.tokens[0].content) for part in parts)
        return self._renderer.render(parts)
