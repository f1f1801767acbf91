"""One request from its first byte to its verdict: a task on the background loop that anyone may watch, await or cancel.

A run keeps every delta at once, so that `reply` misses nothing, and hands events to its watchers coalesced, in frames.
This module must not know openai, IPython or widgets.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from nbstream.billing.prices import cost_of
from nbstream.client import retry
from nbstream.client.frames import READING_SECONDS, Bursts, Frames
from nbstream.client.loop import background_loop
from nbstream.client.retry import Limits
from nbstream.client.sources import SourceError
from nbstream.model.coalesce import coalesce
from nbstream.model.events import Answer, Ended, Event, Priced, Reasoning, Retrying, Started
from nbstream.model.failure import Failure
from nbstream.model.reply import Reply, reduce
from nbstream.wire.response import StreamDecoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator

    from nbstream.client.sources import Source

#: ipykernel's handler of SIGINT only queues a callback, which does not wake a sleeping event loop (tornado takes it for
#: the loop's own code): ■ is noticed when the loop next wakes by itself.
_TICK_SECONDS = 0.25


class Run:
    """A reply in the making.

    `run.reply` is the reply at any moment; `run.result()` waits for its end, as does `await run` in any event loop;
    `async for event in run` gives its events from the first one on, with deltas coalesced. `run.cancel()` may be called
    from any thread. None of them raises for what the server did: the reply says it.
    """

    def __init__(self, source: Source, limits: Limits | None = None) -> None:
        self.id = uuid.uuid4().hex
        self.cancelling = False
        self._source = source
        self._limits = limits or Limits()
        self._reply = Reply(requested_model=source.model)
        self._events: list[Event] = []
        self._pending: list[Event] = []
        #: How many of these the reply has been reduced by.
        self._reduced = 0
        self._over = False
        self._frames = Frames()
        self._flush_handle: asyncio.TimerHandle | None = None
        self._changed = threading.Condition()
        self._listeners: set[Callable[[], None]] = set()
        self._future: concurrent.futures.Future[Reply] = concurrent.futures.Future()
        # Only the run itself ends it: a watcher that is cancelled must not mark the future as cancelled.
        self._future.set_running_or_notify_cancel()
        self._began = time.monotonic()
        self._decoder = self._new_decoder()
        self._task: asyncio.Task[None] | None = None
        self._working = False
        self._loop = background_loop()
        self._loop.call_soon_threadsafe(self._start)

    @property
    def reply(self) -> Reply:
        """The reply as it stands."""
        with self._changed:
            self._reduce()
            return self._reply

    @property
    def done(self) -> bool:
        """Whether the reply has ended."""
        return self._future.done()

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    def result(self, timeout: float | None = None) -> Reply:
        """Wait for the end and return the reply, whatever ended it.

        Args:
            timeout: seconds to wait; None waits as long as it takes.

        Raises:
            TimeoutError: if it has not ended by then; the run goes on.
        """
        return self._future.result(timeout)

    def cancel(self) -> bool:
        """Close the connection and keep what was received. Return whether there was anything left to cancel."""
        if self._future.done():
            return False
        with self._changed:
            # A page says it on two channels, and a second cancel would break off the closing of the connection.
            if self.cancelling:
                return True
            self.cancelling = True
        # The connection first: watchers that wake up want the same processor.
        self._loop.call_soon_threadsafe(self._cancel_task)
        with self._changed:
            self._changed.notify_all()
        return True

    def wait(self, seen: int, *, cancelling: bool = False, timeout: float | None = None) -> list[Event]:
        """Wait for something new and return the events after the first `seen`.

        Args:
            seen: how many events the caller has had.
            cancelling: whether the caller knows that the run is being cancelled; if it does not, that is news too.
            timeout: seconds after which to return with what there is.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._events) > seen or self.done or self.cancelling is not cancelling, timeout
            )
            return self._events[seen:]

    def __await__(self) -> Generator[Any, None, Reply]:
        return self._awaited().__await__()

    async def _awaited(self) -> Reply:
        ended = asyncio.wrap_future(self._future)
        try:
            while not ended.done():
                await asyncio.wait({ended}, timeout=_TICK_SECONDS)
            return ended.result()
        except asyncio.CancelledError:
            # ■ in an async cell, or a time-out around `await run`: nobody waits for it any more, so nobody pays for it.
            ended.cancel()
            self.cancel()
            raise

    async def __aiter__(self) -> AsyncIterator[Event]:
        loop = asyncio.get_running_loop()
        news = asyncio.Event()

        def listener() -> None:
            loop.call_soon_threadsafe(news.set)

        seen = 0
        with self._changed:
            self._listeners.add(listener)
        try:
            while True:
                news.clear()
                ended = self.done
                while seen < len(self._events):
                    yield self._events[seen]
                    seen += 1
                if ended:
                    return
                # Not wait_for: in Python 3.11 it loses a cancellation that comes with its time-out, as ■ does here.
                tick = loop.call_later(_TICK_SECONDS, news.set)
                await news.wait()
                tick.cancel()
        except asyncio.CancelledError:
            # As in _awaited.
            self.cancel()
            raise
        finally:
            with self._changed:
                self._listeners.discard(listener)

    def __repr__(self) -> str:
        return f"<Run {self.reply!r}>"

    def _new_decoder(self) -> StreamDecoder:
        return StreamDecoder(self._source.server, self._limits.max_bytes)

    # Everything below runs on the background loop.

    def _start(self) -> None:
        self._task = self._loop.create_task(self._work())

    def _cancel_task(self) -> None:
        # A task that is cancelled before its first step never runs at all, not even to say that it was cancelled.
        if self._task is not None and self._working:
            self._task.cancel()

    async def _work(self) -> None:
        self._working = True
        try:
            if self.cancelling:
                raise asyncio.CancelledError  # noqa: TRY301  (the same end as a cancel a moment later)
            await self._source.prepare()
            # The clock measures the server, not how long our own imports take.
            self._began = time.monotonic()
            self._emit([Started(0.0, self._source.model, self._source.origin, time.time())])
            await self._attempts()
        except asyncio.CancelledError:
            self._emit([*self._decoder.flush(self.elapsed), Ended(self.elapsed, "cancelled")])
        except Exception as error:  # noqa: BLE001  (a defect of ours must not lose what was received)
            failure = Failure("internal", f"nbstream failed: {type(error).__name__}: {error}.", "Please report this.")
            self._emit([*self._decoder.flush(self.elapsed), Ended(self.elapsed, "failed", failure)])

    async def _attempts(self) -> None:
        attempts = 1 + self._limits.retries
        for attempt in range(1, attempts + 1):
            self._decoder = self._new_decoder()
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

        Return its verdict if that may lead to another attempt, or None if the run has ended; and how long the server
        asks to wait.
        """
        decoder = self._decoder
        failure: Failure | None = None
        retry_after: float | None = None
        byte_at, payload_at, payloads = None, self._loop.time(), 0
        woken_at = payload_at
        bursts = Bursts(self._loop)
        try:
            # Until the first byte only the long limit holds: a server may hold its headers back while it queues.
            async with asyncio.timeout(self._limits.payload_idle) as clock, self._source.open() as pieces:
                async for piece in pieces:
                    # What comes after [DONE] is read for a moment, and moves no deadline.
                    if decoder.ended:
                        continue
                    was_waited_for = bursts.begins_with(piece)
                    byte_at = now = self._loop.time()
                    # What comes at once after a rest had come during it.
                    is_fresh = was_waited_for and now > woken_at + READING_SECONDS
                    verdict = self._deliver(decoder.feed(piece, self.elapsed), is_fresh=is_fresh)
                    if verdict is not None or self._reply.error is not None:
                        # Nothing more is wanted: leaving closes the connection.
                        return verdict, None
                    if decoder.payloads != payloads:
                        payload_at, payloads = now, decoder.payloads
                    if was_waited_for or decoder.finished:
                        clock.reschedule(self._limits.deadline(decoder, now, payload_at))
                    rests = was_waited_for and not bursts.left_more and decoder.delivered and not decoder.finished
                    if rests and now < (until := self._frames.reading_at):
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
        """Emit `events`; but hand back a failure that comes before the first delta, which may lead to a retry."""
        verdict = events[-1] if events else None
        if self._decoder.delivered or not isinstance(verdict, Ended) or verdict.how != "failed":
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
        """Take what is pending into the reply: joined, since there may be hundreds of deltas for each look at it."""
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
            self._pending, self._reduced = [], 0
            if self._over and not self._future.done():
                self._future.set_result(self._reply)
            self._changed.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener()
            except RuntimeError:
                # The watcher's own loop has been closed without telling.
                self._listeners.discard(listener)
