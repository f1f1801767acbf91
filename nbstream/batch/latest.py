"""The latest job of this session, and the answers of jobs that were not finished.

The same call after a stop asks only the rest, also without a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.sessions.per_session import PerSession
from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from nbstream.batch.replies import Replies
    from nbstream.batch.stores import Lines

#: The answers of so many unfinished jobs are kept.
_MOST = 4

_latest: PerSession[list[Replies]] = PerSession(list)
#: By the key of the first request of a job, the latest job last.
_unfinished: PerSession[dict[int, Lines]] = PerSession(dict)
_lock = ProcessLock()


def remember(replies: Replies) -> None:
    """Make these the replies of the latest job."""
    _latest.get()[:] = [replies]


def last_replies() -> Replies | None:
    """Return the replies of the latest job; None before the first one."""
    return next(iter(_latest.get()), None)


def take(key: int) -> Lines | None:
    """Return the answers of an unfinished job that began with the same request, if there are."""
    with _lock:
        return _unfinished.get().pop(key, None)


def keep(key: int, lines: Lines) -> None:
    """Keep the answers of a job that was not finished."""
    with _lock:
        kept = _unfinished.get()
        kept[key] = lines
        while len(kept) > _MOST:
            del kept[next(iter(kept))]
