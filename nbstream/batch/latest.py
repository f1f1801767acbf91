"""The latest job of this process, and the answers of jobs that were not finished.

The same call after a stop asks only the rest, also without a file.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbstream.batch.replies import Replies
    from nbstream.batch.stores import Lines

#: The answers of so many unfinished jobs are kept.
_MOST = 4

_replies: Replies | None = None
#: By the key of the first request of a job, the latest job last.
_unfinished: dict[int, Lines] = {}
_lock = threading.Lock()


def remember(replies: Replies) -> None:
    """Make these the replies of the latest job."""
    global _replies  # noqa: PLW0603  (of this process)
    _replies = replies


def last_replies() -> Replies | None:
    """Return the replies of the latest job; None before the first one."""
    return _replies


def take(key: int) -> Lines | None:
    """Return the answers of an unfinished job that began with the same request, if there are."""
    with _lock:
        return _unfinished.pop(key, None)


def keep(key: int, lines: Lines) -> None:
    """Keep the answers of a job that was not finished."""
    with _lock:
        _unfinished[key] = lines
        while len(_unfinished) > _MOST:
            del _unfinished[next(iter(_unfinished))]
