"""A prompt that is ready to be sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from nbstream.client.sources.choice import source_for

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


def sampled(prepared: Prepared, number: int) -> Prepared:
    """Return a prompt that a job asks for the `number`-th time, from 1.

    In the cache it has a reply of its own: equal prompts are asked for different answers.
    """
    source = prepared.source
    caching = source.request.caching
    if number == 1 or caching is None:
        return prepared
    request = replace(source.request, caching=replace(caching, sample=caching.sample + number - 1))
    return prepared._replace(source=source_for(source.endpoint, request, source.earlier))
