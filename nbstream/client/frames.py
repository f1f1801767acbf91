"""When a run reads, and when it tells: in frames, since each look at the network and each message costs.

Between two frames what arrives is left to the operating system, which keeps it for nothing; then all of it is read and
told at once. Nobody waits longer for that, as only frames are shown. This module must not know what is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

#: Frames come so often at the most, and less often where more text comes than anybody could follow.
FRAME_SECONDS = 1 / 30
_LONGEST_FRAME_SECONDS = 0.07
_FOLLOWED_CHARACTERS = 900  # a second: eleven lines
#: A frame may be told so much before it is due if something has just come, which is then told while it is fresh.
EARLY_SECONDS = 0.01
#: So long it takes to read what has come meanwhile, or together.
READING_SECONDS = 0.001
#: After so many bytes at once there are probably more, and the reader does not rest.
_LARGE_BURST = 32 << 10


class Frames:
    """Says when the next frame is due.

    Attributes:
        due: when, in seconds of the caller's clock.
    """

    def __init__(self) -> None:
        self.due = 0.0
        self._told = 0.0

    def told(self, now: float, characters: int) -> None:
        """Note that a frame has been told, with so many characters of text."""
        per_second = characters / max(now - self._told, FRAME_SECONDS)
        self._told = now
        pause = min(max(1.0, per_second / _FOLLOWED_CHARACTERS) * FRAME_SECONDS, _LONGEST_FRAME_SECONDS)
        # From when it was due: frames that come early are not more frames.
        self.due = max(self.due, now) + pause

    def telling_at(self, now: float, *, is_fresh: bool) -> float:
        """Return when to tell what has been read now; `is_fresh` says that it had been waited for."""
        may_be_early = is_fresh and now >= self.reading_at
        return now + READING_SECONDS if may_be_early else max(self.due, now + READING_SECONDS)

    @property
    def reading_at(self) -> float:
        """From when on to read until a frame has been told: a rest in between would leave half a burst unread."""
        return self.due - EARLY_SECONDS


class Bursts:
    """Tells pieces that were waited for from those that had come with the one before.

    A loop that runs other callbacks between two pieces had to wait for the second.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._has_waited = False
        self._is_watching = False
        self._size = self._last_size = 0
        self.watch()

    @property
    def left_more(self) -> bool:
        """Whether the burst before this one was so large that there is probably more where it came from."""
        return self._last_size >= _LARGE_BURST

    def watch(self) -> None:
        """Look from now on."""
        self._has_waited = False
        if not self._is_watching:
            self._is_watching = True
            self._loop.call_soon(self._note)

    def begins_with(self, piece: bytes) -> bool:
        """Take the next piece, and return whether it was waited for."""
        if not self._has_waited:
            self._size += len(piece)
            return False
        self._last_size, self._size = self._size, len(piece)
        self.watch()
        return True

    def _note(self) -> None:
        self._has_waited, self._is_watching = True, False
