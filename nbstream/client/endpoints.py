"""The server of a request: its base URL, its facts and its key.

A key is only sent to the origin for which it was set (`keys`).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from nbstream.client import keys, models
from nbstream.client.addresses import checked_url, is_loopback, is_replay, origin_of
from nbstream.client.endpoint_facts import UNKNOWN, UNKNOWN_MESSAGES, EndpointFacts, presets
from nbstream.client.known_endpoints import KnownEndpoints, facts_at, known_endpoints
from nbstream.client.secret import Secret
from nbstream.language import _, joined, marked
from nbstream.model.exceptions import RequestError
from nbstream.model.hidden_text import MARK
from nbstream.model.request import CHAT, MESSAGES, Address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.client.endpoint_facts import Continuing
    from nbstream.client.player import Player
    from nbstream.client.recorder import Recorder
    from nbstream.model.request import KeyOrigin

#: The endpoint of a request that names none.
DEFAULT = "deepseek"
#: The same server with Anthropic's API.
OTHER_API = "deepseek-anthropic"
DEFAULT_BASE_URL = presets()[DEFAULT].base_url
KEY_VARIABLE = presets()[DEFAULT].key_variable
URL_VARIABLE = presets()[DEFAULT].url_variable

#: The variable from which a program reads the key for a server that has no variable of its own.
OTHER_KEY_VARIABLE = "API_KEY"

_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
#: The path of a base URL of Anthropic's API: every provider that offers it calls it so.
_MESSAGES_URL = re.compile(r"/(?:anthropic(?:/v1)?|v1/messages)/?\Z")
#: Names in a base URL's query whose values are secret.
_KEY_NAME = re.compile("key|token|secret|signature|password", re.IGNORECASE)
#: Further names whose values are secret as a rule. They are removed from replies only if they look
#: like a key, as a value may be a common word.
_MAYBE_KEY_NAME = re.compile("^(sig|code|auth|pass|pwd|credentials?)$", re.IGNORECASE)
_LIKE_A_KEY = re.compile(r"(?=.*\d)(?=.*[A-Za-z])\S{16,}")
#: A value that looks like a key, whatever its name.
_KEY_VALUE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.~+/=-]{20,}")
_OFFLINE = marked("To try it offline and without a key, run in a terminal: nbstream demo")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server's base URL, the key for it, where that key comes from, and the server's facts."""

    base_url: str = field(repr=False)
    api_key: Secret | None = None
    key_origin: KeyOrigin = ""
    facts: EndpointFacts = UNKNOWN
    #: Why no key could be looked up; empty as a rule.
    key_note: str = ""
    #: What answers in place of the server, and what its responses are recorded in.
    player: Player | None = field(default=None, repr=False)
    recorder: Recorder | None = field(default=None, repr=False)

    @property
    def key_variable(self) -> str:
        """The environment variable from which a program reads this server's key.

        It is the variable of the endpoint only if that is for this server, and one that a shell
        can read.
        """
        name, home = self.facts.key_variable, self.facts.key_home
        is_own = bool(home) and origin_of(home) == self.origin
        return name if is_own and is_variable(name) else OTHER_KEY_VARIABLE

    @property
    def name(self) -> str:
        """The endpoint's name, as in `-m name/model`; empty if it has none."""
        return self.facts.name

    @property
    def path_url(self) -> str:
        """The base URL without its query, for a path to be appended."""
        return urlsplit(self.base_url)._replace(query="", path=self._path).geturl()

    @property
    def _path(self) -> str:
        """The path of the base URL; that of Anthropic's API has no version, as the call has it."""
        path = urlsplit(self.base_url).path
        return path.removesuffix("/v1") if self.call == MESSAGES else path

    @property
    def call(self) -> str:
        """The path of a request for a chat, below the base URL."""
        return MESSAGES if self.facts.api == "anthropic" else CHAT

    @property
    def query(self) -> dict[str, str]:
        """The query of the base URL, such as Azure's `api-version`."""
        return dict(parse_qsl(urlsplit(self.base_url).query, keep_blank_values=True))

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What no output may have: the key, and keys in the base URL's query."""
        own = (self.api_key,) if self.api_key is not None else ()
        found = [value for name, value in self.query.items() if value and _is_key(name, value)]
        return (*own, *map(Secret, found))

    @property
    def address(self) -> Address:
        """The path and the query, with variables of the environment in place of keys."""
        key, path = self.api_key, _without_key(self._path, self.api_key)
        secret = [name for name, value in self.query.items() if is_secret_field(name, value)]
        open_query = [(name, value) for name, value in self.query.items() if name not in secret]
        return Address(
            path,
            self.call,
            query=tuple(open_query),
            query_variables=tuple((name, f"URL_{re.sub(r'[^A-Z0-9]', '_', name.upper())}") for name in secret),
            key_variable=self.key_variable if key is not None else "",
            key_header=self.facts.key_header,
        )

    @property
    def origin(self) -> str:
        """Scheme, host and port, without the default port of the scheme."""
        return origin_of(self.base_url)

    @property
    def on_deepseek(self) -> bool:
        """Whether this is DeepSeek's own API."""
        return self.origin == origin_of(DEFAULT_BASE_URL)

    @property
    def on_loopback(self) -> bool:
        """Whether the server is on this machine, so that no proxy is used."""
        return is_loopback(self.base_url)

    @property
    def beta(self) -> Endpoint:
        """The same server below `/beta`, where DeepSeek has prefix completion."""
        parts = urlsplit(self.base_url)
        path = parts.path.removesuffix("/v1").removesuffix("/beta")
        return replace(self, base_url=parts._replace(path=f"{path}/beta").geturl())

    @property
    def server(self) -> str:
        """The server's name in a sentence."""
        host, title = urlsplit(self.origin).netloc, self.facts.title
        if self.on_deepseek:
            return "DeepSeek"
        preset = presets().get(self.name)
        is_hosted = preset is not None and self.origin == origin_of(preset.base_url) and not self.on_loopback
        return title if title and is_hosted else f"{title} at {host}" if title else host

    @property
    def continuing(self) -> Continuing:
        """How the server continues an answer; empty if it does not."""
        return self.facts.continuing

    @property
    def missing_key(self) -> str:
        """What to do about the key that requests need, and that is missing; or nothing."""
        needs_key = self.facts.needs_key and self.api_key is None and self.player is None
        return _no_key(self.facts, self.base_url, self.key_note) if needs_key else ""

    @property
    def for_continuing(self) -> Endpoint:
        """The same endpoint at the base URL where it continues answers."""
        return self.beta if self.facts.has_beta else self

    def for_model(self, model: str) -> Endpoint:
        """Return the endpoint with the facts of DeepSeek, if the simulator may be asked.

        It is one of DeepSeek's model ids at a server on this machine of which nothing is known but
        its API.
        """
        if not (self.on_loopback and self.facts.is_unknown and models.is_deepseek(model)):
            return self
        own = {name: getattr(self.facts, name) for name in ("base_url", "key_variable", "key_home")}
        preset = presets()[OTHER_API if self.facts.api == "anthropic" else DEFAULT]
        facts = replace(preset, **own, name=self.name or preset.name, title="", needs_key=False)
        return replace(self, facts=facts)


def shown_url(url: str, *keys: Secret | None) -> str:
    """Return a base URL without a key that its query may have, and without user and password.

    Args:
        url: the base URL.
        *keys: keys that are not in the path either.
    """
    try:
        parts = urlsplit(url.strip())
        fields = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return _("not valid")
    query = "&".join(f"{name}={MARK if is_secret_field(name, value) else value}" for name, value in fields)
    path = parts.path
    for key in keys:
        path = _without_key(path, key)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], path=path, query=query).geturl()


def _without_key(path: str, key: Secret | None) -> str:
    return path if key is None else path.replace(key.reveal(), "KEY")


class Target(NamedTuple):
    """The base URL of a request, the facts about its server, and what answers in its place."""

    url: str
    facts: EndpointFacts
    player: Player | None = None


def target(base_url: str | None, known: KnownEndpoints) -> Target:
    """Return the server that `base_url` names, as for `endpoint_for`, without a key."""
    chosen = known.by_name.get((base_url or "").strip() or DEFAULT)
    if chosen is not None and is_replay(chosen.base_url):
        from nbstream.client.player import player_at  # noqa: PLC0415  (only where it is used)

        # The user's own entry names a recording, so the server is the one that was recorded.
        player = player_at(chosen.base_url)
        return Target(checked_url(player.recording.usual or DEFAULT_BASE_URL), chosen, player)
    if chosen is not None:
        return Target(checked_url(chosen.base_url), chosen)
    url = checked_url(str(base_url))
    facts = facts_at(url, known.by_name)
    if facts is UNKNOWN and _MESSAGES_URL.search(urlsplit(str(base_url)).path):
        facts = UNKNOWN_MESSAGES
    return Target(url, facts)


def endpoint_for(
    base_url: str | None = None,
    api_key: str | None = None,
    environ: Mapping[str, str] | None = None,
    known: KnownEndpoints | None = None,
    *,
    without_key: bool = False,
    player: Player | None = None,
) -> Endpoint:
    """Return the server for a request.

    Args:
        base_url: a base URL, or the name of an endpoint; the default is the endpoint `deepseek`.
        api_key: the default is the key that belongs to this server.
        environ: replaces `os.environ`.
        known: the endpoints that there are; the default is the presets.
        without_key: whether the request can do without a key that the server needs otherwise.
        player: answers in place of the server, so that no key is looked for.

    Raises:
        RequestError: if the URL is not valid, or there is no key and the server needs one.
    """
    environ = os.environ if environ is None else environ
    known = known_endpoints(environ) if known is None else known
    url, facts, own_player = target(base_url, known)
    if player is not None or own_player is not None:
        return Endpoint(url, None, "none", facts, player=player or own_player)
    if api_key and api_key.strip():
        key = keys.Key(keys.checked_key(api_key), "argument")
    else:
        key = keys.find_key(url, (facts, *known.by_name.values()), environ)
    if key.secret is None and environ.get(facts.key_variable or KEY_VARIABLE, "").strip():
        # Otherwise it would have been found.
        key = key._replace(origin="elsewhere")
    if facts.needs_key and key.secret is None and not without_key:
        raise RequestError(_no_key(facts, url, key.note))
    return Endpoint(url, key.secret, key.origin, facts, key.note)


def _no_key(facts: EndpointFacts, url: str, note: str) -> str:
    if note:
        how = joined(note, _("Or enter it with %deepseek key {name}", name=facts.name))
    elif origin_of(facts.key_home) == origin_of(url):
        how = _(
            "Set {key_variable} before the kernel starts, or enter it with %deepseek key {name}",
            key_variable=facts.key_variable,
            name=facts.name,
        )
    else:
        # An entry of the user has moved the endpoint, and does not name its key.
        how = _(
            "{key_variable} belongs to {server}: give the endpoint {name} a key_variable beside its base_url, "
            "or enter a key with %deepseek key {name}",
            key_variable=facts.key_variable,
            server=origin_of(facts.key_home),
            name=facts.name,
        )
    said = _("No API key for {server}.", server=facts.title or origin_of(url))
    return f"{joined(said, how)}\n{_(_OFFLINE)}"


def _is_key(name: str, value: str) -> bool:
    """Return whether a field of a query is a key, so that no reply may have it either."""
    return bool(_KEY_NAME.search(name) or (_MAYBE_KEY_NAME.match(name) and _LIKE_A_KEY.fullmatch(value)))


def is_variable(name: str) -> bool:
    """Return whether a shell can read an environment variable of this name."""
    return _VARIABLE.fullmatch(name) is not None


def is_secret_field(name: str, value: str) -> bool:
    """Return whether a field of a base URL's query is a key, or may be one."""
    return bool(_KEY_NAME.search(name) or _MAYBE_KEY_NAME.match(name) or _KEY_VALUE.fullmatch(value))
