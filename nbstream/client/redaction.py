"""Removes an API key from responses, as an error message that repeats it would be saved."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from nbstream.model.text import overlap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nbstream.client.endpoints import Secret
    from nbstream.model.failure import Failure

MARK = "<secret>"
#: A shorter key is left in a stream: servers without keys get a word such as "ollama" or "none",
#: which may be part of an answer.
SHORTEST_KEY = 16


class KeyRedactor:
    """Replaces one key, also in the notations of JSON, HTML and URLs.

    Args:
        key: the key; None replaces nothing.
    """

    def __init__(self, key: Secret | None) -> None:
        value = key.reveal() if key is not None else ""
        as_json = json.dumps(value)[1:-1]
        forms = {value, as_json, as_json.replace("/", "\\/"), escape(value), quote(value), quote(value, safe="")}
        longest_first = sorted(filter(None, forms), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if value else None
        self._forms = [form.encode() for form in longest_first] if len(value) >= SHORTEST_KEY else []
        self._bytes = frozenset(b"".join(self._forms))

    def __repr__(self) -> str:
        return "<KeyRedactor>"

    def redact(self, text: str) -> str:
        """Return `text` without the key, however short the key is."""
        return self._pattern.sub(MARK, text) if self._pattern is not None else text

    def redact_failure(self, failure: Failure) -> Failure:
        """Return `failure` without the key."""
        return replace(failure, said=self.redact(failure.said), code=self.redact(failure.code or "") or None)

    async def redact_stream(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield `pieces` without the key, which may be split over pieces; a short key is left."""
        held = b""
        async for piece in pieces:
            if not (self._forms and piece):
                yield piece
                continue
            held += piece
            for form in self._forms:
                held = held.replace(form, MARK.encode())
            if size := len(held) - self._partial_size(held):
                yield held[:size]
                held = held[size:]
        if held:
            yield held

    def _partial_size(self, data: bytes) -> int:
        """Return how many bytes at the end of `data` may be the beginning of the key."""
        # Most pieces end with a line end, which no key contains.
        return max(overlap(data, form) for form in self._forms) if data[-1] in self._bytes else 0
