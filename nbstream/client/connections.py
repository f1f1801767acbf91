"""Clients of the openai SDK with their open connections, one for each server and key.

The SDK gives authentication, connections and timeouts. Only its public surface is used, the same in 2.x and 3.x, and it
is imported at the first request, which takes 0.4 s.
"""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openai import AsyncOpenAI

    from nbstream.client.endpoints import Endpoint, Secret

_CONNECT_SECONDS = 15.0
_MOST_CLIENTS = 8
#: The body of a refusal is read up to so many bytes, and for so many seconds after its headers.
_LARGEST_REFUSAL = 64 << 10
_SECONDS_FOR_REFUSAL = 5.0


class Refused(Exception):  # noqa: N818  (an answer, not a defect)
    """The server answered with a status other than 2xx; `text` is the beginning of its body."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        super().__init__(str(status))
        self.status = status
        self.headers = headers
        self.text = text


@dataclass(slots=True)
class _Pooled:
    """A client with its open connections, and how many requests are using it."""

    client: AsyncOpenAI
    users: int = 0


#: Connections are kept between requests to the same server with the same key; oldest first.
_pool: dict[tuple[str, Secret | None], _Pooled] = {}
_pool_lock = threading.Lock()


def _forget() -> None:
    """Start with an empty pool in a forked child: its parent's clients belong to a loop that is not there."""
    global _pool_lock  # noqa: PLW0603  (the parent may have held it while it forked)
    _pool_lock = threading.Lock()
    _pool.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def pooled(endpoint: Endpoint) -> _Pooled:
    """Return the client for `endpoint`, made at its first use."""
    place = endpoint.base_url, endpoint.api_key
    with _pool_lock:
        found = _pool.pop(place, None) or _Pooled(_new_client(endpoint))
        _pool[place] = found
        return found


def headers(endpoint: Endpoint) -> dict[str, Any]:
    """Return the headers to add to a request: a server without a key gets no `Authorization` at all."""
    from openai import Omit  # noqa: PLC0415  (as in _new_client)

    return {"Authorization": Omit()} if endpoint.api_key is None else {}


def _new_client(endpoint: Endpoint) -> AsyncOpenAI:
    import openai  # noqa: PLC0415  (0.4 s, so not before the first request)

    client = openai.AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key.reveal() if endpoint.api_key is not None else "none",
        # Retries are ours, so that they can be seen and stopped; so are the limits on silence.
        max_retries=0,
        timeout=openai.Timeout(connect=_CONNECT_SECONDS, read=None, write=None, pool=None),
        # A redirect would carry the prompt, and a careless client the key, to a host that nobody named.
        http_client=openai.DefaultAsyncHttpxClient(
            follow_redirects=False, trust_env=not endpoint.on_loopback, event_hooks={"response": [_refuse]}
        ),
    )
    # These were read from OPENAI_* variables, which were set for another company's server.
    for name in ("organization", "project", "admin_api_key"):
        if hasattr(client, name):
            setattr(client, name, None)
    return client


async def _refuse(response: Any) -> None:
    """Raise `Refused` for a status other than 2xx.

    The SDK would read the body to its end, however far that is, and forget the status if the body breaks.
    """
    if response.is_success:
        return
    body = bytearray()
    with suppress(Exception):
        async with asyncio.timeout(_SECONDS_FOR_REFUSAL):
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) >= _LARGEST_REFUSAL:
                    break
    try:
        text = body.decode(response.charset_encoding or "utf-8", "replace")
    except (LookupError, UnicodeError):
        text = body.decode("utf-8", "replace")
    raise Refused(response.status_code, response.headers, text)


async def close_unused() -> None:
    """Close the clients that were used longest ago, beyond the few whose connections are worth keeping."""
    with _pool_lock:
        unused = [key for key, each in _pool.items() if not each.users]
        closing = [_pool.pop(key) for key in unused[: max(0, len(_pool) - _MOST_CLIENTS)]]
    for each in closing:
        await each.client.close()
