"""What a page says to a run while a cell keeps the main thread busy, on front ends that only send comm messages.

Such a message waits in the main shell's queue for the end of the cell. Here it is read while it waits: the messages
that have come are handed on to the kernel's own queue, in their order, by the kernel's own callback, and each is looked
at on its way. Nothing is taken out, answered or run early. This module must not know what a run does with a message.
"""

from __future__ import annotations

import hmac
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DELIMITER = b"<IDS|MSG>"


@contextmanager
def opened(kernel: Any, receive: Callable[[str, dict[str, Any]], object]) -> Iterator[Callable[[], object] | None]:
    """Within the context, what is yielded reads what has come; it is None where the queue is out of reach.

    Args:
        kernel: the ipykernel.
        receive: takes a comm's id and the content of a custom message to it, which the kernel hands to the comm as
            well when its turn comes.
    """
    stream = _stream(kernel)
    forward = getattr(stream, "_recv_callback", None)
    if stream is None or forward is None or threading.current_thread() is not threading.main_thread():
        yield None
        return

    def glance(frames: list[Any]) -> Any:
        said = _custom_message(kernel.session, [bytes(frame) for frame in frames])
        if said is not None:
            receive(*said)
        return forward(frames)

    def read() -> None:
        if not stream.closed():
            stream.flush()

    stream.on_recv(glance, copy=stream._recv_copy)  # noqa: SLF001  (pyzmq tells it no other way)
    try:
        yield read
    finally:
        if not stream.closed():
            stream.on_recv(forward, copy=stream._recv_copy)  # noqa: SLF001  (as above)


def _stream(kernel: Any) -> Any:
    """Return the stream by which the main thread gets shell messages: from the channel's own thread, if it has one."""
    thread = getattr(kernel, "shell_channel_thread", None)
    if thread is None:
        return getattr(kernel, "shell_stream", None)
    return getattr(getattr(thread.manager, "_shell_channel_to_main", None), "to_stream", None)


def _custom_message(session: Any, frames: list[bytes]) -> tuple[str, dict[str, Any]] | None:
    """Return comm id and content if this is a widget's custom message, signed as the session signs; or None.

    The layout is the messaging protocol's, "The wire protocol"; `session.deserialize` would note the signature as seen,
    and the kernel would then refuse the message.
    """
    try:
        start = frames.index(_DELIMITER)
        signature, *parts = frames[start + 1 : start + 6]
        header, _, _, content = map(json.loads, parts)
        if header["msg_type"] != "comm_msg" or not hmac.compare_digest(session.sign(parts), signature):
            return None
        data = content["data"]
        if data["method"] != "custom" or not isinstance(data["content"], dict):
            return None
        return str(content["comm_id"]), data["content"]
    except (ValueError, KeyError, TypeError):
        return None
