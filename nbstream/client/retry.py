"""How long a run waits for a server that is silent, and whether and when it asks again.

This module must not know how anything is received.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbstream.model.failure import Failure
from nbstream.wire.size_guard import MAX_BYTES

if TYPE_CHECKING:
    from nbstream.wire.decoder import Decoder

_FIRST_BACKOFF = 0.5
_LONGEST_BACKOFF = 8.0
_LONGEST_RETRY_AFTER = 60.0
#: After the finish reason only usage and [DONE] may come; transformers sends neither, and some servers do not hang up.
_SECONDS_AFTER_FINISH = 5.0
#: Reading a little past [DONE] lets the connection be used again.
_SECONDS_AFTER_DONE = 0.2


@dataclass(frozen=True, slots=True)
class Limits:
    """How long silence may last, how often to try again, and how much is taken in.

    Attributes:
        bytes_idle: seconds without a byte, once there was one; comments count as bytes.
        payload_idle: seconds without data, from the beginning on; comments do not count.
        retries: how many times a request is sent again before its first delta.
        max_bytes: the most bytes of reasoning, answer and tool calls together; an event may have twice as many.
    """

    bytes_idle: float = 120.0
    payload_idle: float = 300.0
    retries: int = 2
    max_bytes: int = MAX_BYTES

    def deadline(self, decoder: Decoder, byte_at: float, payload_at: float) -> float:
        """Return until when the next byte has to come.

        Args:
            decoder: what has come so far.
            byte_at: when the last byte came, in seconds of any clock.
            payload_at: when the last data came, by the same clock.
        """
        if decoder.ended:
            return byte_at + _SECONDS_AFTER_DONE
        if decoder.finished:
            return payload_at + min(_SECONDS_AFTER_FINISH, self.bytes_idle)
        return min(byte_at + self.bytes_idle, payload_at + self.payload_idle)

    def stalled(self, server: str, byte_at: float | None, payload_at: float) -> Failure:
        """Return the failure if no byte came in time; `byte_at` is None if there was never one."""
        if byte_at is None:
            return Failure("stalled", "no_byte", server, limit=self.payload_idle)
        if byte_at + self.bytes_idle <= payload_at + self.payload_idle:
            return Failure("stalled", server=server, limit=self.bytes_idle)
        return Failure("stalled", "no_data", server, limit=self.payload_idle)


def delay(failure: Failure | None, attempt: int, asked: float | None) -> float | None:
    """Return how many seconds to wait before the next attempt, or None if there should be none.

    Args:
        failure: why there was no reply.
        attempt: which attempt that was, from 1.
        asked: how many seconds the server asks to wait, if it does.
    """
    if failure is None or not _may_retry(failure):
        return None
    if asked is not None:
        return asked if asked <= _LONGEST_RETRY_AFTER else None
    backoff: float = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2 ** (attempt - 1))
    # Many notebooks that failed together should not come back together.
    return backoff * random.uniform(0.75, 1.0)  # noqa: S311


def _may_retry(failure: Failure) -> bool:
    if failure.status_code is not None:
        return failure.status_code in (408, 409, 429) or failure.status_code >= 500  # noqa: PLR2004  (server errors)
    return failure.kind in ("unreachable", "disconnected")
