"""Messages of the kernel that are as small as Jupyter's protocol allows.

A frame of a live view says a few words, and its envelope is several times as long: of the 400 bytes
that ipykernel would send, 200 are the header.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from typing import Any

#: Jupyter would write a blank after each comma and colon.
_SEPARATORS = (",", ":")
_numbers = itertools.count(1)


def send_small(kernel: Any, kind: str, content: dict[str, Any], question: dict[str, Any] | None = None) -> None:
    """Send a message to all pages, without metadata.

    Args:
        kernel: the ipykernel.
        kind: the type of the message.
        content: what it says, as JSON; other values are sent as ipykernel sends them.
        question: the message that this one answers; None if it answers none, and is smallest.
    """
    session, socket = kernel.session, kernel.iopub_socket
    try:
        packed = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=_SEPARATORS).encode()
    except (TypeError, ValueError):
        session.send(socket, kind, content, parent=question)
        return
    if question is not None:
        session.send(socket, kind, packed, parent=question)
        return
    if session.check_pid and os.getpid() != session.pid:
        # As a session does in a forked process, where the socket does not work.
        return
    session.send_raw(socket, [_header(session, kind), b"{}", b"{}", packed])


def _header(session: Any, kind: str) -> bytes:
    """Return a header with all fields of the protocol.

    JupyterLab drops a message whose session is not that of the message before. An id has only to be
    unique, and nothing reads how many microseconds old a frame is.
    """
    header = {
        "msg_id": f"{session.session[:8]}_{next(_numbers)}",
        "msg_type": kind,
        "username": session.username,
        "session": session.session,
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "version": "5.3",
    }
    return json.dumps(header, separators=_SEPARATORS).encode()
