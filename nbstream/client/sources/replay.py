"""A response that was recorded, with its timing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from nbstream.model.request import Request
from nbstream.wire.response import ResponseDecoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

#: A replay without waits lets other tasks run after so many bytes.
_REPLAYED_AT_ONCE = 64 << 10


class ReplaySource:
    """Bytes that were received before, with their timing.

    Args:
        pieces: for each piece of bytes, how many seconds after the one before it arrived.
        model: the model that was asked for.
        speed: how many times faster than it was; 0 replays without any wait.
    """

    server = "The recording"

    def __init__(self, pieces: Iterable[tuple[float, bytes]], model: str = "", speed: float = 1.0) -> None:
        self._pieces = list(pieces)
        self._speed = speed
        self.request = Request(model)

    async def prepare(self) -> None:
        """Do nothing: the bytes are here."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Replay from the beginning; see `Source.open`."""
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
            elif given >= _REPLAYED_AT_ONCE:
                given = 0
                await asyncio.sleep(0)
            yield piece
