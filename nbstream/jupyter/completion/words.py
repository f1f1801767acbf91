"""Splits the beginning of a line into words, as a shell does, for completion at its end."""

from __future__ import annotations

import re
from typing import NamedTuple

#: Characters that mean something outside of quotes.
_SPECIAL = re.compile(r"[\s\"'\\#]")


class Word(NamedTuple):
    """The word at the end of a line, which may be empty.

    Attributes:
        text: its text so far, without quotes.
        start: where it starts in the line, behind a quote that opens it.
        quote: the quote that is open, or empty.
    """

    text: str
    start: int
    quote: str = ""


def split(line: str) -> tuple[list[str], Word]:
    """Return the words of `line` that have ended, and the one at its end."""
    words: list[str] = []
    text, start, quote, is_in_word = "", len(line), "", False
    at = 0
    while at < len(line):
        char = line[at]
        if not is_in_word and not char.isspace():
            is_in_word, start = True, at + (char in "\"'")
        if char == "\\" and quote != "'" and at + 1 < len(line):
            at += 1
            text += line[at]
        elif quote:
            if char == quote:
                quote = ""
            else:
                text += char
        elif char in "\"'":
            quote = char
        elif char.isspace():
            if is_in_word:
                words.append(text)
            text, start, is_in_word = "", len(line), False
        else:
            text += char
        at += 1
    return words, Word(text, start, quote)


def quoted(text: str, quote: str) -> str:
    """Return a text as the rest of a word in the open quote `quote`, or as a word of its own."""
    if quote == "'":
        return text.replace("'", "'\"'\"'")
    if quote:
        return re.sub(r"([\"\\])", r"\\\1", text)
    if not _SPECIAL.search(text):
        return text
    # The path goes on below a folder.
    end = "" if text.endswith("/") else '"'
    return '"' + re.sub(r"([\"\\])", r"\\\1", text) + end
