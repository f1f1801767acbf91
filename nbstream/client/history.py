"""The replies of this session: all that are being received, and the last 50."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from nbstream.client.receiver import Receiver
from nbstream.sessions.per_session import PerSession
from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from nbstream.model.reply import Reply

_KEPT = 50

#: Newest last.
_replies: PerSession[list[Receiver | Reply]] = PerSession(list)
_lock = ProcessLock()
_background: weakref.WeakSet[Receiver] = weakref.WeakSet()


def settled(source: Receiver | Reply) -> Receiver | Reply:
    """Return the reply in place of a receiver that has ended, as it is enough then."""
    return source.reply if isinstance(source, Receiver) and source.done else source


def reply_of(source: Receiver | Reply) -> Reply:
    """Return the reply so far."""
    return source.reply if isinstance(source, Receiver) else source


def remember(last: Receiver | Reply) -> None:
    """Add the newest reply, and drop old replies that have ended."""
    with _lock:
        kept = _replies.get()
        # After the end, the reply is enough.
        earlier = [settled(each) for each in kept]
        older, newer = earlier[: 1 - _KEPT], earlier[1 - _KEPT :]
        kept[:] = [*(each for each in older if isinstance(each, Receiver)), *newer, last]


def last_reply(back: int = 0) -> Reply | None:
    """Return the current reply of the latest run, or of the run `back` runs before; else None."""
    with _lock:
        kept = _replies.get()
        found = kept[-1 - back] if back < len(kept) else None
    return None if found is None else reply_of(found)


def back_to(receiver: Receiver) -> int | None:
    """Return how many replies are newer than this one, or None if it is not kept."""
    with _lock:
        newest_first = _replies.get()[::-1]
    return next((back for back, each in enumerate(newest_first) if each is receiver or each is receiver.reply), None)


def receivers() -> list[Receiver]:
    """Return what may still be receiving a reply, the oldest first."""
    with _lock:
        return [each for each in _replies.get() if isinstance(each, Receiver)]


def spare(receiver: Receiver) -> None:
    """Let a background reply go on when the cell that started it is interrupted."""
    _background.add(receiver)


def is_spared(receiver: Receiver) -> bool:
    """Return whether a reply goes on when its cell is interrupted."""
    return receiver in _background


def cancel_all() -> int:
    """Cancel every reply that is being received, and return their number."""
    return sum(receiver.cancel() for receiver in receivers())
