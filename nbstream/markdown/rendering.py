"""Blocks to HTML, and Markdown to HTML at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.markdown.gc_pause import paused
from nbstream.markdown.highlight import highlight
from nbstream.markdown.math import to_mathml
from nbstream.markdown.parser import Position, inline_tokens, markdown_parser, parse, unix_lines, without_withheld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from markdown_it.token import Token

    from nbstream.markdown.parser import Block


def to_html(text: str, *, final: bool = True, settled: bool = False, renderer: Renderer | None = None) -> str:
    """Render `text` at once.

    Args:
        text: Markdown.
        final: whether nothing follows; else it is shown as in a frame of `GrowingHtml`.
        settled: whether it is for a file, where MathJax typesets the formulas, and not for the live
            view.
        renderer: what rendered the same text before, or parts of it, and remembers them.
    """
    renderer = renderer or Renderer()
    text = unix_lines(text)
    with paused():
        if final:
            return renderer.render(parse(text).blocks, settled=settled)
        end = Position(is_unfinished=True, is_repaired=True)
        return renderer.render(parse(without_withheld(text), position=end).blocks, settled=settled)


def preload() -> None:
    """Load what the first formula and the first code need: 50 ms, on any thread."""
    to_mathml("x", display=False)
    highlight("x", "python")


class Renderer:
    """Renders the blocks of one text, and remembers the HTML of paragraphs, code and formulas.

    A growing text is rendered in each frame, and most of its end is the same as before. What is
    remembered goes with the renderer, so nothing that a model wrote outlives its text.
    """

    def __init__(self) -> None:
        self._remembered: dict[tuple[Any, ...], str] = {}

    def render(self, blocks: Iterable[Block], *, settled: bool = False) -> str:
        """Return the HTML of `blocks`."""
        return "".join(self.render_tokens(block.tokens, block.references, settled=settled) for block in blocks)

    def render_tokens(self, tokens: Sequence[Token], references: Mapping[str, Any], *, settled: bool = False) -> str:
        """Return the HTML of block tokens, which need not be balanced."""

        def inline(token: Token) -> str:
            text = token.content
            if "repaired" in token.meta or (references and "[" in text):
                # The end of the text, which differs in each frame, or what may be a reference.
                return self._inline_html(token, references, settled=settled)
            # Live and settled HTML differ only in formulas.
            is_settled = settled and ("$" in text or "\\" in text)
            key = ("text", text, is_settled)
            if key not in self._remembered:
                self._remembered[key] = self._inline_html(token, {}, settled=is_settled)
            return self._remembered[key]

        parser = markdown_parser()
        return parser.elements.render(tokens, parser.options, {"inline": inline, **self._environment(settled=settled)})

    def _inline_html(self, token: Token, references: Mapping[str, Any], *, settled: bool) -> str:
        parser = markdown_parser()
        tokens = inline_tokens(token, references)
        return parser.elements.renderInline(tokens, parser.options, self._environment(settled=settled))

    def _environment(self, *, settled: bool) -> dict[str, Any]:
        return {"settled": settled, "remember": self._remember}

    def _remember(self, function: Callable[..., str], *arguments: object) -> str:
        """Return what `function` returns for `arguments`; it is called once for the same ones."""
        key = (function, *arguments)
        if key not in self._remembered:
            self._remembered[key] = function(*arguments)
        return self._remembered[key]
