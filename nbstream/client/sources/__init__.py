"""Sources: where the bytes of a response come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from nbstream.model.failure import Failure


class SourceError(Exception):
    """The bytes could not be had, or broke off.

    Attributes:
        failure: what to tell the user.
        retry_after: how many seconds the server asks to wait, if it does.
    """

    def __init__(self, failure: Failure, retry_after: float | None = None) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.retry_after = retry_after


class Source(Protocol):
    """Something that gives the bytes of one response, as often as it is opened."""

    @property
    def server(self) -> str:
        """How to call it in a sentence."""

    @property
    def origin(self) -> str:
        """Scheme, host and port; empty if there is none."""

    @property
    def model(self) -> str:
        """The model that is asked for."""

    async def prepare(self) -> None:
        """Get ready to send, as far as that has nothing to do with the server."""

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Send the request and return its bytes as they arrive; leaving the context closes the connection.

        Raises:
            SourceError: on entering, and wherever the bytes break off.
        """
