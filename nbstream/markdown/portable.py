"""Rewrites Markdown so that other programs, such as pandoc, show it as this package does."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

from nbstream.markdown.parser import inline_tokens, parse, unix_lines
from nbstream.markdown.portable_blocks import Edit, block_edits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.markdown.parser import Block

#: Two spaces are a hard line break everywhere; a backslash is one in CommonMark and pandoc only.
_HARD_BREAK = "  "
# The first blank after a backslash belongs to the backslash.
_BLANKS_AT_END = re.compile(r"(?<!\\) *$")


def portable(text: str) -> str:
    """Return Markdown with what other programs need.

    A line end that is shown becomes a hard break, a star that is a sign is escaped, and an address
    that is a link gets brackets. Blocks are written as CommonMark and pandoc know them.
    """
    text = unix_lines(text)
    lines = text.split("\n")
    changes: defaultdict[int, list[Edit]] = defaultdict(list)
    blocks = parse(text).blocks
    for block, previous in zip(blocks, [None, *blocks], strict=False):
        for line, edit in chain(_edits(block, lines), block_edits(block, previous, lines)):
            changes[line].append(edit)
    for line, edits in changes.items():
        for start, end, replacement in sorted(edits, reverse=True):
            lines[line] = lines[line][:start] + replacement + lines[line][end:]
    return "\n".join(lines)


def _edits(block: Block, lines: list[str]) -> Iterator[tuple[int, Edit]]:
    """Yield the number of each line that changes in the block, and the change."""
    for token in block.tokens:
        if token.type != "inline":
            continue
        signs: list[int] = []
        first, _ = token.map or (0, 0)
        text = token.content
        for each in inline_tokens(token, block.references, signs):
            if each.type == "softbreak":
                line = first + text.count("\n", 0, each.meta["at"])
                blanks = _BLANKS_AT_END.search(lines[line])
                yield line, Edit(blanks.start() if blanks else 0, len(lines[line]), _HARD_BREAK)
            elif each.type == "link_open" and "at" in each.meta:
                start, end = each.meta["at"], each.meta["end"]
                yield from _placed(Edit(start, end, f"<{text[start:end]}>"), text, first, lines)
        for at in signs:
            yield from _placed(Edit(at, at + 1, f"\\{text[at]}"), text, first, lines)


def _placed(edit: Edit, text: str, first: int, lines: list[str]) -> Iterator[tuple[int, Edit]]:
    """Yield the number of the line in the source, and the change in that line.

    Args:
        edit: a change in a block's text, within one of its lines.
        text: the text.
        first: the number of the line in which the text begins.
        lines: the source.
    """
    number = text.count("\n", 0, edit.start)
    start = text.rfind("\n", 0, edit.start) + 1
    written = text[start:].split("\n", 1)[0].rstrip()
    source = lines[first + number].rstrip()
    # The markers of the blocks around it stand before the text. In a table it may stand anywhere.
    offset = len(source) - len(written) if source.endswith(written) else source.find(written)
    if offset >= 0 and (source.endswith(written) or source.count(written) == 1):
        yield first + number, Edit(offset + edit.start - start, offset + edit.end - start, edit.text)
