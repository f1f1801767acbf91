"""Goes on with the last answer of a reply that has taken several requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.client.following import Next

if TYPE_CHECKING:
    from nbstream.client.following import Following, OpenReply
    from nbstream.client.sources import Source
    from nbstream.model.events import StepCause
    from nbstream.model.reply import Reply


class LastRequest:
    """Sends one request after the steps of a reply, and then whatever follows it.

    Args:
        source: the request, which goes on with the last answer or asks for it anew.
        cause: why the reply has this request.
        then: what follows it; None if nothing can.
    """

    def __init__(self, source: Source, cause: StepCause, then: Following | None) -> None:
        self._next: Next | None = Next(source, cause)
        self._then = then

    def goes_on(self, reply: Reply) -> bool:
        """Return whether the reply goes on after a response."""
        return self._then is not None and self._then.goes_on(reply)

    async def following(self, open_reply: OpenReply) -> Next | None:
        """Return the next request."""
        found, self._next = self._next, None
        if found is not None:
            return found
        return None if self._then is None else await self._then.following(open_reply)

    def stopped(self, open_reply: OpenReply) -> None:
        """Note that the reply was stopped after a response."""
        if self._then is not None:
            self._then.stopped(open_reply)
