"""Rewrites Markdown so that other programs, such as pandoc, show it as this package does."""

from __future__ import annotations

import re
from itertools import accumulate, chain
from typing import TYPE_CHECKING

from nbstream.markdown.html import image_words, is_displayed, is_on_web
from nbstream.markdown.parser import inline_tokens, parse, unix_lines
from nbstream.markdown.portable_blocks import block_edits
from nbstream.markdown.portable_formulas import Edit, formula_edits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

    from nbstream.markdown.parser import Block

#: Two spaces are a hard line break everywhere; a backslash is one in CommonMark and pandoc only.
_HARD_BREAK = "  "
#: Signs that Markdown could take as its own.
_SIGNS = re.compile(r"[\\`*_~$<>\[\]!|&]")
#: A text without any of these stays as it is.
_MAY_CHANGE = re.compile(r"[\n*_~$\\<]|://|!\[")
# The first blank after a backslash belongs to the backslash.
_BLANKS_AT_END = re.compile(r"(?<!\\) *$")


def portable(text: str) -> str:
    """Return Markdown with what other programs need.

    A line end that is shown becomes a hard break, a star that is a sign and raw HTML are escaped,
    and an address that is a link gets brackets. An image becomes a link: a program that loads it
    tells its server who reads the file, and LaTeX cannot be typeset with it. Formulas have dollars,
    and a dollar that could pair with another one is escaped. Blocks are written as CommonMark and
    pandoc know them.
    """
    text = unix_lines(text)
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    changes: set[Edit] = set()
    blocks = parse(text).blocks
    for block, previous in zip(blocks, [None, *blocks], strict=False):
        for line, edit in chain(_edits(block, lines), block_edits(block, previous, lines)):
            changes.add(Edit(starts[line] + edit.start, starts[line] + edit.end, edit.text))
    pieces: list[str] = []
    at = 0
    for start, end, replacement in sorted(changes):
        if start >= at:
            pieces += (text[at:start], replacement)
            at = end
    return "".join([*pieces, text[at:]])


def _edits(block: Block, lines: list[str]) -> Iterator[tuple[int, Edit]]:
    """Yield the number of each line that changes in the block, and the change."""
    for token in block.tokens:
        if token.type != "inline":
            continue
        signs: list[int] = []
        dollars: list[int] = []
        first, _ = token.map or (0, 0)
        text = token.content
        if not _MAY_CHANGE.search(text):
            continue
        edits: list[Edit] = []
        formulas = previous_end = links = 0
        tokens = inline_tokens(token, block.references, signs, dollars)
        for at, each in enumerate(tokens):
            if each.type == "softbreak":
                if any(is_displayed(beside) for beside in tokens[max(0, at - 1) : at + 2]):
                    # The formula stands on a line of its own, and LaTeX refuses a break there.
                    continue
                line = first + text.count("\n", 0, each.meta["at"])
                blanks = _BLANKS_AT_END.search(lines[line])
                yield line, Edit(blanks.start() if blanks else 0, len(lines[line]), _HARD_BREAK)
            elif each.type == "link_open":
                links += 1
                if "at" in each.meta:
                    start, end = each.meta["at"], each.meta["end"]
                    edits.append(Edit(start, end, f"<{text[start:end]}>"))
            elif each.type == "link_close":
                links -= 1
            elif each.type == "image":
                edits.append(_instead_of_image(each, is_in_link=links > 0))
            elif each.type == "math_inline" and not block.is_table:
                formulas += 1
                edits += formula_edits(each, text, previous_end)
                previous_end = each.meta["end"]
        edits += (Edit(at, at + 1, f"\\{text[at]}") for at in signs)
        # In a table they are escaped row by row, as they pair across cells.
        if len(dollars) + formulas > 1 and not block.is_table:
            edits += (Edit(at, at + 1, "\\$") for at in dollars)
        for edit in edits:
            yield from _placed(edit, text, first, lines)


def _instead_of_image(image: Token, *, is_in_link: bool) -> Edit:
    """Return what stands for an image: a link with the words of the HTML; in a link, these only."""
    url = str(image.attrs["src"])
    described = _SIGNS.sub(r"\\\g<0>", " ".join(_plain(image).split()))
    said = ": ".join(each for each in (image_words(url), described) if each)
    is_link = is_on_web(url) and not is_in_link
    return Edit(image.meta["at"], image.meta["end"], f"[{said}](<{url}>)" if is_link else said)


def _plain(image: Token) -> str:
    """Return the description of an image as plain text."""
    return "".join(
        _plain(each) if each.type == "image" else " " if each.type == "softbreak" else each.content
        for each in image.children or ()
    )


def _placed(edit: Edit, text: str, first: int, lines: list[str]) -> Iterator[tuple[int, Edit]]:
    """Yield the number of the line in the source in which a change begins, and the change in it.

    The end of the change is counted from the beginning of that line, also if it is beyond its end.

    Args:
        edit: a change in a block's text.
        text: the text.
        first: the number of the line in which the text begins.
        lines: the source.
    """
    start, end = _place(edit.start, text, first, lines), _place(edit.end, text, first, lines)
    if start and end:
        length = sum(len(line) + 1 for line in lines[start[0] : end[0]])
        yield start[0], Edit(start[1], length + end[1], edit.text)


def _place(at: int, text: str, first: int, lines: list[str]) -> tuple[int, int] | None:
    """Return the number of the line of a position in a block's text, and the position in it."""
    number = text.count("\n", 0, at)
    start = text.rfind("\n", 0, at) + 1
    written = text[start:].split("\n", 1)[0].rstrip()
    source = lines[first + number].rstrip()
    # The markers of the blocks around it stand before the text. In a table it may stand anywhere.
    offset = len(source) - len(written) if source.endswith(written) else source.find(written)
    if offset >= 0 and (source.endswith(written) or source.count(written) == 1):
        return first + number, offset + at - start
    return None
