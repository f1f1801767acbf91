"""The replies of this process, newest last: those that are still running, and the last 50."""

from __future__ import annotations

import threading

from nbstream.client.run import Run
from nbstream.model.reply import Reply

#: How many replies can be had back.
_REMEMBERED = 50

_runs: list[Run | Reply] = []
_lock = threading.Lock()


def remember(last: Run | Reply) -> None:
    """Let the reply of `last` be the last one; of earlier runs only those are kept that go on."""
    with _lock:
        # Of a run that has ended, the reply is all that can still be asked for.
        earlier = [each.reply if isinstance(each, Run) and each.done else each for each in _runs]
        older, newer = earlier[: 1 - _REMEMBERED], earlier[1 - _REMEMBERED :]
        _runs[:] = [*(each for each in older if isinstance(each, Run)), *newer, last]


def last_reply(back: int = 0) -> Reply | None:
    """Return the reply of the run that was started last, as it stands, or one before it.

    Args:
        back: how many replies to go back.

    Returns:
        None if there is none; the last 50 are remembered.
    """
    if back >= len(_runs):
        return None
    run = _runs[-1 - back]
    return run if isinstance(run, Reply) else run.reply


def back_to(run: Run) -> int | None:
    """Return how many replies to go back from the last one to `run`'s, or None if it is forgotten."""
    return next((back for back, each in enumerate(reversed(_runs)) if each is run or each is run.reply), None)


def cancel_all() -> int:
    """Cancel every run that goes on, and return how many did."""
    return sum(run.cancel() for run in list(_runs) if isinstance(run, Run))
