"""A widget with a page module, made with anywidget: it carries messages to the page and back."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets
from ipywidgets import Layout  # type: ignore[import-untyped]

from nbstream.language import current
from nbstream.widgets import cells, front_ends, page_modules
from nbstream.widgets.small_messages import send_small

if TYPE_CHECKING:
    from collections.abc import Callable

_VIEW_MIME = "application/vnd.jupyter.widget-view+json"

#: The message of a page that a widget handles.
_question: ContextVar[dict[str, Any] | None] = ContextVar("question", default=None)


def take_messages_on_subshell(comm: Any) -> None:
    """Let messages on `comm` go to the subshell that they name.

    ipykernel 7.4 gives them to the shell that last published on the comm: the busy one.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, default: default  # noqa: SLF001  (there is no public way)


#: The layout of all widgets whose layout nobody changes; its comm stays open.
_layouts: dict[str, Any] = {}


def shared_layout() -> dict[str, Any]:
    """Return the traits of a widget with the layout of all others: one comm less for each.

    Outside of a Jupyter kernel a widget has a layout of its own, as comms may close with the cell
    that opened them.
    """
    if front_ends.running_kernel() is None:
        return {}
    found = _layouts.get("shared")
    if found is None or found.comm is None:
        found = _layouts["shared"] = Layout()
    return {"layout": found}


class PageWidget(anywidget.AnyWidget):
    """A widget with a page module, whose traits hold no key.

    It carries messages to and from the page.
    """

    #: The name of its module.
    _module = "reply"
    #: anywidget asks the page for its own minor version. JupyterLab may be in another environment
    #: than the kernel, with another version: each that nbstream allows draws the widget.
    _model_module_version = traitlets.Unicode("0.x").tag(sync=True)
    _view_module_version = traitlets.Unicode("0.x").tag(sync=True)
    _esm = traitlets.Unicode().tag(sync=True)
    run_id = traitlets.Unicode().tag(sync=True)
    #: The language that the user has set, such as `zh`; empty if it is the page's own.
    language = traitlets.Unicode().tag(sync=True)

    def __init__(self, run_id: str, **traits: Any) -> None:
        """Open the widget's comm.

        Args:
            run_id: names the widget and its comm: a page finds the comm's messages by it.
            **traits: the values of further traits.
        """
        self._receivers: list[Callable[[dict[str, Any]], object]] = []
        self._is_closed = False
        stub = page_modules.stub(self._module)
        super().__init__(_esm=stub, run_id=run_id, model_id=run_id, language=current.chosen(), **traits)
        page_modules.answer_early(run_id, self._on_comm)
        self.on_msg(lambda _widget, content, _buffers: self._on_comm(content))

    def open(self) -> None:
        """Open the comm, unless nobody draws widgets: nbclient keeps the state of all it sees."""
        if front_ends.current().draws:
            self._open()

    @property
    def model_id(self) -> str:
        """The id of the widget, by which outputs and layouts name it: its comm is open then.

        It stays when the widget is closed. A layout that still has it can be drawn.
        """
        if self.comm is None and not self._is_closed:
            self._open()
        return self.run_id

    def _open(self) -> None:
        super().open()
        take_messages_on_subshell(self.comm)

    def close(self) -> None:
        """Close the widget and its layout, whose own comm would stay open as long as the kernel."""
        self._is_closed = True
        page_modules.answer_early(self.run_id, None)
        layout = self.layout
        super().close()
        if layout is not _layouts.get("shared"):
            layout.close()

    def receive(self, receiver: Callable[[dict[str, Any]], None]) -> None:
        """Call `receiver` with the content of every custom message from a page."""
        self._receivers.append(receiver)

    def bundle(self, plain: str) -> dict[str, Any]:
        """Return the bundle to display: the view, or `plain` where it cannot be drawn."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {_VIEW_MIME: view, "text/plain": plain}

    def _send(self, message: dict[str, Any], buffers: Any = None) -> None:
        """Send a message to the page; ipywidgets calls it for all of them, on any thread.

        ipykernel's comms also name the request that caused a message, and a topic. Pages need
        neither, both would be a third of a small message, and a plain thread has no request. Only
        the state that a page has asked for names its question: after a reload JupyterLab knows it
        by that, and draws no widget of the notebook before it has all states.
        """
        # Another thread may close the widget, which then has no comm any more.
        comm = self.comm
        kernel: Any = getattr(comm, "kernel", None)
        # In marimo the kernel of a comm is a string.
        if buffers or not hasattr(kernel, "iopub_socket"):
            super()._send(message, buffers)
            return
        question = _question.get() if message.get("method") == "update" else None
        send_small(kernel, "comm_msg", {"comm_id": comm.comm_id, "data": message}, question)

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        token = _question.set(msg)
        try:
            super()._handle_msg(msg)
        finally:
            _question.reset(token)

    def send_state_for(self, request: dict[str, Any]) -> None:
        """Send the state in the name of a cell, for a front end that keeps what that cell sends.

        The page's code does not change, and is left out.
        """
        kernel: Any = getattr(self.comm, "kernel", None)
        if hasattr(kernel, "iopub_socket"):
            state = self.get_state({*self.keys} - {"_esm"})
            content = {"comm_id": self.run_id, "data": {"method": "update", "state": state, "buffer_paths": []}}
            kernel.session.send(kernel.iopub_socket, "comm_msg", content, parent=request)

    def _on_comm(self, content: Any) -> None:
        if not isinstance(content, dict):
            return
        if content.get("type") == "code":
            self.send(page_modules.answer(content))
            cells.take_output()
            return
        for receiver in self._receivers:
            receiver(content)
