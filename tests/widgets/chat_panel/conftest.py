"""A panel without a widget, and a registry of chats of each test's own."""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.chat import conversation
from nbstream.chat.templates import parts_of
from nbstream.sessions.per_session import PerSession
from nbstream.widgets.chat_panel.state import PanelState

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.widgets.chat_panel.protocol import ChatRow, ChatState

_SECONDS = 20


class Panel:
    """A panel's state, and a page that sends messages to it."""

    def __init__(self, chat: nbstream.Chat, templates: dict[str, str] | None = None) -> None:
        self.chat = chat
        self._news = threading.Event()
        self._numbers = itertools.count(1)
        parts = {name: parts_of(text) for name, text in (templates or {}).items()}
        self.state = PanelState(chat, self._changed, ["Why?"], parts)

    def _changed(self) -> None:
        self._news.set()

    def page(self, type: str, page: str = "p", **fields: Any) -> dict[str, Any]:  # noqa: A002  (as in the message)
        """Send a message as a page does, and return the answer."""
        message = {"type": type, "page": page, "number": next(self._numbers), **fields}
        return dict(self.state.take(message))

    @property
    def own(self) -> ChatState:
        return self.state.own()

    @property
    def rows(self) -> list[ChatRow]:
        return self.own["rows"]

    def wait(self, condition: Callable[[ChatState], Any], what: str = "the condition") -> ChatState:
        """Wait until the state fulfils a condition, and return it."""
        ends_at = time.monotonic() + _SECONDS
        while not condition(own := self.own):
            assert time.monotonic() < ends_at, (what, own)
            self._news.wait(0.05)
            self._news.clear()
        return own

    def ask(self, prompt: str) -> ChatState:
        """Send a prompt from the page, and wait for the end of its reply."""
        count = self.own["count"]
        assert self.page("send", text=prompt) == {}
        return self.wait(lambda own: own["count"] == count + 1 and not own["arriving"])


@pytest.fixture(autouse=True)
def _own_chats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_chats", PerSession(dict))


@pytest.fixture
def chat() -> nbstream.Chat:
    return nbstream.Chat("plan", thinking=False)


@pytest.fixture
def panel(chat: nbstream.Chat) -> Panel:
    return Panel(chat, {"explain": "Explain {{ topic }} to {{ who }}: {{ topic }}"})
