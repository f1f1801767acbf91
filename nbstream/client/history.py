"""The replies of this process, newest last: those that are being received, and the last 50."""

from __future__ import annotations

import threading

from nbstream.client.receiver import Receiver
from nbstream.model.reply import Reply

#: How many replies are kept.
_KEPT = 50

_replies: list[Receiver | Reply] = []
_lock = threading.Lock()


def remember(last: Receiver | Reply) -> None:
    """Make `last` the last reply; of the earlier ones only the newest, and those not ended, are kept."""
    with _lock:
        # Of a receiver that is done, only the reply is still needed.
        earlier = [each.reply if isinstance(each, Receiver) and each.done else each for each in _replies]
        older, newer = earlier[: 1 - _KEPT], earlier[1 - _KEPT :]
        _replies[:] = [*(each for each in older if isinstance(each, Receiver)), *newer, last]


def last_reply(back: int = 0) -> Reply | None:
    """Return the reply of the run that was started last, as it is now, or an earlier one.

    Args:
        back: how many replies to go back.

    Returns:
        None if there is none; the last 50 are kept.
    """
    with _lock:
        if back >= len(_replies):
            return None
        found = _replies[-1 - back]
    return found if isinstance(found, Reply) else found.reply


def back_to(receiver: Receiver) -> int | None:
    """Return how many replies to go back from the last one to this one, or None if it is not kept."""
    with _lock:
        newest_first = list(reversed(_replies))
    return next((back for back, each in enumerate(newest_first) if each is receiver or each is receiver.reply), None)


def cancel_all() -> int:
    """Cancel every reply that is being received, and return how many were."""
    with _lock:
        receivers = [each for each in _replies if isinstance(each, Receiver)]
    return sum(receiver.cancel() for receiver in receivers)
