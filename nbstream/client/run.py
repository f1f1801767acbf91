"""One request from its first byte to its verdict: a task on the background loop that anyone may watch, await or cancel.

A run reduces every delta at once, so that `reply` misses nothing, and hands events to its watchers coalesced, at 30 Hz
at the most. It owns the retries and the limits on silence. This module must not know openai, IPython or widgets.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import random
import threading
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbstream.client.loop import background_loop
from nbstream.client.source import SourceError
from nbstream.core.coalesce import coalesce
from nbstream.core.errors import Failure
from nbstream.core.events import Ended, Event, Retrying, Started
from nbstream.core.limits import MAX_BYTES
from nbstream.core.reply import Reply, reduce
from nbstream.core.stream import StreamDecoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator

    from nbstream.client.source import Source

FRAME_SECONDS = 1 / 30

_FIRST_BACKOFF = 0.5
_LONGEST_BACKOFF = 8.0
_LONGEST_RETRY_AFTER = 60.0
#: After the finish reason only usage and [DONE] may come; transformers sends neither, and some servers do not hang up.
_SECONDS_AFTER_FINISH = 5.0
#: Reading a little past [DONE] lets the connection be used again.
_SECONDS_AFTER_DONE = 0.2
#: ipykernel's handler of SIGINT only queues a callback, which does not wake a sleeping event loop (tornado takes it for
#: the loop's own code): ■ is noticed when the loop next wakes by itself.
_TICK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Limits:
    """How long silence may last, how often to try again, and how much is taken in.

    Attributes:
        bytes_idle: seconds without a byte, once there was one; comments count as bytes.
        payload_idle: seconds without data, from the beginning on; comments do not count.
        retries: how many times a request is sent again before its first delta.
        max_bytes: the most bytes of reasoning, answer and tool calls together; an event may have twice as many.
    """

    bytes_idle: float = 120.0
    payload_idle: float = 300.0
    retries: int = 2
    max_bytes: int = MAX_BYTES


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
        self._flushed = 0.0
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
        return f"<Run {self._reply!r}>"

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
            delay = self._delay(verdict.failure, attempt, asked)
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
        try:
            # Until the first byte only the long limit holds: a server may hold its headers back while it queues.
            async with asyncio.timeout(self._limits.payload_idle) as clock, self._source.open() as pieces:
                async for piece in pieces:
                    # What comes after [DONE] is read for a moment, and moves no deadline.
                    if decoder.ended:
                        continue
                    byte_at = now = self._loop.time()
                    verdict = self._deliver(decoder.feed(piece, self.elapsed))
                    if verdict is not None or self._reply.error is not None:
                        # Nothing more is wanted: leaving closes the connection.
                        return verdict, None
                    if decoder.payloads != payloads:
                        payload_at, payloads = now, decoder.payloads
                    clock.reschedule(self._deadline(decoder, now, payload_at))
        except SourceError as error:
            failure, retry_after = error.failure, error.retry_after
        except TimeoutError:
            failure = self._stalled(byte_at, payload_at)
        verdict = self._deliver(decoder.finish(self.elapsed, failure))
        return (verdict if not decoder.delivered else None), retry_after

    def _deliver(self, events: list[Event]) -> Ended | None:
        """Emit `events`; but hand back a failure that comes before the first delta, which may lead to a retry."""
        verdict = events[-1] if events else None
        if self._decoder.delivered or not isinstance(verdict, Ended) or verdict.how != "failed":
            self._emit(events)
            return None
        self._emit(events[:-1])
        return verdict

    def _deadline(self, decoder: StreamDecoder, now: float, payload_at: float) -> float:
        if decoder.ended:
            return now + _SECONDS_AFTER_DONE
        if decoder.finished:
            return payload_at + min(_SECONDS_AFTER_FINISH, self._limits.bytes_idle)
        return min(now + self._limits.bytes_idle, payload_at + self._limits.payload_idle)

    def _delay(self, failure: Failure | None, attempt: int, asked: float | None) -> float | None:
        """Return how many seconds to wait before the next attempt, or None if there should be none."""
        if failure is None or not _may_retry(failure):
            return None
        if asked is not None:
            return asked if asked <= _LONGEST_RETRY_AFTER else None
        backoff: float = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2 ** (attempt - 1))
        # Many notebooks that failed together should not come back together.
        return backoff * random.uniform(0.75, 1.0)  # noqa: S311

    def _stalled(self, byte_at: float | None, payload_at: float) -> Failure:
        server, limits = self._source.server, self._limits
        if byte_at is None:
            return Failure("stalled", f"{server} sent nothing for {limits.payload_idle:g} s.")
        if byte_at + limits.bytes_idle <= payload_at + limits.payload_idle:
            return Failure("stalled", f"{server} sent nothing more for {limits.bytes_idle:g} s.")
        return Failure("stalled", f"{server} kept the connection open but sent no data for {limits.payload_idle:g} s.")

    def _emit(self, events: list[Event]) -> None:
        if not events:
            return
        reply = self._reply
        for event in events:
            if reply.ended:
                break
            reply = reduce(reply, event)
            self._pending.append(event)
        self._reply = reply
        if reply.ended or self._loop.time() - self._flushed >= FRAME_SECONDS:
            self._flush()
        elif self._flush_handle is None:
            self._flush_handle = self._loop.call_at(self._flushed + FRAME_SECONDS, self._flush)

    def _flush(self) -> None:
        if self._flush_handle is not None:
            self._flush_handle.cancel()
            self._flush_handle = None
        self._flushed = self._loop.time()
        with self._changed:
            self._events += coalesce(self._pending)
            self._pending = []
            if self._reply.ended and not self._future.done():
                self._future.set_result(self._reply)
            self._changed.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener()
            except RuntimeError:
                # The watcher's own loop has been closed without telling.
                self._listeners.discard(listener)


def _may_retry(failure: Failure) -> bool:
    if failure.status_code is not None:
        return failure.status_code in (408, 409, 429) or failure.status_code >= 500  # noqa: PLR2004  (server errors)
    return failure.kind in ("unreachable", "disconnected")
