"""A request that the cache answers, or whose reply it keeps."""

from __future__ import annotations

import math
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from nbstream.client.cache import files
from nbstream.client.cache.keeper import Keeper
from nbstream.client.policy import enforcing
from nbstream.client.sources.api import ApiSource
from nbstream.client.sources.replay import PlayedSource, played
from nbstream.model.caching import Caching
from nbstream.model.warning import ReplyWarning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nbstream.client.connections import Opened
    from nbstream.client.endpoints import Endpoint
    from nbstream.client.sources import Noting
    from nbstream.model.earlier import Earlier
    from nbstream.model.recorded import RecordedKind
    from nbstream.model.request import Request
    from nbstream.recordings.taken import Taken


class CachedSource(PlayedSource):
    """A request that the cache answers: with the same reply, and without waits.

    Args:
        taken: the response that is kept.
        endpoint: the server that was asked.
        request: the request.
        earlier: what the reply goes on with; None for a reply that begins with this request.
    """

    kind: RecordedKind = "cache"

    def __init__(self, taken: Taken, endpoint: Endpoint, request: Request, earlier: Earlier | None = None) -> None:
        super().__init__(endpoint, request, earlier)
        self._taken = taken

    @property
    def speed(self) -> float:
        """Infinity: the cache does not wait."""
        return math.inf

    @asynccontextmanager
    async def _opened(self, response: Noting) -> AsyncIterator[Opened]:
        taken, recorder = self._taken, self.endpoint.recorder
        if taken is None:
            raise AssertionError
        if recorder is not None:
            # A recording gets it as it is kept, with the date and the cost of its request.
            recorder.add(taken)
        async with played(taken, self.speed, response) as opened:
            yield opened


class KeepingSource(ApiSource):
    """A request whose reply is kept, if it is complete; arguments are as for `ApiSource`."""

    @asynccontextmanager
    async def _opened(self, response: Noting) -> AsyncIterator[Opened]:
        # The request may have been changed since the cache was asked, such as its limit of tokens.
        place = files.place_of(self.request, self.request.caching or Caching(), self.redactor)
        response.record_in(Keeper(place))
        async with super()._opened(response) as opened:
            yield opened


def cached_or_sent(endpoint: Endpoint, request: Request, caching: Caching, earlier: Earlier | None = None) -> ApiSource:
    """Return the source for a request that uses the cache.

    Whatever is wrong with the cache, the request is answered; a warning says what was wrong.

    Raises:
        RequestError: if a rule forbids the request, which the cache does not answer.
    """
    source = KeepingSource(endpoint, request, earlier)
    place = files.place_of(request, caching, source.redactor)
    warnings = []
    if not caching.is_fresh:
        try:
            if (taken := place.taken()) is not None:
                return CachedSource(taken, endpoint, request, earlier)
        except files.UnusableError as error:
            warnings.append(ReplyWarning("cache_unusable", str(error), place.name))
    enforcing.check(endpoint, request.model, request.parameters)
    if said := files.obstacle(place.path.parent):
        warnings.append(ReplyWarning("cache_read_only", said, place.path.parent.name))
    if warnings:
        source.request = replace(request, warnings=(*request.warnings, *warnings))
    return source
