"""What the pages of an instrument have of it, and the messages that bring them what has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.widgets.early_keyframes import EarlyKeyframes

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from nbstream.widgets.instruments.protocol import Frame, InstrumentKeyframe
    from nbstream.widgets.instruments.shown_replies import ShownReplies


class Frames:
    """The frames of an instrument, and the keyframe after the last one.

    Args:
        state: guards what pages are sent.
        own: returns the own state of the instrument.

    Attributes:
        seq: the number of the last frame.
    """

    def __init__(self, state: threading.RLock, own: Callable[[], dict[str, Any]]) -> None:
        self.seq = 0
        self._state = state
        self._own = own
        self._sent = own()
        #: Whether the next frame has to look for changes of the own state.
        self._is_behind = False
        self._needs_keyframe = False
        self._early = EarlyKeyframes()

    @property
    def is_waiting(self) -> bool:
        """Whether a keyframe is due later, without news."""
        return bool(self._early)

    def note_change(self) -> None:
        """Look for changes of the own state in the next frame."""
        self._is_behind = True

    def ask_for_keyframe(self, seq: int | None = None) -> None:
        """Send a keyframe soon; with `seq`, if there was a frame after that one."""
        self._needs_keyframe |= seq is None or seq < self.seq

    def needs_keyframe(self) -> bool:
        """Return, once, that a keyframe is to be sent."""
        needs, self._needs_keyframe = self._needs_keyframe, False
        return self._early.is_due() or needs

    def lose(self) -> None:
        """Note that a frame was made and perhaps not sent: no later one has its changes."""
        with self._state:
            self.seq += 1
        self.ask_for_keyframe()

    def keyframe(self, replies: ShownReplies) -> InstrumentKeyframe:
        """Return the whole state after the last frame."""
        with self._state:
            return {
                "seq": self.seq,
                # Not as it is now: a field that changes back before the next frame is not in that.
                "own": self._sent,
                "replies": {key: shown.state() for key, shown in replies.items() if shown.is_sent},
            }

    def next(self, replies: ShownReplies) -> Frame | None:
        """Return the next frame; None if nothing has changed."""
        frame: Frame = {"type": "frame", "seq": self.seq + 1}
        with self._state:
            if self._is_behind:
                self._is_behind = False
                own = self._own()
                changed = {name: value for name, value in own.items() if self._sent.get(name, _MISSING) != value}
                if gone := [name for name in self._sent if name not in own]:
                    frame["gone"] = gone
                if changed:
                    frame["own"] = changed
                self._sent = own
            replies.add_to(frame)
            if not frame.keys() > {"type", "seq"}:
                return None
            self.seq += 1
        return frame


_MISSING = object()
