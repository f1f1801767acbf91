"""Servers: base URL, origin and API key.

A key is only sent to the origin for which it was set: the key of the environment belongs to the
base URL of the environment.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qsl, urlsplit

from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.model.request import KeyOrigin

DEFAULT_BASE_URL = "https://api.deepseek.com"
KEY_VARIABLE = "DEEPSEEK_API_KEY"
URL_VARIABLE = "DEEPSEEK_BASE_URL"

#: Names in a base URL's query whose values are secret.
_KEY_NAME = re.compile("key|token|secret|signature|password", re.IGNORECASE)
_LOOPBACK = ("localhost", "::1")
_NO_KEY = (
    f"No API key. Set one before the kernel starts, as {KEY_VARIABLE}, or here: "
    f"import os, getpass; os.environ['{KEY_VARIABLE}'] = getpass.getpass()\n"
    "To try it offline and without a key, run in a terminal: nbstream demo"
)


class Secret:
    """A value that repr, str, format, pickle and tracebacks do not show."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server's base URL, the key for it, and where that key comes from."""

    base_url: str = field(repr=False)
    api_key: Secret | None = None
    key_origin: KeyOrigin = ""

    @property
    def path_url(self) -> str:
        """The base URL without its query, for a path to be appended."""
        return urlsplit(self.base_url)._replace(query="").geturl()

    @property
    def query(self) -> dict[str, str]:
        """The query of the base URL, such as Azure's `api-version`."""
        return dict(parse_qsl(urlsplit(self.base_url).query, keep_blank_values=True))

    @property
    def secret(self) -> Secret | None:
        """The key that no output may have: the key, or one in the base URL's query."""
        if self.api_key is not None:
            return self.api_key
        value = next((value for name, value in self.query.items() if _KEY_NAME.search(name)), "")
        return Secret(value) if value else None

    @property
    def origin(self) -> str:
        """Scheme, host and port, without the default port of the scheme."""
        return _origin(self.base_url)

    @property
    def on_deepseek(self) -> bool:
        """Whether this is DeepSeek's own API."""
        return self.origin == _origin(DEFAULT_BASE_URL)

    @property
    def on_loopback(self) -> bool:
        """Whether the server is on this machine, so that no proxy is used."""
        name = urlsplit(self.base_url).hostname or ""
        return name in _LOOPBACK or name.startswith("127.")

    @property
    def server(self) -> str:
        """The server's name in a sentence."""
        return "DeepSeek" if self.on_deepseek else urlsplit(self.origin).netloc


def endpoint_for(
    base_url: str | None = None, api_key: str | None = None, environ: Mapping[str, str] | None = None
) -> Endpoint:
    """Return the server for a request.

    Args:
        base_url: the default is the base URL of the environment.
        api_key: the default is the key of the environment, if that key belongs to the same origin.
        environ: replaces `os.environ`.

    Raises:
        RequestError: if the URL is not valid, or there is no key for DeepSeek.
    """
    environ = os.environ if environ is None else environ
    environment_url = _checked(environ.get(URL_VARIABLE) or DEFAULT_BASE_URL)
    url = _checked(base_url or environment_url)
    key, own = (api_key or "").strip(), environ.get(KEY_VARIABLE, "").strip()
    key_origin: KeyOrigin = "argument" if key else "none"
    if not key and own:
        is_for_this_server = _origin(url) == _origin(environment_url)
        key, key_origin = (own, "environment") if is_for_this_server else ("", "elsewhere")
    if key and not (key.isascii() and key.isprintable()):
        raise RequestError("The API key contains characters that are not allowed; set it again.")
    if key.lower().startswith("bearer ") or (len(key) > 1 and key[0] in "\"'" and key[-1] == key[0]):
        raise RequestError("The API key has quotes or “Bearer” around it; set the key alone.")
    endpoint = Endpoint(url, Secret(key) if key else None, key_origin)
    if endpoint.on_deepseek and endpoint.api_key is None:
        raise RequestError(_NO_KEY)
    return endpoint


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        # The message does not repeat the URL, which may contain a key or a password.
        raise RequestError(f"The base URL is not valid: it must look like {DEFAULT_BASE_URL}.")
    if "@" in parts.netloc:
        raise RequestError("The base URL must not contain a user name or password; set `api_key=` instead.")
    path = parts.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return parts._replace(path=path, fragment="").geturl()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    own_port = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, own_port) else "")
