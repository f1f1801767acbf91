"""Which source a request has: its server, or what answers in the server's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.client.policy import enforcing
from nbstream.client.sources.api import ApiSource

if TYPE_CHECKING:
    from nbstream.client.endpoints import Endpoint
    from nbstream.model.earlier import Earlier
    from nbstream.model.request import Request


def source_for(endpoint: Endpoint, request: Request, earlier: Earlier | None = None) -> ApiSource:
    """Return the source for a request; arguments are as for `ApiSource`.

    Raises:
        RequestError: if a rule forbids the request, which nothing answers but its server.
    """
    if endpoint.player is not None:
        from nbstream.client.sources.replay import ReplaySource  # noqa: PLC0415  (only where it is used)

        return ReplaySource(endpoint.player, endpoint, request, earlier)
    if request.caching is not None:
        from nbstream.client.sources.cache import cached_or_sent  # noqa: PLC0415  (only where it is used)

        return cached_or_sent(endpoint, request, request.caching, earlier)
    enforcing.check(endpoint, request.model, request.parameters)
    return ApiSource(endpoint, request, earlier)
