"""Questions to a server that are no prompts, such as which models it has.

They are GET requests with the key, limits and errors of a request for a reply.
"""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any

from nbstream.client import connections
from nbstream.client.loop import background_loop
from nbstream.client.redaction import KeyRedactor
from nbstream.client.sources import SourceError
from nbstream.client.sources.failures import failure_of, refusal_in
from nbstream.client.trace import ResponseTrace
from nbstream.model.exceptions import NbstreamError
from nbstream.model.failure import Failure
from nbstream.model.printable import one_line
from nbstream.model.request import Request

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from nbstream.client.connections import Opened
    from nbstream.client.endpoints import Endpoint

#: The most seconds and bytes of an answer; OpenRouter's list of models has about one megabyte.
SECONDS = 30.0
_LARGEST = 16 << 20
#: Some platforms notice Ctrl-C only between two waits.
_TICK_SECONDS = 0.2
_LONGEST_SAID = 120


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
        return redactor.redact_json(json.loads(text))
    except (ValueError, RecursionError):
        said = redactor.redact_error(one_line(text[:_LONGEST_SAID]))
        raise QueryError(Failure("not_a_stream", "not_json", endpoint.server, said), endpoint) from None


async def _get(endpoint: Endpoint, path: str) -> bytes:
    url = path if "://" in path else f"{endpoint.origin}{endpoint.address.path}{path}"
    redactor = KeyRedactor(*endpoint.secrets)
    response = ResponseTrace(Request(endpoint=endpoint.origin), redactor, question=url)
    began, body = False, bytearray()
    try:
        async with asyncio.timeout(SECONDS), _opened(endpoint, path, url) as opened:
            began = True
            response.answered(opened.status, opened.headers)
            async for piece in opened.pieces:
                response.add(piece, time.monotonic())
                body += piece
                if len(body) > _LARGEST:
                    break
        response.close("whole" if len(body) <= _LARGEST else "left")
    except TimeoutError:
        failure = Failure("stalled", "" if began else "no_byte", endpoint.server, limit=SECONDS)
        response.close("broken", failure)
        raise QueryError(failure, endpoint) from None
    except SourceError as error:
        raise QueryError(error.failure, endpoint) from None
    except Exception as error:  # noqa: BLE001
        refusal, failure = refusal_in(error), failure_of(error, endpoint, redactor, began=began)
        if refusal is not None:
            response.answered(refusal.status, refusal.headers, refusal.text)
        response.close("broken" if refusal is None else "refused", failure)
        raise QueryError(failure, endpoint) from None
    finally:
        if endpoint.recorder is not None and response.end:
            endpoint.recorder.write(response)
    if len(body) > _LARGEST:
        raise QueryError(Failure("too_large", "answer", endpoint.server, limit=_LARGEST), endpoint)
    return bytes(body)


def _opened(endpoint: Endpoint, path: str, url: str) -> AbstractAsyncContextManager[Opened]:
    if endpoint.player is None:
        return connections.opened(endpoint, path)
    from nbstream.client.sources.replay import played, response_to  # noqa: PLC0415  (only where it is used)
    from nbstream.recordings.taken import Asked  # noqa: PLC0415  (as above)

    return played(response_to(Asked("GET", url), endpoint.player), endpoint.player.speed)
