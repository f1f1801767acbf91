"""A request to a server, through the openai SDK's `with_streaming_response`.

The SDK's stream and objects are not used, because they lose data of some servers (ARCHITECTURE.md,
"Why our own decoding").
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from nbstream.client import connections
from nbstream.client.connections import StatusError
from nbstream.client.continued_decoder import ContinuedDecoder
from nbstream.client.redacted_decoder import RedactedDecoder
from nbstream.client.redaction import KeyRedactor
from nbstream.client.sources import SourceError
from nbstream.model.failure import Failure
from nbstream.model.printable import one_line
from nbstream.model.request import CHAT
from nbstream.wire import server_errors
from nbstream.wire.response import ResponseDecoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nbstream.client.endpoints import Endpoint
    from nbstream.client.sources import Decoder
    from nbstream.model.earlier import Earlier
    from nbstream.model.failure import FailureCause
    from nbstream.model.request import Request


class ApiSource:
    """A request to an OpenAI-compatible server.

    Args:
        endpoint: the server.
        request: the request.
        earlier: what the reply goes on with; None for a reply that begins with this request.
    """

    def __init__(self, endpoint: Endpoint, request: Request, earlier: Earlier | None = None) -> None:
        self.request = request
        self.earlier = earlier
        self.server = endpoint.server
        self._endpoint = endpoint
        self._redactor = KeyRedactor(endpoint.secret)

    async def prepare(self) -> None:
        """Import the SDK, if this is the first request."""
        # On another thread, as the import would block all other runs on the loop, and Stop.
        await asyncio.to_thread(connections.pooled_client, self._endpoint)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Send the request; see `Source.open`."""
        pooled = connections.pooled_client(self._endpoint)
        pooled.users += 1
        # As `extra_body`, which the SDK does not transform: for 400 messages that takes it 50 ms.
        body = self.request.body()
        model = body.pop("model")
        began = False
        try:
            await connections.close_unused()
            headers = connections.headers(self._endpoint)
            is_chat = self.request.address.call == CHAT
            send = pooled.client.chat.completions if is_chat else pooled.client.completions
            required: dict[str, Any] = {"messages": []} if is_chat else {"prompt": ""}
            async with send.with_streaming_response.create(
                model=model, **required, stream=True, extra_body=body, extra_headers=headers
            ) as response:
                began = True
                yield response.iter_bytes()
        except SourceError:
            raise
        except Exception as error:  # noqa: BLE001
            # Version 2 of the SDK wraps the exception of a hook, version 3 does not.
            refusal = error if isinstance(error, StatusError) else error.__cause__
            if isinstance(refusal, StatusError):
                raise self._refused(refusal) from None
            # A broken body raises an exception of httpx or, in version 3, of httpx2; neither is
            # imported here. A failed connection raises an exception of the SDK.
            raise SourceError(self._broken(error, began=began)) from None
        finally:
            pooled.users -= 1

    def decoder(self, max_bytes: int) -> Decoder:
        """Return a decoder of chat completions."""
        decoder: Decoder = ResponseDecoder(self.server, max_bytes)
        if self._redactor.forms:
            decoder = RedactedDecoder(decoder, self._redactor)
        return decoder if self.earlier is None else ContinuedDecoder(decoder, self.earlier)

    def _refused(self, refusal: StatusError) -> SourceError:
        status, headers = refusal.status, refusal.headers
        failure = server_errors.from_status(status, refusal.text, self.server)
        if 300 <= status < 400:  # noqa: PLR2004  (HTTP's redirects)
            target = _target(self._endpoint.base_url, headers.get("location", ""))
            failure = replace(failure, cause="redirect", said=target)
        elif failure.cause == "path" and self._endpoint.path_url.endswith("/v1"):
            failure = replace(failure, cause="other_path")
        asked = _retry_after(headers.get("retry-after-ms"), headers.get("retry-after"))
        if asked is not None:
            failure = replace(failure, retry_after=asked)
        return SourceError(self._redactor.redact_fields(failure))

    def _broken(self, error: Exception, *, began: bool) -> Failure:
        cause = error.__cause__ or error.__context__ or error
        said = one_line(str(cause)).rstrip(".") or type(cause).__name__
        if began:
            failure = Failure("disconnected", "connection", self.server, said)
        else:
            own: FailureCause = "loopback" if self._endpoint.on_loopback else ""
            failure = Failure("unreachable", _tls_cause(str(cause)) or own, self.server, said)
        return self._redactor.redact_fields(failure)


def _tls_cause(said: str) -> FailureCause:
    """Return what is wrong with a server's certificate or protocol; empty if it is neither.

    The exceptions of httpx and its successor have only the text of the error of `ssl`.
    """
    if "CERTIFICATE_VERIFY_FAILED" in said:
        is_other = re.search("hostname mismatch|IP address mismatch|expired|not yet valid", said, re.IGNORECASE)
        return "certificate" if is_other else "untrusted"
    return "not_tls" if re.search("WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|UNKNOWN_PROTOCOL", said) else ""


def _target(base_url: str, location: str) -> str:
    """Return the target of a redirect up to its path; a query may repeat parts of the request."""
    try:
        parts = urlsplit(urljoin(base_url, location))
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "another address"
    return one_line(f"{parts.scheme}://{host}{parts.path}") if location and host else "another address"


def _retry_after(milliseconds: str | None, value: str | None) -> float | None:
    """Return the seconds of `Retry-After` (RFC 9110, 10.2.3) or `retry-after-ms`, or None."""
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
        # Of the three formats that a recipient must accept, one has no time zone and means UTC (RFC
        # 9110, 5.6.7).
        date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - time.time())
    return None
