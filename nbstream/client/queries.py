"""Questions to a server that are no prompts, such as which models it has.

They are GET requests with the key, limits and errors of a request for a reply.
"""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any

from nbstream.client import connections
from nbstream.client.loop import background_loop
from nbstream.client.redaction import KeyRedactor
from nbstream.client.sources.failures import failure_of
from nbstream.model.exceptions import NbstreamError
from nbstream.model.failure import Failure
from nbstream.model.printable import one_line
from nbstream.model.request import Request

if TYPE_CHECKING:
    from nbstream.client.endpoints import Endpoint

#: The most seconds and bytes of an answer; OpenRouter's list of models has about one megabyte.
SECONDS = 30.0
_LARGEST = 16 << 20
#: Some platforms notice Ctrl-C only between two waits.
_TICK_SECONDS = 0.2
_LONGEST_SAID = 120
#: Deeper levels of an answer are dropped.
_DEEPEST = 50


class QueryError(NbstreamError):
    """A server did not answer a question.

    Attributes:
        failure: what happened.
        request: the facts about the request, for a remedy.
    """

    def __init__(self, failure: Failure, endpoint: Endpoint) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.request = Request(
            endpoint=endpoint.origin,
            key_origin=endpoint.key_origin,
            key_variable=endpoint.facts.key_variable,
            endpoint_name=endpoint.name,
        )


def get_json(endpoint: Endpoint, path: str) -> Any:
    """Return the JSON that the server has at `path`.

    Args:
        endpoint: the server.
        path: below the base URL; or a whole URL of the same origin.

    Raises:
        QueryError: if the server cannot be reached, refuses, or sends something else.
        KeyboardInterrupt: if ■ or Ctrl-C was pressed; the connection is closed.
    """
    asked = asyncio.run_coroutine_threadsafe(_get(endpoint, path), background_loop())
    try:
        while True:
            try:
                body = asked.result(_TICK_SECONDS)
                break
            except FutureTimeoutError:
                if asked.done():
                    raise
    finally:
        asked.cancel()
    text = body.decode("utf-8", "replace")
    redactor = KeyRedactor(*endpoint.secrets)
    try:
        return _without_key(json.loads(text), redactor)
    except (ValueError, RecursionError):
        said = redactor.redact_error(one_line(text[:_LONGEST_SAID]))
        raise QueryError(Failure("not_a_stream", "not_json", endpoint.server, said), endpoint) from None


def _without_key(value: Any, redactor: KeyRedactor, depth: int = 0) -> Any:
    """Return a JSON value without the key, which a server may repeat anywhere."""
    if isinstance(value, str):
        return redactor.redact(value)
    if isinstance(value, list | dict) and depth >= _DEEPEST:
        return None
    if isinstance(value, list):
        return [_without_key(each, redactor, depth + 1) for each in value]
    if isinstance(value, dict):
        return {redactor.redact(name): _without_key(each, redactor, depth + 1) for name, each in value.items()}
    return value


async def _get(endpoint: Endpoint, path: str) -> bytes:
    pooled = await asyncio.to_thread(connections.pooled_client, endpoint)
    pooled.users += 1
    began, body = False, bytearray()
    try:
        await connections.close_unused()
        async with asyncio.timeout(SECONDS), connections.opened(pooled.client, endpoint, path) as opened:
            began = True
            async for piece in opened.pieces:
                body += piece
                if len(body) > _LARGEST:
                    break
    except TimeoutError:
        raise QueryError(
            Failure("stalled", "" if began else "no_byte", endpoint.server, limit=SECONDS), endpoint
        ) from None
    except Exception as error:  # noqa: BLE001
        raise QueryError(failure_of(error, endpoint, KeyRedactor(*endpoint.secrets), began=began), endpoint) from None
    finally:
        pooled.users -= 1
    if len(body) > _LARGEST:
        raise QueryError(Failure("too_large", "answer", endpoint.server, limit=_LARGEST), endpoint)
    return bytes(body)
