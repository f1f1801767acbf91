"""Each session has its own replies, chats, settings and keys; tasks and threads keep to theirs."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from nbstream.batch import latest
from nbstream.chat.conversation import Chat, chats
from nbstream.client import history, keys, settings
from nbstream.exchange.start import stream
from nbstream.loops.loop_thread import LoopThread
from nbstream.sessions import per_session
from nbstream.sessions.per_session import PerSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.simulator.server import Simulator


class Visitors:
    """Threads of which each serves one visitor, as in `marimo run`."""

    def __init__(self) -> None:
        self._stores = threading.local()

    def store(self) -> per_session.Store | None:
        return getattr(self._stores, "own", None)

    def run(self, work: Callable[[], object], store: per_session.Store | None = None) -> object:
        """Run work on the thread of a new visitor, or of the one that has `store`."""

        def visit() -> object:
            self._stores.own = {} if store is None else store
            return work()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(visit).result()


@pytest.fixture
def visitors(monkeypatch: pytest.MonkeyPatch) -> Visitors:
    made = Visitors()
    monkeypatch.setattr(per_session, "of_front_end", made.store)
    monkeypatch.setattr(per_session, "_has_several", False)
    return made


def test_visitors_share_nothing(visitors: Visitors, simulator: Simulator) -> None:
    def first() -> None:
        settings.current().model = "pro"
        keys.keep("https://api.example.com", "sk-of-the-first-visitor")
        Chat("plan").stream("A secret of the first visitor").result()
        stream("Another one").result()

    def second() -> None:
        assert settings.current().model == "flash"
        assert history.last_reply() is None
        assert latest.last_replies() is None
        assert chats() == {}
        assert len(Chat("plan")) == 0
        assert keys._typed.get() == {}

    visitors.run(first)
    visitors.run(second)


def test_a_visitor_finds_their_own_again(visitors: Visitors, simulator: Simulator) -> None:
    store: per_session.Store = {}
    visitors.run(lambda: Chat("plan").stream("One").result(), store)
    assert visitors.run(lambda: len(Chat("plan")), store) == 1
    assert visitors.run(lambda: history.last_reply() is not None, store)


def test_a_task_works_for_the_session_that_started_it(visitors: Visitors) -> None:
    names: PerSession[list[str]] = PerSession(list)
    loop = LoopThread("nbstream-test", closing_seconds=0.5).loop()

    async def note(name: str) -> list[str]:
        names.get().append(name)
        await asyncio.sleep(0)
        return names.get()

    def ask(name: str) -> list[str]:
        names.get().append("before")
        return asyncio.run_coroutine_threadsafe(note(name), loop).result()

    assert visitors.run(lambda: ask("first")) == ["before", "first"]
    assert visitors.run(lambda: ask("second")) == ["before", "second"]


def test_a_thread_that_belongs_to_nobody_shares_nothing(visitors: Visitors) -> None:
    values: PerSession[list[str]] = PerSession(list)

    def visit() -> None:
        values.get().append("a visitor's")
        threads = [threading.Thread(target=lambda: seen.append([*values.get()])) for _ in range(2)]
        seen: list[list[str]] = []
        for each in threads:
            each.start()
            each.join()
        assert seen == [[], []]

    visitors.run(visit)


def test_a_process_of_one_user_has_one_session() -> None:
    values: PerSession[list[str]] = PerSession(list)
    values.get().append("one")
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(values.get).result() == ["one"]
