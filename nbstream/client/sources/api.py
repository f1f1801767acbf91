"""A request to a server, through the openai SDK's client.

The SDK's stream and objects are not used, because they lose data of some servers (ARCHITECTURE.md,
"Why our own decoding").
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from copy import copy
from typing import TYPE_CHECKING, Self

from nbstream.client import allowance, connections
from nbstream.client.continued_decoder import ContinuedDecoder
from nbstream.client.redacted_decoder import RedactedDecoder
from nbstream.client.redaction import KeyRedactor
from nbstream.client.sources import SourceError
from nbstream.client.sources.failures import failure_of, refusal_in
from nbstream.model.failure import Failure
from nbstream.model.hidden_text import hidden_in, revealed
from nbstream.model.request import MESSAGES
from nbstream.wire.openai_chat import ChunkDecoder
from nbstream.wire.response import ResponseDecoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from nbstream.client.connections import Opened
    from nbstream.client.endpoints import Endpoint
    from nbstream.client.secret import Secret
    from nbstream.client.sources import Decoder, Noting
    from nbstream.model.earlier import Earlier
    from nbstream.model.request import Request
    from nbstream.wire.response import PayloadDecoder


class ApiSource:
    """A request to a server that speaks chat completions or Anthropic's Messages API.

    Args:
        endpoint: the server.
        request: the request.
        earlier: what the reply goes on with; None for a reply that begins with this request.
    """

    is_sent: bool = True

    def __init__(self, endpoint: Endpoint, request: Request, earlier: Earlier | None = None) -> None:
        self.request = request
        self.earlier = earlier
        self.server = endpoint.server
        self.endpoint = endpoint
        #: What no output may have.
        self.secrets = (*endpoint.secrets, *_secrets_in(request))
        self.redactor = KeyRedactor(*self.secrets)
        # The request is counted on the loop's thread.
        allowance.note()

    @property
    def speed(self) -> float:
        """How fast time goes; see `Source.speed`."""
        return 1.0

    @property
    def missing_key(self) -> str:
        """What to do about the key that the request needs, and that is missing; or nothing."""
        return self.endpoint.missing_key if self.is_sent else ""

    def with_request(self, request: Request) -> Self:
        """Return the source of a changed request; see `Source.with_request`."""
        changed = copy(self)
        changed.request = request
        return changed

    async def prepare(self) -> None:
        """Import the SDK and make a client, if this is the first request."""
        if not connections.has_client(self.endpoint):
            # On another thread, as the import would block all other runs on the loop, and Stop.
            await asyncio.to_thread(connections.pooled_client, self.endpoint)

    @asynccontextmanager
    async def open(self, response: Noting) -> AsyncIterator[AsyncIterator[bytes]]:
        """Send the request; see `Source.open`."""
        began = False
        try:
            async with self._opened(response) as opened:
                began = True
                response.answered(opened.status, opened.headers)
                yield opened.pieces
        except SourceError:
            raise
        except Exception as error:  # noqa: BLE001
            if (refusal := refusal_in(error)) is not None:
                response.answered(refusal.status, refusal.headers, refusal.text)
            raise SourceError(failure_of(error, self.endpoint, self.redactor, began=began)) from None

    @asynccontextmanager
    async def _opened(self, response: Noting) -> AsyncIterator[Opened]:
        if said := allowance.take():
            raise SourceError(Failure("unsent", "allowance", said=said))
        if said := self.missing_key:
            raise SourceError(Failure("unsent", "key", said=said))
        response.record_in(self.endpoint.recorder)
        body = revealed(self.request.body())
        async with connections.opened(self.endpoint, self.request.address.call, body) as opened:
            yield opened

    def decoder(self, max_bytes: int) -> Decoder:
        """Return a decoder of the API that the request goes to."""
        decoder: Decoder = ResponseDecoder(self.server, max_bytes, self._payloads())
        if self.redactor.forms:
            decoder = RedactedDecoder(decoder, self.redactor)
        return decoder if self.earlier is None else ContinuedDecoder(decoder, self.earlier)

    def _payloads(self) -> PayloadDecoder:
        if self.request.address.call != MESSAGES:
            return ChunkDecoder(self.server)
        from nbstream.wire.anthropic_messages import MessagesDecoder  # noqa: PLC0415  (only where it is used)

        return MessagesDecoder(self.server)


def _secrets_in(request: Request) -> Sequence[Secret]:
    """Return the keys in the body of a request."""
    if not (hidden := list(hidden_in(request.parameters))):
        return ()
    from nbstream.client.hidden_fields import secrets_in  # noqa: PLC0415  (only where it is used)

    return [secret for text in hidden for secret in secrets_in(text)]
