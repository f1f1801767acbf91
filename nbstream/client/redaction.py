"""Keeps a key out of what a server sends back: an error that repeats it would be shown, and saved with the notebook.

This module must not know where the bytes come from, nor what they mean.
"""

from __future__ import annotations

import json
import re
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nbstream.client.endpoints import Secret

MARK = "<secret>"
#: A shorter key is a word that a server without keys is given ("ollama", "none"), which may well stand in an answer.
SHORTEST = 16


class Redaction:
    """Finds one key, as it is and as JSON, HTML and URLs write it.

    Args:
        key: what to find; None finds nothing.
    """

    def __init__(self, key: Secret | None) -> None:
        value = key.reveal() if key is not None else ""
        as_json = json.dumps(value)[1:-1]
        ways = {value, as_json, as_json.replace("/", "\\/"), escape(value), quote(value), quote(value, safe="")}
        longest_first = sorted(filter(None, ways), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if value else None
        self._ways = [way.encode() for way in longest_first] if len(value) >= SHORTEST else []
        self._letters = frozenset(b"".join(self._ways))

    def __repr__(self) -> str:
        return "<Redaction>"

    def text(self, text: str) -> str:
        """Return `text` without the key, however short that is."""
        return self._pattern.sub(MARK, text) if self._pattern is not None else text

    async def stream(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Give `pieces` without the key, also where it is split over them; a short key is left."""
        held = b""
        async for piece in pieces:
            if not (self._ways and piece):
                yield piece
                continue
            held = self._without(held + piece)
            size = len(held) - self._beginning(held)
            if size:
                yield held[:size]
                held = held[size:]
        if held:
            yield held

    def _without(self, data: bytes) -> bytes:
        for way in self._ways:
            data = data.replace(way, MARK.encode())
        return data

    def _beginning(self, data: bytes) -> int:
        """Return how many bytes at the end of `data` may be the beginning of the key."""
        # Most pieces end with a line, and no key has one in it.
        if data[-1] not in self._letters:
            return 0
        return max((_overlap(data, way) for way in self._ways), default=0)


def _overlap(data: bytes, way: bytes) -> int:
    return next((size for size in range(min(len(way) - 1, len(data)), 0, -1) if data.endswith(way[:size])), 0)
