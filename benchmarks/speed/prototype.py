"""A simple implementation to compare with: Markdown rendered in the kernel.

Finished blocks are sent once. It has 30 frames a second, formulas and coloured code, but no Stop,
no saved output, no repair of half-written syntax, and no protection against a slow page. It does
not use nbstream.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anywidget
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight as colour
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

_FRAME_SECONDS = 1 / 30


class Widget(anywidget.AnyWidget):
    """Shows the finished blocks, and the tail after them."""

    _esm = """
    function render({ model, el }) {
      el.classList.add("jp-RenderedHTMLCommon", "jp-RenderedMarkdown", "prototype");
      const tail = document.createElement("div");
      el.append(tail);
      model.on("msg:custom", (message) => {
        tail.insertAdjacentHTML("beforebegin", message.done);
        tail.innerHTML = message.tail;
      });
    }
    export default { render };
    """


def _highlight(code: str, language: str, _: Any) -> str:
    try:
        return str(colour(code, get_lexer_by_name(language), HtmlFormatter(nowrap=True)))
    except ClassNotFound:
        return ""


def _formula(tex: str, options: dict[str, Any]) -> str:
    try:
        return str(convert(tex, display="block" if options.get("display_mode") else "inline"))
    except Exception:  # noqa: BLE001  (half a formula raises many kinds of exception)
        return tex


def markdown() -> MarkdownIt:
    """Return the parser."""
    parser = MarkdownIt("gfm-like", {"html": False, "linkify": False, "highlight": _highlight})
    return parser.use(dollarmath_plugin, renderer=_formula)


def show(deltas: Iterable[str]) -> None:
    """Display an answer while it arrives."""
    from IPython.display import display  # noqa: PLC0415  (this module is also imported outside of IPython)

    widget, parser = Widget(), markdown()
    display(widget)
    text, drawn = "", 0.0

    def frame(*, last: bool = False) -> None:
        nonlocal text
        env: dict[str, Any] = {}
        tokens = parser.parse(text, env)
        starts = [token.map[0] for token in tokens if token.level == 0 and token.map and token.nesting >= 0]
        done = ""
        if len(starts) > 1 and not last:
            lines = text.splitlines(keepends=True)
            done = parser.render("".join(lines[: starts[-1]]))
            text = "".join(lines[starts[-1] :])
        widget.send({"done": done, "tail": parser.render(text)})

    for delta in deltas:
        text += delta
        if time.monotonic() - drawn >= _FRAME_SECONDS:
            frame()
            drawn = time.monotonic()
    frame(last=True)
