"""What a panel leaves in the file: it is made in parts, so that no cell waits for a long chat."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from nbstream.chat.turn import TurnState, Version
from nbstream.model.events import Answer, Ended, Event, Started
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.output import conversation
from nbstream.widgets import front_ends
from nbstream.widgets.chat_panel.panel import ChatPanel
from nbstream.widgets.instruments import transcript
from nbstream.widgets.instruments.transcript import Source, Transcript

if TYPE_CHECKING:
    from collections.abc import Iterator

    import nbstream
    from nbstream.chat.turn import Turn
    from nbstream.simulator.server import Simulator

TURNS = 120


class Kernel:
    """Takes what a transcript sends, as an ipykernel does."""

    iopub_socket = None

    def __init__(self) -> None:
        self.session = self
        self.sent: list[dict[str, Any]] = []
        self.has_sent = threading.Event()

    def get_parent(self, _channel: str) -> dict[str, Any]:
        return {}

    def send(self, _socket: None, _kind: str, content: dict[str, Any], parent: object) -> None:
        assert parent == {}
        self.sent.append(content)
        self.has_sent.set()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of the turns that are made into Markdown, as they are made."""
    numbers: list[int] = []
    original = conversation.turn_markdown

    def turn_markdown(turn: Turn, number: int) -> str:
        numbers.append(number)
        return original(turn, number)

    monkeypatch.setattr(conversation, "turn_markdown", turn_markdown)
    return numbers


@pytest.fixture
def panel(chat: nbstream.Chat) -> Iterator[ChatPanel]:
    states = []
    for number in range(1, TURNS + 1):
        reply = Reply()
        events: list[Event] = [Started(0, Request("m")), Answer(1, f"Answer {number}. " + "word " * 300)]
        for event in (*events, Ended(2, "served")):
            reply = reduce(reply, event)
        states.append(TurnState((Version(({"role": "user", "content": f"Prompt {number}."},), reply, frozenset()),), 0))
    chat._turns.replace(states, None, "made")
    panel = ChatPanel(chat)
    yield panel
    panel.close()


def shown(monkeypatch: pytest.MonkeyPatch, of: Transcript, view: dict[str, Any] | None) -> dict[str, str]:
    """Display a transcript, and return the data of its output."""
    displayed: list[Any] = []
    monkeypatch.setattr(transcript, "display", lambda data, **_: displayed.append(data))
    of.display(view)
    data: dict[str, str] = displayed[-1]
    return data


def test_a_cell_shows_the_last_turns_at_once_and_the_rest_follows(
    panel: ChatPanel, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel()
    source = Source(panel._prepare, panel._bundle, panel._bundle_so_far)
    tested = Transcript("name", source, kernel)
    data = shown(monkeypatch, tested, {})
    assert len(made) < 20
    left_out = f"{TURNS - len(made)} turns before these: nbstream.Chat('plan').markdown() gives them"
    assert left_out in data["text/markdown"].replace("\\", "")
    assert f"Prompt {TURNS}." in data["text/html"]
    assert "Prompt 1." not in data["text/markdown"]
    assert "the notebook's file has them" not in data["text/html"]
    while tested.is_due:
        before = len(made)
        assert tested.update_if_due() is tested.is_due
        assert len(made) - before < 20
    (update,) = kernel.sent
    whole = update["data"]
    assert all(f"Prompt {number}." in whole["text/markdown"] for number in range(1, TURNS + 1))
    assert "before these" not in whole["text/markdown"]
    # Each turn was made once, the last ones first.
    assert made == [*range(TURNS, 0, -1)]
    assert whole["text/markdown"] == panel.chat.markdown()
    made.clear()
    assert shown(monkeypatch, tested, {})["text/markdown"] == whole["text/markdown"]
    assert (made, tested.is_due) == ([], False)


def test_the_html_of_a_long_chat_has_its_last_turns(panel: ChatPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "LARGEST_HTML", 10_000)
    html = conversation.html(panel.chat)
    assert len(html) < 15_000
    assert f"Prompt {TURNS}." in html
    assert "Prompt 1." not in html
    assert "turns before these: the notebook&#x27;s file has them as Markdown" in html


def test_the_panel_makes_the_rest_by_itself(panel: ChatPanel, made: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel()
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.JUPYTER)
    monkeypatch.setattr(panel._transcript, "_kernel", kernel)
    monkeypatch.setattr(transcript, "display", lambda *_, **__: None)
    panel._ipython_display_()
    assert kernel.has_sent.wait(20)
    assert kernel.sent[0]["data"]["text/markdown"] == panel.chat.markdown()
    assert sorted(made[:TURNS]) == [*range(1, TURNS + 1)]


def test_a_panel_that_is_closed_at_once_makes_the_rest(panel: ChatPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel()
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.JUPYTER)
    monkeypatch.setattr(panel._transcript, "_kernel", kernel)
    monkeypatch.setattr(transcript, "display", lambda *_, **__: None)
    panel._ipython_display_()
    panel.close()
    assert kernel.has_sent.wait(20)
    assert kernel.sent[0]["data"]["text/markdown"] == panel.chat.markdown()


def test_a_transcript_that_cannot_be_renewed_is_whole(panel: ChatPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    for view, kernel in ((None, Kernel()), ({}, None)):
        source = Source(lambda: False, panel._bundle, panel._bundle_so_far)
        tested = Transcript("name", source, kernel)
        assert "Prompt 1." in shown(monkeypatch, tested, view)["text/markdown"]
        assert not tested.is_due


def test_a_reply_that_arrives_is_made_for_the_output_only(
    simulator: Simulator, panel: ChatPanel, made: list[int]
) -> None:
    while not panel._prepare():
        pass
    run = panel.chat.stream("[simulate: silence] x")
    made.clear()
    assert panel._prepare()
    assert made == []
    assert f"## Turn {TURNS + 1}" in panel._bundle_so_far()[0]["text/markdown"]
    assert made == [TURNS + 1]
    run.cancel()


def test_what_cannot_be_made_is_not_tried_for_ever() -> None:
    def fail() -> bool:
        raise ZeroDivisionError

    tested = Transcript("name", Source(fail, lambda: ({}, {}), lambda: ({}, {})), Kernel())
    tested._due = 0
    with pytest.raises(ZeroDivisionError):
        tested.update_if_due()
    assert not tested.is_due


def test_a_second_output_does_not_keep_the_first_from_being_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = ["old"]
    kernel = Kernel()

    def bundle() -> transcript.Bundle:
        return {"text/plain": text[0]}, {}

    tested = Transcript("name", Source(lambda: True, bundle, bundle), kernel)
    shown(monkeypatch, tested, {})
    text[0] = "new"
    tested.renew()
    # The second one shows the new text already, and need not be renewed.
    shown(monkeypatch, tested, {})
    # Half a second later.
    tested._due = 0
    tested.update_if_due()
    assert [each["data"]["text/plain"] for each in kernel.sent] == ["new"]
