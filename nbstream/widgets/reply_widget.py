"""The widget that the page draws a live reply with. anywidget's and ipywidgets' one door in the notebook.

This module must not know what a reply is: it carries messages.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

if TYPE_CHECKING:
    from collections.abc import Callable

_STATIC = files("nbstream") / "static"
_VIEW_MIME = "application/vnd.jupyter.widget-view+json"


class ReplyWidget(anywidget.AnyWidget):
    """Carries patches to the page and the page's messages back; its traits hold no prompt and no key."""

    _esm = (_STATIC / "reply.js").read_text("utf-8")
    _css = (_STATIC / "reply.css").read_text("utf-8")
    run_id = traitlets.Unicode().tag(sync=True)
    #: Never set: whoever asks for the widget's state is given the keyframe of that moment.
    keyframe = traitlets.Dict().tag(sync=True, to_json=lambda _value, widget: widget.current())

    def __init__(self, run_id: str, current: Callable[[], dict[str, Any]]) -> None:
        """Open the widget.

        Args:
            run_id: the run that it shows.
            current: returns the keyframe as it is now, on any thread.
        """
        self.current = current
        super().__init__(run_id=run_id)
        # ipykernel 7.4 hands a comm message back to the shell that last published on the comm: the one that is busy.
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = lambda _data, default: default  # noqa: SLF001

    def send(self, content: dict[str, Any], buffers: Any = None) -> None:
        """Send one message to the page.

        It names neither the request that it answers nor a topic, as ipykernel's comms do: a page finds the widget by
        the comm, whoever listens hears every topic, and both would be a third of a small message.
        """
        kernel = getattr(self.comm, "kernel", None)
        if kernel is None or buffers:
            super().send(content, buffers)
            return
        data = {"method": "custom", "content": content}
        message = {"comm_id": self.comm.comm_id, "data": data}
        kernel.session.send(kernel.iopub_socket, "comm_msg", message)

    def send_keyframe(self) -> None:
        """Give every page the keyframe of this moment."""
        self.send_state("keyframe")

    def close(self) -> None:
        """Close the widget and its layout, which has a comm of its own and would stay with the kernel for ever."""
        layout = self.layout
        super().close()
        layout.close()

    def receive(self, receiver: Callable[[dict[str, Any]], None]) -> None:
        """Hand every custom message of the page to `receiver`."""
        self.on_msg(lambda _widget, content, _buffers: receiver(content) if isinstance(content, dict) else None)

    def bundle(self, plain: str) -> dict[str, Any]:
        """Return what to display: the view, and `plain` for a front end that cannot draw it."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {_VIEW_MIME: view, "text/plain": plain}
