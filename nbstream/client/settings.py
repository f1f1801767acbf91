"""Where a request goes, with which key, and what is assumed where the user says nothing.

A key belongs to the origin that it was given for: the environment's key to the environment's base URL. It is in no
trait, and in a wrapper that never shows it. This module must not know IPython, nor how a request is sent.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import traitlets
from traitlets.config import Configurable

from nbstream.core.errors import RequestError
from nbstream.core.limits import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_BASE_URL = "https://api.deepseek.com"
KEY_VARIABLE = "DEEPSEEK_API_KEY"
URL_VARIABLE = "DEEPSEEK_BASE_URL"
#: How reasoning is shown: `auto` opens it while it streams, `hidden` keeps it out of the page and the file.
REASONING = ("auto", "open", "closed", "hidden")

_LOOPBACK = ("localhost", "::1")
_NO_KEY = (
    f"No API key. Set one before the kernel starts, as {KEY_VARIABLE}, or here: "
    f"import os, getpass; os.environ['{KEY_VARIABLE}'] = getpass.getpass()\n"
    "To try it offline and without a key, run in a terminal: nbstream demo"
)


class Secret:
    """A value that is shown nowhere: not by repr, str, format, pickling or a traceback with locals."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value, to be handed straight to what sends it."""
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
    """A server's base URL, and the key that was given for it."""

    base_url: str
    api_key: Secret | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port; the scheme's own port is left out."""
        return _origin(self.base_url)

    @property
    def host(self) -> str:
        """The host, with its port if it is not the scheme's own."""
        return urlsplit(self.origin).netloc

    @property
    def on_deepseek(self) -> bool:
        """Whether this is DeepSeek's own API."""
        return self.origin == _origin(DEFAULT_BASE_URL)

    @property
    def on_loopback(self) -> bool:
        """Whether this is on the user's own machine, which no proxy is between."""
        name = urlsplit(self.base_url).hostname or ""
        return name in _LOOPBACK or name.startswith("127.")

    @property
    def server(self) -> str:
        """How to call the server in a sentence."""
        return "DeepSeek" if self.on_deepseek else self.host


class Settings(Configurable):
    """What holds where a request says nothing. Flags go before these, these before the environment.

    In IPython these are the traits of `DeepSeekMagics`: `%config DeepSeekMagics.model = "pro"`.
    """

    model = traitlets.Unicode("flash", help="The model: flash, pro, one of `aliases`, or any id.").tag(config=True)
    base_url = traitlets.Unicode(
        "", help=f"The server's base URL; if empty, {URL_VARIABLE} or {DEFAULT_BASE_URL}."
    ).tag(config=True)
    system = traitlets.Unicode("", help="The system prompt for requests that bring none.").tag(config=True)
    aliases = traitlets.Dict(
        key_trait=traitlets.Unicode(), value_trait=traitlets.Unicode(), help="Your own short names of models."
    ).tag(config=True)
    thinking_field = traitlets.Enum(
        ["thinking", "chat_template_kwargs", "none"],
        "thinking",
        help="Where the server takes --think and --no-think: DeepSeek and llama.cpp in `thinking`, vLLM and SGLang in "
        "`chat_template_kwargs`, others nowhere.",
    ).tag(config=True)
    reasoning = traitlets.Enum(
        REASONING,
        "auto",
        help="How reasoning is shown: auto (open while it streams), open, closed, or hidden. What is hidden is not in "
        'the page or the file; nbstream.show(reasoning="open") shows it.',
    ).tag(config=True)
    retries = traitlets.Int(2, min=0, help="How often a request is sent again before its first delta.").tag(config=True)
    bytes_idle = traitlets.Float(
        120.0, min=0.1, help="Seconds without any byte after which a stream that had begun is given up."
    ).tag(config=True)
    payload_idle = traitlets.Float(
        300.0, min=0.1, help="Seconds without any data, keep-alives aside, after which a stream is given up."
    ).tag(config=True)
    max_bytes = traitlets.Int(
        MAX_BYTES,
        min=1,
        help="The most bytes of one reply, reasoning, answer and tool calls together, that are taken in. Beyond it the "
        "connection is closed and what arrived is kept. The default, 8 MiB, is several times the longest reply that "
        "DeepSeek gives. A reply of that size takes about ten times as much of the kernel's memory, thirty at worst.",
    ).tag(config=True)

    def reasoning_shown(self, way: str | None = None) -> str:
        """Return how reasoning is shown: as said, or else as set.

        Raises:
            RequestError: if `way` is none of `REASONING`.
        """
        way = self.reasoning if way is None else way
        if way not in REASONING:
            raise RequestError(f"reasoning is {way!r}: it must be one of {', '.join(REASONING)}.")
        return way

    def endpoint(
        self, base_url: str | None = None, api_key: str | None = None, environ: Mapping[str, str] | None = None
    ) -> Endpoint:
        """Return where a request goes.

        Args:
            base_url: goes before the settings and the environment.
            api_key: the key for exactly this server; without it, the environment's key is used if it was given for the
                same scheme, host and port.
            environ: stands in for `os.environ`.

        Raises:
            RequestError: if the URL is none, or DeepSeek itself is asked without a key.
        """
        environ = os.environ if environ is None else environ
        environment_url = _checked(environ.get(URL_VARIABLE) or DEFAULT_BASE_URL)
        url = _checked(base_url or self.base_url or environment_url)
        key = (api_key or "").strip()
        if not key and _origin(url) == _origin(environment_url):
            key = environ.get(KEY_VARIABLE, "").strip()
        if key and not (key.isascii() and key.isprintable()):
            raise RequestError("The API key holds characters that no key has; set it again.")
        endpoint = Endpoint(url, Secret(key) if key else None)
        if endpoint.on_deepseek and endpoint.api_key is None:
            raise RequestError(_NO_KEY)
        return endpoint


_current: Settings | None = None


def current() -> Settings:
    """Return the settings in force: those of the loaded extension, else the defaults."""
    global _current  # noqa: PLW0603  (one process has one set of defaults, as it has one environment)
    if _current is None:
        _current = Settings()
    return _current


def use(settings: Settings | None) -> None:
    """Put `settings` in force; None goes back to the defaults."""
    global _current  # noqa: PLW0603
    _current = settings


def _checked(url: str) -> str:
    url = url.strip().rstrip("/").removesuffix("/chat/completions")
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        # It is not repeated: a key or a password may stand in it.
        raise RequestError(f"The base URL is not one: it must look like {DEFAULT_BASE_URL}.")
    if "@" in parts.netloc:
        raise RequestError("The base URL must not hold a user name or password; give a key instead.")
    return url


def _origin(url: str) -> str:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    own_port = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, own_port) else "")
