"""Markdown to HTML: markdown-it-py's one door.

Block structure is read at each call; the text within a block is read when it is rendered, by pieces that are
remembered, since the end of a growing text is rendered again and again. This package must not know how a growing text
is sent, nor what it was a frame ago: that is for `stream`.
"""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from markdown_it import MarkdownIt

from nbstream.markdown import syntax
from nbstream.markdown.collection import held_off
from nbstream.markdown.highlight import highlight
from nbstream.markdown.html import Elements, is_link
from nbstream.markdown.math import to_mathml
from nbstream.markdown.pieces import pieces
from nbstream.markdown.repair import is_withheld, may_define, repair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

#: What is nested deeper is left out, each list as two levels: markdown-it calls itself for each.
_DEEPEST = 100
#: How many pieces of text are remembered, so many that the items of a long list are among them.
_REMEMBERED = 4096


def to_html(text: str, *, final: bool = True, settled: bool = False) -> str:
    """Render `text` at once.

    Args:
        text: Markdown.
        final: whether nothing follows; else it is shown as in a frame of `GrowingMarkdown`.
        settled: whether it is for a file, where MathJax typesets the formulas, and not for the live view.
    """
    text = unix_lines(text)
    with held_off():
        if final:
            return render(parse(text).blocks, settled=settled)
        return render(parse(without_withheld(text), position=Position(is_unfinished=True, is_repaired=True)).blocks)


def preload() -> None:
    """Load what the first formula and the first code would wait for: a twentieth of a second, on any thread."""
    to_mathml("x", display=False)
    highlight("x", "python")


def unix_lines(text: str) -> str:
    """Return `text` with each line ended by one line feed, as `parse` needs it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A block, an item or a row. Its lines count from the beginning of what was parsed; `end` is the line after it."""

    tokens: Sequence[Token]
    start: int
    end: int
    #: What the whole text defines, by label, for the links in the block.
    references: Mapping[str, Any]

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
        """Whether it is a fence that has its closing line."""
        return self.is_fence and syntax.has_end(self.tokens[0])

    @property
    def outlives_blank_lines(self) -> bool:
        """Whether it may go on after a blank line."""
        return self.is_list or self.tokens[0].type in ("code_block", "footnote_reference_open")

    @property
    def is_definition(self) -> bool:
        """Whether it defines a reference, of which nothing is shown."""
        return self.tokens[0].type == "definition"

    @property
    def is_doubtful(self) -> bool:
        """Whether it is a formula that may turn out to be text of the block before it."""
        return self.tokens[0].type == "math_block" and bool(self.tokens[0].meta["doubtful"])

    @property
    def text(self) -> Token | None:
        """The text of a paragraph."""
        return self.tokens[1] if self.tokens[0].type == "paragraph_open" else None

    @property
    def parts(self) -> list[Block]:
        """A list's items, a table's rows below its head; another block is its own only part."""
        if self.is_list:
            return list(_blocks(self.tokens[1:-1], self.references))
        if self.is_table:
            types = [token.type for token in self.tokens]
            body = types.index("tbody_open") + 1 if "tbody_open" in types else len(types)
            return list(_blocks(self.tokens[body:-2], self.references))
        return [self]


class Parsed(NamedTuple):
    """What was read: its blocks, and the references that it defines, by label."""

    blocks: list[Block]
    definitions: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a text stands that is not a whole one.

    Attributes:
        is_unfinished: it goes on, so that it may end in a formula or in code that does not end yet.
        is_repaired: what it ends in is made whole, or left out, to be shown.
        follows_text: the line before it is not blank.
        begins_in_text: its first character is not its own, but stands for a paragraph's beginning.
    """

    is_unfinished: bool = False
    is_repaired: bool = False
    follows_text: bool = False
    begins_in_text: bool = False


_WHOLE = Position()


def parse(text: str, references: dict[str, Any] | None = None, position: Position = _WHOLE) -> Parsed:
    """Parse `text`, which may use `references` that were defined before it."""
    definitions: dict[str, Any] = {}
    known = ChainMap(definitions, references or {})
    tokens = _parser().parse(text, {"references": known, "position": position})
    return Parsed(list(_blocks(tokens, known)), definitions)


def without_withheld(text: str, *, defines: bool | None = None) -> str:
    """Return an unfinished text without its last line, if nothing of that is to be shown yet.

    Args:
        text: Markdown.
        defines: whether a definition may stand in its last line; if it is not known, `text` tells.
    """
    end = text.rfind("\n") + 1
    if defines is None:
        defines = may_define(text[:end].split("\n")[:-1])
    return text[:end] if is_withheld(text[end:], may_define=defines) else text


def render(blocks: Iterable[Block], *, settled: bool = False) -> str:
    """Return the HTML of `blocks`."""
    return "".join(render_tokens(block.tokens, block.references, settled=settled) for block in blocks)


def render_tokens(tokens: Sequence[Token], references: Mapping[str, Any], *, settled: bool = False) -> str:
    """Return the HTML of block tokens, which need not be balanced."""
    parser = _parser()

    def inline(token: Token) -> str:
        return "".join(render_pieces(token, references, settled=settled))

    return parser.elements.render(tokens, parser.options, {"inline": inline, "settled": settled})


def render_pieces(token: Token, references: Mapping[str, Any], *, settled: bool = False) -> Iterator[str]:
    """Return the HTML of a text, piece by piece."""
    for piece, open_math in _pieces(token):
        # Without a bracket there is no reference in it.
        if references and "[" in piece:
            yield _inline_html(_inline_tokens(piece, references, open_math=open_math), settled=settled)
        else:
            # Only formulas look another way when they have settled: all else is still known from when it streamed.
            has_formula = "$" in piece or "\\" in piece
            yield _remembered_html(piece, open_math=open_math, settled=settled and has_formula)


def inline_tokens(token: Token, references: Mapping[str, Any]) -> list[Token]:
    """Return what stands in a text: the inline tokens of `token`, whose `children` stay empty."""
    return [
        each for piece, open_math in _pieces(token) for each in _inline_tokens(piece, references, open_math=open_math)
    ]


def _pieces(token: Token) -> Iterator[tuple[str, bool]]:
    *whole, last = token.meta["pieces"]
    yield from ((piece, False) for piece in whole)
    yield last, token.meta.get("open_math", False)


def _inline_tokens(piece: str, references: Mapping[str, Any], *, open_math: bool) -> list[Token]:
    parser = _parser()
    tokens: list[Token] = []
    parser.inline.parse(piece, parser, {"references": references, "open_math": open_math}, tokens)
    for token in tokens:
        if token.type == "text_special":
            # An escaped character or an entity, which has done its duty: it was not read as Markdown.
            token.type = "text"
    return tokens


def _inline_html(tokens: Sequence[Token], *, settled: bool) -> str:
    parser = _parser()
    return parser.elements.renderInline(tokens, parser.options, {"settled": settled})


@lru_cache(_REMEMBERED)
def _remembered_html(piece: str, *, open_math: bool, settled: bool) -> str:
    return _inline_html(_inline_tokens(piece, {}, open_math=open_math), settled=settled)


def _blocks(tokens: Iterable[Token], references: Mapping[str, Any]) -> Iterator[Block]:
    for block in split(tokens):
        start, end = block[0].map or (0, 0)
        yield Block(block, start, end, references)


def split(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """Return the blocks that `tokens` are, each with what is in it."""
    block: list[Token] = []
    depth = 0
    for token in tokens:
        block.append(token)
        depth += token.nesting
        if depth == 0:
            yield block
            block = []


@cache
def _parser() -> _Markdown:
    """Return the parser with all its settings."""
    options = {"html": False, "xhtmlOut": False, "inline_definitions": True, "maxNesting": _DEEPEST}
    parser = _Markdown("commonmark", options, renderer_cls=Elements)
    parser.enable(["table", "strikethrough"])
    syntax.add_to(parser)
    # In place of reading what is in a text: that is for `inline_tokens`.
    parser.core.ruler.at("inline", _cut_and_repair)
    return parser


class _Markdown(MarkdownIt):
    any_target = False

    @property
    def elements(self) -> Elements:
        return cast("Elements", self.renderer)

    def validateLink(self, url: str) -> bool:  # noqa: N802  (markdown-it's name)
        return self.any_target or is_link(url)


def _cut_and_repair(state: StateCore) -> None:
    """Cut texts into pieces, and repair the paragraph, heading or cell in which an unfinished text ends."""
    tokens = state.tokens
    position: Position = state.env["position"]
    texts = [token for token in tokens if token.type == "inline"]
    if position.begins_in_text:
        texts[0].content = texts[0].content[1:]
    for token in texts:
        token.meta["pieces"] = pieces(token.content)
    at = next((i for i in reversed(range(len(tokens))) if tokens[i].type == "inline" and tokens[i].content), None)
    if at is None or not position.is_repaired:
        return
    at_line_end = state.src.endswith("\n")
    token, closing = tokens[at], tokens[at + 1].type
    _, end = token.map or (0, 0)
    # Only a paragraph goes on in the next line.
    if end < state.src.count("\n") + (not at_line_end) or (at_line_end and closing != "paragraph_close"):
        return
    whole = token.meta["pieces"]
    whole[-1], token.meta["open_math"] = repair(whole[-1])
    if whole == [""] and not position.begins_in_text and closing in ("paragraph_close", "heading_close"):
        del tokens[at - 1 : at + 2]
