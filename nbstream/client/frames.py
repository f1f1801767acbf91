"""When a run reads from the network, and when its watchers get the next frame.

Each read and each message costs time, whatever its size. So a run reads nothing between two frames:
the operating system buffers the data, and the run then reads all of it for one frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

#: The shortest time between two frames. It grows with the text, as nobody can read that fast.
FRAME_SECONDS = 1 / 30
_LONGEST_FRAME_SECONDS = 0.07
_READABLE_CHARACTERS = 900  # a second: eleven lines
#: Data that has just arrived may be sent this long before its frame is due.
SLACK_SECONDS = 0.01
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
        due: the time of the next frame, in seconds of the caller's clock.
    """

    def __init__(self) -> None:
        self.due = 0.0
        self._sent_at = 0.0

    def note_sent(self, now: float, characters: int) -> None:
        """Schedule the next frame after one with this many characters of text."""
        per_second = characters / max(now - self._sent_at, FRAME_SECONDS)
        self._sent_at = now
        pause = min(max(1.0, per_second / _READABLE_CHARACTERS) * FRAME_SECONDS, _LONGEST_FRAME_SECONDS)
        # Counted from the due time, so that early frames do not make more frames.
        self.due = max(self.due, now) + pause

    def send_at(self, now: float, *, just_arrived: bool) -> float:
        """Return when to send the data that was read now.

        Args:
            now: the current time.
            just_arrived: whether the run had to wait for the data.
        """
        is_early = just_arrived and now >= self.read_at
        return now + DEBOUNCE_SECONDS if is_early else max(self.due, now + DEBOUNCE_SECONDS)

    @property
    def read_at(self) -> float:
        """When to start reading for the next frame; the run then reads until the frame is sent."""
        return self.due - SLACK_SECONDS


class UnwatchedSchedule(FrameSchedule):
    """Says when to read the network for a reply that nobody watches: there are no frames."""

    def __init__(self) -> None:
        super().__init__()
        self._began: float | None = None

    def note_sent(self, now: float, characters: int) -> None:  # noqa: ARG002  (all of it waits for the end)
        """Schedule the next reading after one at the time `now`."""
        self._began = now if self._began is None else self._began
        self.due = now + SLACK_SECONDS + min(_UNWATCHED_SECONDS, _UNWATCHED_SHARE * (now - self._began))


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
