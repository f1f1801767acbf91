"""Whether somebody sees a text grow: text that grows where no reader sees it is sent rarely."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

#: Text that grows where no reader sees it is sent this often.
_UNSEEN_FRAME_SECONDS = 0.25


class Screens:
    """Which pages have the end of a text on the screen. Messages may come on any thread.

    Args:
        drawing: the pages that draw the text; any thread may change it.
    """

    def __init__(self, drawing: Collection[str]) -> None:
        self._drawing = drawing
        #: By page: whether the end of the text is on its screen, with the number of that report: a
        #: message comes on two channels, in any order.
        self._reports: dict[str, tuple[int, bool]] = {}

    @property
    def show_end(self) -> bool:
        """Whether some page has the end of the text on its screen; assumed if none draws it."""
        drawing = tuple(self._drawing)
        # A page reports only that this has changed: at first it is.
        return not drawing or any(self._reports.get(page, (0, True))[1] for page in drawing)

    def may_wait(self, sent_at: float) -> bool:
        """Return whether text may wait; some was sent at `sent_at` of the monotonic clock."""
        return not self.show_end and time.monotonic() - sent_at < _UNSEEN_FRAME_SECONDS

    def note(self, message: dict[str, Any]) -> None:
        """Note what a page reports with `visibility`."""
        seq, page = message.get("seq"), str(message.get("page", ""))
        if isinstance(seq, int) and seq > self._reports.get(page, (0, True))[0]:
            self._reports[page] = seq, message.get("visible") is not False

    def leave(self, page: str) -> None:
        """Note that a page was closed."""
        self._reports.pop(page, None)
