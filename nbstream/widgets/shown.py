"""What a live view needs from what it shows: a run with its reply, or a job with its progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from nbstream.model.events import Event
    from nbstream.model.reply import Reply
    from nbstream.widgets.protocol import Keyframe, Patch


class Watched(Protocol):
    """What is under way, and can be stopped."""

    id: str

    @property
    def reply(self) -> Reply:
        """The reply so far."""

    @property
    def done(self) -> bool:
        """Whether it has ended."""

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""

    @property
    def receiver(self) -> Any:
        """What receives the reply."""

    def wake(self) -> None:
        """Let the thread that shows it call `LiveView.tick` soon; any thread may call this."""

    def cancel(self) -> bool:
        """Stop it, from any thread, and return whether it had not ended."""


class Patches(Protocol):
    """What a page is sent, without kernel, widget or clock."""

    @property
    def seq(self) -> int:
        """The sequence number of the last patch."""

    @property
    def is_behind(self) -> bool:
        """Whether there is something that no patch holds yet."""

    @property
    def changes_status(self) -> bool:
        """Whether the next patch changes the status or a tool call, and not only text."""

    @property
    def unfinished(self) -> str:
        """What stands in a file that was saved before the end."""

    def feed(self, events: list[Event], reply: Reply) -> None:
        """Take new events, and the reply after them."""

    def patch(self, elapsed: float, *, final: bool = False) -> Patch | None:
        """Return the next patch, or None if nothing has changed.

        Args:
            elapsed: seconds since the beginning.
            final: whether it is the last one.
        """

    def keyframe(self, elapsed: float) -> Keyframe:
        """Return the state after every patch so far."""

    def settled(self, run_id: str) -> tuple[dict[str, str], dict[str, Any]]:
        """Return the settled output, and its metadata."""
