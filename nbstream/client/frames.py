"""When a run reads from the network, and when its watchers get the next frame.

Each read and each message costs time, whatever its size. So a run reads nothing between two frames:
the operating system buffers the data, and the run reads all of it when the next frame is due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

#: The time between two frames: as long as text may be late, since each frame costs the same.
FRAME_SECONDS = 1 / 15
#: Reading what has arrived takes so many turns of the event loop, with TLS. A frame that is due
#: waits for them; a time would be too short where the thread has to wait for a processor.
READING_TURNS = 5
#: The wait for more data of the same burst, so that it is sent in the same frame.
DEBOUNCE_SECONDS = 0.001
#: A reply that nobody watches is read this often, and at first more often: waiting for its end
#: makes it longer by so much at most.
_UNWATCHED_SECONDS = 0.25
_UNWATCHED_SHARE = 0.1
#: After a burst of this many bytes there is probably more data, so the run keeps reading.
_LARGE_BURST = 32 << 10


class FrameSchedule:
    """Says when the next frame is due.

    Attributes:
        due: the time of the next frame, in seconds of the caller's clock. Nothing is read before.
    """

    def __init__(self) -> None:
        self.due = 0.0

    def note_sent(self, now: float) -> None:
        """Schedule the next frame after one that was sent now."""
        # Counted from the due time, so that late frames do not make fewer frames.
        self.due = max(self.due + FRAME_SECONDS, now + FRAME_SECONDS / 2)

    def send_at(self, now: float, *, just_arrived: bool) -> float:
        """Return when to send the data that was read now.

        Args:
            now: the current time.
            just_arrived: whether the run had to wait for the data, so that more may follow at once.
        """
        return max(self.due, now + DEBOUNCE_SECONDS if just_arrived else now)


class UnwatchedSchedule(FrameSchedule):
    """Says when to read the network for a reply that nobody watches: there are no frames."""

    def __init__(self) -> None:
        super().__init__()
        self._began: float | None = None

    def note_sent(self, now: float) -> None:
        """Schedule the next reading after one at the time `now`."""
        self._began = now if self._began is None else self._began
        self.due = now + min(_UNWATCHED_SECONDS, _UNWATCHED_SHARE * (now - self._began))


class BurstDetector:
    """Tells the first piece of a burst from pieces that arrived together with the one before.

    If the loop runs a callback between two pieces, the second piece had not arrived yet.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._has_waited = False
        self._is_scheduled = False
        self._size = self._last_size = 0
        self.restart()

    @property
    def expects_more(self) -> bool:
        """Whether the burst before the current one was large."""
        return self._last_size >= _LARGE_BURST

    def restart(self) -> None:
        """Ignore any wait before now."""
        self._has_waited = False
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._note_wait)

    def begins_burst(self, piece: bytes) -> bool:
        """Take the next piece, and return whether it begins a burst."""
        if not self._has_waited:
            self._size += len(piece)
            return False
        self._last_size, self._size = self._size, len(piece)
        self.restart()
        return True

    def _note_wait(self) -> None:
        self._has_waited, self._is_scheduled = True, False
