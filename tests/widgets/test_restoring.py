"""The states of all widgets for a page that was reloaded."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ipywidgets import IntSlider, Widget  # type: ignore[import-untyped]

from nbstream.widgets import restoring

if TYPE_CHECKING:
    import pytest


def test_two_pages_each_get_an_answer_on_their_own_comm(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, bool]] = []
    slider = IntSlider()

    def note(comm_id: str, data: dict[str, Any]) -> None:
        sent.append((comm_id, slider.model_id in data["states"]))
        if len(sent) == 1:
            # Meanwhile a subshell gives another page's question to ipywidgets.
            Widget._handle_control_comm_msg({"content": {"data": {"method": "request_states"}}})

    def send(_socket: None, _kind: str, content: dict[str, Any], **_: object) -> None:
        note(content["comm_id"], content["data"])

    other = SimpleNamespace(send=lambda data, **_: note("other", data))
    monkeypatch.setattr(Widget, "_control_comm", other)
    kernel = SimpleNamespace(session=SimpleNamespace(send=send), iopub_socket=None)
    for page in ("first", "second"):
        restoring.answer(kernel, page)
    assert sent == [("first", True), ("other", True), ("second", True)]
    assert Widget._control_comm is other
    slider.close()
