"""Makes text from models and servers safe to print, to show as code and to save."""

from __future__ import annotations

import re

# Control characters except line feed and tab, line separators, lone surrogates.
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
# Explicit directional embeddings, overrides and isolates (Unicode Standard Annex 9).
_DIRECTIONS = "\u202a-\u202e\u2066-\u2069"
_NOT_STORABLE = re.compile(f"[{_CONTROLS}]")
_NOT_PRINTABLE = re.compile(f"[{_CONTROLS}{_DIRECTIONS}]")
# Also invisible characters: directional marks and the byte order mark.
_NOT_IN_LINE = re.compile(f"[{_CONTROLS}{_DIRECTIONS}\u200e\u200f\ufeff]")

# What a reader cannot see, or what reorders text: the above except tabs, soft hyphens, fillers, and
# invisible signs and tags. The joiners U+200C and U+200D stay, as emoji and Persian need them.
_UNSEEN = re.compile(
    f"[{_CONTROLS}{_DIRECTIONS}\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)

_LONGEST_LINE = 300
_ASTRAL = 0x10000


def printable(text: str, *, mark: str = "\ufffd", tab: str = "\t") -> str:
    """Return `text` with every character that controls a terminal or reorders text replaced.

    Code needs this on a page as well: readers must see what would run ("Trojan Source",
    CVE-2021-42574).

    Args:
        text: the text.
        mark: replaces each such character.
        tab: replaces each tab.
    """
    return _NOT_PRINTABLE.sub(mark, text).replace("\t", tab)


def visible(text: str) -> str:
    r"""Return `text` with an escape, such as `\u202e`, for each character that nobody can see.

    For what a reader decides about: what is shown is all that there is.
    """
    return _UNSEEN.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return rf"\u{code:04x}" if code < _ASTRAL else rf"\U{code:08x}"


def storable(text: str) -> str:
    """Return `text` with U+FFFD for controls and lone surrogates; Arabic and Hebrew stay intact."""
    return _NOT_STORABLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Return `text` as one line of at most 300 printable characters."""
    line = " ".join(_NOT_IN_LINE.sub(" ", text).split())
    return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"
