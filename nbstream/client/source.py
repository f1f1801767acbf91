"""Where the bytes of a reply come from: a server, through the openai SDK, or a recording. openai's one door.

The SDK gives authentication, connections and time-outs; its own stream and objects are left aside, because they lose
what a server says in other words (ARCHITECTURE.md, "Why our own decoding"). Only its public surface is used, the same
in 2.x and 3.x, and it is imported at the first request, which costs 0.4 s. This module must not decode, retry or know
IPython.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin, urlsplit

from nbstream.client import models
from nbstream.client.redaction import Redaction
from nbstream.core import failures
from nbstream.core.errors import Failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    from openai import AsyncOpenAI

    from nbstream.client.request import Request
    from nbstream.client.settings import Endpoint, Secret

_CONNECT_SECONDS = 15.0
_MOST_CLIENTS = 8
#: A recording without waits lets others have their turn after so many bytes.
_REPLAYED_AT_ONCE = 64 << 10
#: A refusal is read so far, and for so long once its head has come: it is shown as one sentence.
_LARGEST_REFUSAL = 64 << 10
_SECONDS_FOR_REFUSAL = 5.0


class SourceError(Exception):
    """The bytes could not be had, or broke off.

    Attributes:
        failure: what to tell the user.
        retry_after: how many seconds the server asks to wait, if it does.
    """

    def __init__(self, failure: Failure, retry_after: float | None = None) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.retry_after = retry_after


class _Refused(Exception):  # noqa: N818  (an answer, not a defect)
    """The server answered with a status other than 2xx; `text` is the beginning of its body."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        super().__init__(str(status))
        self.status = status
        self.headers = headers
        self.text = text


class Source(Protocol):
    """Something that gives the bytes of one response, as often as it is opened."""

    @property
    def server(self) -> str:
        """How to call it in a sentence."""

    @property
    def origin(self) -> str:
        """Scheme, host and port; empty if there is none."""

    @property
    def model(self) -> str:
        """The model that is asked for."""

    async def prepare(self) -> None:
        """Get ready to send, as far as that has nothing to do with the server."""

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Send the request and return its bytes as they arrive; leaving the context closes the connection.

        Raises:
            SourceError: on entering, and wherever the bytes break off.
        """


class ApiSource:
    """A request to an OpenAI-compatible server."""

    def __init__(self, endpoint: Endpoint, request: Request) -> None:
        self._endpoint = endpoint
        self._request = request
        self._redaction = Redaction(endpoint.api_key)
        self.server = endpoint.server
        self.origin = endpoint.origin
        self.model = request.model

    async def prepare(self) -> None:
        """Import the SDK, if this is the first request."""
        # Not on the loop's own thread: the first import would hold up every other run, and its Stop.
        await asyncio.to_thread(_pooled, self._endpoint)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Send the request; see `Source.open`."""
        pooled = _pooled(self._endpoint)
        pooled.users += 1
        from openai import Omit  # noqa: PLC0415  (as in _new_client)

        # As an addition, which the SDK sends as it is: messages of its own it takes apart, for 50 ms if there are 400.
        body = self._request.body()
        model = body.pop("model")
        began = False
        # A server without a key gets no header at all.
        headers = {"Authorization": Omit()} if self._endpoint.api_key is None else None
        try:
            await _close_unused()
            create = pooled.client.chat.completions.with_streaming_response.create
            async with create(
                model=model, messages=[], stream=True, extra_body=body, extra_headers=headers
            ) as response:
                began = True
                yield self._redaction.stream(response.iter_bytes())
        except SourceError:
            raise
        except Exception as error:  # noqa: BLE001
            # 2.x wraps what a hook raises, 3.x does not.
            refused = error if isinstance(error, _Refused) else error.__cause__
            if isinstance(refused, _Refused):
                raise self._refusal(refused) from None
            # Beneath the SDK lies httpx in 2.x and httpx2 in 3.x, and neither is ours to import: a broken body raises
            # their exceptions, a connection that cannot be made the SDK's.
            raise SourceError(self._broken(error, began=began)) from None
        finally:
            pooled.users -= 1

    def _refusal(self, refused: _Refused) -> SourceError:
        status, headers = refused.status, refused.headers
        failure = failures.from_status(status, self._redaction.text(refused.text), self.server)
        hint = failure.hint
        if 300 <= status < 400:  # noqa: PLR2004  (HTTP's own class of redirects)
            target = _target(self._endpoint.base_url, self._redaction.text(headers.get("location", "")))
            hint = f"It redirects to {target}. Neither prompt nor key was sent there; set the base URL if you trust it."
        elif status == 401 and self._endpoint.api_key is None:  # noqa: PLR2004
            hint = (
                f"No key was sent: DEEPSEEK_API_KEY belongs to another server. Set DEEPSEEK_BASE_URL and "
                f"DEEPSEEK_API_KEY together for {self.server}, or give api_key= to nbstream.ask."
            )
        elif status in (400, 404) and (explanation := models.retired(self.model)):
            hint = explanation
        # Once more, as it stands there when JSON or HTML has been read.
        message, code = self._redaction.text(failure.message), self._redaction.text(failure.code or "") or None
        failure = Failure(failure.kind, message, hint, status, code)
        return SourceError(failure, _retry_after(headers.get("retry-after-ms"), headers.get("retry-after")))

    def _broken(self, error: Exception, *, began: bool) -> Failure:
        cause = error.__cause__ or error.__context__ or error
        reason = failures.shorten(self._redaction.text(str(cause))).rstrip(".") or type(cause).__name__
        if began:
            return Failure("disconnected", f"The connection to {self.server} broke: {reason}.")
        hint = (
            "Check that the server is running." if self._endpoint.on_loopback else "Check the network and the base URL."
        )
        return Failure("unreachable", f"{self.server} could not be reached: {reason}.", hint)


class ReplaySource:
    """Bytes that were received before, with their timing.

    Args:
        pieces: for each piece of bytes, how many seconds after the one before it arrived.
        model: the model that was asked for.
        speed: how many times faster than it was; 0 replays without any wait.
    """

    server = "The recording"
    origin = ""

    def __init__(self, pieces: Iterable[tuple[float, bytes]], model: str = "", speed: float = 1.0) -> None:
        self._pieces = list(pieces)
        self._speed = speed
        self.model = model

    async def prepare(self) -> None:
        """Do nothing: the bytes are here."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Replay from the beginning; see `Source.open`."""
        yield self._replay()

    async def _replay(self) -> AsyncIterator[bytes]:
        given = 0
        for delay, piece in self._pieces:
            given += len(piece)
            if self._speed:
                await asyncio.sleep(delay / self._speed)
            elif given >= _REPLAYED_AT_ONCE:
                given = 0
                await asyncio.sleep(0)
            yield piece


@dataclass(slots=True)
class _Pooled:
    """A client with its open connections, and how many requests are using it."""

    client: AsyncOpenAI
    users: int = 0


#: Connections are kept between requests to the same server with the same key; oldest first.
_pool: dict[tuple[str, Secret | None], _Pooled] = {}
_pool_lock = threading.Lock()


def _pooled(endpoint: Endpoint) -> _Pooled:
    """Return the client for `endpoint`, made at its first use."""
    place = endpoint.base_url, endpoint.api_key
    with _pool_lock:
        pooled = _pool.pop(place, None) or _Pooled(_new_client(endpoint))
        _pool[place] = pooled
        return pooled


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
    """Raise `_Refused` for a status other than 2xx.

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
    raise _Refused(response.status_code, response.headers, text)


async def _close_unused() -> None:
    """Close the clients that were used longest ago, beyond the few whose connections are worth keeping."""
    with _pool_lock:
        unused = [key for key, pooled in _pool.items() if not pooled.users]
        closing = [_pool.pop(key) for key in unused[: max(0, len(_pool) - _MOST_CLIENTS)]]
    for pooled in closing:
        await pooled.client.close()


def _target(base_url: str, location: str) -> str:
    """Return where a redirect leads, without what follows the path, in which a server may repeat what it was sent."""
    try:
        parts = urlsplit(urljoin(base_url, location))
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "another address"
    return failures.shorten(f"{parts.scheme}://{host}{parts.path}") if location and host else "another address"


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
