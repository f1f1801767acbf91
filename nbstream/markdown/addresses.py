"""Web addresses in a text, and links whose target is no web or mail address."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from nbstream.markdown.emphasis import CJK
from nbstream.markdown.link_labels import label_end

if TYPE_CHECKING:
    from markdown_it.rules_inline import StateInline

#: What stands before the colon of an address.
_SCHEME = re.compile(r"(?<![a-zA-Z0-9])https?$", re.IGNORECASE)
_LONGEST_SCHEME = 6
# A star or two tildes end it: they are markers.
_REST = re.compile(r"[/?#](?:[^\s<>\"\\^`{|}*~]|~(?!~))*")
#: What ends an address within a sentence, as on GitHub: punctuation, and an entity.
_TRAILING = "?!.,:;*_~'\""
_ENTITY = re.compile(r"&[a-zA-Z0-9]{1,32};$")
_LONGEST_ENTITY = 34
_CLOSING = {")": "(", "]": "["}
#: What may become an address at the end of a growing text.
HALF_ADDRESS = re.compile(r"(?<![a-zA-Z0-9])https?(?::/{0,2})?$", re.IGNORECASE)

_TARGET = re.compile(
    r"\(\s*(?:<(?:[^<>\n\\]|\\.)*>|[^\s()<>]+(?:\([^\s()]*\)[^\s()<>]*)*)(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s*\)"
)


@cache
def _host() -> re.Pattern[str]:
    """Return the pattern of a host, which takes 8 ms to compile, or 25 if it ignores case."""
    # Latin, Greek or Cyrillic letters; a word in Chinese, Japanese or Korean ends the host.
    letter = rf"(?!{CJK.pattern})[^\W_]"
    name = rf"{letter}(?:(?:{letter}|[_-])*{letter})?"
    return re.compile(rf"://(?:{name}(?:\.{name})*|\[[0-9a-fA-F:.]+])(?::\d+)?")


def address_at(text: str, colon: int, limit: int | None = None) -> tuple[int, int] | None:
    """Return where the web address with this colon begins and ends, or None.

    Args:
        text: the text.
        colon: the position of the colon after the scheme.
        limit: the text ends at this position.
    """
    limit = len(text) if limit is None else limit
    scheme = _SCHEME.search(text[max(0, colon - _LONGEST_SCHEME) : colon])
    host = _host().match(text, colon, limit) if scheme else None
    if not scheme or not host:
        return None
    start, end = colon - len(scheme[0]), host.end()
    if rest := _REST.match(text, end, limit):
        end = _end_of_rest(text, end, rest.end())
    return start, end


def _end_of_rest(text: str, start: int, limit: int) -> int:
    """Return where the path, the query and the fragment of an address end."""
    open_brackets: list[str] = []
    end = start
    while end < limit:
        char = text[end]
        if char in "([":
            open_brackets.append(char)
        elif char in ")]":
            if not open_brackets or open_brackets.pop() != _CLOSING[char]:
                break
        elif not char.isascii() and not _may_continue(text[end - 1], char):
            break
        end += 1
    while end > start and text[end - 1] in _TRAILING:
        entity = _ENTITY.search(text[max(start, end - _LONGEST_ENTITY) : end])
        end -= len(entity[0]) if entity else 1
    return end


def _may_continue(before: str, char: str) -> bool:
    """Return whether a character that is not in ASCII may be part of an address.

    Punctuation ends it, and so do Chinese, Japanese and Korean words right after Latin ones.
    """
    return unicodedata.category(char)[0] in "LMN" and not (before.isascii() and before.isalnum() and CJK.match(char))


def bare_address(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  (markdown-it calls it so)
    """Read a web address, whose scheme is already text, as a link."""
    if state.src[state.pos] != ":" or silent or state.linkLevel:
        # Within a label nothing but its end is looked for.
        return False
    found = address_at(state.src, state.pos, state.posMax)
    if not found:
        return False
    start, end = found
    pending, scheme = state.pending, state.src[start : state.pos]
    written = state.src[start:end]
    url = state.md.normalizeLink(written)
    if not pending.endswith(scheme) or not state.md.validateLink(url):
        return False
    state.pending = pending[: len(pending) - len(scheme)]
    opening = state.push("link_open", "a", 1)
    opening.attrs, opening.info, opening.meta = {"href": url}, "auto", {"at": start, "end": end}
    state.push("text", "", 0).content = written
    state.push("link_close", "a", -1).info = "auto"
    state.pos = end
    return True


def dead_link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Read a link whose target is neither a web nor a mail address, as the text of its label."""
    start = state.pos
    if state.src[start] != "[":
        return False
    before = state.src[start - 1 : start]
    if before.isalnum() and not CJK.match(before):
        # It is an index and a call.
        return False
    end = label_end(state, start, disable_nested=True)
    target = _TARGET.match(state.src, end + 1, state.posMax) if end > start + 1 else None
    if not target:
        return False
    if not silent:
        limit = state.posMax
        state.pos, state.posMax = start + 1, end
        state.push("link_open", "a", 1).attrs = {"href": ""}
        state.linkLevel += 1
        state.md.inline.tokenize(state)
        state.linkLevel -= 1
        state.push("link_close", "a", -1)
        state.posMax = limit
    state.pos = target.end()
    return True
