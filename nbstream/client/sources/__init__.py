"""What a run needs from a source of bytes, and from the decoder of its wire format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from nbstream.client.redaction import KeyRedactor
    from nbstream.model.earlier import Earlier
    from nbstream.model.events import Event
    from nbstream.model.failure import Failure
    from nbstream.model.reply import Reply
    from nbstream.model.request import Request
    from nbstream.model.usage import Cost


class SourceError(Exception):
    """There was no response, or its bytes broke off.

    Attributes:
        failure: what happened.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


class Decoder(Protocol):
    """Turns the bytes of one response into events, however the bytes are split into pieces."""

    @property
    def ended(self) -> bool:
        """Whether an `Ended` event was returned; it is the last one."""

    @property
    def delivered(self) -> bool:
        """Whether a delta was returned, so that the request must not be sent again."""

    @property
    def finished(self) -> bool:
        """Whether there was a finish reason and no text after it: only the end may follow."""

    @property
    def has_usage(self) -> bool:
        """Whether the server reported its token counts."""

    @property
    def payloads(self) -> int:
        """How many events had data; comments do not count."""

    def feed(self, piece: bytes, at: float) -> list[Event]:
        """Return the events that `piece` completes; `at` is in seconds since the run began."""

    def flush(self, at: float) -> list[Event]:
        """Return the text that was held back, if the stream is abandoned."""

    def finish(self, at: float, failure: Failure | None = None) -> list[Event]:
        """Return the last events, of which the very last is `Ended`.

        Args:
            at: seconds since the run began.
            failure: why the bytes broke off, if they did; ignored after a finish reason.
        """


class Noting(Protocol):
    """Takes what a source tells of a response beside its bytes; a `ResponseTrace`."""

    def answered(self, status: int, headers: Mapping[str, str], error: str = "") -> None:
        """Note the status, the headers, and the body of a refusal."""

    def arrives(self, at: float) -> None:
        """Note the time of the next bytes, which is recorded, in seconds since the request."""

    def record_in(self, recorder: Recorder | None) -> None:
        """Note what the response is recorded in, once it has ended; there may be several."""


class Recorder(Protocol):
    """Keeps responses in a file.

    Attributes:
        has_times: whether the time of each piece matters, so that it is read as soon as it arrives.
    """

    has_times: bool

    def write(self, response: Any, step: Reply | None = None, cost: Cost | None = None) -> None:
        """Keep a response that has ended, the reply `step` to its request; returns at once."""


class Source(Protocol):
    """Provides the bytes of one response each time it is opened, and a decoder for them."""

    @property
    def server(self) -> str:
        """The server's name in a sentence."""

    @property
    def request(self) -> Request:
        """The request."""

    @property
    def is_sent(self) -> bool:
        """Whether a server is asked, and not a recording or what is already here."""

    @property
    def earlier(self) -> Earlier | None:
        """What the reply goes on with; None for a reply that begins with this request."""

    @property
    def redactor(self) -> KeyRedactor:
        """Removes the keys of the request from what the server says."""

    @property
    def speed(self) -> float:
        """How fast time goes: 1, or the speed of a replay; infinity for one without waits."""

    def with_request(self, request: Request) -> Self:
        """Return the source of a changed request, which goes to the same place.

        The keys in the request are the same.
        """

    async def prepare(self) -> None:
        """Do everything before the request that does not depend on the server."""

    def open(self, response: Noting) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Send the request and return the bytes as they arrive; on exit, close the connection.

        Args:
            response: is told the status and the headers.

        Raises:
            SourceError: if there is no response, or the bytes break off.
        """

    def decoder(self, max_bytes: int) -> Decoder:
        """Return a new decoder for one response with at most `max_bytes` bytes of text."""
