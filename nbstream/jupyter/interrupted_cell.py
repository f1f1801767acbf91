"""Stops the runs that a cell has started when the cell is interrupted.

A cell may wait for its runs in ways that nbstream does not see, such as `as_completed`. Nobody
waits for them after ■, and each token costs money. Background replies go on: ■ is not for them.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import weakref
from typing import TYPE_CHECKING, Any

from IPython import get_ipython

from nbstream.client import history
from nbstream.client.run import CLOSING_SECONDS
from nbstream.jupyter import interrupts

if TYPE_CHECKING:
    from nbstream.client.receiver import Receiver

#: What was being received when the running cell began.
_earlier: weakref.WeakSet[Receiver] = weakref.WeakSet()


def watch_kernel() -> None:
    """Notice from now on when cells begin and are interrupted; one may be running."""
    shell = get_ipython()
    if getattr(shell, "kernel", None) is None:
        return
    shell.events.register("pre_run_cell", _on_begin)
    shell.events.register("post_run_cell", _on_end)


def _on_begin(_info: Any) -> None:
    _earlier.clear()
    _earlier.update(history.receivers())


def _on_end(result: Any) -> None:
    if isinstance(getattr(result, "error_in_exec", None), KeyboardInterrupt | asyncio.CancelledError):
        stopped = [each for each in history.receivers() if each not in _earlier and not history.is_spared(each)]
        if stopped:
            interrupts.ignore_repeats()
        for receiver in stopped:
            receiver.cancel()
        # The next cell finds the replies as they ended.
        concurrent.futures.wait([each.future for each in stopped], timeout=CLOSING_SECONDS)
