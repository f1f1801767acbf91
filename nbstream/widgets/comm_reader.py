"""Reads comm messages of a page while a cell keeps the main thread busy.

Some front ends send comm messages only on the main shell, where they wait for the end of the cell.
While the cell waits anyway, the messages in the shell's socket are passed to the kernel's own
queue, in their order and by the kernel's own callback, and each is read on its way. None is
removed or executed early. Only a reloaded page's request for the state of widgets is answered at
once, besides its answer in turn, since the page draws nothing until then.
"""

from __future__ import annotations

import hmac
import json
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DELIMITER = b"<IDS|MSG>"


@contextmanager
def opened(kernel: Any, receive: Callable[[str, dict[str, Any]], object]) -> Iterator[Callable[[], object] | None]:
    """Yield a function that reads the socket's messages, or None if it is out of reach.

    Args:
        kernel: the ipykernel.
        receive: takes a comm's id and the content of a custom message to it. The kernel gives the
            message to the comm as well, when its turn comes.
    """
    stream = _stream(kernel)
    forward = getattr(stream, "_recv_callback", None)
    if stream is None or forward is None or threading.current_thread() is not threading.main_thread():
        yield None
        return

    def glance(frames: list[Any]) -> Any:
        comm_id, data = _comm_message(kernel.session, [bytes(frame) for frame in frames])
        if data.get("method") == "custom" and isinstance(data.get("content"), dict):
            receive(comm_id, data["content"])
        elif data.get("method") == "request_states":
            from nbstream.widgets import restoring  # noqa: PLC0415  (ipywidgets, only where it is used)

            with suppress(Exception):  # it is only early: the answer in turn follows
                restoring.answer(kernel, comm_id)
        return forward(frames)

    def read() -> None:
        if not stream.closed():
            stream.flush()

    stream.on_recv(glance, copy=stream._recv_copy)  # noqa: SLF001  (pyzmq has no public way)
    try:
        yield read
    finally:
        if not stream.closed():
            stream.on_recv(forward, copy=stream._recv_copy)  # noqa: SLF001  (as above)


def _stream(kernel: Any) -> Any:
    """Return the stream that brings shell messages to the main thread."""
    thread = getattr(kernel, "shell_channel_thread", None)
    if thread is None:
        return getattr(kernel, "shell_stream", None)
    return getattr(getattr(thread.manager, "_shell_channel_to_main", None), "to_stream", None)


def _comm_message(session: Any, frames: list[bytes]) -> tuple[str, dict[str, Any]]:
    """Return comm id and data of a comm message with a valid signature; no data for any other.

    The layout is that of "The wire protocol" in Jupyter's messaging documentation.
    `session.deserialize` would record the signature, and the kernel would then refuse the message.
    """
    try:
        start = frames.index(_DELIMITER)
        signature, *parts = frames[start + 1 : start + 6]
        header, _, _, content = map(json.loads, parts)
        if header["msg_type"] != "comm_msg" or not hmac.compare_digest(session.sign(parts), signature):
            return "", {}
        return str(content["comm_id"]), dict(content["data"])
    except (ValueError, KeyError, TypeError):
        return "", {}
