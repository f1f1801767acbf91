"""Rewrites Markdown so that other programs, such as pandoc, show it as this package does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.markdown.parser import inline_tokens, parse, unix_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Two spaces are a hard line break everywhere; a backslash is one in CommonMark and pandoc only.
_HARD_BREAK = "  "


def portable(text: str) -> str:
    """Return Markdown with a hard break at each line end that is shown as one."""
    lines = unix_lines(text).split("\n")
    for at in _kept_line_ends("\n".join(lines)):
        lines[at] = lines[at].rstrip(" ") + _HARD_BREAK
    return "\n".join(lines)


def _kept_line_ends(text: str) -> Iterator[int]:
    """Yield the numbers of the lines whose ends are shown, but are not hard breaks."""
    for block in parse(text).blocks:
        for token in block.tokens:
            if token.type != "inline" or "\n" not in token.content:
                continue
            first, _ = token.map or (0, 0)
            for each in inline_tokens(token, block.references):
                if each.type == "softbreak":
                    yield first + token.content.count("\n", 0, each.meta["at"])
