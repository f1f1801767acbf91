"""Sends the requests of the columns: at most so many at once, the next one when one has ended."""

from __future__ import annotations

import contextvars
import threading
from typing import TYPE_CHECKING

from nbstream.client.loop import background_loop
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbstream.client.run import Run
    from nbstream.comparison.columns import Column


class Sending:
    """The requests of the columns on their way.

    Args:
        columns: the columns, in the order in which they are sent.
        most: the most requests at once.
        on_started: called with each column that was sent, and its run.
        on_refused: called with what is wrong with a request that cannot be sent; the others go on.
        on_ended: called on the background loop after the end of each.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        most: int,
        *,
        on_started: Callable[[Column, Run], None],
        on_refused: Callable[[str], None],
        on_ended: Callable[[], None],
    ) -> None:
        self._columns = columns
        self._most = most
        self._on_started = on_started
        self._on_refused = on_refused
        self._on_ended = on_ended
        self._starting = threading.Lock()
        #: Carries the session that the requests belong to.
        self._context = contextvars.copy_context()

    def start(self) -> None:
        """Send as many requests as may be under way; any thread may call it."""
        with self._starting:
            while (waiting := next((each for each in self._columns if each.is_waiting), None)) is not None:
                if sum(each.run is not None and not each.has_ended for each in self._columns) >= self._most:
                    return
                try:
                    run = waiting.start()
                except RequestError as error:
                    # Without an end of this one, nobody could wait for all.
                    waiting.cancel()
                    self._on_refused(str(error))
                    continue
                self._on_started(waiting, run)
                run.receiver.future.add_done_callback(self._soon)

    def _soon(self, _: object) -> None:
        # Later, as the receiver holds its lock now.
        background_loop().call_soon_threadsafe(self._context.copy().run, self._next)

    def _next(self) -> None:
        self.start()
        self._on_ended()
