"""The handle of a reply that is being received: to watch, await, iterate over and cancel."""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
import weakref
from typing import TYPE_CHECKING, Any

from nbstream.client.receiver import Receiver
from nbstream.client.retry import Limits
from nbstream.language import _, marked

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence

    from nbstream.client.following import Following
    from nbstream.client.sources import Source
    from nbstream.model.events import Event
    from nbstream.model.reply import Reply

#: ipykernel's SIGINT handler only queues a callback, which does not wake a sleeping event loop. So
#: the loop wakes up this often to notice ■: a request ends within 0.1 s of it.
_TICK_SECONDS = 0.05
#: A reply with tools has work for this thread, which nothing else wakes up for it.
_JOB_SECONDS = 0.02
#: The longest wait for the end of a reply that was cancelled; it comes within 0.1 s.
CLOSING_SECONDS = 1.0

_STOPPED = marked("stopped; what arrived is kept in the run's reply, the latest one in nbstream.last")


class Run:
    """A reply that is being received.

    `run.reply` is the reply so far. `run.result()` waits for its end, as does `await run` in any
    event loop. `async for event in run` yields all events from the first one on, with deltas
    joined; leaving the loop early cancels the run. `run.cancel()` may be called from any thread.
    None of them raises an exception for an error of the server, which is in the reply. A run is
    cancelled when the last reference to it is gone.

    Attributes:
        id: a unique id.
        receiver: receives the reply; has no reference to the run.
    """

    def __init__(
        self,
        source: Source,
        limits: Limits | None = None,
        currency: str = "USD",
        following: Following | None = None,
        before: Sequence[Event] = (),
    ) -> None:
        # Each message to a page names it, so it is short.
        self.id = uuid.uuid4().hex[:16]
        self.receiver = Receiver(source, limits or Limits(), currency, following=following, before=before)
        weakref.finalize(self, self.receiver.cancel).atexit = False

    @property
    def reply(self) -> Reply:
        """The reply so far."""
        return self.receiver.reply

    @property
    def done(self) -> bool:
        """Whether the reply has ended."""
        return self.receiver.done

    @property
    def elapsed(self) -> float:
        """Seconds since the request was sent."""
        return self.receiver.elapsed

    def result(self, timeout: float | None = None) -> Reply:
        """Wait for the end and return the reply, even if it failed.

        Args:
            timeout: the most seconds to wait; None means no limit.

        Raises:
            TimeoutError: if the reply has not ended by then; the run continues.
            KeyboardInterrupt: if ■ or Ctrl-C was pressed; the run is cancelled.
        """
        ends_at = None if timeout is None else time.monotonic() + timeout
        try:
            with self.receiver.questions.waited_for():
                while not self.done:
                    if self._work():
                        continue
                    wait = None if ends_at is None else ends_at - time.monotonic()
                    if wait is not None and wait <= 0:
                        raise TimeoutError
                    self.receiver.wait(sys.maxsize, cancelling=self.receiver.cancelling, timeout=wait)
            return self.receiver.future.result()
        except KeyboardInterrupt:
            # Nobody waits for the reply any more, so no more tokens should be paid for.
            self.cancel()
            raise

    def wake(self) -> None:
        """Let the thread that shows the reply look at once what pages ask for."""
        self.receiver.wake()

    def cancel(self) -> bool:
        """Close the connection, keep the reply so far, and return whether it had not ended yet."""
        return self.receiver.cancel()

    @property
    def _tick_seconds(self) -> float:
        return _JOB_SECONDS if self.receiver.has_following else _TICK_SECONDS

    def _work(self) -> bool:
        """Do work of the reply, such as running a tool; return whether there was any.

        Raises:
            KeyboardInterrupt: if ■ was pressed meanwhile; the reply has been stopped.
        """
        job = self.receiver.jobs.take()
        if job is not None and job.run():
            self.cancel()
            raise KeyboardInterrupt
        return job is not None

    def __await__(self) -> Generator[Any, None, Reply]:
        return self._awaited().__await__()

    async def _awaited(self) -> Reply:
        ended = asyncio.wrap_future(self.receiver.future)
        try:
            with self.receiver.questions.waited_for():
                while not ended.done():
                    await asyncio.wait({ended}, timeout=self._tick_seconds)
                    self._work()
            return ended.result()
        except asyncio.CancelledError as error:
            # ■ in an async cell, or a timeout around `await run`: nobody needs the reply any more,
            # so no more tokens should be paid for.
            self.cancel()
            try:
                await asyncio.wait({ended}, timeout=CLOSING_SECONDS)
            finally:
                ended.cancel()
            if not error.args:
                error.args = (_(_STOPPED),)
                # IPython shows this one line instead of a traceback.
                vars(error)["_render_traceback_"] = lambda: [f"CancelledError: {_(_STOPPED)}"]
            raise

    def __aiter__(self) -> AsyncIterator[Event]:
        return _Events(self._events(), self.receiver)

    async def _events(self) -> AsyncGenerator[Event]:
        loop = asyncio.get_running_loop()
        news = asyncio.Event()

        def listener() -> None:
            loop.call_soon_threadsafe(news.set)

        seen = 0
        self.receiver.add_listener(listener)
        try:
            with self.receiver.questions.waited_for():
                while True:
                    news.clear()
                    ended = self.done
                    for event in self.receiver.wait(seen, timeout=0).events:
                        yield event
                        seen += 1
                    if self._work():
                        continue
                    if ended:
                        return
                    # Not wait_for: in Python 3.11 it loses a cancellation, such as ■, that happens
                    # at the moment of its timeout.
                    tick = loop.call_later(self._tick_seconds, news.set)
                    await news.wait()
                    tick.cancel()
        finally:
            # This has no effect after the end. Before it, the loop was left by `break`, by an
            # exception, or because its task was cancelled.
            self.receiver.remove_listener(listener)
            self.cancel()

    def __repr__(self) -> str:
        return f"<Run {self.reply!r}>"


class _Events:
    """The events of a run; cancels it when the last reference is gone, as after `break`.

    An async generator alone would only ask its event loop to close it, and a loop that does not run
    any more, such as IPython's between two cells of a terminal, never does.
    """

    def __init__(self, events: AsyncGenerator[Event], receiver: Receiver) -> None:
        self._events = events
        self._receiver = receiver

    def __aiter__(self) -> _Events:
        return self

    async def __anext__(self) -> Event:
        return await anext(self._events)

    async def aclose(self) -> None:
        """Leave the loop early."""
        await self._events.aclose()

    def __del__(self) -> None:
        self._receiver.cancel()
