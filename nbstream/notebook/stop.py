"""The ways in which a wish to stop reaches Python while a cell keeps the kernel busy.

The page's messages come by comm and by the control channel, on whatever thread the kernel pleases: they only set flags.
■ comes as SIGINT. This module must not know what a run does, nor how it is shown.
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nbstream.render.protocol import CONTROL_REPLY, CONTROL_REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: A second ■ within this many seconds is the same wish; after it, the user means it, and settling is given up.
_PATIENCE_SECONDS = 1.0

_receivers: dict[str, Callable[[dict[str, Any]], None]] = {}


def listen(kernel: Any, run_id: str, receive: Callable[[dict[str, Any]], None]) -> None:
    """Hand what a page says about a run by the control channel to `receive`, on the thread it arrives on.

    Args:
        kernel: the ipykernel; one without control handlers is left alone, and its pages have the comm.
        run_id: the run.
        receive: takes the message's content; must not block, display or raise.
    """
    handlers = getattr(kernel, "control_handlers", None)
    if isinstance(handlers, dict):
        _receivers[run_id] = receive
        handlers[CONTROL_REQUEST] = _handler(kernel)


def forget(run_id: str) -> None:
    """Take no more messages for a run; its pages are told that it is not known."""
    _receivers.pop(run_id, None)


def _handler(kernel: Any) -> Callable[[Any, Any, dict[str, Any]], None]:
    def handle(stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        content = parent.get("content", {})
        receive = _receivers.get(content.get("run_id", ""))
        if receive is not None:
            receive(content)
        # The reply is the acknowledgement: without one a page would interrupt the kernel, and perhaps another cell.
        kernel.session.send(
            stream, CONTROL_REPLY, {"status": "ok", "known": receive is not None}, parent=parent, ident=ident
        )

    return handle


class Interrupt:
    """Whether ■ was pressed while a run was shown."""

    def __init__(self) -> None:
        self.seen = False


@contextmanager
def interrupts_call(cancel: Callable[[], object]) -> Iterator[Interrupt]:
    """Within the context, SIGINT calls `cancel` instead of raising wherever the main thread happens to be.

    A KeyboardInterrupt in the middle of a message or a rendering would leave the output half done; whoever uses this
    raises it after settling. Off the main thread, where no signal arrives, this does nothing.
    """
    interrupt = Interrupt()
    first = 0.0

    def handle(*_: object) -> None:
        nonlocal first
        now = time.monotonic()
        if interrupt.seen and now - first > _PATIENCE_SECONDS:
            raise KeyboardInterrupt
        if not interrupt.seen:
            interrupt.seen, first = True, now
        cancel()

    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)


def keyboard_interrupt() -> KeyboardInterrupt:
    """Return the exception to end an interrupted cell with, shown by IPython as one line instead of a traceback."""
    error = KeyboardInterrupt("stopped; what arrived is kept in nbstream.last")
    line = f"KeyboardInterrupt: {error}"
    vars(error)["_render_traceback_"] = lambda: [line]
    return error
