"""A growing text as operations of the page protocol: one document of the live view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.markdown.growing_html import GrowingHtml
from nbstream.widgets.document_writer import DocumentWriter

if TYPE_CHECKING:
    from nbstream.markdown.growing_json import GrowingJson
    from nbstream.markdown.rendering import Renderer
    from nbstream.widgets.protocol import DocumentState, Op


class MarkdownDocument:
    """A document that shows a growing text, as `GrowingHtml` describes.

    Args:
        renderer: renders the Markdown.
        is_json: whether the text should be JSON, which is shown as `GrowingJson` describes.
    """

    def __init__(self, renderer: Renderer | None = None, *, is_json: bool = False) -> None:
        self._writer = DocumentWriter()
        self._renderer = renderer
        self._is_json = is_json
        self._growing = self._new()

    def feed(self, text: str) -> None:
        """Append `text`; the next frame shows it."""
        self._growing.feed(text)

    def clear(self) -> None:
        """Begin again with an empty text."""
        self._writer.reset("")
        self._growing = self._new()

    def frame(self) -> list[Op]:
        """Return the operations since the last frame."""
        self._growing.frame()
        return self._writer.take()

    def finish(self) -> list[Op]:
        """Return the operations of the last frame; nothing may be fed any more."""
        self._growing.finish()
        return self._writer.take()

    @property
    def state(self) -> DocumentState:
        """What the page shows after the last frame, as a copy."""
        return self._writer.state

    @property
    def html(self) -> str:
        """The HTML that the page shows after the last frame."""
        return self._writer.html

    def _new(self) -> GrowingHtml | GrowingJson:
        if not self._is_json:
            return GrowingHtml(self._writer, self._renderer)
        from nbstream.markdown.growing_json import GrowingJson  # noqa: PLC0415  (only where it is used)
        from nbstream.output.json_answer import table_html  # noqa: PLC0415  (as above)

        return GrowingJson(self._writer, self._renderer, table_html)
