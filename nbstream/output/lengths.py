"""Which texts of a tool call are shown at once, which are folded, and what is cut of them."""

from __future__ import annotations

from nbstream.language import _
from nbstream.model.printable import printable

#: A text that is longer, or has more lines, is folded.
_SHORT_CHARACTERS, _SHORT_LINES = 1_000, 12
#: A result that is no longer stands beside its label; a summary shows as much of what it folds.
_PREVIEW = 80
_FEW_LINES = 4
#: Of a value that was decided about, so many characters stay in the file; the reply has all of it.
_KEPT = 20_000
#: The same in Markdown, as in a PDF nothing is folded.
KEPT_IN_MARKDOWN = 4_000


def is_short(text: str) -> bool:
    """Return whether a text is shown at once."""
    return len(text) <= _SHORT_CHARACTERS and text.strip("\n").count("\n") < _SHORT_LINES


def is_line(text: str) -> bool:
    """Return whether a text is shown in one line of text, which may wrap."""
    return "\n" not in text and len(text) <= _SHORT_CHARACTERS


def is_preview(text: str) -> bool:
    """Return whether a text is no longer than what a summary shows of it."""
    return "\n" not in text.strip() and len(text) <= _PREVIEW


def line(text: str) -> str:
    """Return a text in one line, without anything that controls a terminal or reorders text."""
    return " ".join(printable(text).split())


def summary(label: str, text: str, note: str = "", *, last: bool = False) -> str:
    """Return what is folded, how much it is, and its first line, or its last one."""
    lines = [each for each in text.split("\n") if each.strip()] or [""]
    # The first line of JSON is a bracket.
    shown = line(lines[-1] if last else " ".join(lines[:_FEW_LINES]) if len(lines[0]) <= 1 else lines[0])
    preview = shown if len(shown) <= _PREVIEW else f"{shown[: _PREVIEW - 1]}…"
    count = _("{count:,} lines", count=len(lines)) if len(lines) > 1 else _("{count:,} characters", count=len(text))
    return " · ".join(filter(None, [label, count, note, preview]))


def kept(text: str, most: int = _KEPT) -> str:
    """Return a text as it stays in a file: of a longer one, the beginning and the end."""
    cut = len(text) - most
    if cut <= 0:
        return text
    half = most // 2
    note = _("{count:,} characters are left out here; the reply has them", count=cut)
    return f"{text[:half]}\n[… {note} …]\n{text[-half:]}"


def left_out(count: int) -> str:
    """Return the note for characters that are not there; empty if all are."""
    return _("{count:,} characters are left out", count=count) if count else ""
