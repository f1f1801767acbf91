"""The connection to a server: one task opens it, holds it, and closes it."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import threading
import weakref
from typing import TYPE_CHECKING, Any

from nbstream.tools.async_loop import tool_loop

if TYPE_CHECKING:
    from nbstream.tools.error_output import ErrorOutput

#: Of a server with more tools, the others are left out.
MOST_TOOLS = 500
_CLOSING_SECONDS = 6.0


class Connection:
    """The connection to a server. It is held by a task, which does not hold the `Server`.

    Attributes:
        client: the client, once it is connected.
        described: what the server says of its tools.
        failure: why the connection ended, or was not made; None if it was closed.
    """

    def __init__(self, client: Any, errors: ErrorOutput | None) -> None:
        self.client = client
        self.described: list[Any] = []
        self.failure: BaseException | None = None
        self.ready = threading.Event()
        self.ended = threading.Event()
        self.closing = asyncio.Event()
        self.loop = tool_loop()
        self._errors = errors
        self._task: asyncio.Task[Any] | None = None

    async def live(self) -> None:
        """Hold the connection; the task that opens it has to close it."""
        self._task = asyncio.current_task()
        try:
            async with self.client as client:
                await self._learn(client)
                self.ready.set()
                await self.closing.wait()
        except BaseException as error:  # noqa: BLE001  (it is told where somebody waits)
            self.failure = error
        finally:
            self.ended.set()
            self.ready.set()
            if self._errors is not None:
                self._errors.close()

    async def _learn(self, client: Any) -> None:
        cursor: str | None = None
        while len(self.described) < MOST_TOOLS:
            page = await client.list_tools(cursor=cursor)
            self.described += page.tools
            cursor = page.next_cursor
            if not cursor or not page.tools:
                break

    def end(self) -> None:
        """Close the connection soon, from any thread."""
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.closing.set)

    def cancel(self) -> None:
        """Give up connecting."""
        if self._task is not None:
            self.loop.call_soon_threadsafe(self._task.cancel)


#: The connections that were made.
opened: weakref.WeakSet[Connection] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Stop the programs of all servers before the loop ends."""
    connections = list(opened)
    for connection in connections:
        connection.end()
    for connection in connections:
        connection.ended.wait(_CLOSING_SECONDS)
