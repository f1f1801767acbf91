"""A source of given bytes, with given times."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from copy import copy
from typing import TYPE_CHECKING, Self

from nbstream.client.redaction import KeyRedactor
from nbstream.model.request import Request
from nbstream.wire.response import ResponseDecoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from nbstream.client.sources import Noting

#: A source without waits lets other tasks run each time it has yielded this many bytes.
_BYTES_AT_ONCE = 64 << 10


class PiecesSource:
    """A response of given pieces.

    Args:
        pieces: for each piece of bytes, the seconds since the one before, and the bytes.
        model: the requested model.
        speed: 2 gives them twice as fast, and 0 without any wait.
    """

    server = "The recording"
    is_sent = False
    earlier = None
    redactor = KeyRedactor()

    #: Of retries.
    speed = 1.0

    def __init__(self, pieces: Iterable[tuple[float, bytes]], model: str = "", speed: float = 1.0) -> None:
        self._pieces = list(pieces)
        self._speed = speed
        self.request = Request(model)

    def with_request(self, request: Request) -> Self:
        """Return the same pieces for a changed request; see `Source.with_request`."""
        changed = copy(self)
        changed.request = request
        return changed

    async def prepare(self) -> None:
        """Do nothing."""

    @asynccontextmanager
    async def open(self, response: Noting) -> AsyncIterator[AsyncIterator[bytes]]:
        """Replay from the beginning; see `Source.open`."""
        response.answered(200, {})
        yield self._replay()

    def decoder(self, max_bytes: int) -> ResponseDecoder:
        """Return a decoder of chat completions."""
        return ResponseDecoder(self.server, max_bytes)

    async def _replay(self) -> AsyncIterator[bytes]:
        given = 0
        for delay, piece in self._pieces:
            given += len(piece)
            if self._speed:
                await asyncio.sleep(delay / self._speed)
            elif given >= _BYTES_AT_ONCE:
                given = 0
                await asyncio.sleep(0)
            yield piece
