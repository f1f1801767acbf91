"""A prompt that is ready to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from nbstream.client.following import Following
    from nbstream.client.sources.api import ApiSource


class Prepared(NamedTuple):
    """A prompt, and the source of its request.

    Attributes:
        prompt: the prompt; None for a list of messages.
        source: the source.
        following: decides whether another request follows a response; None for a single request.
    """

    prompt: str | None
    source: ApiSource
    following: Following | None = None
