"""Receives one reply, of one or several requests, as a task on the background loop.

`Receiver.reply` has every delta at once; watchers get events joined, in frames.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from nbstream.billing.prices import cost_of
from nbstream.client import retry
from nbstream.client.frames import DEBOUNCE_SECONDS, READING_TURNS, BurstDetector, FrameSchedule, UnwatchedSchedule
from nbstream.client.jobs import Jobs
from nbstream.client.loop import background_loop
from nbstream.client.questions import NobodyToAsk, Questions
from nbstream.client.sources import SourceError
from nbstream.client.thinking import field_that_switches_off
from nbstream.client.trace import ResponseTrace, Trace, make_room, remember, resumed_trace
from nbstream.model.coalesce import coalesce
from nbstream.model.events import (
    Continued,
    Ended,
    Event,
    Priced,
    Responded,
    Retrying,
    Started,
    Stepped,
    Warned,
)
from nbstream.model.failure import Failure
from nbstream.model.reduction import reduce, reduced
from nbstream.model.reply import Reply
from nbstream.model.warning import ReplyWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbstream.client.following import Following
    from nbstream.client.retry import Limits
    from nbstream.client.sources import Source
    from nbstream.model.request import Request
    from nbstream.model.usage import Cost


#: A trace has at most so many times the bytes that a reply may have: JSON is longer than its text.
_TRACE_FACTOR = 2
#: Events that nobody watches are joined when there are so many of them.
_MOST_PENDING = 1_000


class Update(NamedTuple):
    """New events, and the reply after them."""

    events: list[Event]
    reply: Reply


class Receiver:
    """Receives the reply of one source, and of those that follow it.

    Args:
        source: the request, and the decoder of its response.
        limits: limits on silence, on retries and on the size of the reply.
        currency: the currency of the cost.
        following: decides after each response whether another request follows; None for a reply of
            one request.
        before: the events of an earlier part of the reply. It ended between two requests, so
            `following` goes on with it, and `source` is not asked.
        is_watched: whether somebody looks at the reply while it arrives. If not, nobody gets
            events, and the network is read more rarely: only the end is told, by `future`.

    Attributes:
        future: holds the reply once it has ended.
        cancelling: whether the reply is being cancelled.
        questions: what the user is asked meanwhile.
        jobs: work for the thread that waits for the reply.
        trace: the raw responses.
    """

    def __init__(
        self,
        source: Source,
        limits: Limits,
        currency: str = "USD",
        *,
        following: Following | None = None,
        before: Sequence[Event] = (),
        is_watched: bool = True,
    ) -> None:
        self.cancelling = False
        self._is_woken = False
        self.future: concurrent.futures.Future[Reply] = concurrent.futures.Future()
        # From now on a watcher that is cancelled cannot cancel the future.
        self.future.set_running_or_notify_cancel()
        self._source = source
        self._limits = limits.at_speed(source.speed)
        self._currency = currency
        self._following = following
        self._before = before
        self._reply = Reply(request=source.request) if before else _before(source)
        self._events: list[Event] = []
        #: The reply after `_events`, without the pending events.
        self._delivered = self._reply
        self._pending: list[Event] = []
        #: How many pending events `_reply` contains.
        self._reduced = 0
        self._has_ended = False
        self._is_watched = is_watched
        self._frames = FrameSchedule() if is_watched else UnwatchedSchedule()
        self._flush_handle: asyncio.Handle | None = None
        self._flush_due = math.inf
        self._changed = threading.Condition()
        self.jobs = Jobs(self._changed)
        self._listeners: set[Callable[[], None]] = set()
        self.trace = resumed_trace(before) or Trace()
        self._began = self._beginning()
        self._decoder = source.decoder(limits.max_bytes)
        self._task: asyncio.Task[None] | None = None
        self._is_running = False
        self._loop = background_loop()
        self.questions = Questions(self._loop, before) if is_watched else NobodyToAsk(self._loop)
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
        """Close the connection, keep the reply so far, and return whether it had not ended yet.

        Any thread may call this.
        """
        if self.future.done():
            return False
        with self._changed:
            # A page cancels on two channels, and a second cancel would interrupt the closing.
            if self.cancelling:
                return True
            self.cancelling = True
        # Close the connection first, as the watchers need time on the same processor.
        self._loop.call_soon_threadsafe(self._cancel_task)
        with self._changed:
            self._changed.notify_all()
        return True

    def wait(self, seen: int, *, cancelling: bool = False, timeout: float | None = None, works: bool = True) -> Update:
        """Wait for new events or work, or for `wake`; return the events after the first `seen`.

        Args:
            seen: how many events the caller already has.
            cancelling: whether the caller already knows that the reply is being cancelled; if not,
                a cancel also ends the wait.
            timeout: the most seconds to wait; None means no limit.
            works: whether work ends the wait.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._has_news(seen, cancelling=cancelling, works=works), timeout)
            if timeout != 0:
                # A call that does not wait leaves the wake-up to the thread that does.
                self._is_woken = False
            return Update(self._events[seen:], self._delivered)

    def wake(self) -> None:
        """Let `wait` return, as its caller has something else to do."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each frame, on the background loop's thread."""
        with self._changed:
            self._listeners.add(listener)

    def remove_listener(self, listener: Callable[[], None]) -> None:
        """Stop calling `listener`."""
        with self._changed:
            self._listeners.discard(listener)

    def _has_news(self, seen: int, *, cancelling: bool, works: bool) -> bool:
        is_cancel_new = self.cancelling is not cancelling
        has_work = works and bool(self.jobs)
        return len(self._events) > seen or self._is_woken or is_cancel_new or has_work or self.done

    # Everything below runs on the background loop.

    def _start(self) -> None:
        self._task = self._loop.create_task(self._receive())

    def _cancel_task(self) -> None:
        # A task that is cancelled before its first step never runs, so it cannot report that.
        if self._task is not None and self._is_running:
            self._task.cancel()

    async def _receive(self) -> None:
        self._is_running = True
        try:
            if self.cancelling:
                raise asyncio.CancelledError  # noqa: TRY301  (as for a later cancel)
            await self._source.prepare()
            # Times measure the server, so they do not include imports.
            self._began = self._beginning()
            if self._before:
                self._emit([*self._before])
            else:
                self._emit(_first_events(self._source, self.trace))
                await self._attempts()
            await self._follow()
        except asyncio.CancelledError:
            self._emit([*self._decoder.flush(self.elapsed), Ended(self.elapsed, "cancelled")])
        except Exception as error:  # noqa: BLE001  (a defect must not lose the reply)
            failure = Failure("internal", said=f"{type(error).__name__}: {error}")
            self._emit([*self._decoder.flush(self.elapsed), Ended(self.elapsed, "failed", failure)])

    def _beginning(self) -> float:
        """Return when a reply that is sent now began; its earlier part went on until now."""
        return time.monotonic() - _seconds_before(self._source, self._before)

    async def _follow(self) -> None:
        """Send the requests that follow the first one, until the reply ends."""
        while self._following is not None and not self._has_ended:
            following = await self._following.following(self)
            if following is None:
                self._emit([Ended(self.elapsed, "served")])
                return
            self._source = following.source
            await self._source.prepare()
            request = self._source.request
            stepped = Stepped(self.elapsed, request, time.time(), following.cause)
            self._emit([stepped, *_continuing(self._source, stepped.at), *_warned(request, stepped.at)])
            await self._attempts()

    @property
    def has_following(self) -> bool:
        """Whether other requests may follow, with work for the thread that waits."""
        return self._following is not None

    @property
    def source(self) -> Source:
        """The last request."""
        return self._source

    def emit(self, event: Event) -> None:
        """Add an event between two requests, such as what became of a call, and show it at once."""
        self._emit([event])
        self._flush()

    async def _attempts(self) -> None:
        attempts = 1 + self._limits.retries
        for attempt in range(1, attempts + 1):
            self._decoder = self._source.decoder(self._limits.max_bytes)
            end = await self._attempt(attempt)
            if end is None:
                return
            delay = retry.delay(end.failure, attempt)
            if delay is None or attempt == attempts or end.failure is None:
                self._emit([end])
                return
            self.trace.responses[-1].record()
            self._emit([Retrying(self.elapsed, attempt, attempts, delay, end.failure)])
            await asyncio.sleep(delay / self._source.speed)

    async def _attempt(self, number: int) -> Ended | None:
        """Read one response to its end.

        Args:
            number: which attempt at the request it is, counted from 1.

        Returns:
            Its end, if there may be another attempt, or None if the reply has ended.
        """
        decoder = self._decoder
        failure: Failure | None = None
        response = self._responding(number)
        byte_at, payload_at, payloads = None, self._loop.time(), 0
        resumed_at = payload_at
        bursts, was_finished = BurstDetector(self._loop), False
        try:
            # Until the first byte only the long limit applies, as some servers send no headers
            # while a request is queued.
            async with asyncio.timeout(self._limits.payload_idle) as clock, self._source.open(response) as pieces:
                is_precise = self.trace.is_precise or response.is_recorded
                async for piece in pieces:
                    # Data after [DONE] does not move the deadline.
                    if decoder.ended:
                        continue
                    begins_burst = bursts.begins_burst(piece)
                    byte_at = now = self._loop.time()
                    response.add(piece, now)
                    if begins_burst and self._flush_due == -math.inf:
                        # What a frame waits for.
                        self._flush_at(now)
                    # The first piece after a pause arrived during the pause.
                    just_arrived = begins_burst and now > resumed_at + DEBOUNCE_SECONDS
                    events = decoder.feed(piece, self.elapsed)
                    if decoder.ended:
                        # Before anybody learns that the reply has ended.
                        response.close("whole" if _is_served(events) else "left")
                    end = self._deliver(events, just_arrived=just_arrived)
                    if end is not None or self._reply.error is not None:
                        # To return here closes the connection.
                        return end
                    if decoder.payloads != payloads:
                        payload_at, payloads = now, decoder.payloads
                    if begins_burst or decoder.finished or was_finished:
                        was_finished = decoder.finished
                        clock.reschedule(self._limits.deadline(decoder, now, payload_at))
                    may_pause = (
                        begins_burst
                        and not is_precise
                        and not bursts.expects_more
                        and decoder.delivered
                        and not decoder.finished
                    )
                    if may_pause and now < self._frames.due:
                        self._flush_at(None)
                        await asyncio.sleep(self._frames.due - now)
                        resumed_at = self._loop.time()
                        if self._is_watched:
                            self._flush_after(READING_TURNS)
                        bursts.restart()
            response.close("whole")
        except SourceError as error:
            failure = error.failure
            response.close("refused" if failure.kind == "refused" else "broken", failure)
        except TimeoutError:
            failure = self._limits.stalled(self._source.server, byte_at, payload_at)
            # After a finish reason, the silence is no failure.
            response.close("left" if decoder.finished else "broken", None if decoder.finished else failure)
        finally:
            # Unless it has ended in another way, it was cancelled.
            response.close("stopped")
            make_room()
        return self._deliver(decoder.finish(self.elapsed, failure))

    def _responding(self, number: int) -> ResponseTrace:
        """Return the trace of the response that the source is asked for now."""
        source = self._source
        decoder = partial(source.decoder, self._limits.max_bytes)
        response = ResponseTrace(
            source.request,
            source.redactor,
            decoder,
            begun=self.elapsed,
            attempt=number,
            most=_TRACE_FACTOR * self._limits.max_bytes,
        )
        self.trace.responses.append(response)
        return response

    def _deliver(self, events: list[Event], *, just_arrived: bool = False) -> Ended | None:
        """Emit `events`, but return a failure before the first delta, as it may lead to a retry."""
        last = events[-1] if events else None
        if self._decoder.delivered or not isinstance(last, Ended) or last.outcome != "failed":
            self._emit(events, just_arrived=just_arrived)
            return None
        self._emit(events[:-1])
        return last

    def _emit(self, events: list[Event], *, just_arrived: bool = False) -> None:
        if not events:
            return
        with self._changed:
            for event in events:
                if self._has_ended:
                    break
                if isinstance(event, Ended):
                    self._reduce()
                    if self._reply.status != "calling":
                        self._pending += _last_warnings(self._reply, event.at)
                        if (cost := cost_of(self._reply, self._currency)) is not None:
                            self._pending.append(Priced(event.at, cost))
                        # Before anybody learns that the reply has ended.
                        self._record(cost)
                    self._has_ended = not self._goes_on(event)
                    if not self._has_ended:
                        event = Responded(event.at)  # noqa: PLW2901  (in place of the end)
                self._pending.append(event)
        if self._has_ended:
            self._flush()
        elif not self._is_watched:
            self._frames.note_sent(self._loop.time())
            if len(self._pending) >= _MOST_PENDING:
                self._reduce()
                self._pending, self._reduced = [], 0
        else:
            at = self._frames.send_at(self._loop.time(), just_arrived=just_arrived)
            if at < self._flush_due:
                self._flush_at(at)

    def _record(self, cost: Cost | None) -> None:
        """Record the last response, which has ended."""
        if self.trace.responses:
            self.trace.responses[-1].record(self._reply.last_usage, cost)

    def _goes_on(self, end: Ended) -> bool:
        """Return whether the reply goes on after the end of a response."""
        if self._following is None or end.outcome != "served" or self._reply.status == "calling":
            return False
        return self._following.goes_on(reduced([end], self._reply))

    def _reduce(self) -> None:
        """Apply the pending events to the reply, joined, as a frame may have hundreds of deltas."""
        new, self._reduced = self._pending[self._reduced :], len(self._pending)
        for event in coalesce(new):
            self._reply = reduce(self._reply, event)

    def _flush_at(self, at: float | None) -> None:
        if self._flush_handle is not None:
            self._flush_handle.cancel()
        self._flush_due = math.inf if at is None else at
        self._flush_handle = None if at is None else self._loop.call_at(at, self._flush)

    def _flush_after(self, turns: int) -> None:
        """Flush after so many turns of the event loop, whatever is read meanwhile."""
        self._flush_at(None)
        self._flush_due = -math.inf

        def turn(left: int) -> None:
            if left:
                self._flush_handle = self._loop.call_soon(turn, left - 1)
            else:
                self._flush()

        turn(turns)

    def _flush(self) -> None:
        self._flush_at(None)
        with self._changed:
            self._reduce()
            self._frames.note_sent(self._loop.time())
            if self._is_watched:
                self._events += coalesce(self._pending)
            self._delivered = self._reply
            self._pending, self._reduced = [], 0
            if self._has_ended and not self.future.done():
                self.future.set_result(self._reply)
            self._changed.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener()
            except RuntimeError:
                # The event loop of the watcher is closed.
                self.remove_listener(listener)


def _is_served(events: Sequence[Event]) -> bool:
    return any(isinstance(each, Ended) and each.outcome == "served" for each in events)


def _seconds_before(source: Source, before: Sequence[Event] = ()) -> float:
    earlier = (source.earlier.timing.ended or 0.0) if source.earlier is not None else 0.0
    return max([earlier, *(event.at for event in before)])


def _before(source: Source) -> Reply:
    """Return the reply before its first event, with the text that it goes on with."""
    reply = Reply(request=source.request)
    return reply if source.earlier is None else reduce(reply, Continued(0.0, source.earlier))


def _first_events(source: Source, trace: Trace) -> list[Event]:
    at, request = _seconds_before(source), source.request
    events: list[Event] = [Started(at, request, remember(time.time(), trace))]
    return [*events, *_continuing(source, at), *_warned(request, at)]


def _continuing(source: Source, at: float) -> list[Event]:
    return [] if source.earlier is None else [Continued(at, source.earlier)]


def _warned(request: Request, at: float) -> list[Event]:
    return [Warned(at, each) for each in request.warnings]


def _last_warnings(reply: Reply, at: float) -> list[Event]:
    """Return what only the whole reply tells about its request."""
    field = field_that_switches_off(reply.request.parameters)
    return [Warned(at, ReplyWarning("thought_anyway", where=field))] if field and reply.reasoning.strip() else []
