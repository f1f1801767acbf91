"""Which server a request goes to, and which model it asks for.

The part of a model's name before its first slash is an endpoint if it is the name of one, as in
`ollama/qwen3:8b`. But ids of models have slashes, too, and a prompt must not go to a server that
nobody named:

1. With a base URL for this request, the model is literal.
2. The name of one of the user's own endpoints is always that endpoint.
3. If requests go to another server than the usual one (the setting `base_url`, DEEPSEEK_BASE_URL),
   and its ids may have slashes, the model is literal: `openai/gpt-oss-20b` is a model of that
   server. Only its own name is taken off, before an id with a slash. Of an unknown server on this
   machine, as the simulator is, only ids that begin with a maker of models are literal.
4. Otherwise the name of any endpoint is that endpoint, and another word is an error where no id
   has a slash.
5. An id alone, such as `claude-…`, names no server: it goes to the usual one, or is an error.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from nbstream.client import endpoint_file, keys, models, settings, tapes
from nbstream.client.addresses import is_loopback, is_replay, is_same_server
from nbstream.client.endpoint_facts import FIELDS, UNKNOWN, check_entry, presets
from nbstream.client.endpoints import (
    DEFAULT,
    DEFAULT_BASE_URL,
    OTHER_API,
    URL_VARIABLE,
    Endpoint,
    endpoint_for,
    is_variable,
    shown_url,
    target,
)
from nbstream.client.known_endpoints import KnownEndpoints, check_name, facts_at, known_endpoints
from nbstream.client.redaction import SHORTEST_KEY, KeyRedactor
from nbstream.language import _, listed
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.client.endpoint_facts import EndpointFacts
    from nbstream.client.player import Player
    from nbstream.client.tapes import Tapes

#: The beginning of the ids of Anthropic's models.
_CLAUDE = "claude-"
#: Endpoints that are also makers of models, so that their names begin ids at other servers.
_MAKERS = ("deepseek", "openai", "mistral", "anthropic")


class Route(NamedTuple):
    """Where a request goes: the server, with its key, and the id of the model."""

    endpoint: Endpoint
    model: str


def known(environ: Mapping[str, str] | None = None, player: Player | None = None) -> KnownEndpoints:
    """Return the endpoints that a request may name at the moment.

    Args:
        environ: replaces `os.environ`.
        player: what is replayed. The usual server is the one of the recording then.

    Raises:
        RequestError: if an entry of the settings or of a file is not valid.
    """
    environ = os.environ if environ is None else environ
    files = [*endpoint_file.entries().values()]
    if player is not None:
        environ = {**environ, URL_VARIABLE: player.recording.usual}
        files.insert(0, _valid(player.recording.endpoints))
    return known_endpoints(environ, settings.current().endpoints, files)


def _valid(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return those entries of a recording that this version knows."""
    found = {}
    for name, entry in entries.items():
        with suppress(RequestError):
            check_name(name)
            check_entry(entry)
            if name not in presets():
                found[name] = entry
    return found


def route(
    model: str | None = None, base_url: str | None = None, api_key: str | None = None, *, without_key: bool = False
) -> Route:
    """Return the server and the model's id for a request.

    Args:
        model: an alias, an id, or an endpoint and an id, as in `ollama/qwen3:8b`; the default is
            that of the settings.
        base_url: a base URL or the name of an endpoint; the default is that of the settings.
        api_key: the key; the default is the one that belongs to the server.
        without_key: whether the request can do without a key that the server needs otherwise.

    Raises:
        RequestError: if there is no such server or model, or no key.
    """
    chosen, tape = settings.checked(), tapes.current(base_url)
    endpoints = known(player=tape.player)
    base_url = None if is_replay(base_url) else base_url
    name = models.resolve(model or chosen.model, chosen.aliases, on_deepseek=False)
    usual = base_url or _usual()
    where, rest = ("", name) if base_url else _split(name, usual, endpoints)
    if not (base_url or where):
        _check_nearby(usual, endpoints)
    endpoint = endpoint_for(where or usual, api_key, known=endpoints, without_key=without_key, player=tape.player)
    if not rest:
        raise RequestError(_no_model(where))
    if endpoint.name == DEFAULT and endpoint.on_deepseek and rest.startswith(_CLAUDE):
        # DeepSeek would refuse it, and Anthropic is another company, which nobody named.
        raise RequestError(
            _(
                "{rest} is no model of DeepSeek. Name the endpoint: anthropic/{rest} asks Anthropic, and "
                "{other_api}/{rest} asks the model that DeepSeek has in its place.",
                rest=rest,
                other_api=OTHER_API,
            )
        )
    if endpoint.name in (DEFAULT, OTHER_API):
        # Also `deepseek/flash`; and retired ids are an error at DeepSeek.
        rest = models.resolve(rest, {}, on_deepseek=endpoint.on_deepseek)
    return Route(_recorded(endpoint.for_model(rest), tape, endpoints), rest)


def _usual() -> str:
    """Return the usual server of the settings; empty for the default, and for a recording."""
    named = settings.current().base_url
    return "" if is_replay(named) else named


def _check_nearby(usual: str, endpoints: KnownEndpoints) -> None:
    """Refuse a server that only a file beside the notebook names.

    The file may have come with the notebook, and whoever wrote it would get the prompts. The name
    of an endpoint is fine, and so is a server for which this user has entered a key.

    Raises:
        RequestError: if it is such a server.
    """
    rule = settings.current().rule_of("base_url")
    if rule is None or not rule.is_nearby or usual in endpoints.by_name or is_loopback(usual):
        return
    known_urls = (facts.base_url for facts in endpoints.by_name.values())
    if any(is_same_server(usual, url) for url in known_urls) or keys.find_key(usual, (), {}).secret is not None:
        return
    shown = shown_url(usual)
    raise RequestError(
        _(
            "Nothing was sent: {where} names the server {shown}, and nothing of your own does. If you trust "
            "whoever wrote that file, enter a key for it with %deepseek key {shown}, or make it an endpoint in "
            "{path}.",
            where=rule.where,
            shown=shown,
            path=endpoint_file.path(),
        )
    )


def _recorded(endpoint: Endpoint, tape: Tapes, endpoints: KnownEndpoints) -> Endpoint:
    """Return the endpoint with what its responses are recorded in."""
    if tape.recorder is None or endpoint.player is not None:
        return endpoint
    usual, of_usual, _ = target(_usual(), endpoints)
    usual = "" if is_same_server(usual, DEFAULT_BASE_URL) else _recorded_url(usual, of_usual, endpoint, endpoints)
    entry = None
    if endpoint.name in endpoints.own:
        # As the user gave it: the facts of a request may be those of its model.
        facts = endpoints.by_name[endpoint.name]
        given = {name: getattr(facts, name) for name in FIELDS}
        entry = {"name": facts.name} | {name: each for name, each in given.items() if each != getattr(UNKNOWN, name)}
        entry["base_url"] = _recorded_url(facts.base_url, facts, endpoint, endpoints)
        # Where an older version of the server listens is of no use in a replay.
        entry.pop("former_url", None)
        if not (is_variable(facts.key_variable) and (facts.key_variable.isupper() or facts.key_variable in os.environ)):
            # A key in place of the name of its variable is a common mistake.
            entry.pop("key_variable", None)
    return replace(endpoint, recorder=tape.recorder.bound(usual, entry))


def _recorded_url(url: str, facts: EndpointFacts, asked: Endpoint, endpoints: KnownEndpoints) -> str:
    """Return a base URL without its own key and those of the endpoint that is asked."""
    parts = urlsplit(url)
    own = None
    # A shorter one has no key.
    if len(parts.path + parts.query) >= SHORTEST_KEY:
        with suppress(RequestError):
            own = keys.find_key(url, (facts, *endpoints.by_name.values()), os.environ).secret
    return KeyRedactor(own, *asked.secrets).redact(shown_url(url, own, asked.api_key))


def with_present_key(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint with the key that belongs to it now, unless its key was given by hand."""
    if endpoint.key_origin == "argument" or endpoint.player is not None:
        return endpoint
    key = keys.find_key(endpoint.base_url, (endpoint.facts, *known().by_name.values()), os.environ)
    return replace(endpoint, api_key=key.secret, key_origin=key.origin, key_note=key.note)


def server(name: str = "", *, without_key: bool = False) -> Endpoint:
    """Return a server by its name or base URL; without one, the server of the usual model.

    Raises:
        RequestError: if there is no such server, or no key.
    """
    if not name:
        return route(without_key=without_key).endpoint
    tape = tapes.current(name)
    endpoints = known(player=tape.player)
    endpoint = endpoint_for(
        "" if is_replay(name) else name, known=endpoints, without_key=without_key, player=tape.player
    )
    endpoint = _recorded(endpoint, tape, endpoints)
    # Its model does not matter, but that it is one of DeepSeek's.
    return endpoint.for_model(models.ALIASES["flash"]) if endpoint.name == DEFAULT else endpoint


def _split(name: str, usual: str, endpoints: KnownEndpoints) -> tuple[str, str]:
    """Return the name of an endpoint, which may be empty, and the model's id."""
    first, slash, rest = name.partition("/")
    if first in endpoints.own and slash:
        return first, rest
    url, facts, *_rest = target(usual, endpoints)
    is_unknown_here = is_loopback(url) and not facts_at(url, {}).name
    if facts.slashes != "never" and not (is_unknown_here and first in endpoints.by_name and first not in _MAKERS):
        is_own_name = bool(facts.name) and facts.name == first and "/" in rest
        return "", rest if is_own_name else name
    if first not in endpoints.by_name:
        if slash:
            raise RequestError(
                _(
                    "{first}/… names no endpoint: there are {by_name}. The ids of {title} have no slash.",
                    first=first,
                    by_name=listed(endpoints.by_name),
                    title=facts.title,
                )
            )
        return "", name
    if not rest and first not in models.ALIASES.values():
        raise RequestError(_no_model(first))
    # Where every id has a slash, as in `openrouter/auto`, this word belongs to the id.
    is_id = endpoints.by_name[first].slashes == "always" and "/" not in rest
    return first, name if is_id else rest


def _no_model(name: str) -> str:
    return _(
        "{name} is an endpoint: name one of its models, as in {name}/MODEL. %deepseek models {name} lists them.",
        name=name,
    )
