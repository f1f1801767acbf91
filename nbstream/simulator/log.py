"""The simulator's log of requests. It keeps only a digest of each API key."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

_MAX_ENTRIES = 2_000
_DIGEST_CHARS = 12


@dataclass(slots=True)
class Entry:
    """One request. Times are seconds since the Unix epoch; None means that it has not happened yet.

    Attributes:
        id: the completion's id, which is also in the reply.
        status: the HTTP status that was sent.
        model: the model that the request named.
        body: the body of the request: parsed if it is JSON, otherwise as text.
        key_digest: the first 12 hexadecimal digits of the API key's SHA-256; None without a key.
        first_byte: when the first byte of the answer was sent.
        deltas_sent: number of deltas that were handed to the socket.
        outcome: how the request ended: `served` (whatever the status), `reset`, `closed`,
            `disconnected` (the client closed the connection), `stopped` (the simulator was stopped)
            or `broken` (the simulator has a defect); None while the request is in progress.
    """

    id: str
    method: str
    path: str
    started: float
    body: Any = None
    key_digest: str | None = None
    scenario: str | None = None
    model: Any = None
    status: int | None = None
    first_byte: float | None = None
    deltas_sent: int = 0
    ended: float | None = None
    outcome: str | None = None

    def begin(self, status: int) -> None:
        """Record that the first byte of the answer is being sent."""
        self.first_byte = time.time()
        self.status = status

    def end(self, outcome: str) -> None:
        """Record how the request ended; only the first call counts."""
        if self.outcome is None:
            self.ended = time.time()
            self.outcome = outcome


def key_digest(key: str) -> str | None:
    """Return the part of the key's digest that the log keeps, or None for an empty key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGEST_CHARS] if key else None


class Log:
    """The 2,000 newest requests, oldest first. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_MAX_ENTRIES)
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Append `entry`, which may still change afterwards."""
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Remove all entries."""
        with self._lock:
            self._entries.clear()

    def entries(self) -> list[dict[str, Any]]:
        """Return a copy of every entry in its present state."""
        with self._lock:
            return [asdict(entry) for entry in self._entries]
