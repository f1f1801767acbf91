"""Surrogate pairs that a server splits over two deltas, and lone surrogates."""

from __future__ import annotations

_FIRST_HIGH, _FIRST_LOW, _LAST_LOW = "\ud800", "\udc00", "\udfff"


class SurrogateJoiner:
    """Joins a surrogate pair that is split over two deltas; U+FFFD replaces a lone surrogate."""

    def __init__(self) -> None:
        self._high = ""

    def feed(self, text: str) -> str:
        """Return `text` with whole pairs, holding back a high surrogate at its end."""
        text = self._high + text
        self._high = ""
        if text and _FIRST_HIGH <= text[-1] < _FIRST_LOW:
            self._high = text[-1]
            text = text[:-1]
        return join_surrogates(text)

    def flush(self) -> str:
        """Return U+FFFD if a high surrogate is still held back."""
        held, self._high = self._high, ""
        return "\ufffd" if held else ""


def join_surrogates(text: str) -> str:
    """Return `text` with every surrogate pair as one character, and U+FFFD for lone surrogates."""
    if text.isascii() or not any(_FIRST_HIGH <= char <= _LAST_LOW for char in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
