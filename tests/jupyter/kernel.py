"""A front end for one real ipykernel.

It sends the messages of a notebook page and keeps the state that a page would draw. It behaves like
JupyterLab: it allows input, can send comm messages on a subshell, and applies patches.
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

#: A test that hangs fails after this time. No assertion depends on it.
_TIMEOUT_SECONDS = 40.0
_POLL_MILLISECONDS = 20
#: If a kernel sends nothing for this long, open another connection to it. ipykernel 7.0 to 7.3 do
#: not read a request that arrives while they send a reply (ipykernel's issue 1554) until a client
#: connects, as a Jupyter server does when a page is reloaded.
_SILENCE_SECONDS = 1.0
#: With this variable, ipykernel does not watch the output of child processes.
_PYTEST = "PYTEST_CURRENT_TEST"
#: jupyter_client chooses free ports, and the kernel takes them a little later: if another program
#: has got one meanwhile, the kernel ends at once.
_MORE_STARTS = 2
_OUTPUTS = ("stream", "display_data", "update_display_data", "execute_result", "error")


class Cell:
    """A cell that was sent to the kernel, with the messages received for it so far."""

    def __init__(self, kernel: Kernel, identifier: str) -> None:
        self._kernel = kernel
        self.id = identifier
        self.reply: Message | None = None
        self.busy = False
        self.idle = False
        #: Whether ipykernel has begun to execute the code. Between the status busy and this, it
        #: ignores interrupts.
        self.begun = False
        self.outputs: list[Message] = []

    @property
    def ended(self) -> bool:
        """Whether the kernel is done with the cell. Its threads may still send output."""
        return self.idle and self.reply is not None

    @property
    def status(self) -> str | None:
        """The status of the reply: ok, error or aborted; None while the cell runs."""
        return self.reply["content"]["status"] if self.reply is not None else None

    @property
    def view(self) -> View | None:
        """The live view that the cell displayed, with every patch applied."""
        models = [message["content"]["data"].get(VIEW_MIME) for message in self.outputs_of("display_data")]
        return next((self._kernel.views[model["model_id"]] for model in models if model), None)

    def outputs_of(self, *kinds: str) -> list[Message]:
        """Return the outputs of these message types, without updates of other cells' outputs.

        In ipykernel 6 a message from a thread has the current cell as its parent.
        """
        shown = {_display_id(message) for message in self.outputs if message["msg_type"] == "display_data"}
        return [
            message
            for message in self.outputs
            if message["msg_type"] in kinds
            and (message["msg_type"] != "update_display_data" or _display_id(message) in shown)
        ]

    def text(self, name: str) -> str:
        """Return the text that the cell wrote to the stream `name` (stdout or stderr)."""
        return "".join(each["content"]["text"] for each in self.outputs_of("stream") if each["content"]["name"] == name)


def _display_id(message: Message) -> str | None:
    identifier: str | None = message["content"].get("transient", {}).get("display_id")
    return identifier


class View:
    """The state of one reply's widget in a page.

    Attributes:
        numbers: the sequence numbers of the patches.
        settled: the settled outputs that came as comm messages, for pages to which the front end
            does not pass the display update.
        notices: the sentences beside the reply.
        cards: the cards of the present step's tool calls.
        written: for each patch, the HTML of reasoning and answer that can not change any more.
    """

    def __init__(self, comm_id: str, state: Message) -> None:
        self.comm_id = comm_id
        self.run_id: str = state["run_id"]
        self.closed = False
        self.numbers: list[int] = []
        self.keyframes: list[Message] = []
        self.acknowledged = False
        self.settled: list[Message] = []
        self.notices: list[str] = []
        # The question for the cells above has none.
        keyframe = state.get("keyframe", {})
        self.reasoning = keyframe.get("reasoning")
        self.answer = keyframe.get("answer")
        self.cards: list[Message] = []
        self.earlier = keyframe.get("earlier")
        self.meta: Message = {}
        self.written: list[tuple[str, str]] = []

    def apply(self, data: Message) -> None:
        """Apply the data of a comm message."""
        kind = data.get("content", {}).get("type")
        if data["method"] == "update" and "keyframe" in data["state"]:
            self.keyframes.append(data["state"]["keyframe"])
        elif kind == "ack":
            self.acknowledged = True
        elif kind == "settled":
            self.settled.append(data["content"])
        elif kind == "notice":
            self.notices.append(data["content"]["text"])
        elif data["method"] == "custom" and kind is None:
            patch = data["content"]
            self.numbers.append(patch["seq"])
            keyframe: Any = {
                "seq": patch["seq"] - 1,
                "earlier": self.earlier,
                "reasoning": self.reasoning,
                "answer": self.answer,
                "cards": self.cards,
                "meta": self.meta,
            }
            page_state.apply_patch(keyframe, patch)
            self.cards, self.meta = keyframe["cards"], keyframe["meta"]
            self.written.append((self.reasoning["groups"][0]["html"], self.answer["groups"][0]["html"]))


class Kernel:
    """A running kernel of one of the test environments.

    Args:
        name: one of `kernels.NAMES`.
        environ: environment variables, in addition to those of the tests.
    """

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self.name = name
        self.messages: list[Message] = []
        self.views: dict[str, View] = {}
        self.open_comms: set[str] = set()
        #: All imported modules after the extension was loaded. Set by a fixture.
        self.imported_by_loading: set[str] = set()
        self._cells: dict[str, Cell] = {}
        self._replies: dict[str, Message] = {}
        self._done: set[str] = set()
        self._start(environ)
        for _ in range(_MORE_STARTS):
            if self._is_ready():
                break
            self.close()
            self._start(environ)
        self.features: list[str] = self._wait_until_ready()

    def _start(self, environ: Mapping[str, str]) -> None:
        specs = KernelSpecManager(kernel_dirs=[str(kernels.HOME / "share" / "kernels")], ensure_native_kernel=False)
        self._manager = KernelManager(kernel_name=self.name, kernel_spec_manager=specs)
        # The path lets the kernel import the checkout where nbstream is not installed.
        inherited = {key: value for key, value in os.environ.items() if key != _PYTEST}
        self._manager.start_kernel(env={**inherited, **environ, "PYTHONPATH": str(kernels.ROOT)})
        self._session = self._manager.session
        #: As a page names itself in its messages.
        self.client: str = self._session.session
        identity = self._session.bsession
        self._sockets = {
            channel: getattr(self._manager, f"connect_{channel}")(identity=None if channel == "iopub" else identity)
            for channel in ("iopub", "shell", "control", "stdin")
        }
        self._extra_connections: list[zmq.Socket[bytes]] = []
        self._poller = zmq.Poller()
        for socket in self._sockets.values():
            self._poller.register(socket, zmq.POLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Shut the kernel down and close all sockets."""
        for socket in [*self._sockets.values(), *self._extra_connections]:
            socket.close(linger=0)
        self._manager.shutdown_kernel(now=True)
        self._manager.context.term()

    def send(
        self,
        code: str,
        *,
        allow_stdin: bool = True,
        store_history: bool = True,
        metadata: Mapping[str, Any] | None = None,
    ) -> Cell:
        """Send a cell and return it at once.

        Args:
            code: source of the cell.
            allow_stdin: whether the cell may ask for input. JupyterLab sends true, nbclient false.
            store_history: whether IPython keeps the cell in its history.
            metadata: of the message; JupyterLab names the cell in it.
        """
        content = {
            "code": code,
            "silent": False,
            "store_history": store_history,
            "user_expressions": {},
            "allow_stdin": allow_stdin,
            "stop_on_error": True,
        }
        cell = Cell(self, self._send("shell", "execute_request", content, metadata=metadata))
        self._cells[cell.id] = cell
        return cell

    def run(self, code: str, *, allow_stdin: bool = True, store_history: bool = True) -> Cell:
        """Send a cell and wait until it has ended."""
        return self.finish(self.send(code, allow_stdin=allow_stdin, store_history=store_history))

    def finish(self, cell: Cell) -> Cell:
        """Wait until a cell has ended."""
        self.until(lambda: cell.ended, "the cell ends")
        return cell

    def evaluate(self, expression: str) -> Any:
        """Return the value of a Python expression in the kernel, without any output.

        The value must be serializable as JSON.
        """
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
        """Send a message and return its id at once.

        Args:
            channel: shell, control or stdin.
            kind: message type.
            content: content of the message.
            session: signs the message instead of the kernel's own session.
        """
        return self._send(channel, kind, content, session=session)

    def handled(self, identifier: str) -> bool:
        """Whether the kernel has reported idle after handling a message."""
        return identifier in self._done

    def pause(self, seconds: float) -> None:
        """Receive messages for this time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._receive()

    def control(self, view: View, kind: str, **fields: Any) -> Message:
        """Send a message about a run on the control channel and return the content of the reply."""
        content = {"type": kind, "run_id": view.run_id, **fields}
        identifier = self._send("control", protocol.CONTROL_REQUEST, content)
        self.until(lambda: identifier in self._replies, "the control message is answered")
        reply = self._replies[identifier]
        assert reply["msg_type"] == protocol.CONTROL_REPLY
        return reply["content"]  # type: ignore[no-any-return]

    def comm(self, view: View, kind: str, *, subshell: str | None = None, **fields: Any) -> str:
        """Send a message about a run on the widget's comm and return the id of the message."""
        data = {"method": "custom", "content": {"type": kind, **fields}}
        return self._send("shell", "comm_msg", {"comm_id": view.comm_id, "data": data}, subshell=subshell)

    def subshell(self) -> str | None:
        """Create a subshell and return its id, or None if the kernel does not support subshells."""
        if "kernel subshells" not in self.features:
            return None
        subshell = self.request("control", "create_subshell_request", {})["subshell_id"]
        assert isinstance(subshell, str)
        return subshell

    def interrupt(self) -> None:
        """Interrupt the kernel, as the button ■ does."""
        self._manager.interrupt_kernel()

    def updates_of(self, cell: Cell) -> list[Message]:
        """Return the display updates of a cell, by display id.

        In ipykernel 6 the parent of a message from a thread is the current cell, not the thread's.
        """
        (shown,) = cell.outputs_of("display_data")
        identifier = shown["content"]["transient"]["display_id"]
        updates = [message for message in self.messages if message["msg_type"] == "update_display_data"]
        return [message for message in updates if message["content"]["transient"]["display_id"] == identifier]

    def kill(self) -> None:
        """Kill the process with SIGKILL, as Linux does when memory runs out."""
        self._manager.signal_kernel(signal.SIGKILL)
        while self._manager.is_alive():
            time.sleep(0.01)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Receive messages until `condition` holds, or fail the test after a timeout.

        Args:
            condition: is called after each attempt to receive messages.
            what: describes the condition, for the failure message.
        """
        last_received = time.monotonic()
        deadline = last_received + _TIMEOUT_SECONDS
        while not condition():
            count = len(self.messages)
            self._receive()
            now = time.monotonic()
            if len(self.messages) > count:
                last_received = now
            elif now - last_received > _SILENCE_SECONDS:
                last_received = now
                self._extra_connections.append(self._manager.connect_shell())
            if now > deadline:
                pytest.fail(
                    f"{self.name}: timed out while waiting until {what}; the last messages: {self.messages[-5:]}"
                )

    def reset(self) -> None:
        """Prepare for the next test: stop running cells and clear the received messages."""
        # Wait for idle and not for replies: an interrupt in ipykernel's own code can lose a reply.
        if not all(cell.idle for cell in self._cells.values()):
            self.interrupt()
            self.until(lambda: all(cell.idle for cell in self._cells.values()), "the cells of the earlier test end")
        self.messages.clear()
        self.views.clear()
        self._cells.clear()

    def _is_ready(self) -> bool:
        """Wait until the kernel answers, and return whether it does; not if it has ended."""
        identifier = self._send("shell", "kernel_info_request", {})
        self.until(lambda: identifier in self._replies or not self._manager.is_alive(), "the kernel starts")
        return identifier in self._replies

    def _wait_until_ready(self) -> list[str]:
        """Wait until replies and iopub messages arrive, and return the kernel's features."""
        requests: list[str] = []

        def has_iopub_message() -> bool:
            if not requests or requests[-1] in self._replies:
                requests.append(self._send("shell", "kernel_info_request", {}))
            return any(message["channel"] == "iopub" for message in self.messages)

        self.until(has_iopub_message, "an iopub message arrives")
        self.until(lambda: requests[-1] in self._replies, "the kernel is ready")
        features: list[str] = self._replies[requests[-1]]["content"].get("supported_features", [])
        return features

    def _send(
        self,
        channel: str,
        kind: str,
        content: Message,
        *,
        metadata: Mapping[str, Any] | None = None,
        subshell: str | None = None,
        session: Any = None,
    ) -> str:
        message = self._session.msg(kind, content, metadata=dict(metadata or {}))
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        (session or self._session).send(self._sockets[channel], message)
        identifier: str = message["header"]["msg_id"]
        return identifier

    def _receive(self) -> None:
        ready = dict(self._poller.poll(_POLL_MILLISECONDS))
        for channel, socket in self._sockets.items():
            while socket in ready:
                _, message = self._session.recv(socket, mode=zmq.NOBLOCK)
                if message is None:
                    break
                self._store(channel, dict(message))

    def _store(self, channel: str, message: Message) -> None:
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
            view.apply(content["data"])
        elif kind == "comm_close":
            self.open_comms.discard(content["comm_id"])
            if view := self.views.get(content["comm_id"]):
                view.closed = True
        if kind == "status" and content["execution_state"] == "idle":
            self._done.add(parent)
        if cell := self._cells.get(parent):
            if kind == "execute_reply":
                cell.reply = message
            elif kind == "execute_input":
                cell.begun = True
            elif kind in _OUTPUTS:
                cell.outputs.append(message)
            elif kind == "status":
                cell.busy = content["execution_state"] == "busy"
                cell.idle = not cell.busy
