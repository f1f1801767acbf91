"""Lets a page that was reloaded draw its widgets while a cell still runs.

Such a page asks the kernel for the state of all widgets, by a comm message on the main shell, and
says "Loading widget…" until it is answered. ipywidgets would answer when the cell has ended.
"""

from __future__ import annotations

from typing import Any

from ipywidgets import Widget  # type: ignore[import-untyped]


def answer(kernel: Any, comm_id: str) -> None:
    """Send the state of all widgets on the page's comm, as ipywidgets will do once more later."""

    class Comm:
        def send(self, data: dict[str, Any], buffers: Any = None) -> None:
            content = {"comm_id": comm_id, "data": data}
            kernel.session.send(kernel.iopub_socket, "comm_msg", content, buffers=buffers)

    class Answering(Widget):  # type: ignore[misc]
        # In the class of all widgets it would be the comm of other pages' answers, too, which a
        # subshell may send meanwhile.
        _control_comm = Comm()

    # ipywidgets has no public way to make the states of all widgets with their binary parts.
    handle = getattr(Answering, "_handle_control_comm_msg", None)
    if handle is not None:
        handle({"content": {"data": {"method": "request_states"}}})
