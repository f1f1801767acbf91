"""Instruments in cells whose front end shows no widgets: nbclient, papermill, and %%capture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets  # type: ignore[import-untyped]

import nbstream
from nbstream.model.reply import Reply
from nbstream.widgets import front_ends
from nbstream.widgets.instruments import transcript
from nbstream.widgets.instruments.reply_view import ReplyView
from tests import needs

if TYPE_CHECKING:
    from typing import Any

    import pytest

    from nbstream.simulator.server import Simulator

needs.bundle()


def test_a_view_goes_into_a_layout_where_nobody_looks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.NOBODY)
    view = ReplyView(Reply(status="complete"))
    assert view.comm is None, "its state would be in the file"
    box = ipywidgets.HBox([view, view.parts.usage])
    assert box.get_state("children")["children"][0] == f"IPY_MODEL_{view.run_id}"
    assert view.comm is not None
    view.close()
    assert view.comm is None
    # A page that asks for the states of all widgets gets them, though a layout has a closed one.
    assert box.get_state("children")["children"][0] == f"IPY_MODEL_{view.run_id}"
    box.close()


def test_a_layout_of_parts_alone_has_their_view_where_nobody_looks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.NOBODY)
    view = ReplyView(Reply(status="complete"))
    parts = [view.parts.stop, view.parts.usage]
    assert [each.comm for each in (view, *parts)] == [None] * 3
    box = ipywidgets.VBox(parts)
    assert None not in [each.comm for each in (view, *parts)]
    view.close()
    box.close()


def test_a_view_that_was_made_in_a_captured_cell_is_shown_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(transcript, "display", lambda bundle, **_: shown.append(bundle))
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.NOBODY)
    view = ReplyView(Reply(status="complete"))
    view._ipython_display_()
    assert ["text/html" in each for each in shown] == [True], "the transcript alone"
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.JUPYTER)
    view._ipython_display_()
    ids = [each.get("application/vnd.jupyter.widget-view+json", {}).get("model_id") for each in shown]
    assert ids == [None, view.run_id, None]
    assert view.comm is not None
    view.close()


def test_a_view_waits_for_its_reply_where_nobody_looks_on(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The kernel may end right after the cell.
    shown: list[Any] = []
    monkeypatch.setattr(transcript, "display", lambda bundle, **_: shown.append(bundle))
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.NOBODY)
    view = ReplyView(nbstream.stream("Say fog. [simulate: echo rate=20]", thinking=False))
    view._ipython_display_()
    assert "Say fog." in shown[0]["text/html"]
    assert view.status == "complete"
    view.close()
    assert simulator.log()
