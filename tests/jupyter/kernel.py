"""A front end for one real ipykernel: sends what a notebook page sends, and keeps what a page would draw.

It behaves as JupyterLab does (it takes input, sends comms on a subshell where there are any, and applies patches). It
must not know what a test expects.
"""

from __future__ import annotations

import ast
import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import pytest
import zmq
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from nbstream.widgets import protocol
from tests import kernels
from tests.widgets import page_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

Message: TypeAlias = dict[str, Any]

VIEW_MIME = "application/vnd.jupyter.widget-view+json"

#: A hang ends here; nothing that is asserted depends on it.
_PATIENCE_SECONDS = 10.0
_POLL_MILLISECONDS = 20
#: A kernel that says nothing for this long is connected to once more. ipykernel 7.0 to 7.3 leave a request unread that
#: arrives while they send a reply (ipykernel's issue 1554), until somebody connects; a server does that at a reload.
_SILENCE_SECONDS = 1.0
_OUTPUTS = ("stream", "display_data", "update_display_data", "execute_result", "error")


class Cell:
    """A cell that was sent, and what has come back so far."""

    def __init__(self, kernel: Kernel, identifier: str) -> None:
        self._kernel = kernel
        self.id = identifier
        self.reply: Message | None = None
        self.busy = False
        self.idle = False
        self.outputs: list[Message] = []

    @property
    def ended(self) -> bool:
        """Whether nothing more comes for it, except by threads."""
        return self.idle and self.reply is not None

    @property
    def status(self) -> str | None:
        """How it ended: ok, error or aborted; None while it runs."""
        return self.reply["content"]["status"] if self.reply is not None else None

    @property
    def view(self) -> View | None:
        """The live view that it displayed, as a page that applied every patch has it."""
        models = [message["content"]["data"].get(VIEW_MIME) for message in self.of("display_data")]
        return next((self._kernel.views[model["model_id"]] for model in models if model), None)

    def of(self, *kinds: str) -> list[Message]:
        """Return its outputs of these message types."""
        return [message for message in self.outputs if message["msg_type"] in kinds]

    def text(self, name: str) -> str:
        """Return what it wrote to stdout or stderr."""
        return "".join(each["content"]["text"] for each in self.of("stream") if each["content"]["name"] == name)


class View:
    """What a page draws for one reply's widget."""

    def __init__(self, comm_id: str, state: Message) -> None:
        self.comm_id = comm_id
        self.run_id: str = state["run_id"]
        self.closed = False
        self.numbers: list[int] = []
        self.keyframes: list[Message] = []
        self.acknowledged = False
        #: What was sent to pages that the front end does not hand the settled output to.
        self.settled: list[Message] = []
        self.reasoning = page_state.empty_state()
        self.answer = page_state.empty_state()
        self.meta: Message = {}
        #: What can not change any more, of reasoning and answer, after each patch.
        self.written: list[tuple[str, str]] = []

    def take(self, data: Message) -> None:
        """Take what a comm message carries."""
        if data["method"] == "update" and "keyframe" in data["state"]:
            self.keyframes.append(data["state"]["keyframe"])
        elif data["method"] == "custom" and data["content"]["type"] == "ack":
            self.acknowledged = True
        elif data["method"] == "custom" and data["content"]["type"] == "settled":
            self.settled.append(data["content"])
        elif data["method"] == "custom" and data["content"]["type"] == "patch":
            patch = data["content"]
            self.numbers.append(patch["seq"])
            page_state.apply(self.reasoning, patch.get("reasoning", []))
            page_state.apply(self.answer, patch.get("answer", []))
            self.meta = patch.get("meta", self.meta)
            self.written.append((self.reasoning["groups"][0]["html"], self.answer["groups"][0]["html"]))


class Kernel:
    """A running kernel of one of the test environments.

    Args:
        name: one of `kernels.NAMES`.
        environ: goes over the environment of the tests.
    """

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self.name = name
        self.messages: list[Message] = []
        self.views: dict[str, View] = {}
        self.open_comms: set[str] = set()
        #: Every module that was there once the extension had been loaded.
        self.imported_by_loading: set[str] = set()
        self._cells: dict[str, Cell] = {}
        self._replies: dict[str, Message] = {}
        self._done: set[str] = set()
        specs = KernelSpecManager(kernel_dirs=[str(kernels.HOME / "share" / "kernels")], ensure_native_kernel=False)
        self._manager = KernelManager(kernel_name=name, kernel_spec_manager=specs)
        # The checkout itself, also where nbstream is not installed.
        self._manager.start_kernel(env={**os.environ, **environ, "PYTHONPATH": str(kernels.ROOT)})
        self._session = self._manager.session
        identity = self._session.bsession
        self._sockets = {
            channel: getattr(self._manager, f"connect_{channel}")(identity=None if channel == "iopub" else identity)
            for channel in ("iopub", "shell", "control", "stdin")
        }
        self._nudges: list[zmq.Socket[bytes]] = []
        self._poller = zmq.Poller()
        for socket in self._sockets.values():
            self._poller.register(socket, zmq.POLLIN)
        self.features: list[str] = self._greet()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the kernel."""
        for socket in [*self._sockets.values(), *self._nudges]:
            socket.close(linger=0)
        self._manager.shutdown_kernel(now=True)
        self._manager.context.term()

    def send(self, code: str, *, watched: bool = True) -> Cell:
        """Queue a cell; `watched` says that somebody sits in front of it, as Lab does and nbclient does not."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": watched,
            "stop_on_error": True,
        }
        # Made before it is sent, so that nothing that comes back is missed.
        cell = Cell(self, self._send("shell", "execute_request", content))
        self._cells[cell.id] = cell
        return cell

    def run(self, code: str, *, watched: bool = True) -> Cell:
        """Send a cell and wait until it has ended."""
        return self.finish(self.send(code, watched=watched))

    def finish(self, cell: Cell) -> Cell:
        """Wait until a cell has ended."""
        self.until(lambda: cell.ended, "the cell ends")
        return cell

    def evaluate(self, expression: str) -> Any:
        """Return a value of the kernel that JSON can carry; nothing of it is seen in any output."""
        content = {
            "code": "",
            "silent": True,
            "user_expressions": {"value": f"__import__('json').dumps({expression})"},
            "allow_stdin": False,
        }
        value = self.request("shell", "execute_request", content)["user_expressions"]["value"]
        assert value["status"] == "ok", value
        return json.loads(ast.literal_eval(value["data"]["text/plain"]))

    def request(self, channel: str, kind: str, content: Message) -> Message:
        """Send a request and return the content of its reply."""
        identifier = self._send(channel, kind, content)
        self.until(lambda: identifier in self._replies, f"{kind} is answered")
        return self._replies[identifier]["content"]  # type: ignore[no-any-return]

    def post(self, channel: str, kind: str, content: Message, *, session: Any = None) -> str:
        """Send a message and return its id without waiting for anything; another `session` signs it another way."""
        return self._send(channel, kind, content, session=session)

    def handled(self, identifier: str) -> bool:
        """Whether the kernel has said that it is done with a message."""
        return identifier in self._done

    def pause(self, seconds: float) -> None:
        """Take messages for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._take()

    def control(self, view: View, kind: str, **fields: Any) -> Message:
        """Say something about a run by the control channel, as the page does, and return what is answered."""
        content = {"type": kind, "run_id": view.run_id, **fields}
        identifier = self._send("control", protocol.CONTROL_REQUEST, content)
        self.until(lambda: identifier in self._replies, "the control message is answered")
        reply = self._replies[identifier]
        assert reply["msg_type"] == protocol.CONTROL_REPLY
        return reply["content"]  # type: ignore[no-any-return]

    def comm(self, view: View, kind: str, *, subshell: str | None = None, **fields: Any) -> str:
        """Say something about a run by the widget's comm; return the message's id."""
        data = {"method": "custom", "content": {"type": kind, **fields}}
        return self._send("shell", "comm_msg", {"comm_id": view.comm_id, "data": data}, subshell)

    def subshell(self) -> str | None:
        """Make a subshell, as Lab does for comms; None if the kernel has none."""
        if "kernel subshells" not in self.features:
            return None
        subshell = self.request("control", "create_subshell_request", {})["subshell_id"]
        assert isinstance(subshell, str)
        return subshell

    def interrupt(self) -> None:
        """Press ■."""
        self._manager.interrupt_kernel()

    def updates_of(self, cell: Cell) -> list[Message]:
        """Return the updates of what a cell displayed; ipykernel 6 calls the current cell the parent of a thread's."""
        (shown,) = cell.of("display_data")
        identifier = shown["content"]["transient"]["display_id"]
        updates = [message for message in self.messages if message["msg_type"] == "update_display_data"]
        return [message for message in updates if message["content"]["transient"]["display_id"] == identifier]

    def kill(self) -> None:
        """Kill the process, as a machine that runs out of memory does."""
        self._manager.signal_kernel(signal.SIGKILL)
        while self._manager.is_alive():
            time.sleep(0.01)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Take messages until `condition` holds."""
        heard = time.monotonic()
        deadline = heard + _PATIENCE_SECONDS
        while not condition():
            count = len(self.messages)
            self._take()
            now = time.monotonic()
            if len(self.messages) > count:
                heard = now
            elif now - heard > _SILENCE_SECONDS:
                heard = now
                self._nudges.append(self._manager.connect_shell())
            if now > deadline:
                pytest.fail(f"{self.name}: waited in vain until {what}; the last messages: {self.messages[-5:]}")

    def forget(self) -> None:
        """Begin anew for the next test: nothing runs, nothing was received."""
        # Not whether they were replied to: ipykernel drops a reply if ■ strikes between its own lines.
        if not all(cell.idle for cell in self._cells.values()):
            self.interrupt()
            self.until(lambda: all(cell.idle for cell in self._cells.values()), "what an earlier test left ends")
        self.messages.clear()
        self.views.clear()
        self._cells.clear()

    def _greet(self) -> list[str]:
        """Return what the kernel supports, once both its replies and its broadcasts arrive."""
        asked: list[str] = []

        def heard() -> bool:
            if not asked or asked[-1] in self._replies:
                asked.append(self._send("shell", "kernel_info_request", {}))
            return any(message["channel"] == "iopub" for message in self.messages)

        self.until(heard, "the kernel is there")
        self.until(lambda: asked[-1] in self._replies, "the kernel is ready")
        features: list[str] = self._replies[asked[-1]]["content"].get("supported_features", [])
        return features

    def _send(self, channel: str, kind: str, content: Message, subshell: str | None = None, session: Any = None) -> str:
        message = self._session.msg(kind, content)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        (session or self._session).send(self._sockets[channel], message)
        identifier: str = message["header"]["msg_id"]
        return identifier

    def _take(self) -> None:
        ready = dict(self._poller.poll(_POLL_MILLISECONDS))
        for channel, socket in self._sockets.items():
            while socket in ready:
                _, message = self._session.recv(socket, mode=zmq.NOBLOCK)
                if message is None:
                    break
                self._file(channel, dict(message))

    def _file(self, channel: str, message: Message) -> None:
        message["channel"] = channel
        self.messages.append(message)
        kind, content = message["msg_type"], message["content"]
        parent = message["parent_header"].get("msg_id", "")
        if channel != "iopub":
            self._replies[parent] = message
        if kind == "comm_open":
            self.open_comms.add(content["comm_id"])
            if "run_id" in (state := content["data"]["state"]):
                self.views[content["comm_id"]] = View(content["comm_id"], state)
        elif kind == "comm_msg" and (view := self.views.get(content["comm_id"])):
            view.take(content["data"])
        elif kind == "comm_close":
            self.open_comms.discard(content["comm_id"])
            if view := self.views.get(content["comm_id"]):
                view.closed = True
        if kind == "status" and content["execution_state"] == "idle":
            self._done.add(parent)
        if cell := self._cells.get(parent):
            if kind == "execute_reply":
                cell.reply = message
            elif kind in _OUTPUTS:
                cell.outputs.append(message)
            elif kind == "status":
                cell.busy = content["execution_state"] == "busy"
                cell.idle = not cell.busy
