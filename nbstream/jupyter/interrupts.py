"""Interrupts: ■ in the toolbar and Ctrl-C must not break off a message or a rendering."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nbstream.language import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Within this many seconds after the first ■ a second one changes nothing. A later one gives up
#: settling.
_REPEAT_SECONDS = 1.0


class Interrupt:
    """Whether ■ was pressed while a run was shown.

    Attributes:
        seen: whether it was pressed.
        held: whether it must not raise at the moment, however often it is pressed.
        at_once: whether it raises at the moment, as code of the user runs that may take long.
    """

    def __init__(self) -> None:
        self.seen = False
        self.held = False
        self.at_once = False

    @contextmanager
    def in_user_code(self) -> Iterator[None]:
        """Let ■ raise in the context; the user's code is broken off as it is in any cell."""
        self.at_once = True
        try:
            yield
        finally:
            self.at_once = False

    def holding(self, work: Callable[[], object]) -> Callable[[], None]:
        """Return `work` as a function that no ■ breaks off: it reads messages whole."""

        def held() -> None:
            self.held = True
            try:
                work()
            finally:
                self.held = False

        return held


@contextmanager
def interrupts_call(cancel: Callable[[], object]) -> Iterator[Interrupt]:
    """Let SIGINT call `cancel` in the context, instead of raising in the main thread.

    A KeyboardInterrupt in the middle of a message or a rendering would leave the output half done;
    the caller raises it after settling. Off the main thread, where no signal arrives, this does
    nothing.
    """
    interrupt = Interrupt()
    first = 0.0

    def handle(*_: object) -> None:
        nonlocal first
        now = time.monotonic()
        if interrupt.seen and not interrupt.held and now - first > _REPEAT_SECONDS:
            raise KeyboardInterrupt
        if not interrupt.seen:
            interrupt.seen, first = True, now
        cancel()
        if interrupt.at_once:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)


def keyboard_interrupt(said: str = "") -> KeyboardInterrupt:
    """Return the exception that ends an interrupted cell; IPython shows it as one line."""
    error = KeyboardInterrupt(said or _("stopped; what arrived is kept in nbstream.last"))
    line = f"KeyboardInterrupt: {error}"
    vars(error)["_render_traceback_"] = lambda: [line]
    return error
