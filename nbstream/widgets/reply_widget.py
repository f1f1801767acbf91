"""The widget that carries patches to the page and messages back, made with anywidget."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from nbstream.model.exceptions import NbstreamError

if TYPE_CHECKING:
    from collections.abc import Callable

_STATIC = Path(__file__).parents[1] / "static"
_VIEW_MIME = "application/vnd.jupyter.widget-view+json"


def page_file(name: str) -> str | Path:
    """Return the content of a file of the page, or its path if anywidget is to watch it.

    `npm run watch` needs the path. Otherwise the content, because anywidget keeps every widget of a
    watched file alive.

    Raises:
        NbstreamError: if the page was not built, as in a clone on a machine without Node.
    """
    path = _STATIC / name
    if not path.is_file():
        raise NbstreamError(
            "The page's code is not built. With Node 20 or newer, run `npm ci && npm run build` in js/; or install "
            "nbstream from a wheel, which contains it."
        )
    return path if os.environ.get("ANYWIDGET_HMR") == "1" else path.read_text("utf-8")


def take_messages_on_subshell(comm: Any) -> None:
    """Let messages on `comm` go to the subshell that they name.

    ipykernel 7.4 gives them to the shell that last published on the comm: the busy one.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, default: default  # noqa: SLF001  (there is no public way)


class ReplyWidget(anywidget.AnyWidget):
    """Carries messages to and from the page. Its traits hold neither prompt nor key."""

    _esm = page_file("reply.js")
    _css = page_file("reply.css")
    run_id = traitlets.Unicode().tag(sync=True)
    #: Never set: serialising the widget's state calls `current`.
    keyframe = traitlets.Dict().tag(sync=True, to_json=lambda _value, widget: widget.current())

    def __init__(self, run_id: str, current: Callable[[], dict[str, Any]]) -> None:
        """Open the widget's comm.

        Args:
            run_id: names the run that it shows, and the widget and its comm: a page finds the
                comm's messages by it.
            current: returns the present keyframe; called on any thread.
        """
        self.current = current
        super().__init__(run_id=run_id, model_id=run_id)
        take_messages_on_subshell(self.comm)

    def send(self, content: dict[str, Any], buffers: Any = None) -> None:
        """Send one message to the page.

        ipykernel's comms also name the request that caused a message, and a topic. Pages need
        neither, and both would be a third of a small message.
        """
        kernel = getattr(self.comm, "kernel", None)
        if kernel is None or buffers:
            super().send(content, buffers)
            return
        data = {"method": "custom", "content": content}
        message = {"comm_id": self.comm.comm_id, "data": data}
        kernel.session.send(kernel.iopub_socket, "comm_msg", message)

    def send_keyframe(self) -> None:
        """Send the present keyframe to every page."""
        self.send_state("keyframe")

    def close(self) -> None:
        """Close the widget and its layout, whose own comm would stay open as long as the kernel."""
        layout = self.layout
        super().close()
        layout.close()

    def receive(self, receiver: Callable[[dict[str, Any]], None]) -> None:
        """Call `receiver` with the content of every custom message from a page."""
        self.on_msg(lambda _widget, content, _buffers: receiver(content) if isinstance(content, dict) else None)

    def bundle(self, plain: str) -> dict[str, Any]:
        """Return the bundle to display: the view, or `plain` where it cannot be drawn."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {_VIEW_MIME: view, "text/plain": plain}
