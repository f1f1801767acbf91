"""Markdown to HTML: markdown-it-py's one door, and the security boundary.

Whatever a model writes, no raw HTML comes through, nothing is fetched, and only web and mail addresses become links.
This module must not know how a growing text is sent, nor what it was a frame ago: that is for `stream`.
"""

from __future__ import annotations

import copy
import re
from collections import ChainMap
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import image

from nbstream.render.repair import is_withheld, repair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

_LINK = re.compile(r"https?://[^/?#]|mailto:.", re.IGNORECASE)
_HOST = re.compile(r"https?://(?:[^/?#]*@)?(\[[^]/?#]*]|[^/?#:]+)", re.IGNORECASE)
_LINK_ATTRIBUTES = {"rel": "noopener noreferrer", "target": "_blank"}


def to_html(text: str, *, final: bool = True) -> str:
    """Render `text` at once; if it isn't `final`, as a `MarkdownStream` shows it while it goes on."""
    text = unix_lines(text)
    if final:
        return render(parse(text).blocks)
    end = text.rfind("\n") + 1
    return render(parse_unfinished(text[:end], text[end:]).blocks)


def unix_lines(text: str) -> str:
    """Return `text` with each line ended by one line feed, as `parse` needs it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A block, an item or a row. Its lines count from the beginning of what was parsed; `end` is the line after it."""

    tokens: Sequence[Token]
    start: int
    end: int

    @property
    def is_list(self) -> bool:
        """Whether it has items."""
        return self.tokens[0].type in ("bullet_list_open", "ordered_list_open")

    @property
    def is_table(self) -> bool:
        """Whether it has rows."""
        return self.tokens[0].type == "table_open"

    @property
    def is_fence(self) -> bool:
        """Whether it is code between fences."""
        return self.tokens[0].type == "fence"

    @property
    def is_closed_fence(self) -> bool:
        """Whether it is a fence that has its closing line; the text must have been one of complete lines."""
        return self.is_fence and self.end - self.start - 1 > self.tokens[0].content.count("\n")

    @property
    def outlives_blank_lines(self) -> bool:
        """Whether it may go on after a blank line."""
        return self.is_list or self.tokens[0].type == "code_block"

    @property
    def is_definition(self) -> bool:
        """Whether it defines a reference, of which nothing is shown."""
        return self.tokens[0].type == "definition"

    @property
    def parts(self) -> list[Block]:
        """A list's items, a table's rows below its head; another block is its own only part."""
        if self.is_list:
            return list(_blocks(self.tokens[1:-1]))
        if self.is_table:
            types = [token.type for token in self.tokens]
            return list(_blocks(self.tokens[types.index("tbody_open") + 1 : -2])) if "tbody_open" in types else []
        return [self]


class Parsed(NamedTuple):
    """What was read: its blocks, and the references that it defines, by label."""

    blocks: list[Block]
    definitions: dict[str, Any]


def parse(text: str, references: dict[str, Any] | None = None, *, unfinished: bool = False) -> Parsed:
    """Parse `text`, which may use `references` that were defined before it."""
    definitions: dict[str, Any] = {}
    env = {"references": ChainMap(definitions, references or {}), "unfinished": unfinished}
    return Parsed(list(_blocks(_parser().parse(text, env))), definitions)


def parse_unfinished(lines: str, partial: str, references: dict[str, Any] | None = None) -> Parsed:
    """Parse complete lines and the beginning of the next one, so that nothing half-written is seen."""
    return parse(lines if is_withheld(partial) else lines + partial, references, unfinished=True)


def render(blocks: Iterable[Block]) -> str:
    """Return the HTML of `blocks`."""
    return "".join(render_tokens(block.tokens) for block in blocks)


def render_tokens(tokens: Sequence[Token]) -> str:
    """Return the HTML of `tokens`, which need not be balanced."""
    parser = _parser()
    return str(parser.renderer.render(tokens, parser.options, {}))


def render_text(text: str) -> str:
    """Return the HTML of plain text."""
    return str(escapeHtml(text))


def _blocks(tokens: Iterable[Token]) -> Iterator[Block]:
    block: list[Token] = []
    depth = 0
    for token in tokens:
        block.append(token)
        depth += token.nesting
        if depth == 0:
            start, end = block[0].map or (0, 0)
            yield Block(block, start, end)
            block = []


@cache
def _parser() -> _Markdown:
    """Return the parser with all its settings."""
    options = {"html": False, "xhtmlOut": False, "inline_definitions": True}
    parser = _Markdown("commonmark", options, renderer_cls=_Html)
    parser.enable(["table", "strikethrough"])
    parser.core.ruler.after("block", "repair", _repair_end)
    parser.inline.ruler.at("image", _any_image)
    return parser


class _Markdown(MarkdownIt):
    any_target = False

    def validateLink(self, url: str) -> bool:  # noqa: N802  (markdown-it's name)
        return self.any_target or _LINK.match(url) is not None


def _any_image(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  (markdown-it calls it so)
    """Read an image with any target, as it is not loaded anyway."""
    parser = state.md
    state.md = copy.copy(parser)
    state.md.any_target = True  # type: ignore[attr-defined]  # a copy of a _Markdown
    try:
        return image(state, silent)
    finally:
        state.md = parser


def _repair_end(state: StateCore) -> None:
    """Repair the paragraph, heading or cell that goes on to the end of an unfinished text."""
    tokens = state.tokens
    at = next((i for i in reversed(range(len(tokens))) if tokens[i].type == "inline" and tokens[i].content), None)
    if at is None or not state.env["unfinished"]:
        return
    at_line_end = state.src.endswith("\n")
    _, end = tokens[at].map or (0, 0)
    if end < state.src.count("\n") + (not at_line_end):
        return
    # Only a paragraph goes on in the next line.
    if at_line_end and tokens[at + 1].type != "paragraph_close":
        return
    tokens[at].content = repair(tokens[at].content)
    if not tokens[at].content and tokens[at + 1].type in ("paragraph_close", "heading_close"):
        del tokens[at - 1 : at + 2]


class _Html(RendererHTML):
    """HTML that fetches nothing and survives JupyterLab's sanitiser: no id, no data attribute, no image."""

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Open a link in a new tab, which learns nothing of this one. One without an address or in another is text."""
        links = env.setdefault("links", [])
        links.append(bool(tokens[idx].attrs["href"]) and not any(links))
        tokens[idx].attrs |= _LINK_ATTRIBUTES
        return self.renderToken(tokens, idx, options, env) if links[-1] else ""

    def link_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Close what `link_open` opened."""
        return self.renderToken(tokens, idx, options, env) if env["links"].pop() else ""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Say where an image is, and leave it there: to fetch it would tell its host who reads this, and when."""
        url = str(tokens[idx].attrs["src"])
        web = _HOST.match(url)
        alt = self.renderInlineAsText(tokens[idx].children, options, env).strip()
        label = f"Image from {web[1]} not loaded" if web else "Image not loaded"
        label = escapeHtml(f"{label}: {alt}" if alt else label)
        if not web or any(env.get("links", ())):
            return f'<span class="nbstream-image">{label}</span>'
        attributes = "".join(f' {name}="{value}"' for name, value in _LINK_ATTRIBUTES.items())
        return f'<a class="nbstream-image" href="{escapeHtml(url)}"{attributes}>{label}</a>'

    def definition(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        """Show nothing of a reference's definition."""
        return ""
