"""Markdown to blocks and to inline tokens, by markdown-it-py with the rules of `syntax`.

Each call of `parse` reads the block structure. The text in a block is read only when the block is
drawn (`inline_tokens`), because the end of a growing text is parsed more often than drawn.
"""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from markdown_it import MarkdownIt, helpers
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned

from nbstream.markdown import emphasis, syntax
from nbstream.markdown.html import Elements, is_link
from nbstream.markdown.link_labels import label_end
from nbstream.markdown.repair import is_withheld, may_define, repair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token
    from markdown_it.utils import EnvType

#: Deeper nesting is left out; each list counts as two levels. markdown-it calls itself for each.
_DEEPEST = 100


def unix_lines(text: str) -> str:
    """Return `text` with each line ended by one line feed, as `parse` needs it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A block, an item of a list or a row of a table.

    Attributes:
        tokens: markdown-it's tokens, from the opening one to the closing one.
        start: the first line, counted from the beginning of the parsed text.
        end: the line after the last one.
        references: what the whole text defines, by label, for the links in the block.
    """

    tokens: Sequence[Token]
    start: int
    end: int
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
        return self.is_list or self.tokens[0].type in ("fence", "code_block", "footnote_reference_open")

    @property
    def is_definition(self) -> bool:
        """Whether it defines a reference, of which nothing is shown."""
        return self.tokens[0].type == "definition"

    @property
    def is_doubtful(self) -> bool:
        """Whether it is a formula that may turn out to be text of the block before it."""
        return self.tokens[0].type == "math_block" and bool(self.tokens[0].meta["doubtful"])

    @property
    def parts(self) -> list[Block]:
        """A list's items, or a table's rows below its head; else the block itself."""
        if self.is_list:
            return list(_blocks(self.tokens[1:-1], self.references))
        if self.is_table:
            types = [token.type for token in self.tokens]
            body = types.index("tbody_open") + 1 if "tbody_open" in types else len(types)
            return list(_blocks(self.tokens[body:-2], self.references))
        return [self]

    def is_complete(self, lines: int) -> bool:
        """Tell whether nothing can change it any more, if it is the last block of a text.

        Args:
            lines: how many lines the text has. All of them are complete.
        """
        first = self.tokens[0]
        if first.type in ("heading_open", "hr") or self.is_closed_fence:
            return True
        if first.type == "math_block":
            return bool(first.meta["finished"])
        return self.end < lines and not self.outlives_blank_lines


class ParsedText(NamedTuple):
    """The blocks of a text, and the references that it defines, by label."""

    blocks: list[Block]
    definitions: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Position:
    """How a text belongs to a longer one.

    Attributes:
        is_unfinished: more text follows, so that it may end in a formula or in code without an end.
        is_repaired: its half-written end is made whole, or left out, to be shown.
        follows_text: the line before it is not blank.
    """

    is_unfinished: bool = False
    is_repaired: bool = False
    follows_text: bool = False


_WHOLE = Position()


def parse(text: str, references: dict[str, Any] | None = None, position: Position = _WHOLE) -> ParsedText:
    """Parse `text`, which may use `references` that were defined before it."""
    definitions: dict[str, Any] = {}
    known = ChainMap(definitions, references or {})
    tokens = markdown_parser().parse(text, {"references": known, "position": position})
    return ParsedText(list(_blocks(tokens, known)), definitions)


def without_withheld(text: str, *, defines: bool | None = None) -> str:
    """Return an unfinished text without its last line, if that line must not be shown yet.

    Args:
        text: Markdown.
        defines: whether a definition may stand in the last line; None to find out from `text`.
    """
    end = text.rfind("\n") + 1
    if defines is None:
        defines = may_define(text[:end].split("\n")[:-1])
    return text[:end] if is_withheld(text[end:], may_define=defines) else text


def inline_tokens(
    token: Token,
    references: Mapping[str, Any],
    signs: list[int] | None = None,
    dollars: list[int] | None = None,
) -> list[Token]:
    """Return the tokens of a block's text.

    Args:
        token: the block's "inline" token.
        references: what the whole text defines, by label.
        signs: gets the positions of what is text here and is not in CommonMark: stars that are
            signs, and where raw HTML begins.
        dollars: gets the positions of dollars that are text.
    """
    parser = markdown_parser()
    tokens: list[Token] = []
    environment = {
        "references": references,
        "open_math": token.meta.get("open_math", False),
        "signs": signs,
        "dollars": dollars,
    }
    parser.inline.parse(token.content, parser, environment, tokens)
    for each in tokens:
        if each.type == "text_special":
            # An escaped character or an entity. It is plain text once the text is parsed.
            each.type = "text"
    return tokens


def _blocks(tokens: Iterable[Token], references: Mapping[str, Any]) -> Iterator[Block]:
    for block in split(tokens):
        start, end = block[0].map or (0, 0)
        yield Block(block, start, end, references)


def split(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """Yield the tokens of each block in `tokens`, with those of the blocks within it."""
    block: list[Token] = []
    depth = 0
    for token in tokens:
        block.append(token)
        depth += token.nesting
        if depth == 0:
            yield block
            block = []


@cache
def markdown_parser() -> NbstreamMarkdown:
    """Return the parser with all its settings."""
    options = {"html": False, "xhtmlOut": False, "breaks": True, "inline_definitions": True, "maxNesting": _DEEPEST}
    parser = NbstreamMarkdown("zero", renderer_cls=Elements)
    parser.inline = InlineParser()
    parser.configure("commonmark", options)
    parser.enable(["table", "strikethrough"])
    syntax.add_to(parser)
    # Replaces markdown-it's own pass over the texts: `inline_tokens` reads them.
    parser.core.ruler.at("inline", _repair_end)
    parser.helpers = SimpleNamespace(**vars(helpers) | {"parseLinkLabel": label_end})  # type: ignore[assignment]
    return parser


class NbstreamMarkdown(MarkdownIt):
    """markdown-it with this project's rule for addresses.

    Attributes:
        any_target: whether every address may be a link's.
        has_signs: whether a star may be a sign.
    """

    any_target = False
    has_signs = True

    @property
    def elements(self) -> Elements:
        """What renders its tokens."""
        return cast("Elements", self.renderer)

    def validateLink(self, url: str) -> bool:  # noqa: N802  (markdown-it's name)
        """Tell whether an address may be a link's, or an image's."""
        return self.any_target or is_link(url)


class InlineState(StateInline):
    """markdown-it's state of a text, with this project's rule for emphasis."""

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: ARG002, FBT001, N802, N803  (markdown-it's names)
        """Return the run of markers at `start`."""
        has_signs = cast("NbstreamMarkdown", self.md).has_signs
        run = emphasis.run_at(self.src, start, self.posMax, signs=has_signs)
        signs = self.env.get("signs")
        if signs is not None and run != emphasis.run_at(self.src, start, self.posMax, signs=False):
            signs += range(start, run.end)
        return Scanned(run.can_open, run.can_close, run.end - start)


class InlineParser(ParserInline):
    """markdown-it's parser of a text, with `InlineState`."""

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        """Parse `src` and append its tokens to `tokens`."""
        state = InlineState(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


def _repair_end(state: StateCore) -> None:
    """Repair the paragraph, heading or cell in which an unfinished text ends."""
    tokens = state.tokens
    at = next((i for i in reversed(range(len(tokens))) if tokens[i].type == "inline" and tokens[i].content), None)
    if at is None or not state.env["position"].is_repaired:
        return
    at_line_end = state.src.endswith("\n")
    token, closing = tokens[at], tokens[at + 1].type
    _, end = token.map or (0, 0)
    # Only a paragraph goes on in the next line.
    if end < state.src.count("\n") + (not at_line_end) or (at_line_end and closing != "paragraph_close"):
        return
    token.content, token.meta["open_math"] = repair(token.content, ends_line=at_line_end)
    token.meta["repaired"] = True
    if not token.content and closing in ("paragraph_close", "heading_close"):
        del tokens[at - 1 : at + 2]
