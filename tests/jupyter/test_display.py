"""What happens to a request when its display fails, and to kept views that several threads use."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.jupyter import display, sinks
from nbstream.model.presentation import Presentation
from nbstream.widgets import kept_views
from nbstream.widgets.pages import Pages
from tests.client.test_run import until

if TYPE_CHECKING:
    from nbstream.model.reply import Reply
    from nbstream.simulator.server import Simulator

SILENT = "hello [simulate: silence after=5]"


class DisplayError(Exception):
    """The display failed."""


class BrokenSink(sinks.SettledView):
    def update(self, *_: object) -> None:
        raise DisplayError


def break_at_the_first_event(*_: object, **__: object) -> BrokenSink:
    return BrokenSink(Presentation())


def break_at_once(*_: object, **__: object) -> BrokenSink:
    raise DisplayError


def is_closed(simulator: Simulator) -> bool:
    return all(entry["outcome"] == "disconnected" for entry in simulator.log())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_background_reply_whose_display_fails_is_closed_and_handed_over(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "sink_for", break_at_the_first_event)
    replies: list[Reply] = []
    display.watch_in_background(lambda: nbstream.stream(SILENT), Presentation(), replies.append)
    until(lambda: replies)
    assert replies[0].status == "cancelled"
    until(lambda: is_closed(simulator))
    # Its exception would else be reported in a later test.
    for thread in threading.enumerate():
        if re.fullmatch("nbstream-[0-9a-f]{8}", thread.name):
            thread.join(20)


@pytest.mark.parametrize("watch", [display.watch, display.watch_in_background])
def test_a_reply_that_cannot_be_displayed_is_closed_and_handed_over(
    watch: Any, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "sink_for", break_at_once)
    replies: list[Reply] = []
    with pytest.raises(DisplayError):
        watch(lambda: nbstream.stream(SILENT), Presentation(), replies.append)
    assert replies[0].status == "cancelled"
    until(lambda: is_closed(simulator))


class View:
    """A view that settled long ago, and whose page was reloaded."""

    def __init__(self) -> None:
        self.run: Any = None
        self.pages = Pages()
        self.pages.known = {"one", "two"}
        self.settled_at: float | None = time.monotonic() - 60
        self.is_reported_lost = False

    def close(self) -> None:
        """Do nothing."""


def test_views_are_kept_by_one_thread_while_another_one_looks_for_lost_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_views, "_kept", type(kept_views._kept)())
    stop = threading.Event()

    def keep() -> None:
        while not stop.is_set():
            kept_views.keep(View())

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        found = sum(len(kept_views.lost()) for _ in range(5_000))
    finally:
        stop.set()
        thread.join()
    assert found


def test_a_view_that_a_page_draws_is_never_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_views, "_kept", type(kept_views._kept)())
    views = [View() for _ in range(20)]
    for number, view in enumerate(views):
        view.pages.note({"type": "mounted", "page": "one"})
        if number % 2:
            view.pages.note({"type": "left", "page": "one"})
        kept_views.keep(view)
    assert [kept_views.is_kept(view) for view in views[::2]] == [True] * 10
    assert len(kept_views._kept) == 10
