"""Syntax beyond CommonMark: formulas, task lists, footnotes, images with any target."""

from __future__ import annotations

import copy
import re
import unicodedata
from typing import TYPE_CHECKING

from markdown_it.rules_inline import image, newline
from mdit_py_plugins.footnote.index import footnote_def

from nbstream.markdown import addresses, delimiters, math_blocks
from nbstream.markdown.fences import fence, glued_fence, indented_fence
from nbstream.markdown.lists import list_block
from nbstream.markdown.tables import table
from nbstream.markdown.tags import raw_html, tag
from nbstream.markdown.tex_or_text import Kind

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_TASK = re.compile(r"\[([ xX])][ \t]+(?=\S)")
#: The direction of a text is that of the first letter among this many characters.
_FIRST_LETTERS = 500
# CommonMark limits the label of a link to 999 characters.
_FOOTNOTE = re.compile(r"\[\^([^\]\s]{1,999})]")


def add_to(parser: MarkdownIt) -> None:
    """Add the rules for this syntax to `parser`."""
    ends = ["paragraph", "reference", "blockquote", "list"]
    parser.block.ruler.at("table", table, {"alt": ["paragraph", "reference"]})
    parser.block.ruler.at("fence", fence, {"alt": ends})
    parser.block.ruler.before("code", "indented_fence", indented_fence, {"alt": []})
    parser.block.ruler.before("lheading", "glued_fence", glued_fence, {"alt": ["paragraph", "reference"]})
    parser.block.ruler.at("list", list_block, {"alt": ["paragraph", "reference", "blockquote"]})
    parser.block.ruler.before("fence", "math_block", math_blocks.math_block, {"alt": ends})
    parser.block.ruler.before("reference", "footnote", _footnote, {"alt": ["paragraph", "reference"]})
    parser.core.ruler.after("block", "directions", _directions)
    parser.core.ruler.after("block", "tasks", _tasks)
    parser.core.ruler.after("block", "fences", _fences)
    parser.inline.ruler.before("escape", "math_inline", _math_inline)
    parser.inline.ruler.before("link", "footnote_reference", _footnote_reference)
    parser.inline.ruler.at("image", _any_image)
    parser.inline.ruler.at("newline", _newline)
    parser.inline.ruler.before("autolink", "tag", tag)
    parser.inline.ruler.after("html_inline", "raw_html", raw_html)
    parser.inline.ruler.after("link", "dead_link", addresses.dead_link)
    parser.inline.ruler.after("text", "bare_address", addresses.bare_address)


def footnote_key(label: str) -> str:
    """Return a footnote's key among the references, which no label can equal."""
    return f"[^{label}]"


def _math_inline(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  (markdown-it calls it so, and the others)
    found = delimiters.formula_at(state.src, state.pos)
    if found is None:
        # A dollar is text; the next rule handles a backslash.
        is_half = _half_formula(state, silent=silent)
        dollars = state.env.get("dollars")
        if not (is_half or silent or dollars is None) and state.src[state.pos] == "$":
            dollars.append(state.pos)
        return is_half
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content, token.markup = found.tex, found.opener
        token.meta = {
            "display": found.is_display,
            "finished": found.end < state.posMax or not state.env["open_math"],
            "at": state.pos,
            "end": found.end,
        }
    state.pos = found.end
    return True


def _half_formula(state: StateInline, *, silent: bool) -> bool:
    """Read a formula whose end never came: it keeps the text that was shown of it."""
    opener = delimiters.opener_at(state.src, state.pos)
    if not opener or state.posMax < len(state.src):
        return False
    kind, rest = delimiters.half_formula(state.src, state.pos)
    if kind is not Kind.TEX:
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content = delimiters.without_blank_lines(opener + rest if opener == "\\boxed{" else rest)
        token.markup = opener
        token.meta = {
            "display": opener in ("$$", "\\["),
            "finished": False,
            "at": state.pos,
            "end": state.posMax,
        }
    state.pos = state.posMax
    return True


def _footnote(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    at = len(state.tokens)
    found = bool(footnote_def(state, start, end, silent))
    if found and not silent:
        token = state.tokens[at]
        token.map = [start, state.line]
        # Without paragraph tags, so that the text is beside its number, as in a tight list.
        if len(state.tokens) > at + 1 and state.tokens[at + 1].type == "paragraph_open":
            state.tokens[at + 1].hidden = state.tokens[at + 3].hidden = True
        references = state.env["references"]
        references.setdefault(footnote_key(token.meta["label"]), {"map": token.map})
    return found


def _footnote_reference(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Parse a footnote reference; a number also before the footnote, a word may be [^a-z]."""
    found = _FOOTNOTE.match(state.src, state.pos)
    if not found or not (found[1].isdecimal() or footnote_key(found[1]) in state.env["references"]):
        return False
    if not silent:
        state.push("footnote_ref", "sup", 0).content = found[1]
    state.pos = found.end()
    return True


def _directions(state: StateCore) -> None:
    """Set each block right to left if its first letter is; a list, by its first item."""
    tokens = state.tokens
    for at, token in enumerate(tokens):
        if token.type == "inline" and _is_right_to_left(token.content):
            tokens[at - 1].attrSet("dir", "rtl")
            if tokens[at - 1].type == "paragraph_open":
                # JupyterLab aligns each paragraph left.
                tokens[at - 1].attrSet("style", "text-align:right")
            # Also for the item, list or table that begins with this text.
            for before in range(at - 2, -1, -1):
                if tokens[before].nesting != 1 or tokens[before].type == "blockquote_open":
                    break
                tokens[before].attrSet("dir", "rtl")


def _is_right_to_left(text: str) -> bool:
    if text.isascii():
        return False
    directions = (unicodedata.bidirectional(char) for char in text[:_FIRST_LETTERS])
    return next((each != "L" for each in directions if each in ("L", "R", "AL")), False)


def _tasks(state: StateCore) -> None:
    """Turn a "[ ]" or "[x]" before the text of an item into a check box."""
    tokens = state.tokens
    for at, token in enumerate(tokens):
        if token.type != "inline" or at < 2 or tokens[at - 2].type != "list_item_open":  # noqa: PLR2004
            continue
        if tokens[at - 1].type == "paragraph_open" and (box := _TASK.match(token.content)):
            token.content = token.content[box.end() :]
            tokens[at - 2].attrSet("class", "nbstream-task")
            tokens[at - 2].attrSet("style", "list-style:none")
            token.meta["task"] = "☐ " if box[1] == " " else "☑ "


def _fences(state: StateCore) -> None:
    """Mark a fence that may continue as open."""
    lines = state.src.count("\n") + (not state.src.endswith("\n"))
    for token in state.tokens:
        if token.type == "fence":
            is_last = (token.map or (0, 0))[1] >= lines
            token.meta["open"] = state.env["position"].is_unfinished and is_last and not has_end(token)


def has_end(fence: Token) -> bool:
    """Return whether a fence has its closing line."""
    start, end = fence.map or (0, 0)
    code = fence.content
    return end - start - 1 > code.count("\n") + (code != "" and not code.endswith("\n"))


def _newline(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Note where the text has a line end."""
    at = state.pos
    found = newline(state, silent)
    if found and not silent:
        state.tokens[-1].meta["at"] = at
    return found


def _any_image(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Parse an image with any target, because images are not loaded."""
    parser, environment = state.md, state.env
    # The text of the image is parsed by itself, so positions in it are not those of the whole.
    state.env = {**environment, "signs": None, "dollars": None}
    state.md = copy.copy(parser)
    state.md.any_target = True  # type: ignore[attr-defined]  # a copy of our own parser
    at = state.pos
    try:
        found = image(state, silent)
    finally:
        state.md, state.env = parser, environment
    if found and not silent:
        state.tokens[-1].meta.update(at=at, end=state.pos)
    return found
