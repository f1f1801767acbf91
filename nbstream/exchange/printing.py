"""What a running tool prints, on its way to those who watch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from nbstream.model.tool_result import Printed
    from nbstream.tools.recording import Recording

#: What a tool prints is shown this often.
_PRINT_SECONDS = 0.1


class Printing:
    """Hands on what a tool prints, some times a second."""

    def __init__(self, loop: asyncio.AbstractEventLoop, show: Callable[[Printed], object]) -> None:
        self._loop = loop
        self._show = show
        self._recording: Recording | None = None
        self._is_scheduled = False
        self._has_ended = False

    def note(self, recording: Recording) -> None:
        """Take notice of new output, on the tool's thread: a tool may print without end."""
        self._recording = recording
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon_threadsafe(self._loop.call_later, _PRINT_SECONDS, self._flush)

    def end(self) -> None:
        """Show nothing more."""
        self._has_ended = True

    def _flush(self) -> None:
        # Output that comes from here on is noted anew.
        self._is_scheduled = False
        if self._recording is not None and not self._has_ended:
            self._show(self._recording.printed)
