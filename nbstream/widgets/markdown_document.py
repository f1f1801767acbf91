"""Markdown that grows, as operations of the page protocol: one document of the live view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.markdown.growing_html import GrowingHtml
from nbstream.widgets.document_writer import DocumentWriter

if TYPE_CHECKING:
    from nbstream.markdown.rendering import Renderer
    from nbstream.widgets.protocol import DocumentState, Op


class MarkdownDocument:
    """A document that shows a growing text, as `GrowingHtml` describes."""

    def __init__(self, renderer: Renderer | None = None) -> None:
        self._writer = DocumentWriter()
        self._renderer = renderer
        self._markdown = GrowingHtml(self._writer, renderer)

    def feed(self, text: str) -> None:
        """Append `text`; the next frame shows it."""
        self._markdown.feed(text)

    def clear(self) -> None:
        """Begin again with an empty text."""
        self._writer.reset("")
        self._markdown = GrowingHtml(self._writer, self._renderer)

    def frame(self) -> list[Op]:
        """Return the operations since the last frame."""
        self._markdown.frame()
        return self._writer.take()

    def finish(self) -> list[Op]:
        """Return the operations of the last frame; nothing may be fed any more."""
        self._markdown.finish()
        return self._writer.take()

    @property
    def state(self) -> DocumentState:
        """What the page shows after the last frame, as a copy."""
        return self._writer.state

    @property
    def html(self) -> str:
        """The HTML that the page shows after the last frame."""
        return self._writer.html
