"""The pages that show one widget: tabs of a notebook, and what each has reported about itself."""

from __future__ import annotations

from typing import Any

from nbstream.widgets.screens import Screens


def last_seq(message: dict[str, Any]) -> int:
    """Return the number of the last patch that a page has; 0 if it says none."""
    seq = message.get("seq")
    return seq if isinstance(seq, int) else 0


class Pages:
    """What pages have reported. Messages may come on any thread; two tabs are two pages.

    Attributes:
        known: every page that sent a message.
        settled: whether some page shows the settled output.
        screens: which of them have the end of the text on the screen.
    """

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.settled = False
        #: Pages that draw the widget.
        self._drawing: set[str] = set()
        self.screens = Screens(self._drawing)

    @property
    def draws(self) -> bool:
        """Whether some page draws the widget."""
        return bool(self._drawing)

    def note(self, message: dict[str, Any]) -> None:
        """Note what `message` reports about the page that sent it."""
        page = str(message.get("page", ""))
        self.known.add(page)
        match message.get("type"):
            case "mounted":
                self._drawing.add(page)
            case "unmounted":
                self._drawing.discard(page)
                self.settled = True
            case "left":
                self._drawing.discard(page)
            case "visibility":
                self.screens.note(message)
