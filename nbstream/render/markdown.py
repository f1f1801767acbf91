"""Markdown to HTML, at once or as it grows; markdown-it-py's one door, and the security boundary: no raw HTML comes through.

A growing text is written as operations of the protocol. What complete lines have finished is written for good and never
parsed again: blocks, and within the open block the lines of a fence, the rows of a table and the items of a list. The
rest is the tail. This module must not know replies, widgets or comms.
"""

from __future__ import annotations

import copy
import re
from collections import ChainMap
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import image

from nbstream.render.repair import is_withheld, repair
from nbstream.render.writer import DocumentWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

    from nbstream.render.protocol import DocumentState, Op

_LISTS = frozenset({"bullet_list_open", "ordered_list_open"})
_IN_PARTS = _LISTS | {"table_open"}

#: The level of the paragraphs whose tags a tight list hides.
_ITEM_PARAGRAPH = 2

_LINK = re.compile(r"https?://[^/?#]|mailto:.", re.IGNORECASE)
_LINK_ATTRIBUTES = {"rel": "noopener noreferrer", "target": "_blank"}

#: A larger table stays in the tail as a whole. markdown-it fills in at most 65,536 missing cells of a table, counted from
#: its beginning (`MAX_AUTOCOMPLETED_CELLS` in its rules_block/table.py, 4.0); a table in parts must not come near that.
_MOST_CELLS = 0x8000


def to_html(text: str, *, final: bool = True) -> str:
    """Render `text` at once; if it isn't `final`, as `MarkdownStream` shows it while it goes on."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if final:
        return _render(_parse(text).blocks)
    end = text.rfind("\n") + 1
    return _render(_parse_unfinished("", text[:end], text[end:]).blocks)


class MarkdownStream:
    """Markdown that grows, as operations on a document.

    After each frame the document is `to_html(text, final=False)`, and after `finish` it is `to_html(text)`, however the text
    was split. One exception: a reference that is defined after its use becomes a link at `finish`.
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
        """Append `text`. It is looked at by the next frame."""
        if text:
            normal = text.replace("\r\n", "\n").replace("\r", "\n")
            # The second half of a line's end that was split.
            normal = normal[1:] if self._ends_in_return and text[0] == "\n" else normal
            self._ends_in_return = text[-1] == "\r"
            self._text.append(normal)
            self._fed.append(normal)

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
        """Write the blocks that are finished, begin a group for the last one; return whether to look again."""
        parsed = _parse(self._lines, self._references)
        if not parsed.blocks:
            return False
        *done, last = parsed.blocks
        if _is_closed_fence(last):
            done.append(last)
        elif done and done[-1].kind == "definition" and done[-1].end == last.start:
            # What follows a definition at once may turn out to be its title.
            done.pop()
        self._writer.add(_render(done))
        group = _Group.of(last, _from_line(self._lines, last.start))
        if group:
            self._cut(last.start + "".join(group.written).count("\n"), parsed)
            self._writer.open(group.start, group.end)
            self._group = group
        elif done:
            self._cut(done[-1].end, parsed)
        return group is not None

    def _write_parts(self, group: _Group) -> bool:
        """Write the parts of the group that are finished, end it if its block has ended; return whether to look again."""
        source = group.context + self._lines
        parsed = _parse(source, self._references)
        block = parsed.blocks[0]
        parts = group.parts_of(block)
        ended = len(parsed.blocks) > 1 or _is_closed_fence(block)
        if block.kind == "table_open":
            ended = ended or block.end < source.count("\n")
            group.cells += sum(len(part.tokens) // 3 for part in parts)
            if group.cells > _MOST_CELLS:
                self._writer.redo("")
                self._lines = "".join(group.written) + self._lines
                self._group = None
                return False
        group.loose = group.loose or _is_loose(block)
        self._show_looseness(group, block)
        # The last item may go on.
        end = parts.pop().start if block.kind in _LISTS and not ended else block.end
        self._writer.add(group.render(parts))
        group.written.append(self._cut(end, parsed))
        if ended:
            self._end_group()
        return ended

    def _write_tail(self) -> None:
        """Let the tail be what is not finished."""
        parsed = _parse_unfinished(self._context, self._lines, self._partial, self._references)
        blocks = parsed.blocks
        html = ""
        if group := self._group:
            block, *blocks = blocks
            self._show_looseness(group, block)
            html = group.render(group.parts_of(block))
            if blocks:
                # The line in progress is outside of the list, and no continuation could put it into it.
                self._writer.add(html)
                self._cut(block.end, parsed)
                self._end_group()
                html = ""
        self._writer.tail(html + _render(blocks))

    def _write_rest(self) -> None:
        """Write what is left, as nothing follows."""
        parsed = _parse(self._context + self._lines + self._partial, self._references)
        blocks = parsed.blocks
        if group := self._group:
            block, *blocks = blocks
            self._show_looseness(group, block)
            self._writer.add(group.render(group.parts_of(block)))
            self._end_group()
        self._writer.add(_render(blocks))
        self._writer.tail("")
        self._references.update(parsed.definitions)
        self._lines = self._partial = ""

    @property
    def _context(self) -> str:
        return self._group.context if self._group else ""

    def _show_looseness(self, group: _Group, block: _Block) -> None:
        """Write a list's finished items again if what was parsed now makes their paragraphs look different."""
        loose = group.loose or _is_loose(block)
        if loose == group.shown_loose:
            return
        group.shown_loose = loose
        if source := "".join(group.written):
            self._writer.redo("")
            self._writer.open(group.start, group.end)
            self._writer.add(group.render(_parse(source, self._references).blocks[0].parts))

    def _end_group(self) -> None:
        """End the group. Its block can be done again here as a whole, from its lines: `_Group.written`."""
        self._writer.close()
        self._group = None

    def _cut(self, line: int, parsed: _Parsed) -> str:
        """Take the lines before `line` away as written, with the references that they define; return them."""
        rest = _from_line(self._lines, line - self._context.count("\n"))
        written = self._lines[: len(self._lines) - len(rest)]
        self._lines = rest
        for label, definition in parsed.definitions.items():
            if definition["map"][0] < line:
                self._references[label] = definition
        return written


@dataclass(frozen=True, slots=True)
class _Block:
    """A block, an item or a row; its lines count from the beginning of what was parsed."""

    tokens: Sequence[Token]
    start: int
    end: int

    @property
    def kind(self) -> str:
        return self.tokens[0].type

    @property
    def parts(self) -> list[_Block]:
        """A list's items, a table's rows below its head; otherwise the block is its only part."""
        tokens = self.tokens
        if self.kind in _LISTS:
            return list(_split(tokens[1:-1]))
        if self.kind == "table_open":
            body = next((index for index, token in enumerate(tokens) if token.type == "tbody_open"), len(tokens))
            return list(_split(tokens[body + 1 : -2]))
        return [self]


@dataclass(slots=True)
class _Group:
    """The block that is being written in parts."""

    #: Its tags around the parts.
    start: str
    end: str
    #: Lines that bring the parser to where the block's next line belongs.
    context: str
    #: Its lines so far.
    written: list[str]
    #: The context is an item, which isn't shown.
    skipped: int = 0
    cells: int = 0
    #: Whether complete lines have made the list loose, and whether that is what the document shows.
    loose: bool = False
    shown_loose: bool = False

    @classmethod
    def of(cls, block: _Block, source: str) -> _Group | None:
        """Return the group to begin for an open block; None if it has no finished part. Its lines are `source`."""
        first, parts = block.tokens[0], block.parts
        if block.kind in _LISTS and len(parts) > 1:
            # As far indented as content can be, so that no item which follows is nested in it.
            marker = first.markup if block.kind == "bullet_list_open" else f"1{first.markup}"
            start, end = _render_tokens(block.tokens[:1]), _render_tokens(block.tokens[-1:])
            return cls(start, end, f"{marker}    x\n", [], skipped=1)
        if block.kind == "table_open" and parts and len(parts) * len(parts[0].tokens) // 3 <= _MOST_CELLS:
            head = "".join(f"{line}\n" for line in source.split("\n", 2)[:2])
            body = block.tokens.index(parts[0].tokens[0])
            return cls(_render_tokens(block.tokens[:body]), _render_tokens(block.tokens[-2:]), head, [head])
        # Until its second line is there, a fence may still be the head of a table: "~~~ a | b".
        if block.kind == "fence" and not _is_closed_fence(block) and block.end - block.start > 1:
            head = source[: source.index("\n") + 1]
            start, end = _render_tokens([first.copy(content="")]).split("</code>")
            # Without its language, which could make a table's head of it again.
            context = head[: head.index(first.markup)] + first.markup + "\n"
            return cls(start, f"</code>{end}", context, [head])
        return None

    def parts_of(self, block: _Block) -> list[_Block]:
        """Return the parts of `block`, which was parsed after the context."""
        return block.parts[self.skipped :]

    def render(self, parts: Sequence[_Block]) -> str:
        """Render `parts` as they stand between the tags."""
        if self.skipped:
            for token in (token for part in parts for token in part.tokens):
                if token.level == _ITEM_PARAGRAPH and token.type in ("paragraph_open", "paragraph_close"):
                    token.hidden = not self.shown_loose
        html = _render(parts)
        return html.removeprefix(self.start).removesuffix(self.end) if parts and parts[0].kind == "fence" else html


class _Parsed(NamedTuple):
    blocks: list[_Block]
    #: Of the references that this text defines, by label.
    definitions: dict[str, Any]


def _parse(text: str, references: dict[str, Any] | None = None, *, unfinished: bool = False) -> _Parsed:
    definitions: dict[str, Any] = {}
    env = {"references": ChainMap(definitions, references or {}), "unfinished": unfinished}
    return _Parsed(list(_split(_parser().parse(text, env))), definitions)


def _parse_unfinished(context: str, lines: str, partial: str, references: dict[str, Any] | None = None) -> _Parsed:
    """Parse complete lines and the beginning of the next one, with nothing half-written in it.

    The partial line is left out where it means nothing yet, or where it would end a list or table just above it: "#" does,
    and "#hashtag" does not.
    """
    lines = context + lines
    if is_withheld(partial):
        partial = ""
    parsed = _parse(lines + partial, references, unfinished=True)
    if partial and len(parsed.blocks) > 1:
        before, last = parsed.blocks[-2:]
        is_adjacent = lines[lines.rfind("\n", 0, -1) + 1 :].strip() != ""
        if is_adjacent and last.start == lines.count("\n") and before.kind in _IN_PARTS:
            return _parse(lines, references, unfinished=True)
    return parsed


def _split(tokens: Iterable[Token]) -> Iterator[_Block]:
    """Split tokens into blocks of the same level."""
    block: list[Token] = []
    depth = 0
    for token in tokens:
        block.append(token)
        depth += token.nesting
        if depth == 0:
            start, end = block[0].map or (0, 0)
            yield _Block(block, start, end)
            block = []


def _from_line(text: str, line: int) -> str:
    return text.split("\n", line)[-1]


def _is_closed_fence(block: _Block) -> bool:
    """Tell whether a block, which was parsed from complete lines, is a fence with its closing line."""
    return block.kind == "fence" and block.end - block.start - 1 > block.tokens[0].content.count("\n")


def _is_loose(block: _Block) -> bool:
    """Tell whether a block, which was parsed after its group's context, is a loose list: the context is a paragraph."""
    return block.kind in _LISTS and not block.tokens[2].hidden


def _render(blocks: Iterable[_Block]) -> str:
    return "".join(_render_tokens(block.tokens) for block in blocks)


def _render_tokens(tokens: Sequence[Token]) -> str:
    parser = _parser()
    return str(parser.renderer.render(tokens, parser.options, {}))


@cache
def _parser() -> _Markdown:
    """Return the parser with all its settings."""
    parser = _Markdown("commonmark", {"html": False, "xhtmlOut": False, "inline_definitions": True}, renderer_cls=_Html)
    parser.enable(["table", "strikethrough"])
    parser.core.ruler.after("block", "repair", _repair_end)
    parser.inline.ruler.at("image", _any_image)
    return parser


class _Markdown(MarkdownIt):
    any_target = False

    def validateLink(self, url: str) -> bool:  # noqa: N802  (markdown-it's name)
        return self.any_target or _LINK.match(url) is not None


def _any_image(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  (markdown-it calls it so)
    """Read an image, whatever its target, as it is not loaded anyway."""
    parser = state.md
    state.md = copy.copy(parser)
    state.md.any_target = True  # type: ignore[attr-defined]
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
    is_complete_line = state.src.endswith("\n")
    _, end = tokens[at].map or (0, 0)
    if end < state.src.count("\n") + (not is_complete_line):
        return
    if is_complete_line and tokens[at + 1].type != "paragraph_close":
        return
    tokens[at].content = repair(tokens[at].content)
    if not tokens[at].content and tokens[at + 1].type in ("paragraph_close", "heading_close"):
        del tokens[at - 1 : at + 2]


class _Html(RendererHTML):
    """HTML that fetches nothing and survives JupyterLab's sanitiser: no id, no data attribute, no image."""

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Open a link in a new tab, which learns nothing of this one."""
        env["in_link"] = True
        tokens[idx].attrs |= _LINK_ATTRIBUTES
        return self.renderToken(tokens, idx, options, env)

    def link_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Close it."""
        env["in_link"] = False
        return self.renderToken(tokens, idx, options, env)

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Say where an image is, and leave it there: to fetch it would tell its host who reads this, and when."""
        token = tokens[idx]
        url = str(token.attrs["src"])
        host = _host(url)
        alt = self.renderInlineAsText(token.children, options, env).strip()
        label = f"Image from {host} not loaded" if host else "Image not loaded"
        label = escapeHtml(f"{label}: {alt}" if alt else label)
        if not host or env.get("in_link"):
            return f'<span class="nbstream-image">{label}</span>'
        return (
            f'<a class="nbstream-image" href="{escapeHtml(url)}" rel="noopener noreferrer" target="_blank">{label}</a>'
        )

    def definition(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        """Show nothing of a reference's definition."""
        return ""


def _host(url: str) -> str:
    """Return the host of an address that may become a link; an empty string if it has none."""
    try:
        return urlsplit(url).hostname or "" if _LINK.match(url) else ""
    except ValueError:
        return ""
