"""The thread of an instrument, which sends what is new."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Between two steps at least. More of them cost the page and the kernel two to four times as much,
#: and nobody sees a difference.
FRAME_SECONDS = 1 / 15
#: A thread with nothing to do ends after so long.
_LINGER_SECONDS = 2.0
#: A step takes at most a third of the time, but a view never stands still for longer than this.
_PAUSE_FACTOR = 2
_LONGEST_PAUSE = 1.0

_log = logging.getLogger("nbstream")


class Pump:
    """Takes a step when there is news, on a thread that ends when nothing is under way.

    Any thread may call its methods.

    Args:
        name: that of the thread.
        step: sends what is new.
        pause: returns after how many seconds a step is due without news; None if none is.
        on_failure: is called when a step has raised; the next one is taken soon.
        at_end: is called when the thread ends.

    Attributes:
        stepping: held while a step is taken.
        is_closed: whether no more steps are taken.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], object],
        pause: Callable[[], float | None],
        on_failure: Callable[[], object],
        at_end: Callable[[], object],
    ) -> None:
        self.stepping = threading.Lock()
        self.is_closed = False
        self._name = name
        self._step = step
        self._pause = pause
        self._on_failure = on_failure
        self._at_end = at_end
        self._news = threading.Condition()
        self._has_news = False
        self._thread: threading.Thread | None = None
        #: Carries the cell that output belongs to, on ipykernel 7.
        self._context = contextvars.copy_context()

    @property
    def is_running(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None

    def wake(self) -> None:
        """Take a step soon, and start the thread if it does not run."""
        with self._news:
            self._has_news = True
            self._news.notify_all()
            if self._thread is None and not self.is_closed:
                # A copy, as the thread before may not have left it yet.
                work = partial(self._context.copy().run, self._work)
                self._thread = threading.Thread(target=work, name=self._name, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Take no more steps."""
        self.is_closed = True
        self.wake()

    def take_step(self) -> bool:
        """Take a step on this thread, and return whether it did not fail."""
        try:
            with self.stepping:
                self._step()
        except Exception:  # noqa: BLE001  (one step must not end all others)
            _log.exception("nbstream: a frame was not sent")
            self._on_failure()
            return False
        return True

    def _work(self) -> None:
        has_failed = False
        while True:
            pause = self._pause()
            with self._news:
                self._news.wait_for(lambda: self._has_news, _LINGER_SECONDS if pause is None else pause)
                has_ended = self.is_closed or not (self._has_news or pause is not None)
                if has_ended:
                    self._thread = None
                self._has_news = False
            if has_ended:
                self._at_end()
                return
            began = time.monotonic()
            if self.take_step():
                has_failed = False
            else:
                # At once, but not again and again.
                self._has_news |= not has_failed
                has_failed = True
            cost = time.monotonic() - began
            pause = max(FRAME_SECONDS - cost, _PAUSE_FACTOR * cost if cost > FRAME_SECONDS / 2 else 0, 0)
            with self._news:
                self._news.wait_for(lambda: self.is_closed, min(pause, _LONGEST_PAUSE))
