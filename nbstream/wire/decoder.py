"""What a run needs of a decoder, whatever wire format the decoder reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from nbstream.model.events import Event
    from nbstream.model.failure import Failure


class Decoder(Protocol):
    """Turns the bytes of one response into events. The result does not depend on how the bytes are split."""

    @property
    def ended(self) -> bool:
        """Whether an `Ended` event was returned; nothing more will be."""

    @property
    def delivered(self) -> bool:
        """Whether a delta was returned, so that the request must not be sent again."""

    @property
    def finished(self) -> bool:
        """Whether a finish reason was seen, so that only usage and the end may follow."""

    @property
    def payloads(self) -> int:
        """How many events carried data; comments do not count."""

    def feed(self, piece: bytes, at: float) -> list[Event]:
        """Return the events that `piece` completes; `at` is in seconds since the run began."""

    def flush(self, at: float) -> list[Event]:
        """Return the text that was held back, for a stream that is abandoned."""

    def finish(self, at: float, failure: Failure | None = None) -> list[Event]:
        """Return the events that the end of the bytes completes; the last one is `Ended`.

        Args:
            at: seconds since the run began.
            failure: why the bytes broke off, if they did. It counts only if no finish reason was seen.
        """
