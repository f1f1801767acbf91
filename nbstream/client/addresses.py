"""Base URLs and their origins."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from nbstream.language import _
from nbstream.model.exceptions import RequestError

#: The beginning of a base URL that names a recording in place of a server.
REPLAY = "replay:"
_LOOPBACK = ("localhost", "::1")
_PORTS = {"http": 80, "https": 443}
#: Each request asks for the origins of the same few URLs, a dozen times.
_REMEMBERED = 64


def checked_url(url: str) -> str:
    """Return a base URL without the parts that are not its own.

    Raises:
        RequestError: if it is not valid. The message does not repeat it, as it may have a key.
    """
    try:
        parts = urlsplit(url.strip())
        valid = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        raise RequestError(_("The base URL is not valid: it must look like https://api.deepseek.com."))
    if "@" in parts.netloc:
        raise RequestError(_("The base URL must not contain a user name or password; set `api_key=` instead."))
    path = parts.path.rstrip("/").removesuffix("/chat/completions").removesuffix("/v1/messages").rstrip("/")
    return parts._replace(path=path, fragment="").geturl()


def is_replay(url: str | None) -> bool:
    """Return whether a base URL names a recording, as in `replay:lesson.jsonl`."""
    return bool(url) and str(url).strip().startswith(REPLAY)


@lru_cache(_REMEMBERED)
def origin_of(url: str) -> str:
    """Return scheme, host and port, without the default port of the scheme; empty if not valid."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").lower()
    if parts.scheme not in _PORTS or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, _PORTS[parts.scheme]) else "")


@lru_cache(_REMEMBERED)
def is_loopback(url: str) -> bool:
    """Return whether a URL is of this machine."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return name in _LOOPBACK or name.startswith("127.")


def is_same_server(one: str, other: str) -> bool:
    """Return whether two URLs have one origin; on this machine, which has many names, one port."""
    if is_loopback(one) and is_loopback(other):
        return _port_of(one) == _port_of(other)
    return bool(origin_of(one)) and origin_of(one) == origin_of(other)


def _port_of(url: str) -> int | None:
    try:
        parts = urlsplit(url)
        return parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
