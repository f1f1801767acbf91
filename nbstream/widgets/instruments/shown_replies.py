"""The replies of an instrument, each under a key, and what its page is told of them in a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.client import history
from nbstream.widgets.instruments.shown_reply import ShownReply

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection

    from nbstream.client.receiver import Receiver
    from nbstream.client.run import Run
    from nbstream.model.presentation import Presentation
    from nbstream.model.reply import Reply
    from nbstream.widgets.instruments.protocol import Frame


class ShownReplies:
    """The replies that an instrument shows, by key.

    Args:
        state: guards what the page is sent.
        wake: lets the instrument's thread look for news.
        drawing: the pages that draw the instrument; any thread may change it.
    """

    def __init__(self, state: threading.RLock, wake: Callable[[], None], drawing: Collection[str]) -> None:
        self._state = state
        self._wake = wake
        self._drawing = drawing
        self._shown: dict[str, ShownReply] = {}
        #: Those that were shown until the last frame, and are not any more.
        self._hidden: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._shown

    def show(self, key: str, shown: Run | Receiver | Reply, presentation: Presentation) -> ShownReply:
        """Show a run, or a reply that has ended, in place of what the key showed before.

        The receiver of a run is shown as well, but the run, with its tools, is somebody else's.
        """
        added = ShownReply(shown, presentation, self._drawing)
        if added.run is not None:
            # Its view has a Stop of its own.
            history.spare(added.run.receiver)
        with self._state:
            self._drop(key)
            self._shown[key] = added
        added.listen(self._wake)
        self._wake()
        return added

    def hide(self, key: str) -> None:
        """Show nothing under the key any more. A run that only the instrument holds is stopped."""
        with self._state:
            self._drop(key)
        self._wake()

    def clear(self) -> None:
        """Hide all."""
        for key in dict(self.items()):
            self.hide(key)

    @property
    def keys(self) -> set[str]:
        """The keys under which something is shown."""
        with self._state:
            return {*self._shown}

    @property
    def has_live_run(self) -> bool:
        """Whether a run that it holds itself has not ended; no lock is taken."""
        return any(shown.run is not None and not shown.is_over for shown in [*self._shown.values()])

    def get(self, key: str) -> ShownReply | None:
        """Return what the key shows."""
        return self._shown.get(key)

    def items(self) -> list[tuple[str, ShownReply]]:
        """Return what is shown, the oldest first."""
        with self._state:
            return [*self._shown.items()]

    def every(self) -> list[ShownReply]:
        """Return what is shown, without the keys."""
        return [shown for _, shown in self.items()]

    def add_to(self, frame: Frame) -> None:
        """Add what has changed to a frame; `_state` is held."""
        hidden, self._hidden = self._hidden, []
        if hidden:
            frame["hidden"] = hidden
        shown, patches = {}, {}
        for key, each in self._shown.items():
            if not each.is_sent:
                each.patch()
                shown[key] = each.state()
                each.is_sent = True
            elif (patch := each.patch()) is not None:
                patches[key] = patch
        if shown:
            frame["shown"] = shown
        if patches:
            frame["replies"] = patches
        if stopping := [key for key, each in self._shown.items() if each.begins_to_stop()]:
            frame["stopping"] = stopping

    def _drop(self, key: str) -> None:
        dropped = self._shown.pop(key, None)
        if dropped is not None:
            dropped.forget()
            if dropped.is_sent:
                self._hidden.append(key)
