"""The text of an instrument, where it is all that is shown, and beside its view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbstream
from nbstream.widgets import front_ends
from nbstream.widgets.instruments import instrument, transcript
from nbstream.widgets.instruments.reply_view import ReplyView
from tests import needs

if TYPE_CHECKING:
    import pytest

    from nbstream.simulator.server import Simulator

needs.bundle()


def displayed(view: ReplyView, front_end: front_ends.FrontEnd, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    shown: list[Any] = []
    for module in (instrument, transcript):
        monkeypatch.setattr(module, "display", lambda bundle, **_: shown.append(bundle), raising=False)
    monkeypatch.setattr(front_ends, "current", lambda: front_end)
    view._ipython_display_()
    return shown


def test_a_terminal_prints_a_reply_once(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    view = ReplyView(nbstream.stream("Say fog. [simulate: echo]", thinking=False))
    (shown,) = displayed(view, front_ends.TERMINAL, monkeypatch)
    assert shown["text/plain"].count("Say fog.") == 1
    assert simulator.log()
    view.close()


def test_the_text_beside_a_view_says_whether_the_reply_had_ended(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = ReplyView(nbstream.stream("Say fog. [simulate: silence]", thinking=False))
    assert "had not ended" in displayed(live, front_ends.JUPYTER, monkeypatch)[0]["text/plain"]
    live.close()
    ended = ReplyView(nbstream.stream("Say fog. [simulate: echo]", thinking=False).result())
    assert displayed(ended, front_ends.JUPYTER, monkeypatch)[0]["text/plain"] == "A reply from deepseek-flash."
    ended.close()
    assert simulator.log()
