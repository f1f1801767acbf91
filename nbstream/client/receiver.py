"""Receives one reply, from the first byte to its end, as a task on the background loop.

It keeps every delta at once, so that `reply` misses nothing, and hands events to its watchers
coalesced, in frames.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from nbstream.billing.prices import cost_of
from nbstream.client import retry
from nbstream.client.frames import READING_SECONDS, Bursts, Frames
from nbstream.client.loop import background_loop
from nbstream.client.sources import SourceError
from nbstream.model.coalesce import coalesce
from nbstream.model.events import Answer, Ended, Event, Priced, Reasoning, Retrying, Started
from nbstream.model.failure import Failure
from nbstream.model.reply import Reply, reduce

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.client.retry import Limits
    from nbstream.client.sources import Source


class Update(NamedTuple):
    """New events, and the reply after exactly these events."""

    events: list[Event]
    reply: Reply


class Receiver:
    """Receives the reply of one source.

    Attributes:
        future: holds the reply once it has ended.
        cancelling: whether the reply is being cancelled.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        self.cancelling = False
        self.future: concurrent.futures.Future[Reply] = concurrent.futures.Future()
        # Only the receiver itself ends it: a watcher that is cancelled must not cancel the future.
        self.future.set_running_or_notify_cancel()
        self._source = source
        self._limits = limits
        self._reply = Reply(request=source.request)
        self._events: list[Event] = []
        #: The reply after `_events`.
        self._delivered = self._reply
        self._pending: list[Event] = []
        #: How many of the pending events the reply has been reduced by.
        self._reduced = 0
        self._over = False
        self._frames = Frames()
        self._flush_handle: asyncio.TimerHandle | None = None
        self._changed = threading.Condition()
        self._listeners: set[Callable[[], None]] = set()
        self._began = time.monotonic()
        self._decoder = source.decoder(limits.max_bytes)
        self._task: asyncio.Task[None] | None = None
        self._working = False
        self._loop = background_loop()
        self._loop.call_soon_threadsafe(self._start)

    @property
    def reply(self) -> Reply:
        """The reply so far."""
        with self._changed:
            self._reduce()
            return self._reply

    @property
    def done(self) -> bool:
        """Whether the reply has ended."""
        return self.future.done()

    @property
    def elapsed(self) -> float:
        """Seconds since the request was sent."""
        return time.monotonic() - self._began

    def cancel(self) -> bool:
        """Close the connection and keep what was received.

        Safe from any thread. Return whether there was anything left to cancel.
        """
        if self.future.done():
            return False
        with self._changed:
            # A page sends it on two channels, and a second cancel would break off the closing.
            if self.cancelling:
                return True
            self.cancelling = True
        # The connection first: watchers that wake up compete for the same processor.
        self._loop.call_soon_threadsafe(self._cancel_task)
        with self._changed:
            self._changed.notify_all()
        return True

    def wait(self, seen: int, *, cancelling: bool = False, timeout: float | None = None) -> Update:
        """Wait for news and return the events after the first `seen`, with the reply after them.

        Args:
            seen: how many events the caller has had.
            cancelling: whether the caller knows that the reply is being cancelled; if not, that
                counts as news.
            timeout: seconds after which to return without news.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._events) > seen or self.done or self.cancelling is not cancelling, timeout
            )
            return Update(self._events[seen:], self._delivered)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each frame, on the background loop's thread."""
        with self._changed:
            self._listeners.add(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        """Stop calling `listener`."""
        with self._changed:
            self._listeners.discard(listener)

    # Everything below runs on the background loop.

    def _start(self) -> None:
        self._task = self._loop.create_task(self._work())

    def _cancel_task(self) -> None:
        # A task that is cancelled before its first step never runs, not even to report the cancel.
        if self._task is not None and self._working:
            self._task.cancel()

    async def _work(self) -> None:
        self._working = True
        try:
            if self.cancelling:
                raise asyncio.CancelledError  # noqa: TRY301  (the same end as a cancel a moment later)
            await self._source.prepare()
            # The clock measures the server, not our own imports.
            self._began = time.monotonic()
            self._emit([Started(0.0, self._source.request, time.time())])
            await self._attempts()
        except asyncio.CancelledError:
            self._emit([*self._decoder.flush(self.elapsed), Ended(self.elapsed, "cancelled")])
        except Exception as error:  # noqa: BLE001  (a defect of ours must not lose what was received)
            failure = Failure("internal", said=f"{type(error).__name__}: {error}")
            self._emit([*self._decoder.flush(self.elapsed), Ended(self.elapsed, "failed", failure)])

    async def _attempts(self) -> None:
        attempts = 1 + self._limits.retries
        for attempt in range(1, attempts + 1):
            self._decoder = self._source.decoder(self._limits.max_bytes)
            verdict, asked = await self._attempt()
            if verdict is None:
                return
            delay = retry.delay(verdict.failure, attempt, asked)
            if delay is None or attempt == attempts or verdict.failure is None:
                self._emit([verdict])
                return
            self._emit([Retrying(self.elapsed, attempt, attempts, delay, verdict.failure)])
            await asyncio.sleep(delay)

    async def _attempt(self) -> tuple[Ended | None, float | None]:
        """Read one response to its end.

        Return its verdict if that may lead to another attempt, or None if the reply has ended; and
        the seconds that the server asks to wait.
        """
        decoder = self._decoder
        failure: Failure | None = None
        retry_after: float | None = None
        byte_at, payload_at, payloads = None, self._loop.time(), 0
        woken_at = payload_at
        bursts = Bursts(self._loop)
        try:
            # Until the first byte only the long limit holds: a server may hold its headers back
            # while the request is queued.
            async with asyncio.timeout(self._limits.payload_idle) as clock, self._source.open() as pieces:
                async for piece in pieces:
                    # What comes after [DONE] is read for a moment, and moves no deadline.
                    if decoder.ended:
                        continue
                    was_waited_for = bursts.begins_with(piece)
                    byte_at = now = self._loop.time()
                    # A piece that comes right after a pause had arrived during the pause.
                    is_fresh = was_waited_for and now > woken_at + READING_SECONDS
                    verdict = self._deliver(decoder.feed(piece, self.elapsed), is_fresh=is_fresh)
                    if verdict is not None or self._reply.error is not None:
                        # Leaving closes the connection.
                        return verdict, None
                    if decoder.payloads != payloads:
                        payload_at, payloads = now, decoder.payloads
                    if was_waited_for or decoder.finished:
                        clock.reschedule(self._limits.deadline(decoder, now, payload_at))
                    pauses = was_waited_for and not bursts.left_more and decoder.delivered and not decoder.finished
                    if pauses and now < (until := self._frames.reading_at):
                        await asyncio.sleep(until - now)
                        woken_at = self._loop.time()
                        bursts.watch()
        except SourceError as error:
            failure, retry_after = error.failure, error.retry_after
        except TimeoutError:
            failure = self._limits.stalled(self._source.server, byte_at, payload_at)
        verdict = self._deliver(decoder.finish(self.elapsed, failure))
        return (verdict if not decoder.delivered else None), retry_after

    def _deliver(self, events: list[Event], *, is_fresh: bool = False) -> Ended | None:
        """Emit `events`; but return a failure before the first delta, which may lead to a retry."""
        verdict = events[-1] if events else None
        if self._decoder.delivered or not isinstance(verdict, Ended) or verdict.outcome != "failed":
            self._emit(events, is_fresh=is_fresh)
            return None
        self._emit(events[:-1])
        return verdict

    def _emit(self, events: list[Event], *, is_fresh: bool = False) -> None:
        if not events:
            return
        with self._changed:
            for event in events:
                if self._over:
                    break
                if isinstance(event, Ended):
                    self._over = True
                    self._reduce()
                    if (cost := cost_of(self._reply)) is not None:
                        self._pending.append(Priced(event.at, cost))
                self._pending.append(event)
        if self._over:
            self._flush()
        else:
            at = self._frames.telling_at(self._loop.time(), is_fresh=is_fresh)
            if self._flush_handle is None or at < self._flush_handle.when():
                self._flush_at(at)

    def _reduce(self) -> None:
        """Reduce the reply by the pending events, joined: there may be hundreds of deltas in a frame."""
        new, self._reduced = self._pending[self._reduced :], len(self._pending)
        for event in coalesce(new):
            self._reply = reduce(self._reply, event)

    def _flush_at(self, at: float | None) -> None:
        if self._flush_handle is not None:
            self._flush_handle.cancel()
        self._flush_handle = None if at is None else self._loop.call_at(at, self._flush)

    def _flush(self) -> None:
        self._flush_at(None)
        with self._changed:
            self._reduce()
            joined = coalesce(self._pending)
            characters = sum(len(event.text) for event in joined if isinstance(event, Reasoning | Answer))
            self._frames.told(self._loop.time(), characters)
            self._events += joined
            self._delivered = self._reply
            self._pending, self._reduced = [], 0
            if self._over and not self.future.done():
                self.future.set_result(self._reply)
            self._changed.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener()
            except RuntimeError:
                # The watcher's own loop has been closed meanwhile.
                self._listeners.discard(listener)
