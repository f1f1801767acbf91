"""What a run is shown in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.model.events import Event
    from nbstream.model.reply import Reply


class Sink(Protocol):
    """What a run is shown in."""

    @property
    def is_for_any_thread(self) -> bool:
        """Whether any thread may call it, one at a time, also while a tool prints."""

    def update(self, events: list[Event], reply: Reply) -> None:
        """Show new events; `reply` is the reply after exactly these events."""

    def tick(self) -> None:
        """Do the work that had to wait, as nothing new has arrived for a while."""

    def acknowledge(self) -> None:
        """Show that the reply is being stopped."""

    def settle(self, reply: Reply) -> None:
        """Show the whole reply; nothing follows."""


class ConfirmingSink(Sink, Protocol):
    """A sink whose settled output may be lost on its way to a page."""

    def when_confirmed(self, done: Callable[[], object]) -> None:
        """Call `done` once a page shows the settled output, at once if no page is watching."""
