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
import os
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from nbstream.client.loop import background_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DELIMITER = b"<IDS|MSG>"
#: A socket that tells of its messages is read this often all the same: a tool may have taken notice
#: of one without reading it.
_LOOK_SECONDS = 0.25
#: Where nothing tells of messages, the socket is read this often.
_POLL_SECONDS = 0.02


class Reader:
    """Reads the messages in the shell's socket, on the main thread.

    Attributes:
        seconds: how often to read.
    """

    def __init__(self, stream: Any, wake: Callable[[], object]) -> None:
        self._stream = stream
        self._wake = wake
        self._loop = background_loop()
        self._has_rung = True
        self._looked_at = 0.0
        self._is_closed = False
        self.seconds = _LOOK_SECONDS
        # A copy, as a reader within a tool watches the same socket.
        self._descriptor = -1 if os.name == "nt" else os.dup(stream.socket.fileno())
        if self._descriptor < 0:
            # The loop of Windows watches no sockets of others.
            self.seconds = _POLL_SECONDS

    def read(self) -> None:
        """Read what is there, if something may be there."""
        was_rung, is_due = self._has_rung, time.monotonic() - self._looked_at >= self.seconds
        if not (was_rung or is_due) or self._stream.closed():
            return
        if was_rung:
            # Otherwise it may be set just now, by the other thread, and would be lost.
            self._has_rung = False
        self._looked_at = time.monotonic()
        self._stream.flush()
        if was_rung and self._descriptor >= 0:
            # Only now: the descriptor stays readable until the socket has been read.
            self._loop.call_soon_threadsafe(self._watch)

    def close(self) -> None:
        """Stop watching the socket."""
        self._is_closed = True
        if self._descriptor >= 0:
            self._loop.call_soon_threadsafe(self._end)

    # The background loop calls these.

    def _watch(self) -> None:
        if not self._is_closed:
            self._loop.add_reader(self._descriptor, self._ring)

    def _ring(self) -> None:
        self._loop.remove_reader(self._descriptor)
        self._has_rung = True
        self._wake()

    def _end(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)


@contextmanager
def opened(
    kernel: Any, receive: Callable[[str, dict[str, Any]], object], wake: Callable[[], object]
) -> Iterator[Reader | None]:
    """Yield a reader of the socket's messages, or None if it is out of reach.

    Args:
        kernel: the ipykernel.
        receive: takes a comm's id and the content of a custom message to it. The kernel gives the
            message to the comm as well, when its turn comes.
        wake: called on another thread when there may be a message to read.
    """
    stream = _stream(kernel)
    forward = getattr(stream, "_recv_callback", None)
    if stream is None or forward is None or threading.current_thread() is not threading.main_thread():
        yield None
        return

    def glance(frames: list[Any]) -> Any:
        with suppress(Exception):  # it is only early: the kernel takes the message in turn
            read(frames)
        return forward(frames)

    def read(frames: list[Any]) -> None:
        comm_id, data = _comm_message(kernel.session, [bytes(frame) for frame in frames])
        if data.get("method") == "custom" and isinstance(data.get("content"), dict):
            receive(comm_id, data["content"])
        elif data.get("method") == "request_states":
            from nbstream.widgets import restoring  # noqa: PLC0415  (ipywidgets, only where it is used)

            restoring.answer(kernel, comm_id)

    reader = Reader(stream, wake)
    stream.on_recv(glance, copy=stream._recv_copy)  # noqa: SLF001  (pyzmq has no public way)
    try:
        yield reader
    finally:
        if not stream.closed():
            stream.on_recv(forward, copy=stream._recv_copy)  # noqa: SLF001  (as above)
        reader.close()


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
