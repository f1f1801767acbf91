"""What goes on with a reply after a response: tool calls, or a question that is asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from nbstream.client.receiver import Receiver
    from nbstream.client.sources import Source
    from nbstream.model.events import StepCause
    from nbstream.model.reply import Reply


class Next(NamedTuple):
    """The next request of a reply, and why there is one."""

    source: Source
    cause: StepCause


class Following(Protocol):
    """Decides after each response whether another request follows."""

    def goes_on(self, reply: Reply) -> bool:
        """Return whether the reply goes on after a response, which has just ended."""

    async def following(self, receiver: Receiver) -> Next | None:
        """Do what comes between two requests, on the background loop; return the next one.

        None ends the reply. Cancelling stops the reply; every open call then gets its outcome.
        """
