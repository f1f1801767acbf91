"""Shortens texts for a prompt, visibly."""

from __future__ import annotations

#: This share of a shortened text is its beginning.
_FIRST_SHARE = 0.6
#: A cut moves by at most so many characters, to the end of a line.
_TO_LINE_END = 200


def without_middle(text: str, limit: int, left_out: int = 0) -> tuple[str, int]:
    """Return the beginning and the end of a text that is too long, and how much is left out.

    Args:
        text: the text.
        limit: the most characters to keep.
        left_out: how many characters were left out already in the middle of the text.
    """
    if len(text) <= limit and not left_out:
        return text, 0
    kept = min(limit, len(text))
    # A text without its middle is cut there.
    first = len(text) // 2 if len(text) <= limit else int(kept * _FIRST_SHARE)
    head, tail = text[:first], text[len(text) - (kept - first) :]
    if len(text) > limit:
        if (at := head.rfind("\n", max(0, len(head) - _TO_LINE_END))) >= 0:
            head = head[: at + 1]
        if (at := tail.find("\n", 0, _TO_LINE_END)) >= 0:
            tail = tail[at + 1 :]
    count = len(text) - len(head) - len(tail) + left_out
    before = "" if not head or head.endswith("\n") else "\n"
    return f"{head}{before}[… {count:,} characters left out …]\n{tail}", count
