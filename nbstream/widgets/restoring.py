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

    # ipywidgets has no public way to make the states of all widgets with their binary parts.
    kept = getattr(Widget, "_control_comm", None)
    handle = getattr(Widget, "_handle_control_comm_msg", None)
    if handle is None:
        return
    Widget._control_comm = Comm()  # noqa: SLF001  (as above)
    try:
        handle({"content": {"data": {"method": "request_states"}}})
    finally:
        Widget._control_comm = kept  # noqa: SLF001  (as above)
