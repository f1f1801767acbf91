"""The event loop of asynchronous tools: one for the process, on a thread of its own.

A client that a tool has opened on it can be used again by the next call. It is not the loop of the
requests: a tool that blocks its loop stops no answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import os
import threading
from typing import TYPE_CHECKING, Any

from nbstream.loops.loop_thread import LoopThread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Coroutine

    from nbstream.tools.interruption import Interruption

#: A call that was interrupted may clean up for so long.
_GRACE_SECONDS = 5.0
#: How often the waiting thread looks for signals, where they do not wake it.
_POLL_SECONDS = 0.1
#: How long the tasks may take to end with the process: servers have to be stopped.
_CLOSING_SECONDS = 6.0

_thread = LoopThread("nbstream-tools", _CLOSING_SECONDS)
tool_loop = _thread.loop
#: A loop refers to its tasks weakly.
_lasting: set[asyncio.Task[None]] = set()


def wait_for(awaitable: Awaitable[Any], interruption: Interruption) -> Any:
    """Run an awaitable on the loop, and return what it returns.

    The calling thread waits; its context variables hold in the task.

    Raises:
        KeyboardInterrupt: if ■ was pressed; the task was cancelled, and had time to clean up.
        BaseException: whatever the awaitable raises.
    """
    call = _Call(awaitable)
    loop = tool_loop()
    loop.call_soon_threadsafe(call.start, loop)
    try:
        call.wait(interruption)
    except KeyboardInterrupt:
        loop.call_soon_threadsafe(call.cancel)
        with contextlib.suppress(KeyboardInterrupt):
            call.wait(interruption, _GRACE_SECONDS)
        if not call.ended.is_set():
            # The call blocks it; the next one gets another loop.
            _thread.abandon(loop)
        raise
    if call.error is not None:
        raise call.error
    return call.value


def dropped(value: object) -> None:
    """Close a coroutine that was never started, so that Python does not complain of it."""
    if inspect.iscoroutine(value) and inspect.getcoroutinestate(value) == inspect.CORO_CREATED:
        value.close()


async def listed_async(values: AsyncIterator[Any], most: int) -> list[Any]:
    """Return the items of an asynchronous generator, at most `most`, and one more if there is."""
    items: list[Any] = []
    async for item in values:
        items.append(item)
        if len(items) > most:
            break
    close = getattr(values, "aclose", None)
    if close is not None:
        await close()
    return items


class _Call:
    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self._awaitable = awaitable
        self._context = contextvars.copy_context()
        self._task: asyncio.Task[None] | None = None
        self._pid = os.getpid()
        self.ended = threading.Event()
        self.value: Any = None
        self.error: BaseException | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._task = loop.create_task(self._work(), context=self._context)
        self._task.add_done_callback(self._end)

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _end(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            # It was cancelled before it started.
            self.error = asyncio.CancelledError()
            dropped(self._awaitable)
        self.ended.set()

    def wait(self, interruption: Interruption, seconds: float | None = None) -> None:
        """Wait until the call has ended, or for so many seconds; ■ ends the waiting."""
        rounds = None if seconds is None else int(seconds / _POLL_SECONDS)
        with interruption.allowed():
            while not self.ended.wait(_POLL_SECONDS):
                if rounds is not None:
                    rounds -= 1
                    if rounds <= 0:
                        return

    async def _work(self) -> None:
        try:
            self.value = await self._awaitable
        except BaseException as error:  # noqa: BLE001  (SystemExit would end the loop, and a task's end is kept)
            self.error = error
        finally:
            if os.getpid() != self._pid:
                # The coroutine has forked, and this is the child.
                os._exit(0 if self.error is None else 1)


def start_on_loop(work: Coroutine[Any, Any, None]) -> None:
    """Start a task that lives as long as its loop."""
    loop = tool_loop()

    def start() -> None:
        task = loop.create_task(work)
        _lasting.add(task)
        task.add_done_callback(_lasting.discard)

    loop.call_soon_threadsafe(start)
