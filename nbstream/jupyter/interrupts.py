"""Interrupts: ■ in the toolbar and Ctrl-C must not break off a message or a rendering."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nbstream.language import _
from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Within this many seconds after the first ■ a second one changes nothing. A later one gives up
#: settling. The same holds for those after the end of the reply that was interrupted.
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


class _Repeats:
    """Handles SIGINT after an interrupted reply: ignores it for a moment, then raises as usual."""

    def __init__(self) -> None:
        self._until = time.monotonic() + _REPEAT_SECONDS

    def __call__(self, *_: object) -> None:
        if time.monotonic() >= self._until:
            raise KeyboardInterrupt


def ignore_repeats() -> None:
    """Ignore ■ for a moment, and at most until the cell has ended, which was interrupted.

    People press it more than once. If it raises in ipykernel's own code, the reply of the cell is
    lost: JupyterLab goes on showing the cell as running, and runs the queued cells. ipykernel
    replaces the handler as soon as it has sent the reply.
    """
    if _is_kernels(signal.getsignal(signal.SIGINT)):
        signal.signal(signal.SIGINT, _Repeats())


def _is_kernels(handler: object) -> bool:
    """Whether a cell runs on this thread with the handler that ipykernel gives to cells."""
    return (
        threading.current_thread() is threading.main_thread()
        and (handler is signal.default_int_handler or isinstance(handler, _Repeats))
        and front_ends.running_kernel() is not None
    )


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
        is_repeated = interrupt.seen and _is_kernels(before)
        signal.signal(signal.SIGINT, _Repeats() if is_repeated else before)


def keyboard_interrupt(said: str = "") -> KeyboardInterrupt:
    """Return the exception that ends an interrupted cell; IPython shows it as one line."""
    error = KeyboardInterrupt(said or _("stopped; what arrived is kept in nbstream.last"))
    line = f"KeyboardInterrupt: {error}"
    vars(error)["_render_traceback_"] = lambda: [line]
    return error
