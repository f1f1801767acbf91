"""Runs cells in a real kernel as a page of JupyterLab does, and keeps what the page would get.

nbclient is no page: for it, nbstream shows a reply only when it has ended.
"""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file
from nbformat.v4 import output_from_msg

from nbstream.widgets.protocol import CONTROL_REQUEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nbformat import NotebookNode

    from extension.forked_kernel import KernelStarter

VIEW_MIME = "application/vnd.jupyter.widget-view+json"

#: How long a question is on the screen before it is answered: long enough to read it.
_READING_SECONDS = 2.5
_PAGE = "documentation"
#: After the last cell, replies in the background may take so long.
_BACKGROUND_SECONDS = 30
_START_SECONDS = 60
_SILENCE_SECONDS = 0.2


@dataclass(slots=True)
class Stream:
    """What a widget got: its first state, and its messages with their times.

    Attributes:
        state: the widget's state when it was opened.
        opened: when that was, in seconds of the monotonic clock.
        messages: the custom messages that followed, each with the seconds since then.
    """

    state: dict[str, Any]
    opened: float
    messages: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        """Whether it shows a reply that has not ended."""
        if not self.state.get("keyframe", {}).get("meta"):
            return False
        metas = [message["meta"] for _, message in self.messages if "meta" in message]
        return not metas or not metas[-1]["footer"]


@dataclass(slots=True)
class _Question:
    """A tool call that waits for a decision."""

    run: str
    call: str
    asked: int
    due: float


class CellError(Exception):
    """A cell took too long, or the kernel did."""


class FrontEnd:
    """A kernel, and what it sends to the page of a notebook.

    Args:
        starter: what starts the kernel.
        folder: where the kernel runs.
        environment: the variables of its environment.
        seconds: how long a cell may take.

    Attributes:
        streams: what each widget got, by its comm.
        shown: pairs of an output and the comm of the widget that it showed.
    """

    def __init__(self, starter: KernelStarter, folder: Path, environment: Mapping[str, str], seconds: float) -> None:
        # By TCP, another program may take a port before the kernel does, which ends it.
        file, _ = write_connection_file(str(folder / ".connection"), transport="ipc", ip=str(folder / ".kernel"))
        self._process = starter.start(file, str(folder), environment)
        self._client = BlockingKernelClient(connection_file=file)
        self._client.load_connection_file()
        self._client.start_channels()
        self._wait_for_kernel()
        self._seconds = seconds
        self._by_display_id: dict[str, list[NotebookNode]] = {}
        #: Whether the next output takes the place of those before it.
        self._clears = False
        self._questions: list[_Question] = []
        self._decisions: list[Mapping[str, str]] = []
        self.streams: dict[str, Stream] = {}
        self.shown: list[tuple[NotebookNode, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._process.kill()
        # Until then it may write into its folder.
        self._process.wait()

    def _wait_for_kernel(self) -> None:
        # The client's own way takes a kernel for dead whose heart stumbles, as on a loaded machine.
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            self._client.kernel_info()
            try:
                self._client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            return
        raise CellError(f"The kernel did not start within {_START_SECONDS} s.")

    def run(self, code: str, cell_id: str, decisions: Sequence[Mapping[str, str]]) -> list[NotebookNode]:
        """Run a cell and return its outputs; those of replies in the background change later.

        Args:
            code: the source of the cell.
            cell_id: the cell's id.
            decisions: what is decided about tool calls, in their order, as a page sends it: an
                `action`, and a `reason` if there is one. The last one holds for all further calls.

        Raises:
            CellError: if it took too long.
        """
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": True,
            "stop_on_error": True,
        }
        request = self._client.session.msg("execute_request", content, metadata={"cellId": cell_id})
        self._client.shell_channel.send(request)
        outputs: list[NotebookNode] = []
        self._clears = False
        self._decisions = list(decisions)
        end = time.monotonic() + self._seconds
        while time.monotonic() < end:
            message = self._next()
            if message is None:
                continue
            is_own = message["parent_header"].get("msg_id") == request["header"]["msg_id"]
            if is_own and message["content"].get("execution_state") == "idle":
                return outputs
            self._take(message, outputs)
        raise CellError(f"The cell took longer than {self._seconds:.0f} s:\n{code}")

    def finish(self) -> None:
        """Wait until replies in the background have ended."""
        end = time.monotonic() + _BACKGROUND_SECONDS
        while time.monotonic() < end:
            message = self._next()
            if message is not None:
                self._take(message, [])
            elif not any(stream.is_live for stream in self.streams.values()):
                return

    def _next(self) -> dict[str, Any] | None:
        """Return the next message, or None if there is none for a moment."""
        self._decide()
        if self._client.stdin_channel.msg_ready():
            self._client.get_stdin_msg()
            self._client.input("")
        try:
            return self._client.get_iopub_msg(timeout=_SILENCE_SECONDS)
        except queue.Empty:
            return None

    def _note_questions(self, run: str, message: dict[str, Any]) -> None:
        for card in message.get("cards", ()):
            if card.get("state") == "asking":
                asked = card.get("asked", 1)
                self._tell(run, {"type": "asked", "call": card["key"], "asked": asked})
                due = time.monotonic() + _READING_SECONDS
                self._questions.append(_Question(run, card["key"], asked, due))

    def _decide(self) -> None:
        for question in list(self._questions):
            if question.due <= time.monotonic():
                self._questions.remove(question)
                made = self._decisions.pop(0) if len(self._decisions) > 1 else self._decisions[0]
                self._tell(question.run, {"type": "decide", "call": question.call, "asked": question.asked, **made})

    def _tell(self, run: str, message: dict[str, Any]) -> None:
        """Send a message of the page on the control channel, which is heard while a cell runs."""
        content = {**message, "run_id": run, "page": _PAGE}
        self._client.control_channel.send(self._client.session.msg(CONTROL_REQUEST, content))

    def _take(self, message: dict[str, Any], outputs: list[NotebookNode]) -> None:
        content = message["content"]
        match message["header"]["msg_type"]:
            case "stream" | "display_data" | "execute_result" | "error":
                self._add(message, outputs)
            case "update_display_data":
                for output in self._by_display_id.get(content["transient"]["display_id"], ()):
                    output.data, output.metadata = content["data"], content["metadata"]
            case "clear_output" if content["wait"]:
                self._clears = True
            case "clear_output":
                outputs.clear()
            case "comm_open":
                state = content["data"].get("state", {})
                self.streams[content["comm_id"]] = Stream(state, time.monotonic())
            case "comm_msg" if content["data"].get("method") == "custom":
                stream = self.streams[content["comm_id"]]
                seconds = time.monotonic() - stream.opened
                stream.messages.append((seconds, content["data"]["content"]))
                self._note_questions(content["comm_id"], content["data"]["content"])

    def _add(self, message: dict[str, Any], outputs: list[NotebookNode]) -> None:
        if self._clears:
            outputs.clear()
            self._clears = False
        output = output_from_msg(message)
        last = outputs[-1] if outputs else None
        if output.output_type == "stream" and last is not None and last.get("name") == output.name:
            last.text += output.text
            return
        outputs.append(output)
        transient = message["content"].get("transient") or {}
        if "display_id" in transient:
            self._by_display_id.setdefault(transient["display_id"], []).append(output)
        if VIEW_MIME in output.get("data", {}):
            self.shown.append((output, output.data[VIEW_MIME]["model_id"]))
