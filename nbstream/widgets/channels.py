"""The channels by which a page reaches a run while a cell keeps the kernel's main thread busy.

A message comes by the control channel or by comm, on any thread, or is read from the busy main
thread's queue (see `comm_reader`). Receivers only set flags.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from nbstream.widgets import busy, page_modules
from nbstream.widgets.protocol import CONTROL_REPLY, CONTROL_REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("nbstream")

#: Takes a message's content, and returns fields for the control reply, if there are any.
Receive: TypeAlias = "Callable[[dict[str, Any]], dict[str, Any] | None]"

#: By run, for messages of the control channel; by comm, for those that wait for a busy cell.
_receivers: dict[str, Receive] = {}
_waiting: dict[str, Receive] = {}

#: Answers a click on *Continue* or *Retry* with fields for the control reply; it must not block.
#: `import nbstream` sets it.
answer_click: Callable[[dict[str, Any]], dict[str, Any]] | None = None


def listen(kernel: Any, run_id: str, comm_id: str, receive: Receive, overheard: Receive | None = None) -> None:
    """Hand messages about a run, from the control channel or from a waiting comm, to `receive`.

    Args:
        kernel: the ipykernel; without control handlers its pages have the comm only.
        run_id: names the run on the control channel.
        comm_id: names the comm of the widget that shows it.
        receive: takes the content of a message, on whatever thread it arrives, and returns fields
            for the control reply, or None; must not block or display. What it raises is logged.
        overheard: takes a message that waits on the comm, instead of `receive`.
    """
    _receivers[run_id] = receive
    _waiting[comm_id] = overheard or receive
    handlers = getattr(kernel, "control_handlers", None)
    if isinstance(handlers, dict):
        handlers[CONTROL_REQUEST] = _handler(kernel)
        _outlive_errors(kernel)
        busy.watch(kernel)


def forget(run_id: str, comm_id: str) -> None:
    """Take no more messages for a run; the control channel answers that it is not known."""
    _receivers.pop(run_id, None)
    _waiting.pop(comm_id, None)


def overhear(comm_id: str, content: dict[str, Any]) -> None:
    """Take a comm message before its turn, whichever run it is for."""
    receive = _waiting.get(comm_id)
    if not page_modules.overhear(comm_id, content) and receive is not None:
        receive(content)


def _told(content: dict[str, Any]) -> dict[str, Any]:
    """Hand a message of the control channel on, and return fields for the reply."""
    if content.get("type") == "code":
        return page_modules.answer(content)
    if content.get("type") == "again":
        return answer_click(content) if answer_click is not None else {"known": False}
    receive = _receivers.get(content.get("run_id", ""))
    return {"known": receive is not None, **((receive(content) or {}) if receive is not None else {})}


def _outlive_errors(kernel: Any) -> None:
    """Let the control channel go on after a message whose end failed.

    ipykernel flushes `sys.stdout` after each message. That fails while a tool or a cell has closed
    it, or set it to None. ipykernel 6 then handles no control message any more: neither Stop nor a
    decision would be heard.
    """
    process = getattr(kernel, "process_control", None)
    if process is None or "process_control" in vars(kernel):
        return

    async def process_control(message: Any) -> None:
        try:
            await process(message)
        except Exception:  # noqa: BLE001  (whatever it is, the next message may be a Stop)
            with suppress(Exception):
                kernel._publish_status("idle", "control")  # noqa: SLF001  (there is no public way)

    kernel.process_control = process_control


def _handler(kernel: Any) -> Callable[[Any, Any, dict[str, Any]], None]:
    def handle(stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        try:
            told = _told(parent["content"])
        except Exception:  # noqa: BLE001  (the page waits for a reply, whatever failed)
            _log.exception("nbstream: a message of a page failed")
            told = {}
        # The reply is the acknowledgement: without one a page would interrupt the kernel, and
        # perhaps another cell.
        kernel.session.send(stream, CONTROL_REPLY, {"status": "ok", **told}, parent=parent, ident=ident)
        busy.repeat_soon(kernel)

    return handle
