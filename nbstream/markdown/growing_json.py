"""A growing answer that should be JSON, as HTML in a document: indented, with colours at once.

An answer that does not begin as JSON is Markdown, as any other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nbstream.markdown.growing_html import GrowingHtml
from nbstream.markdown.highlight import plain
from nbstream.markdown.html import code_block
from nbstream.markdown.json_tokens import JsonTokens, Token
from nbstream.markdown.rendering import Renderer, to_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbstream.markdown.growing_html import Writer

#: So long that hardly any answer closes it.
_FENCE_OF_CODE = "`" * 12
_FENCE = re.compile(r"(`{3,}|~{3,})[^\S\n]*[\w+-]*[^\S\n]*\n\s*")
#: What may become the line of a fence.
_FENCE_SO_FAR = re.compile(r"[`~]{1,40}[^\S\n]*[\w+-]{0,40}[^\S\n]*(\n\s*)?")


class Beginning:
    """Finds out, from its first characters, whether an answer is JSON.

    Attributes:
        text: the text so far, from which it follows.
        is_json: whether it is; None while that is open.
        fenced: whether a code fence opens before it.
    """

    def __init__(self) -> None:
        self.text = ""
        self.is_json: bool | None = None
        self.fenced = False
        self._blank: list[str] = []

    def feed(self, text: str) -> str:
        """Append `text`; return the JSON so far, once it is known to be some."""
        if not self.text and not text.strip():
            # In a list, as there may be very much of it.
            self._blank.append(text)
            return ""
        self.text += text
        shown = self.text.lstrip()
        fence = _FENCE.match(shown)
        start = fence.end() if fence else 0
        if shown[start : start + 1] in ("{", "["):
            self.is_json, self.fenced = True, fence is not None
            return shown[start:]
        if not _FENCE_SO_FAR.fullmatch(shown):
            self.is_json = False
        return ""

    @property
    def whole(self) -> str:
        """The text so far, with the white space before it."""
        return "".join(self._blank) + self.text


class GrowingJson:
    """An answer that grows, written to a document as `json_html` writes it at once.

    Args:
        writer: the document.
        renderer: renders what is Markdown.
        below: returns HTML to add below whole JSON, which it gets as text.
    """

    def __init__(
        self, writer: Writer, renderer: Renderer | None = None, below: Callable[[str], str] | None = None
    ) -> None:
        self._writer = writer
        self._renderer = renderer or Renderer()
        self._below = below
        self._beginning = Beginning()
        self._markdown: GrowingHtml | None = None
        self._tokens: JsonTokens | None = None
        self._json: list[str] = []
        self._new: list[Token] = []

    def feed(self, text: str) -> None:
        """Append `text`; the next frame shows it."""
        if self._markdown is not None:
            self._markdown.feed(text)
        elif self._tokens is not None:
            self._json.append(text)
            self._new += self._tokens.feed(text)
        elif json := self._beginning.feed(text):
            self._tokens = JsonTokens(fenced=self._beginning.fenced)
            start, end = code_block("", "json", wraps=True).split("</code>")
            self._writer.open(start, f"</code>{end}")
            self.feed(json)
        elif self._beginning.is_json is False:
            self._markdown = GrowingHtml(self._writer, self._renderer)
            self._markdown.feed(self._beginning.whole)

    def frame(self) -> None:
        """Write one frame: what was fed since the last one."""
        if self._markdown is not None:
            self._markdown.frame()
        elif self._tokens is not None:
            self._writer.add(_html(self._new))
            self._writer.tail(_html(self._tokens.pending()))
            self._new = []

    def finish(self) -> None:
        """Write the last frame: the text is complete, and nothing may be fed any more."""
        if self._tokens is not None:
            is_whole = self._tokens.is_whole
            self._writer.add(_html([*self._new, *self._tokens.finish()]))
            self._writer.tail("")
            self._writer.close()
            if is_whole and self._below is not None:
                self._writer.add(self._below("".join(self._json)))
            return
        if self._markdown is None:
            self._markdown = GrowingHtml(self._writer, self._renderer)
            self._markdown.feed(self._beginning.whole)
        self._markdown.finish()


def json_html(
    text: str,
    *,
    settled: bool = False,
    renderer: Renderer | None = None,
    below: Callable[[str], str] | None = None,
) -> str:
    """Return the HTML of a whole answer that should be JSON.

    Args:
        text: the answer.
        settled: as for `to_html`.
        renderer: as for `GrowingJson`.
        below: as for `GrowingJson`.
    """
    beginning = Beginning()
    json = beginning.feed(text)
    if not beginning.is_json:
        return to_html(text, settled=settled, renderer=renderer)
    tokens = JsonTokens(fenced=beginning.fenced)
    made = tokens.feed(json)
    html = code_block(_html([*made, *tokens.finish()]), "json", wraps=True)
    return html + (below(json) if tokens.is_whole and below is not None else "")


def indented(text: str) -> tuple[str, bool] | None:
    """Return an answer as indented JSON, and whether that is whole; None if it is not JSON."""
    beginning = Beginning()
    json = beginning.feed(text)
    if not beginning.is_json:
        return None
    tokens = JsonTokens(fenced=beginning.fenced)
    made = tokens.feed(json)
    return "".join(each.text for each in [*made, *tokens.finish()]), tokens.is_whole


class JsonMarkdown:
    """A growing answer that should be JSON, as growing Markdown: a block of indented code.

    Args:
        below: returns Markdown to add below whole JSON, which it gets as text.
    """

    def __init__(self, below: Callable[[str], str] | None = None) -> None:
        self._below = below
        self._beginning = Beginning()
        self._tokens: JsonTokens | None = None
        self._is_other = False
        self._json: list[str] = []

    def feed(self, text: str) -> str:
        """Return the Markdown to append for `text`."""
        if self._tokens is not None:
            self._json.append(text)
            return _joined(self._tokens.feed(text))
        if self._is_other:
            return text
        if json := self._beginning.feed(text):
            self._tokens = JsonTokens(fenced=self._beginning.fenced)
            return f"{_FENCE_OF_CODE}json\n{self.feed(json)}"
        self._is_other = self._beginning.is_json is False
        return self._beginning.whole if self._is_other else ""

    def finish(self) -> str:
        """Return the Markdown at the end."""
        if self._tokens is not None:
            below = self._below("".join(self._json)) if self._tokens.is_whole and self._below is not None else ""
            return f"{_joined(self._tokens.finish())}\n{_FENCE_OF_CODE}\n\n{below}"
        return "" if self._is_other else self._beginning.whole


def _joined(tokens: Iterable[Token]) -> str:
    return "".join(each.text for each in tokens)


def _html(tokens: Iterable[Token]) -> str:
    return "".join(
        f'<span class="{each.colour}">{plain(each.text)}</span>' if each.colour else plain(each.text) for each in tokens
    )
