"""Delivers the events of one reply to its watchers, on any thread: joined, in frames.

`Delivery.reply` has every delta at once; watchers get events joined, in frames.
"""

from __future__ import annotations

import concurrent.futures
import math
import threading
from typing import TYPE_CHECKING, NamedTuple

from nbstream.client.frames import READING_TURNS, FrameSchedule, UnwatchedSchedule
from nbstream.client.jobs import Jobs
from nbstream.client.loop import background_loop
from nbstream.model.coalesce import coalesce
from nbstream.model.events import Ended
from nbstream.model.reduction import reduce

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from nbstream.model.events import Event
    from nbstream.model.reply import Reply

#: Events that nobody watches are joined when there are so many of them.
_MOST_PENDING = 1_000


class Update(NamedTuple):
    """New events, and the reply after them."""

    events: list[Event]
    reply: Reply


class Delivery:
    """A reply that grows on the background loop, and is watched from other threads.

    Args:
        reply: the reply before its first event.
        is_watched: whether somebody looks at the reply while it arrives. If not, nobody gets
            events, and the network is read more rarely: only the end is told, by `future`.

    Attributes:
        future: holds the reply once it has ended.
        cancelling: whether the reply is being cancelled.
        jobs: work for the thread that waits for the reply.
    """

    def __init__(self, reply: Reply, *, is_watched: bool = True) -> None:
        self.cancelling = False
        self._is_woken = False
        self.future: concurrent.futures.Future[Reply] = concurrent.futures.Future()
        # From now on a watcher that is cancelled cannot cancel the future.
        self.future.set_running_or_notify_cancel()
        self._reply = reply
        self._events: list[Event] = []
        #: The reply after `_events`, without the pending events.
        self._delivered = reply
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
        self._loop = background_loop()

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

    def _add(self, events: Sequence[Event], *, just_arrived: bool = False) -> None:
        """Add events, of which an `Ended` is the last, and deliver them with the next frame.

        Args:
            events: the events.
            just_arrived: as for `FrameSchedule.send_at`.
        """
        if not events:
            return
        with self._changed:
            if not self._has_ended:
                self._pending += events
                self._has_ended = isinstance(events[-1], Ended)
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

    def _reduce(self) -> None:
        """Apply the pending events to the reply, joined, as a frame may have hundreds of deltas."""
        new, self._reduced = self._pending[self._reduced :], len(self._pending)
        for event in coalesce(new):
            self._reply = reduce(self._reply, event)

    @property
    def _is_flushing(self) -> bool:
        """Whether the next frame only waits until what has arrived is read."""
        return self._flush_due == -math.inf

    def _flush_at(self, at: float | None) -> None:
        if self._flush_handle is not None:
            self._flush_handle.cancel()
        self._flush_due = math.inf if at is None else at
        self._flush_handle = None if at is None else self._loop.call_at(at, self._flush)

    def _flush_after_reading(self) -> None:
        """Flush after some turns of the event loop, whatever is read meanwhile."""
        self._flush_at(None)
        self._flush_due = -math.inf

        def turn(left: int) -> None:
            if left:
                self._flush_handle = self._loop.call_soon(turn, left - 1)
            else:
                self._flush()

        turn(READING_TURNS)

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
