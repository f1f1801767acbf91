"""The ways in which a wish to stop reaches Python while a cell keeps the kernel busy.

The page's messages come by comm and by the control channel, on whatever thread the kernel pleases, or out of the busy
main thread's queue (`mailbox`): they only set flags. ■ comes as SIGINT. This module must not know what a run does, nor
how it is shown.
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


def listen(kernel: Any, run_id: str, comm_id: str, receive: Callable[[dict[str, Any]], None]) -> None:
    """Hand what a page says about a run by the control channel, or by a comm that waits, to `receive`.

    Args:
        kernel: the ipykernel; one without control handlers is left alone, and its pages have the comm.
        run_id: the run, as the control channel names it.
        comm_id: the comm of the widget that shows it.
        receive: takes the message's content, on the thread it arrives on; must not block, display or raise.
    """
    _receivers[run_id] = _receivers[comm_id] = receive
    handlers = getattr(kernel, "control_handlers", None)
    if isinstance(handlers, dict):
        handlers[CONTROL_REQUEST] = _handler(kernel)


def forget(run_id: str, comm_id: str) -> None:
    """Take no more messages for a run; its pages are told that it is not known."""
    _receivers.pop(run_id, None)
    _receivers.pop(comm_id, None)


def overhear(comm_id: str, content: dict[str, Any]) -> None:
    """Take a comm message before its turn, whichever cell's run it is meant for."""
    receive = _receivers.get(comm_id)
    if receive is not None:
        receive(content)


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
    """Whether ■ was pressed while a run was shown.

    Attributes:
        seen: it was.
        held: it must not raise now, however often it is pressed.
    """

    def __init__(self) -> None:
        self.seen = False
        self.held = False

    def holding(self, work: Callable[[], object]) -> Callable[[], None]:
        """Return `work` so that no ■ breaks it off: half a message read is a message lost."""

        def held() -> None:
            self.held = True
            try:
                work()
            finally:
                self.held = False

        return held


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
        if interrupt.seen and not interrupt.held and now - first > _PATIENCE_SECONDS:
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
