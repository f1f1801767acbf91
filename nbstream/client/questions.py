"""The questions to the user on which a reply waits: whether a tool call may run.

The exchange asks on the background loop's thread. A page, or `input()`, answers on any thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nbstream.model.events import CallChanged, Stepped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nbstream.model.decision import Decision
    from nbstream.model.events import Event


class Questions:
    """The open questions of one reply, by the key of their call.

    A key is `STEP.INDEX`: the position of the step in `reply.steps`, and the position of the call
    among those of the step, both counted from 0.

    Args:
        loop: the background loop.
        before: the events of an earlier part of the reply, in which questions may have been asked.

    Attributes:
        has_view: whether a page may show the questions; a live view sets it.
        by_input: the keys of those that `input()` asks, as no page showed them in time. The thread
            that would go on waits there, so only what is typed counts.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, before: Iterable[Event] = ()) -> None:
        self.has_view = False
        self.by_input: set[str] = set()
        self._loop = loop
        self._lock = threading.Lock()
        self._waiting = 0
        self._open: dict[str, asyncio.Future[Decision]] = {}
        self._seen: dict[str, asyncio.Event] = {}
        #: How often the user was asked about each call.
        self._asked = _asked_in(before)

    @property
    def has_cell(self) -> bool:
        """Whether the main thread waits for the reply; `input()` can ask only there."""
        return self._waiting > 0

    @contextmanager
    def waited_for(self) -> Iterator[None]:
        """Note for the time of the context that this thread waits for the reply."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        with self._lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1

    def open(self, key: str) -> asyncio.Future[Decision]:
        """Open a question, on the background loop, and return the future of its answer."""
        with self._lock:
            self._open[key] = self._loop.create_future()
            self._seen[key] = asyncio.Event()
            self._asked[key] += 1
            return self._open[key]

    def close(self, key: str) -> None:
        """Take no more answers to a question."""
        with self._lock:
            self._open.pop(key, None)
            self._seen.pop(key, None)

    def is_open(self, key: str) -> bool:
        """Return whether a question has no answer yet."""
        with self._lock:
            return key in self._open

    async def wait_until_seen(self, key: str, seconds: float) -> bool:
        """Return whether a page has shown a question within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._seen[key].wait()
        except (TimeoutError, KeyError):
            return False
        return True

    def note_seen(self, key: str) -> None:
        """Note that a page shows a question; any thread may call this."""
        with self._lock:
            seen = self._seen.get(key)
        if seen is not None:
            self._loop.call_soon_threadsafe(seen.set)

    def answer(self, key: str, decision: Decision, number: int | None = None) -> bool:
        """Answer a question, and return whether it was open; any thread may call this.

        Only the first answer counts: a page sends each by two channels.

        Args:
            key: the key of the call.
            decision: the answer.
            number: which question about the call it answers, counted from 1; None for the open one.
        """
        with self._lock:
            if number not in (None, self._asked[key]):
                return False
            asked = self._open.pop(key, None)
        if asked is None:
            return False
        self._loop.call_soon_threadsafe(_resolve, asked, decision)
        return True


def _asked_in(events: Iterable[Event]) -> Counter[str]:
    step, found = 0, Counter[str]()
    for event in events:
        match event:
            case Stepped():
                step += 1
            case CallChanged(state="asking"):
                found[f"{step}.{event.index}"] += 1
    return found


def _resolve(asked: asyncio.Future[Decision], decision: Decision) -> None:
    if not asked.done():
        asked.set_result(decision)


class NobodyToAsk(Questions):
    """The questions of a reply that nobody watches: each is denied."""

    def open(self, key: str) -> asyncio.Future[Decision]:
        """Open a question, which has its answer as soon as somebody can take it."""
        from nbstream.model.decision import NOBODY  # noqa: PLC0415  (only where it is used)

        asked = super().open(key)
        self._loop.call_soon(self.answer, key, NOBODY)
        return asked
