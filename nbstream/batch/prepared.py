"""A prompt that is ready to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from nbstream.client.sources.api import ApiSource


class Prepared(NamedTuple):
    """A prompt, and the source of its request.

    Attributes:
        prompt: the prompt; None for a list of messages.
        source: the source.
    """

    prompt: str | None
    source: ApiSource
