"""The keys that a chat was given: each of its turns has them, but no other server gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.client.routing import route
from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError
from nbstream.model.hidden_text import hidden_in

if TYPE_CHECKING:
    from collections.abc import Mapping


_OF_CHAT = marked("The chat's keys are for {home}, and are not sent to {server}.")
OF_ALL_COLUMNS = marked("The keys for all columns are for {home}, and are not sent to {server}.")


class Chosen(NamedTuple):
    """The options of a turn, and a sentence if keys of the chat were left out; or empty."""

    options: dict[str, Any]
    note: str = ""


def with_own(usual: Mapping[str, Any], own: Mapping[str, Any], whose: str = _OF_CHAT) -> Chosen:
    """Return the options of a turn, without keys of the chat if it asks another server.

    Args:
        usual: the options of the chat, with its keys.
        own: the options of this turn, which go before them.
        whose: the sentence that names the keys, and servers as `home` and `server`.

    Raises:
        RequestError: if they name no server.
    """
    chosen = {**usual, **own}
    body = usual.get("extra_body") or {}
    fields = [name for name, value in body.items() if "extra_body" not in own and any(hidden_in(value))]
    has_key = "api_key" not in own and bool(usual.get("api_key"))
    if not (fields or has_key) or own.keys().isdisjoint(("model", "base_url")):
        return Chosen(chosen)
    home, server = _origin(usual), _origin(chosen)
    if home == server:
        return Chosen(chosen)
    if has_key:
        del chosen["api_key"]
    if fields:
        chosen["extra_body"] = {name: value for name, value in body.items() if name not in fields}
    return Chosen(chosen, _(whose, home=home, server=server))


def with_kept(usual: Mapping[str, Any], secrets: Mapping[str, str], given: Mapping[str, Any]) -> Chosen:
    """Return the options of a chat whose options are replaced by those of a file, which has no key.

    Args:
        usual: the options so far, without the secret ones.
        secrets: the secret ones: a key, and a base URL with a query.
        given: the options in the file.
    """
    chosen = {**secrets, **given}
    if "api_key" not in secrets or "api_key" in given:
        return Chosen(chosen)
    try:
        home, server = _origin({**usual, **secrets}), _origin(chosen)
    except RequestError:
        home, server = _("another server"), _("that of the file")
    if home == server:
        return Chosen(chosen)
    del chosen["api_key"]
    return Chosen(chosen, _("The chat's key is for {home}, and is not sent to {server}.", home=home, server=server))


def _origin(options: Mapping[str, Any]) -> str:
    return route(options.get("model"), options.get("base_url"), without_key=True).endpoint.origin
