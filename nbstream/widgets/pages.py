"""The pages that show one widget: tabs of a notebook, and what each has reported about itself."""

from __future__ import annotations

from typing import Any


def last_seq(message: dict[str, Any]) -> int:
    """Return the number of the last patch that a page has; 0 if it says none."""
    seq = message.get("seq")
    return seq if isinstance(seq, int) else 0


class Pages:
    """What pages have reported. Messages may come on any thread; two tabs are two pages.

    Attributes:
        known: every page that sent a message.
        settled: whether some page shows the settled output.
    """

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.settled = False
        #: Pages that draw the widget.
        self._drawing: set[str] = set()
        #: Whether each page has the end of the text on its screen, with the number of that report:
        #: a message comes on two channels, in any order.
        self._visible: dict[str, tuple[int, bool]] = {}

    @property
    def draws(self) -> bool:
        """Whether some page draws the widget."""
        return bool(self._drawing)

    @property
    def sees_end(self) -> bool:
        """Whether some page shows the end of the text; assumed if none has reported."""
        drawing = tuple(self._drawing)
        return not drawing or any(self._visible.get(page, (0, True))[1] for page in drawing)

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
                seq = message.get("seq")
                if isinstance(seq, int) and seq > self._visible.get(page, (0, True))[0]:
                    self._visible[page] = seq, message.get("visible") is not False
