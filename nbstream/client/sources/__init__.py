"""Sources: where the bytes of a response come from, and which decoder reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from nbstream.model.failure import Failure
    from nbstream.model.request import Request
    from nbstream.wire.decoder import Decoder


class SourceError(Exception):
    """The bytes could not be had, or broke off.

    Attributes:
        failure: what happened.
        retry_after: seconds that the server asks to wait before the next attempt, if it does.
    """

    def __init__(self, failure: Failure, retry_after: float | None = None) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.retry_after = retry_after


class Source(Protocol):
    """Gives the bytes of one response, as often as it is opened, and the decoder for them."""

    @property
    def server(self) -> str:
        """The server's name in a sentence."""

    @property
    def request(self) -> Request:
        """What is asked."""

    async def prepare(self) -> None:
        """Get ready to send, as far as that does not depend on the server."""

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Send the request and return its bytes as they arrive; leaving the context closes the connection.

        Raises:
            SourceError: on entering, and wherever the bytes break off.
        """

    def decoder(self, max_bytes: int) -> Decoder:
        """Return a new decoder for one response.

        Args:
            max_bytes: the most bytes of text that the reply may have.
        """
