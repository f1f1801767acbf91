"""What happened to each request, for tests and for the curious. No key is kept, only the beginning of its digest.

This module must not know HTTP or scenarios.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

_KEPT = 2_000
_DIGEST_CHARS = 12


@dataclass(slots=True)
class Entry:
    """One request. Times are seconds since the Unix epoch; None means not yet.

    Attributes:
        id: the completion's own id, which the answer carries as well.
        status: the HTTP status that was sent.
        model: the model that was asked for.
        body: the request's body, parsed if it is JSON, else as text.
        key_digest: the beginning of the SHA-256 of the bearer key; None if there was none.
        first_byte: when the first byte of the answer was sent.
        deltas_sent: deltas handed to the socket.
        outcome: how the request ended: `served` (whatever the status), `reset`, `closed`, `disconnected` (the client
            left), `stopped` (the simulator did) or `broken` (a defect of the simulator); None while it is in progress.
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
        """Note that the first byte of the answer goes out now."""
        self.first_byte = time.time()
        self.status = status

    def end(self, outcome: str) -> None:
        """Note that the request is over; the first word on it holds."""
        if self.outcome is None:
            self.ended = time.time()
            self.outcome = outcome


def key_digest(key: str) -> str | None:
    """Return what the log keeps of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGEST_CHARS] if key else None


class Log:
    """The newest requests, oldest first; may be read from any thread."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Append `entry`; it may go on changing."""
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def entries(self) -> list[dict[str, Any]]:
        """Return every request as it stands now."""
        with self._lock:
            return [asdict(entry) for entry in self._entries]
