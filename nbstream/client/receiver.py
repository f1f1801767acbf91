"""Receives one reply, of one or several requests, as a task on the background loop."""

from __future__ import annotations

import asyncio
import math
import time
from functools import partial
from typing import TYPE_CHECKING

from nbstream.billing.estimates import estimated, lost
from nbstream.billing.prices import cost_of
from nbstream.client import retry
from nbstream.client.added_events import beginning, ending_warnings, first_events, seconds_before, step_events
from nbstream.client.delivery import Delivery
from nbstream.client.frames import DEBOUNCE_SECONDS, BurstDetector
from nbstream.client.metering import Metering
from nbstream.client.questions import NobodyToAsk, Questions
from nbstream.client.sources import SourceError
from nbstream.client.trace import ResponseEnd, ResponseTrace, Trace, make_room, resumed_trace
from nbstream.model.events import Ended, Event, Priced, Responded, Retrying
from nbstream.model.failure import Failure, FailureKind
from nbstream.model.reduction import reduced
from nbstream.model.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbstream.client.following import Following
    from nbstream.client.retry import Limits
    from nbstream.client.sources import Source
    from nbstream.model.events import StepCause
    from nbstream.model.usage import Cost


#: A trace has at most so many times the bytes that a reply may have: JSON is longer than its text.
_TRACE_FACTOR = 2
#: How a response ends by a failure; by any other one it is broken.
_ENDS: dict[FailureKind, ResponseEnd] = {"refused": "refused", "budget": "left"}


class Receiver(Delivery):
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
        metering: the meters of the reply; None for those of the thread that makes the receiver.

    Attributes:
        questions: what the user is asked meanwhile.
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
        metering: Metering | None = None,
    ) -> None:
        super().__init__(Reply(request=source.request) if before else beginning(source), is_watched=is_watched)
        self._source = source
        self._limits = limits.at_speed(source.speed)
        self._currency = currency
        self._following = following
        self._before = before
        self._metering = Metering() if metering is None else metering
        self.trace = resumed_trace(before) or Trace()
        self._began = self._beginning()
        self._decoder = source.decoder(limits.max_bytes)
        #: Whether a request was sent whose end has not been told.
        self._is_open = False
        self._task: asyncio.Task[None] | None = None
        self._is_running = False
        self.questions = Questions(self._loop, before) if is_watched else NobodyToAsk(self._loop)
        self._loop.call_soon_threadsafe(self._start)

    @property
    def elapsed(self) -> float:
        """Seconds since the request was sent."""
        return time.monotonic() - self._began

    def cancel(self) -> bool:
        """Close the connection, keep the reply so far, and return whether it had not ended yet.

        Any thread may call this.
        """
        if self.done:
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
            self._began = self._beginning()
            if self._before:
                self._emit([*self._before])
            else:
                await self._send(self._first_events)
            await self._follow()
        except asyncio.CancelledError:
            if self._following is not None and self.reply.status == "calling":
                # The connection may still have been open, so that nobody had looked at the calls.
                self._following.stopped(self)
            self._emit([*self._decoder.flush(self.elapsed), Ended(self.elapsed, "cancelled")])
        except Exception as error:  # noqa: BLE001  (a defect must not lose the reply)
            failure = Failure("internal", said=f"{type(error).__name__}: {error}")
            self._emit([*self._decoder.flush(self.elapsed), Ended(self.elapsed, "failed", failure)])

    def _beginning(self) -> float:
        """Return when a reply that is sent now began; its earlier part went on until now."""
        return time.monotonic() - seconds_before(self._source, self._before)

    def _first_events(self) -> list[Event]:
        # Times measure the server, so they include neither imports nor the wait for a meter.
        self._began = self._beginning()
        return first_events(self._source, self.trace)

    async def _follow(self) -> None:
        """Send the requests that follow the first one, until the reply ends."""
        while self._following is not None and not self._has_ended:
            following = await self._following.following(self)
            if following is None:
                self._emit([Ended(self.elapsed, "served")])
                return
            self._source, cause = following
            await self._source.prepare()
            await self._send(partial(self._step_events, cause))

    def _step_events(self, cause: StepCause) -> list[Event]:
        return step_events(self._source, self.elapsed, cause)

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

    async def _send(self, first: Callable[[], list[Event]]) -> None:
        """Send a request, and again if it fails before its first delta.

        Args:
            first: returns the events with which the request begins.
        """
        attempts = 1 + self._limits.retries
        for attempt in range(1, attempts + 1):
            refusal = await self._admit(attempt)
            if attempt == 1:
                self._emit(first())
            self._decoder, self._is_open = self._source.decoder(self._limits.max_bytes), True
            end = await self._attempt(attempt) if refusal is None else Ended(self.elapsed, "failed", refusal)
            if end is None:
                return
            delay = retry.delay(end.failure, attempt)
            if delay is None or attempt == attempts or end.failure is None:
                self._emit([end])
                return
            self.trace.responses[-1].record()
            told = self._estimated(self.reply, end, lost)
            self._metering.ended(reduced(told, self.reply), end, is_repeated=True)
            self._emit([*told, Retrying(self.elapsed, attempt, attempts, delay, end.failure)])
            self._is_open = False
            await asyncio.sleep(delay / self._source.speed)

    async def _admit(self, attempt: int) -> Failure | None:
        """Ask the meters before a request is sent; return why it must not be."""
        admitted = await self._metering.admit(self._source, attempt, self._currency)
        if isinstance(admitted, Failure):
            return admitted
        self._source = admitted
        return None

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
        bursts, was_finished, check_at = BurstDetector(self._loop), False, self._metering.check_at(-math.inf)
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
                    if begins_burst and self._is_flushing:
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
                    if now >= check_at and not decoder.finished:
                        check_at = self._check(now)
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
                        await asyncio.sleep(min(self._frames.due, self._metering.check_at(now)) - now)
                        resumed_at = self._loop.time()
                        if self._is_watched:
                            self._flush_after_reading()
                        bursts.restart()
            response.close("whole")
        except SourceError as error:
            failure = error.failure
            response.close(_ENDS.get(failure.kind, "broken"), failure)
        except TimeoutError:
            failure = self._limits.stalled(self._source.server, byte_at, payload_at)
            # After a finish reason, the silence is no failure.
            response.close("left" if decoder.finished else "broken", None if decoder.finished else failure)
        finally:
            # Unless it has ended in another way, it was cancelled.
            response.close("stopped")
            make_room()
        return self._deliver(decoder.finish(self.elapsed, failure))

    def _check(self, now: float) -> float:
        """Ask the meters whether the reply may go on; return when to ask them again.

        Raises:
            SourceError: if it must end.
        """
        if (failure := self._metering.check(self.reply)) is not None:
            raise SourceError(failure)
        return self._metering.check_at(now)

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
        if events and isinstance(events[-1], Ended):
            events = self._ending(events)
        self._add(events, just_arrived=just_arrived)

    def _ending(self, events: list[Event]) -> list[Event]:
        """Return the last events of a response with what only their whole tells."""
        *others, end = events
        if self._has_ended or not isinstance(end, Ended):
            return []
        with self._changed:
            self._pending += others
        reply = self.reply
        told: list[Event] = []
        if reply.status != "calling":
            told += ending_warnings(reply, end.at)
            if (cost := cost_of(reduced([end], reply), self._currency)) is not None:
                told.append(Priced(end.at, cost))
            told += self._estimated(reply, end)
            # Before anybody learns that the reply has ended.
            self._record(reduced([end], reply).last_step, cost)
            self._metering.ended(reduced(told, reply), end)
        if self._goes_on(reply, end):
            return [*told, Responded(end.at)]
        self._metering.closed()
        return [*told, end]

    def _estimated(self, reply: Reply, end: Ended, estimate: Callable[..., Event | None] = estimated) -> list[Event]:
        """Return the estimate for what the server did not report of the last request."""
        if not self._is_open:
            return []
        found = estimate(reply, end, self._currency, has_data=self._decoder.payloads > 0)
        return [] if found is None else [found]

    def _record(self, step: Reply, cost: Cost | None) -> None:
        """Record the last response, which has ended, and which made this reply."""
        if self.trace.responses:
            self.trace.responses[-1].record(step, cost)

    def _goes_on(self, reply: Reply, end: Ended) -> bool:
        """Return whether the reply goes on after the end of a response."""
        if self._following is None or end.outcome != "served" or reply.status == "calling":
            return False
        return self._following.goes_on(reduced([end], reply))


def _is_served(events: Sequence[Event]) -> bool:
    return any(isinstance(each, Ended) and each.outcome == "served" for each in events)
