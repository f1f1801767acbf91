"""What a running tool prints, on its way to those who watch.

Each look at it becomes an event, which a run and its journal keep. So an event has only the end of
a long output, and the longer a tool prints, the rarer they become.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.tool_result import Printed

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from nbstream.tools.capture import Capture

#: Between two events, at first; later it is this share of the time for which the tool has printed,
#: up to the most seconds.
_PRINT_SECONDS = 0.1
_SHARE = 0.05
_MOST_SECONDS = 2.0
#: An event has so many characters of a longer output. All that is kept comes with the outcome.
_SHOWN = 2_000


class Printing:
    """Hands on what a tool prints, some times a second."""

    def __init__(self, loop: asyncio.AbstractEventLoop, show: Callable[[Printed], object]) -> None:
        self._loop = loop
        self._show = show
        self._capture: Capture | None = None
        self._is_scheduled = False
        self._has_ended = False
        self._began: float | None = None

    def note(self, capture: Capture) -> None:
        """Take notice of new output, on the tool's thread: a tool may print without end."""
        self._capture = capture
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon_threadsafe(self._schedule)

    def end(self) -> None:
        """Show nothing more."""
        self._has_ended = True

    def _schedule(self) -> None:
        now = self._loop.time()
        self._began = now if self._began is None else self._began
        wait = min(_MOST_SECONDS, max(_PRINT_SECONDS, _SHARE * (now - self._began)))
        self._loop.call_later(wait, self._flush)

    def _flush(self) -> None:
        # Output that comes from here on is noted anew.
        self._is_scheduled = False
        if self._capture is not None and not self._has_ended:
            self._show(_end_of(self._capture.printed))


def _end_of(printed: Printed) -> Printed:
    """Return an output with its last characters only, if it is long."""
    kept = printed.tail if printed.left_out else printed.head + printed.tail
    if printed.length <= _SHOWN:
        return printed
    tail = kept[-_SHOWN:]
    return Printed("", printed.length - len(tail), tail)
