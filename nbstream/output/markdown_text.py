"""Texts for the Markdown of a file: as they are, quoted, or as code; whatever stands in them."""

from __future__ import annotations

import re

from nbstream.markdown.parser import unix_lines
from nbstream.markdown.portable import portable
from nbstream.model.printable import storable

_MARKERS = frozenset("\\`*_[]<>&$~|")
_BACKTICKS = re.compile("`+")


def literal(text: str) -> str:
    """Return one line of text for Markdown to show as it is."""
    return "".join(f"\\{char}" if char in _MARKERS else char for char in text)


def model_text(text: str) -> str:
    """Return Markdown that a model wrote, as other programs show it in the same way."""
    return portable(storable(unix_lines(text)).strip("\n"))


def quoted(markdown: str) -> str:
    """Return Markdown in a quote."""
    return "\n".join(f"> {line}" if line else ">" for line in markdown.split("\n"))


def fenced(text: str, language: str = "") -> str:
    """Return a text as a block of code, which nothing in the text can end."""
    text = storable(unix_lines(text)).strip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def code(text: str) -> str:
    """Return one line of text as code, so that no program changes its quotes and dashes."""
    if not text:
        return ""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence, space = "`" * (longest + 1), " " * bool(longest)
    return f"{fence}{space}{text}{space}{fence}"


def folded(summary: str, markdown: str, *, is_open: bool = False) -> str:
    """Return Markdown that a reader can open; `summary` is HTML."""
    return f"<details{' open' if is_open else ''}><summary>{summary}</summary>\n\n{markdown}\n\n</details>"
