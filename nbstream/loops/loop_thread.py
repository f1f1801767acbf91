"""An event loop on a daemon thread, for the whole process."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading

from nbstream.sessions.process_lock import ProcessLock


class LoopThread:
    """A loop that starts when it is needed, and whose tasks are cancelled with the process.

    Args:
        name: the name of the thread.
        closing_seconds: how long the tasks may take to end with the process.
    """

    def __init__(self, name: str, closing_seconds: float) -> None:
        self._name = name
        self._closing_seconds = closing_seconds
        self._lock = ProcessLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._owner = 0
        atexit.register(self._close)

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop. The first call starts it, also in a forked child without threads."""
        with self._lock:
            if self._loop is None or self._owner != os.getpid():
                self._loop = asyncio.new_event_loop()
                self._owner = os.getpid()
                threading.Thread(target=_serve, args=(self._loop,), name=self._name, daemon=True).start()
            return self._loop

    def abandon(self, loop: asyncio.AbstractEventLoop) -> None:
        """Leave a loop that a task blocks; the next call of `loop` starts another one."""
        with self._lock:
            if self._loop is loop:
                self._loop = None

    def _close(self) -> None:
        """Cancel every task, so that connections are closed and servers stopped."""
        loop = self._loop
        if loop is None or self._owner != os.getpid() or not loop.is_running():
            return

        async def cancel_tasks() -> None:
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=self._closing_seconds) if tasks else None

        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(cancel_tasks(), loop).result(timeout=self._closing_seconds + 0.5)
        loop.call_soon_threadsafe(loop.stop)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    ended = False
    while not ended:
        # A task of a tool may raise SystemExit, which asyncio passes on.
        with contextlib.suppress(BaseException):
            loop.run_forever()
            ended = True
