"""A request to a server, through the openai SDK's `with_streaming_response`.

The SDK's own stream and objects are not used, because they lose what some servers send (ARCHITECTURE.md, "Why our own
decoding").
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from nbstream.client import connections, models
from nbstream.client.connections import Refused
from nbstream.client.redaction import Redaction
from nbstream.client.sources import SourceError
from nbstream.model.failure import Failure
from nbstream.wire import server_errors
from nbstream.wire.response import ResponseDecoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nbstream.client.endpoints import Endpoint
    from nbstream.model.request import Request


class ApiSource:
    """A request to an OpenAI-compatible server."""

    def __init__(self, endpoint: Endpoint, request: Request) -> None:
        self.request = request
        self.server = endpoint.server
        self._endpoint = endpoint
        self._redaction = Redaction(endpoint.api_key)

    async def prepare(self) -> None:
        """Import the SDK, if this is the first request."""
        # Not on the loop's own thread: the first import would hold up every other run, and its Stop.
        await asyncio.to_thread(connections.pooled, self._endpoint)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Send the request; see `Source.open`."""
        pooled = connections.pooled(self._endpoint)
        pooled.users += 1
        # As an addition, which the SDK sends as it is: messages of its own it takes apart, for 50 ms if there are 400.
        body = self.request.body()
        model = body.pop("model")
        began = False
        try:
            await connections.close_unused()
            create = pooled.client.chat.completions.with_streaming_response.create
            async with create(
                model=model,
                messages=[],
                stream=True,
                extra_body=body,
                extra_headers=connections.headers(self._endpoint),
            ) as response:
                began = True
                yield self._redaction.stream(response.iter_bytes())
        except SourceError:
            raise
        except Exception as error:  # noqa: BLE001
            # 2.x wraps what a hook raises, 3.x does not.
            refused = error if isinstance(error, Refused) else error.__cause__
            if isinstance(refused, Refused):
                raise self._refusal(refused) from None
            # Beneath the SDK lies httpx in 2.x and httpx2 in 3.x, and neither is ours to import: a broken body raises
            # their exceptions, a connection that cannot be made the SDK's.
            raise SourceError(self._broken(error, began=began)) from None
        finally:
            pooled.users -= 1

    def decoder(self, max_bytes: int) -> ResponseDecoder:
        """Return a decoder of chat completions."""
        return ResponseDecoder(self.server, max_bytes)

    def _refusal(self, refused: Refused) -> SourceError:
        status, headers = refused.status, refused.headers
        failure = server_errors.from_status(status, self._redaction.text(refused.text), self.server)
        if 300 <= status < 400:  # noqa: PLR2004  (HTTP's own class of redirects)
            target = _target(self._endpoint.base_url, self._redaction.text(headers.get("location", "")))
            failure = replace(failure, cause="redirect", said=target)
        elif status == 401 and self._endpoint.api_key is None:  # noqa: PLR2004
            failure = replace(failure, cause="no_key")
        elif status in (400, 404) and models.retired(self.request.model):
            failure = replace(failure, cause="retired_model")
        # Redacted once more, now that JSON or HTML has been read.
        said, code = self._redaction.text(failure.said), self._redaction.text(failure.code or "") or None
        failure = replace(failure, said=said, code=code)
        return SourceError(failure, _retry_after(headers.get("retry-after-ms"), headers.get("retry-after")))

    def _broken(self, error: Exception, *, began: bool) -> Failure:
        cause = error.__cause__ or error.__context__ or error
        said = server_errors.shorten(self._redaction.text(str(cause))).rstrip(".") or type(cause).__name__
        if began:
            return Failure("disconnected", "connection", self.server, said)
        return Failure("unreachable", "loopback" if self._endpoint.on_loopback else "", self.server, said)


def _target(base_url: str, location: str) -> str:
    """Return where a redirect leads, without what follows the path, in which a server may repeat what it was sent."""
    try:
        parts = urlsplit(urljoin(base_url, location))
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "another address"
    return server_errors.shorten(f"{parts.scheme}://{host}{parts.path}") if location and host else "another address"


def _retry_after(milliseconds: str | None, value: str | None) -> float | None:
    """Return the seconds that `Retry-After` (RFC 9110, 10.2.3) or `retry-after-ms` asks for, or None."""
    try:
        if milliseconds:
            return max(0.0, float(milliseconds) / 1000)
        if value:
            return max(0.0, float(value))
    except ValueError:
        try:
            date = parsedate_to_datetime(value or "")
        except (TypeError, ValueError):
            return None
        # The oldest of the three forms that a recipient must accept (RFC 9110, 5.6.7) names no zone and means UTC.
        date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - time.time())
    return None
