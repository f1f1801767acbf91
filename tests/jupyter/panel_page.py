"""A page that draws an instrument: it applies the frames, and sends messages as a page does."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from nbstream.widgets import protocol
from tests.jupyter.kernel import VIEW_MIME
from tests.widgets import page_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.jupyter.kernel import Cell, Kernel, Message

_pages = itertools.count(1)


class PanelPage:
    """The state of an instrument in one page.

    Args:
        kernel: the kernel.
        cell: the cell that displayed the instrument.
    """

    def __init__(self, kernel: Kernel, cell: Cell) -> None:
        self._kernel = kernel
        self.name = f"page-{next(_pages)}"
        self._numbers = itertools.count(1)
        self.model = next(
            found["model_id"]
            for message in cell.outputs_of("display_data")
            if (found := message["content"]["data"].get(VIEW_MIME))
        )
        #: How many of the kernel's messages were read.
        self._read = 0
        self.keyframe: Message = {}
        self.gaps = 0
        self.answers: dict[int, Message] = {}
        self.frames = 0

    @property
    def own(self) -> Message:
        self._update()
        found: Message = self.keyframe["own"]
        return found

    @property
    def rows(self) -> list[Message]:
        found: list[Message] = self.own["rows"]
        return found

    def answer_of(self, row: Message) -> str:
        """Return the HTML of a row's answer."""
        self._update()
        shown = self.keyframe["replies"].get(row["reply"])
        return page_state.html_of(shown["state"]["answer"]) if shown else ""

    def meta_of(self, row: Message) -> Message:
        self._update()
        shown = self.keyframe["replies"].get(row["reply"])
        found: Message = shown["state"]["meta"] if shown else {}
        return found

    def cards_of(self, row: Message) -> list[Message]:
        self._update()
        shown = self.keyframe["replies"].get(row["reply"])
        return shown["state"]["cards"] if shown else []

    def control(self, kind: str, **fields: Any) -> Message:
        """Send a message on the control channel, and return its answer."""
        content = {"type": kind, "run_id": self.model, "page": self.name, "number": next(self._numbers), **fields}
        return self._kernel.request("control", protocol.CONTROL_REQUEST, content)

    def both(self, kind: str, **fields: Any) -> Message:
        """Send a message on both channels, as a page does, and return the answer of control."""
        number = next(self._numbers)
        self.comm(kind, number=number, **fields)
        return self.control(kind, number=number, **fields)

    def comm(self, kind: str, *, subshell: str | None = None, number: int | None = None, **fields: Any) -> int:
        """Send a message on the comm, and return its number."""
        number = next(self._numbers) if number is None else number
        data = {"method": "custom", "content": {"type": kind, "page": self.name, "number": number, **fields}}
        self._kernel._send("shell", "comm_msg", {"comm_id": self.model, "data": data}, subshell=subshell)
        return number

    def until(self, condition: Callable[[Message], Any], what: str = "the panel's state changes") -> Message:
        """Wait until the own state fulfils a condition, and return it."""
        self._kernel.until(lambda: condition(self.own), what)
        return self.own

    def _update(self) -> None:
        messages = self._kernel.messages
        for message in messages[self._read :]:
            content = message["content"]
            if content.get("comm_id") != self.model:
                continue
            if message["msg_type"] == "comm_open":
                self.keyframe = content["data"]["state"]["keyframe"]
            elif message["msg_type"] == "comm_msg":
                self._take(content["data"])
        self._read = len(messages)

    def _take(self, data: Message) -> None:
        if data.get("method") == "update" and "keyframe" in data["state"]:
            self.keyframe = data["state"]["keyframe"]
        elif data.get("method") == "custom":
            content = data["content"]
            if content["type"] == "answer" and content["page"] == self.name:
                self.answers[content["number"]] = content["answer"]
            elif content["type"] == "frame":
                self._apply(content)

    def _apply(self, frame: Message) -> None:
        self.frames += 1
        self.gaps += frame["seq"] > self.keyframe["seq"] + 1
        if frame["seq"] <= self.keyframe["seq"]:
            return
        self.keyframe["seq"] = frame["seq"]
        self.keyframe["own"] |= frame.get("own", {})
        replies = self.keyframe["replies"]
        for key in frame.get("hidden", ()):
            replies.pop(key, None)
        replies |= frame.get("shown", {})
        for key, patch in frame.get("replies", {}).items():
            page_state.apply_patch(replies[key]["state"], patch)
