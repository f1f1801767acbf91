"""The control channel, with a stand-in for the kernel."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from nbstream.widgets import busy, channels
from nbstream.widgets.protocol import CONTROL_REPLY, CONTROL_REQUEST

if TYPE_CHECKING:
    import pytest


def test_each_message_is_replied_to_whatever_its_receiver_raises(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    replies: list[dict[str, Any]] = []

    def send(_stream: None, kind: str, content: dict[str, Any], **_: object) -> None:
        assert kind == CONTROL_REPLY
        replies.append(content)

    def fails(_: dict[str, Any]) -> None:
        raise ValueError("of a receiver")

    for name in ("watch", "repeat_soon"):
        monkeypatch.setattr(busy, name, lambda _: None)
    kernel: Any = SimpleNamespace(control_handlers={}, session=SimpleNamespace(send=send))
    channels.listen(kernel, "told", "told", lambda message: {"decider": message["page"]})
    channels.listen(kernel, "fails", "fails", fails)
    contents: list[Any] = [
        {"run_id": "told", "page": "p"},
        {"run_id": "fails"},
        {"run_id": "gone"},
        {"run_id": []},
        None,
    ]
    # Without a reply, the page of a foreground reply would interrupt the kernel.
    for content in contents:
        kernel.control_handlers[CONTROL_REQUEST](None, None, {"content": content})
    assert replies == [
        {"status": "ok", "known": True, "decider": "p"},
        {"status": "ok"},
        {"status": "ok", "known": False},
        {"status": "ok"},
        {"status": "ok"},
    ]
    assert "of a receiver" in caplog.text
    for run_id in ("told", "fails"):
        channels.forget(run_id, run_id)
