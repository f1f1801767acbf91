"""An instrument that no page shows sends nothing, and costs nothing, until it is shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbstream
from nbstream.chat import conversation
from nbstream.sessions.per_session import PerSession
from tests import needs

needs.bundle()
from nbstream.widgets.chat_panel.panel import ChatPanel  # noqa: E402  (only where the page was built)
from nbstream.widgets.instruments.views import Views  # noqa: E402  (as above)
from tests.widgets.test_instrument import PRESENTATION, Stepped, run_of, wait_for  # noqa: E402  (as above)

if TYPE_CHECKING:
    import pytest

    from nbstream.simulator.server import Simulator


def told(views: Views, *messages: tuple[str, str, int], by_control: bool = True) -> bool:
    """Return whether there are views after these messages: type, page and number."""
    for kind, page, number in messages:
        views.note({"type": kind, "number": number}, page, by_control=by_control)
    return views.are_there


def test_there_are_views_until_the_last_page_says_otherwise() -> None:
    views = Views()
    assert views.are_there
    # A page that has loaded the notebook and shows nothing of it.
    assert told(views, ("left", "other", 1))
    assert told(views, ("mounted", "a", 1), ("mounted", "b", 1), ("unmounted", "a", 2))
    assert not told(views, ("left", "b", 2))
    assert told(views, ("mounted", "b", 3))
    # It was sent before, and comes on another channel.
    assert told(views, ("unmounted", "b", 2))
    assert not told(views, ("unmounted", "b", 4))
    views.expect()
    assert views.are_there


def test_a_page_that_is_not_always_heard_is_sent_everything() -> None:
    assert told(Views(), ("mounted", "a", 1), ("unmounted", "a", 2), by_control=False)


def test_without_a_view_no_frame_is_made_and_the_next_one_has_all(simulator: Simulator) -> None:
    instrument = Stepped()
    instrument.page(1, type="mounted")
    run = run_of("Without a view")
    instrument.replies.show("one", run.receiver, PRESENTATION)
    instrument._step()
    instrument.page(2, type="unmounted")
    instrument.messages.clear()
    instrument.entitle("second")
    run.result(20)
    instrument._step()
    assert (instrument.messages, instrument.calls, instrument._pause()) == ([], [], None)
    # A page that asks for it, without a view, gets what the others have.
    assert instrument._keyframe()["own"] == {"title": "first"}
    instrument.page(3, type="mounted")
    instrument._step()
    (frame,) = instrument.messages
    assert (frame["seq"], frame["own"]) == (2, {"title": "second"})
    assert frame["replies"]["one"]["meta"]["status"] == "complete"


def test_news_wake_nobody_while_there_is_no_view(simulator: Simulator) -> None:
    class Waking(Stepped):
        def _wake(self) -> None:
            woken.append(1)

    woken: list[int] = []
    instrument = Waking()
    instrument.page(1, type="mounted")
    run = run_of("News wake nobody")
    instrument.replies.show("one", run.receiver, PRESENTATION)
    instrument.page(2, type="unmounted")
    before = len(woken)
    run.result(20)
    instrument.entitle("second")
    assert len(woken) == before
    instrument.page(3, type="mounted")
    assert len(woken) == before + 1


def test_a_reply_view_without_a_view_follows_its_run(simulator: Simulator) -> None:
    view = nbstream.ReplyView()
    for number, kind in enumerate(("mounted", "unmounted"), 1):
        view._on_message({"page": "p", "number": number, "type": kind})
    ended: list[nbstream.Reply] = []
    view.on_end(ended.append)
    view.ask("[simulate: normal tokens=30 rate=0] Follow", thinking=False)
    wait_for(lambda: ended)
    assert (view.status, view.answer) == ("complete", ended[0].answer)
    assert view._is_asleep
    view.close()


def test_a_panel_without_a_view_asks_what_waits_and_shows_it_later(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "_chats", PerSession(dict))
    chat = nbstream.Chat("plan", thinking=False)
    panel, numbers, sent = ChatPanel(chat), iter(range(1, 99)), list[dict[str, Any]]()
    monkeypatch.setattr(panel, "send", sent.append)

    def page(kind: str, **fields: Any) -> None:
        panel._on_message({"page": "p", "number": next(numbers), "type": kind, **fields})

    page("mounted")
    page("send", text="[simulate: normal tokens=40 rate=200] first")
    wait_for(lambda: panel._panel.asking.running)
    page("send", text="[simulate: normal tokens=5] second")
    wait_for(lambda: panel._panel.asking.queued or len(chat) > 1)
    page("unmounted")
    wait_for(lambda: len(chat) == 2 and chat.turns[1].reply.ended and panel._is_asleep)
    sent.clear()
    chat.stream("[simulate: normal tokens=5] by code").result(20)
    assert panel._is_asleep
    assert [message["type"] for message in sent] == []
    page("mounted")
    wait_for(lambda: sent)
    rows = sent[-1]["own"]["rows"]
    assert [row["arriving"] for row in rows] == [False] * 3
    assert {row["reply"] for row in rows} == panel.replies.keys
    panel.close()
