"""The endpoints that a request may name: presets, files and the settings, in this order.

A later one replaces fields of an earlier one with the same name. Between the presets and the file,
a server's own environment variable, such as DEEPSEEK_BASE_URL, replaces the base URL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nbstream.client.addresses import is_loopback, is_replay, is_same_server
from nbstream.client.endpoint_facts import UNKNOWN, EndpointFacts, EntryError, check_entry, merged, presets
from nbstream.language import _
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Before the first slash of a model; so no blanks, slashes or colons.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_NO_ENTRIES: Mapping[str, Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class KnownEndpoints:
    """Endpoints by name.

    Attributes:
        by_name: all endpoints.
        own: the names that are the user's own, and no preset's.
    """

    by_name: Mapping[str, EndpointFacts]
    own: frozenset[str] = frozenset()


def known_endpoints(
    environ: Mapping[str, str],
    settings: Mapping[str, Mapping[str, Any]] = _NO_ENTRIES,
    files: Iterable[Mapping[str, Mapping[str, Any]]] = (),
) -> KnownEndpoints:
    """Return all endpoints.

    Args:
        environ: the environment.
        settings: the entries of the setting `endpoints`.
        files: the entries of each file; a later one replaces fields of an earlier one.

    Raises:
        RequestError: if an entry of the settings is not valid; those of files were checked.
    """
    found = {name: _with_environment(facts, environ) for name, facts in presets().items()}
    for file in files:
        for name, entry in file.items():
            found[name] = with_entry(name, entry, found)
    for name, entry in settings.items():
        try:
            check_name(name)
            found[name] = with_entry(name, entry, found)
        except EntryError as error:
            place = f"endpoints[{name!r}]" + (f"[{error.field!r}]" if error.field else "")
            raise RequestError(_("The setting {place}: {reason}.", place=place, reason=error.reason)) from None
    return KnownEndpoints(found, frozenset(found) - frozenset(presets()))


def facts_at(url: str, by_name: Mapping[str, EndpointFacts]) -> EndpointFacts:
    """Return the facts of the endpoint with the origin of `url`, or of a server that is not known.

    Of several endpoints with this origin, the one counts whose path the URL begins with, as
    DeepSeek's second API has another path. On this machine the port decides, so the name of the
    program is a guess, and left out.
    """
    own = [facts for name, facts in by_name.items() if name not in presets()]
    # A key whose variable has moved with its endpoint does not belong to the address of the preset.
    homes = {name: facts.key_home for name, facts in by_name.items()}
    original = [replace(facts, key_home=homes.get(name, facts.key_home)) for name, facts in presets().items()]
    found = [
        facts
        for facts in (*own, *by_name.values(), *original)
        if is_same_server(url, facts.base_url) or (facts.former_url and is_same_server(url, facts.former_url))
    ]
    path = urlsplit(url).path
    shared = {id(each): _shared(path, urlsplit(each.base_url).path) for each in found}
    # Beside the path of Anthropic's API there is another API.
    found = [each for each in found if shared[id(each)] >= 0 or each.api == "openai"]
    if not found:
        return UNKNOWN
    facts = max(found, key=lambda each: shared[id(each)])
    return replace(facts, title="") if is_loopback(url) else facts


def _shared(path: str, other: str) -> int:
    """Return how much of `path` an endpoint's own path is; less than 0 if it has another one."""
    is_within = f"{path.rstrip('/')}/".startswith(f"{other.rstrip('/')}/")
    return len(other.rstrip("/")) if is_within else -1


def check_name(name: object) -> None:
    """Raise an `EntryError` unless `name` can stand before the slash of `-m name/model`."""
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise EntryError("", _("the name of an endpoint has letters, digits, and _ . - after the first of them"))


def _with_environment(facts: EndpointFacts, environ: Mapping[str, str]) -> EndpointFacts:
    url = environ.get(facts.url_variable, "").strip() if facts.url_variable else ""
    if not url or is_replay(url):
        return facts
    if facts.url_suffix:
        # The variable has the address of the server's first API.
        for end in ("/", "/v1", "/beta", facts.url_suffix):
            url = url.removesuffix(end)
        url += facts.url_suffix
        if not (is_loopback(url) or is_same_server(url, facts.base_url)):
            # Another server has another path, or none. The key is its own all the same.
            return replace(facts, key_home=url)
    own = {name: getattr(facts, name) for name in ("url_variable", "url_suffix", "key_variable", "key_header")}
    if not is_loopback(facts.base_url) and not is_same_server(url, facts.base_url):
        # A service in the network that is asked elsewhere is another server.
        name, preset, facts = facts.name, facts, facts_at(url, {})
        if not facts.name:
            facts = replace(facts, name=name)
            # Whoever names a server in this variable means its API.
            facts = merged(replace(facts, base_url=url), {"api": preset.api}) if preset.api != facts.api else facts
    return replace(facts, base_url=url, key_home=url, **own)


def _recorded_url(url: str) -> str:
    """Return a base URL; of one that names a recording, that of the server that was recorded."""
    if not is_replay(url):
        return url
    from nbstream.client.player import player_at  # noqa: PLC0415  (only where it is used)

    try:
        return player_at(url).recording.usual or presets()["deepseek"].base_url
    except RequestError:
        # Only the requests that use it fail.
        return url


def with_entry(name: str, entry: Mapping[str, Any], found: Mapping[str, EndpointFacts]) -> EndpointFacts:
    """Return the endpoint `name` of `found`, or of the presets, with the fields of an entry.

    Raises:
        EntryError: if the entry is not valid.
    """
    check_entry(entry)
    facts = found.get(name) or presets().get(name)
    if facts is None:
        facts = facts_at(_recorded_url(str(entry.get("base_url", ""))), found)
        facts = replace(facts, name=name, title="")
    elif "base_url" in entry and name in presets():
        facts = replace(presets()[name], key_home=facts.key_home)
    return merged(facts, entry)
