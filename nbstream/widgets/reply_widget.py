"""The widget of a live reply: carries messages to the page and back, by anywidget and ipywidgets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

if TYPE_CHECKING:
    from collections.abc import Callable

_STATIC = Path(__file__).parents[1] / "static"
_VIEW_MIME = "application/vnd.jupyter.widget-view+json"


def _page_file(name: str) -> str | Path:
    """Return the content of a file of the page, or its path if anywidget is to watch it (`npm run watch`)."""
    # Only then, because anywidget keeps every widget of a watched file alive.
    path = _STATIC / name
    return path if os.environ.get("ANYWIDGET_HMR") == "1" else path.read_text("utf-8")


class ReplyWidget(anywidget.AnyWidget):
    """Carries patches to the page and the page's messages back; its traits hold no prompt and no key."""

    _esm = _page_file("reply.js")
    _css = _page_file("reply.css")
    run_id = traitlets.Unicode().tag(sync=True)
    #: Never set: its serializer returns the keyframe of the moment at which the state is sent.
    keyframe = traitlets.Dict().tag(sync=True, to_json=lambda _value, widget: widget.current())

    def __init__(self, run_id: str, current: Callable[[], dict[str, Any]]) -> None:
        """Create the widget.

        Args:
            run_id: the run that it shows.
            current: returns the current keyframe; called on any thread.
        """
        self.current = current
        super().__init__(run_id=run_id)
        # ipykernel 7.4 passes a comm message to the shell that last published on the comm, which is busy.
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = lambda _data, default: default  # noqa: SLF001

    def send(self, content: dict[str, Any], buffers: Any = None) -> None:
        """Send one message to the page.

        Unlike ipykernel's comms, it names neither a parent request nor a topic: the page needs only
        the comm's id, and both would be a third of a small message.
        """
        kernel = getattr(self.comm, "kernel", None)
        if kernel is None or buffers:
            super().send(content, buffers)
            return
        data = {"method": "custom", "content": content}
        message = {"comm_id": self.comm.comm_id, "data": data}
        kernel.session.send(kernel.iopub_socket, "comm_msg", message)

    def send_keyframe(self) -> None:
        """Send the current keyframe to every page."""
        self.send_state("keyframe")

    def close(self) -> None:
        """Close the widget and its layout, whose comm would stay open otherwise."""
        layout = self.layout
        super().close()
        layout.close()

    def receive(self, receiver: Callable[[dict[str, Any]], None]) -> None:
        """Call `receiver` with every custom message of the page."""
        self.on_msg(lambda _widget, content, _buffers: receiver(content) if isinstance(content, dict) else None)

    def bundle(self, plain: str) -> dict[str, Any]:
        """Return what to display: the view, and `plain` for a front end that cannot draw it."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {_VIEW_MIME: view, "text/plain": plain}
