"""How long a run waits for a silent server, and whether and when it retries a request."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nbstream.model.failure import Failure
from nbstream.wire.size_guard import MAX_BYTES

if TYPE_CHECKING:
    from nbstream.client.sources import Decoder

_FIRST_BACKOFF = 0.5
_LONGEST_BACKOFF = 8.0
#: The most seconds to wait because a server asks for it.
LONGEST_RETRY_AFTER = 60.0
#: Of an error that a server reports, what may be over at the next attempt.
_PASSING = ("", "rate", "loading", "loopback", "connection", "unreadable")
#: After the finish reason only usage and [DONE] may follow. transformers sends neither, and some
#: servers do not close the connection.
_SECONDS_AFTER_FINISH = 5.0
#: Without usage, the finish reason may be one of those that some servers send in mid-stream.
_SECONDS_WITHOUT_USAGE = 30.0
#: Reading to the end of the response lets the connection be used again.
_SECONDS_AFTER_DONE = 0.2


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on silence, on retries and on the size of a reply.

    Attributes:
        bytes_idle: the most seconds without a byte after the first one; comments count as bytes.
        payload_idle: the most seconds without data, from the beginning; comments do not count.
        retries: how many times a request is sent again before its first delta.
        max_bytes: the most bytes of reasoning, answer and tool calls together.
        slowness: how much longer everything takes; more than 1 in a slow replay.
    """

    bytes_idle: float = 120.0
    payload_idle: float = 300.0
    retries: int = 2
    max_bytes: int = MAX_BYTES
    slowness: float = 1.0

    def at_speed(self, speed: float) -> Limits:
        """Return the limits where time goes at another speed; a faster one changes nothing."""
        if speed >= 1:
            return self
        return replace(
            self, bytes_idle=self.bytes_idle / speed, payload_idle=self.payload_idle / speed, slowness=1 / speed
        )

    def deadline(self, decoder: Decoder, byte_at: float, payload_at: float) -> float:
        """Return the time by which the next byte must arrive.

        Args:
            decoder: has decoded all bytes so far.
            byte_at: when the last byte arrived, in seconds of any clock.
            payload_at: when the last data arrived, by the same clock.
        """
        if decoder.ended:
            return byte_at + _SECONDS_AFTER_DONE * self.slowness
        if decoder.finished:
            wait = _SECONDS_AFTER_FINISH if decoder.has_usage else _SECONDS_WITHOUT_USAGE
            return payload_at + min(wait * self.slowness, self.bytes_idle)
        return min(byte_at + self.bytes_idle, payload_at + self.payload_idle)

    def stalled(self, server: str, byte_at: float | None, payload_at: float) -> Failure:
        """Return the failure if no byte arrived in time; `byte_at` is None before the first one."""
        if byte_at is None:
            return Failure("stalled", "no_byte", server, limit=self.payload_idle)
        if byte_at + self.bytes_idle <= payload_at + self.payload_idle:
            return Failure("stalled", server=server, limit=self.bytes_idle)
        return Failure("stalled", "no_data", server, limit=self.payload_idle)


def delay(failure: Failure | None, attempt: int) -> float | None:
    """Return the seconds to wait before the next attempt, or None if there should not be one.

    Args:
        failure: why the last attempt failed.
        attempt: the number of that attempt, from 1.
    """
    if failure is None or not _may_retry(failure):
        return None
    if (asked := failure.retry_after) is not None:
        return asked if asked <= LONGEST_RETRY_AFTER else None
    return backoff(attempt)


def backoff(attempt: int) -> float:
    """Return the seconds to wait after attempt number `attempt`, if the server asks for none."""
    wait: float = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2 ** (attempt - 1))
    # Notebooks whose requests failed at the same time should not retry at the same time.
    return wait * random.uniform(0.75, 1.0)  # noqa: S311


def _may_retry(failure: Failure) -> bool:
    if failure.cause not in _PASSING:
        return False
    if failure.status_code is not None:
        return failure.status_code in (408, 409, 429) or failure.status_code >= 500  # noqa: PLR2004  (server errors)
    return failure.cause == "rate" or failure.kind in ("unreachable", "disconnected")
