"""A page that draws an instrument, with a kernel of `tests.jupyter.kernel`."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tests.widgets import page_state

if TYPE_CHECKING:
    from tests.jupyter.kernel import Cell, Kernel, Message, View


class InstrumentPage:
    """What a page knows of the instrument that a cell made.

    Attributes:
        view: the comm, and what else came by it.
    """

    def __init__(self, kernel: Kernel, cell: Cell) -> None:
        kernel.until(lambda: cell.view is not None, "the cell displays an instrument")
        assert cell.view is not None
        self.view: View = cell.view
        self._kernel = kernel
        self._number = 0

    @property
    def state(self) -> Message:
        """Its present keyframe, made of the first one and all frames."""
        return self._replay()[0]

    @property
    def frames(self) -> list[Message]:
        """The frames that were sent."""
        return [each["content"] for each in self._data() if each.get("content", {}).get("type") == "frame"]

    @property
    def traits(self) -> Message:
        """The traits of the widget's model."""
        return self._replay()[1]

    def reply(self, key: str = "reply") -> Message | None:
        """Return the state of a reply; None if it is not shown."""
        shown = self.state["replies"].get(key)
        return None if shown is None else shown["state"]

    def status(self, key: str = "reply") -> str:
        """Return the status of a reply; "" if it is not shown."""
        reply = self.reply(key)
        return "" if reply is None else str(reply["meta"]["status"])

    def answer(self, key: str = "reply") -> str:
        """Return the HTML of a reply's answer that does not change any more, and the rest."""
        reply = self.reply(key)
        assert reply is not None
        groups = reply["answer"]["groups"]
        return "".join(each["open"] + each["html"] for each in groups) + str(reply["answer"]["tail"])

    def control(self, kind: str, *, page: str = "page", number: int | None = None, **fields: Any) -> Message:
        """Send a message on the control channel, and return the answer."""
        return self._kernel.control(self.view, kind, page=page, number=self._next(number), **fields)

    def comm(self, kind: str, *, page: str = "page", number: int | None = None, **fields: Any) -> int:
        """Send a message by comm, and return its number."""
        used = self._next(number)
        self._kernel.comm(self.view, kind, page=page, number=used, **fields)
        return used

    def answers(self) -> dict[int, Message]:
        """Return the answers that came by comm, by the number of the message."""
        found = [each["content"] for each in self._data() if each.get("content", {}).get("type") == "answer"]
        return {each["number"]: each["answer"] for each in found}

    def until(self, status: str, key: str = "reply") -> None:
        """Wait until a reply has a status."""
        self._kernel.until(lambda: self.status(key) == status, f"the reply {key} is {status}")

    def _next(self, number: int | None) -> int:
        self._number += number is None
        return self._number if number is None else number

    def _data(self) -> list[Message]:
        return [
            message["content"]["data"]
            for message in self._kernel.messages
            if message["msg_type"] == "comm_msg"
            and message["channel"] == "iopub"
            and message["content"]["comm_id"] == self.view.comm_id
        ]

    def _replay(self) -> tuple[Message, Message]:
        (opened,) = (
            message["content"]["data"]["state"]
            for message in self._kernel.messages
            if message["msg_type"] == "comm_open" and message["content"]["comm_id"] == self.view.comm_id
        )
        traits = deepcopy(opened)
        state = traits["keyframe"]
        for data in deepcopy(self._data()):
            if data["method"] == "update":
                traits |= data["state"]
                if data["state"].get("keyframe", state)["seq"] > state["seq"]:
                    state = data["state"]["keyframe"]
            elif data["method"] == "custom" and data["content"].get("type") == "frame":
                _apply(state, data["content"])
        return state, traits


def _apply(state: Message, frame: Message) -> None:
    if frame["seq"] <= state["seq"]:
        return
    assert frame["seq"] == state["seq"] + 1, "a frame is missing"
    state["seq"] = frame["seq"]
    state["own"] |= frame.get("own", {})
    for name in frame.get("gone", ()):
        del state["own"][name]
    for key in frame.get("hidden", ()):
        del state["replies"][key]
    state["replies"] |= frame.get("shown", {})
    for key, patch in frame.get("replies", {}).items():
        page_state.apply_patch(state["replies"][key]["state"], patch)
