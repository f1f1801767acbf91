"""Clients of the openai SDK with their open connections, one for each server and key.

The SDK provides authentication, connections and timeouts. Only API that 2.x and 3.x share is used.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from nbstream.billing import prices
from nbstream.client.policy import enforcing
from nbstream.client.sources import SourceError
from nbstream.model.exceptions import RequestError
from nbstream.model.failure import Failure
from nbstream.model.request import MESSAGES_VERSION
from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from openai import AsyncOpenAI

    from nbstream.client.endpoints import Endpoint
    from nbstream.client.secret import Secret

_CONNECT_SECONDS = 15.0
_MOST_CLIENTS = 8
#: The patterns for which variables of the environment name a proxy. None as their transport is a
#: connection without one.
_ALL_URLS = ("all://", "http://", "https://")
#: The most bytes and seconds for reading the body of an error response.
_LARGEST_ERROR_BODY = 64 << 10
_ERROR_BODY_SECONDS = 5.0


class StatusError(Exception):
    """The server answered with a status other than 2xx; `text` is the beginning of its body."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        super().__init__(str(status))
        self.status = status
        self.headers = headers
        self.text = text


class Opened(NamedTuple):
    """A response with a status of 2xx, whose bytes arrive."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes]


@dataclass(slots=True)
class PooledClient:
    """A client with its open connections, and the number of requests that use it."""

    client: AsyncOpenAI
    users: int = 0


#: Clients by API, base URL and key, least recently used first.
_pool: dict[tuple[str, Secret | None], PooledClient] = {}
_pool_lock = ProcessLock()
#: A loop refers to its tasks weakly.
_closing: set[asyncio.Task[None]] = set()


def _reset_after_fork() -> None:
    """Empty the pool in a forked child, where the event loop of these clients does not run."""
    _pool.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def pooled_client(endpoint: Endpoint) -> PooledClient:
    """Return the client for `endpoint`. The first call imports the SDK, which takes 0.4 s."""
    key = _pool_key(endpoint)
    with _pool_lock:
        _pool[key] = found = _pool.pop(key, None) or PooledClient(_new_client(endpoint))
        return found


def has_client(endpoint: Endpoint) -> bool:
    """Return whether there is a client for `endpoint`, so that `pooled_client` is quick."""
    with _pool_lock:
        return _pool_key(endpoint) in _pool


def _pool_key(endpoint: Endpoint) -> tuple[str, Secret | None]:
    # With Anthropic's API, the SDK gets another form of the same base URL.
    return f"{endpoint.facts.api} {endpoint.base_url}", endpoint.api_key


def headers(endpoint: Endpoint) -> dict[str, Any]:
    """Return the headers to add to a request.

    Without a key there is no `Authorization`; with Anthropic's API the key may have another header.
    """
    from openai import Omit  # noqa: PLC0415  (as in _new_client)

    key, found = endpoint.api_key, dict[str, Any]()
    if key is None or endpoint.facts.key_header != "authorization":
        found["Authorization"] = Omit()
    if key is not None and endpoint.facts.key_header != "authorization":
        found[endpoint.facts.key_header] = key.reveal()
    if endpoint.facts.api == "anthropic":
        found["anthropic-version"] = MESSAGES_VERSION
    return found


@asynccontextmanager
async def opened(endpoint: Endpoint, path: str, body: dict[str, Any] | None = None) -> AsyncIterator[Opened]:
    """Send a request and return its response as the bytes arrive; on exit, close the connection.

    Args:
        endpoint: the server.
        path: below the base URL; or a whole URL.
        body: the JSON object of a POST request; None for a GET request.
    """
    from openai import AsyncStream  # noqa: PLC0415  (as in _new_client)

    if endpoint.player is not None:
        raise RuntimeError("a request that is replayed goes to no server")
    _refuse(endpoint, body)
    # The first import of the SDK is slow. A source has done it before.
    pooled = pooled_client(endpoint) if has_client(endpoint) else await asyncio.to_thread(pooled_client, endpoint)
    pooled.users += 1
    try:
        _close_unused()
        # As a stream, since the SDK reads any other answer whole, however large it is.
        options: dict[str, Any] = {"cast_to": object, "stream": True, "stream_cls": AsyncStream[object]}
        options["options"] = {"headers": headers(endpoint)}
        if body is None:
            stream = await pooled.client.get(path, **options)
        else:
            stream = await pooled.client.post(path, body=body, **options)
        try:
            response = stream.response
            yield Opened(response.status_code, response.headers, response.aiter_bytes())
        finally:
            await stream.response.aclose()
    finally:
        pooled.users -= 1


def _refuse(endpoint: Endpoint, body: Mapping[str, Any] | None) -> None:
    """Raise a `SourceError` if a rule forbids the request.

    All that is sent passes here, whatever made the request; rules may have changed since then.
    """
    try:
        said = enforcing.refusal(endpoint, body)
    except RequestError as error:
        said = str(error)
    if said:
        raise SourceError(Failure("unsent", "policy", endpoint.server, said))


def _new_client(endpoint: Endpoint) -> AsyncOpenAI:
    import openai  # noqa: PLC0415  (0.4 s, so not before the first request)

    prices.prepare(urlsplit(endpoint.origin).netloc)
    client = openai.AsyncOpenAI(
        base_url=endpoint.path_url,
        default_query=endpoint.query or None,
        api_key=endpoint.api_key.reveal() if endpoint.api_key is not None else "none",
        # nbstream itself retries and limits silence, where users see it and can stop it.
        max_retries=0,
        timeout=openai.Timeout(connect=_CONNECT_SECONDS, read=None, write=None, pool=None),
        # A redirect would send the prompt, and maybe the key, to a host that the user did not name.
        http_client=openai.DefaultAsyncHttpxClient(
            follow_redirects=False,
            # Not `trust_env=False`, as SSL_CERT_FILE would not be read either.
            mounts=dict.fromkeys(_ALL_URLS) if endpoint.on_loopback else None,
            event_hooks={"response": [_raise_for_status]},
        ),
    )
    # The SDK reads these from OPENAI_* variables, which are meant for another server.
    for name in ("organization", "project", "admin_api_key"):
        if hasattr(client, name):
            setattr(client, name, None)
    return client


async def _raise_for_status(response: Any) -> None:
    """Raise `StatusError` for a status other than 2xx.

    The SDK would read the body without a limit, and lose the status if the connection breaks.
    """
    if response.is_success:
        return
    body = bytearray()
    with suppress(Exception):
        async with asyncio.timeout(_ERROR_BODY_SECONDS):
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) >= _LARGEST_ERROR_BODY:
                    break
    try:
        text = body.decode(response.charset_encoding or "utf-8", "replace")
    except (LookupError, UnicodeError):
        text = body.decode("utf-8", "replace")
    raise StatusError(response.status_code, response.headers, text)


def _close_unused() -> None:
    """Close the least recently used clients that no request uses, beyond the number to keep.

    No request waits for it: one that is stopped meanwhile would leave their connections open.
    """
    with _pool_lock:
        unused = [key for key, each in _pool.items() if not each.users]
        closing = [_pool.pop(key) for key in unused[: max(0, len(_pool) - _MOST_CLIENTS)]]
    for each in closing:
        task = asyncio.get_running_loop().create_task(_close(each.client))
        _closing.add(task)
        task.add_done_callback(_closing.discard)


async def _close(client: AsyncOpenAI) -> None:
    with suppress(Exception):
        await client.close()
