"""Which pages show a view of an instrument: without any, nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Views:
    """The pages that show an instrument. Messages may come on any thread, and out of order.

    Attributes:
        pages: those that show it, by the ids that they give themselves.
    """

    def __init__(self) -> None:
        self.pages: set[str] = set()
        #: By page: the number of its last message about its views.
        self._heard: dict[str, int] = {}
        #: Whether the last page has taken its view away.
        self._are_gone = False

    @property
    def are_there(self) -> bool:
        """Whether some page shows a view; assumed until the last one says that it does not."""
        return bool(self.pages) or not self._are_gone

    def expect(self) -> None:
        """Assume that a page will show it, since it is displayed."""
        self._are_gone = False

    def note(self, message: Mapping[str, Any], page: str, *, by_control: bool) -> None:
        """Note that a page shows the instrument (`mounted`), or not any more (another type).

        Args:
            message: the message.
            page: the page that sent it.
            by_control: whether it came by the control channel. A page that has only comms may not
                be heard when it shows the instrument again, so it is always sent everything.
        """
        number = message.get("number", 0)
        if number < self._heard.get(page, 0):
            return
        self._heard[page] = number
        if message.get("type") == "mounted":
            self._are_gone = False
            self.pages.add(page)
        elif page in self.pages:
            self.pages.discard(page)
            self._are_gone = by_control and not self.pages
