"""The base of decoders that change the events of another decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbstream.client.sources import Decoder


class OuterDecoder:
    """Has the state of another decoder; see `Decoder` for the properties.

    Args:
        decoder: the decoder of the bytes.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    @property
    def ended(self) -> bool:
        """Whether the other decoder has returned `Ended`."""
        return self._decoder.ended

    @property
    def delivered(self) -> bool:
        """Whether it has returned a delta."""
        return self._decoder.delivered

    @property
    def finished(self) -> bool:
        """Whether it has read a finish reason and no text after that."""
        return self._decoder.finished

    @property
    def has_usage(self) -> bool:
        """Whether it has read token counts."""
        return self._decoder.has_usage

    @property
    def payloads(self) -> int:
        """How many events with data it has read."""
        return self._decoder.payloads
