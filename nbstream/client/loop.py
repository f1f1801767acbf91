"""The background event loop, on a daemon thread, on which every run is a task.

Unlike a synchronous client in a thread, a task can be cancelled while its server is silent.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_owner = 0


def background_loop() -> asyncio.AbstractEventLoop:
    """Return the loop. The first call starts it, also in a forked child, which has no threads."""
    global _loop, _owner  # noqa: PLW0603  (one loop for each process)
    with _lock:
        if _loop is None or _owner != os.getpid():
            _loop = asyncio.new_event_loop()
            _owner = os.getpid()
            threading.Thread(target=_serve, args=(_loop,), name="nbstream", daemon=True).start()
        return _loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()


@atexit.register
def _close() -> None:
    """Cancel every task, so that connections are closed properly when the process ends."""
    loop = _loop
    if loop is None or _owner != os.getpid() or not loop.is_running():
        return

    async def cancel_tasks() -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=0.5) if tasks else None

    with contextlib.suppress(TimeoutError):
        asyncio.run_coroutine_threadsafe(cancel_tasks(), loop).result(timeout=1)
    loop.call_soon_threadsafe(loop.stop)
