"""What goes on with a reply after a response: tool calls, or a question that is asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from nbstream.client.jobs import Jobs
    from nbstream.client.questions import Questions
    from nbstream.client.sources import Source
    from nbstream.model.events import Event, StepCause
    from nbstream.model.reply import Reply


class Next(NamedTuple):
    """The next request of a reply, and why there is one."""

    source: Source
    cause: StepCause


class OpenReply(Protocol):
    """A reply between two requests, as what follows sees it; a `Receiver`."""

    questions: Questions
    jobs: Jobs

    @property
    def reply(self) -> Reply:
        """The reply so far."""

    @property
    def source(self) -> Source:
        """The last request."""

    @property
    def elapsed(self) -> float:
        """Seconds since the first request was sent."""

    def emit(self, event: Event) -> None:
        """Add an event, such as what became of a call, and show it at once."""

    def cancel(self) -> bool:
        """Stop the reply."""


class Following(Protocol):
    """Decides after each response whether another request follows."""

    def goes_on(self, reply: Reply) -> bool:
        """Return whether the reply goes on after a response, which has just ended."""

    async def following(self, open_reply: OpenReply) -> Next | None:
        """Do what comes between two requests, on the background loop; return the next one.

        None ends the reply. Cancelling stops the reply; every open call then gets its outcome.
        """

    def stopped(self, open_reply: OpenReply) -> None:
        """Note that the reply was stopped after a response, maybe before `following`."""
