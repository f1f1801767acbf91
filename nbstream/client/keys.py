"""Where a key comes from: a prompt, the environment, the keyring, or Colab's secrets.

A key belongs to an origin. One that was typed or saved is kept under its origin; the value of an
environment variable belongs to the origin of the base URL for which the variable is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nbstream.client.addresses import origin_of
from nbstream.client.secret import Secret
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nbstream.client.endpoint_facts import EndpointFacts
    from nbstream.model.request import KeyOrigin


class Key(NamedTuple):
    """A key, or why there is none.

    Attributes:
        secret: the key; None if there is none.
        origin: where it comes from.
    """

    secret: Secret | None
    origin: KeyOrigin


#: The keys that were typed in this process, by origin.
_typed: dict[str, Secret] = {}


def keep(origin: str, value: str) -> Secret:
    """Keep a key that was typed, for this process and this origin, and return it.

    Raises:
        RequestError: if it cannot be a key.
    """
    _typed[origin] = secret = checked_key(value)
    return secret


def forget(origin: str) -> bool:
    """Forget a key that was typed, and return whether there was one."""
    return _typed.pop(origin, None) is not None


def find_key(url: str, facts: Iterable[EndpointFacts], environ: Mapping[str, str]) -> Key:
    """Return the key for the server at `url`.

    Args:
        url: the base URL to which the request goes.
        facts: the endpoints whose variables may have it, in their order.
        environ: the environment.

    Raises:
        RequestError: if what was found cannot be a key.
    """
    origin = origin_of(url)
    if origin in _typed:
        return Key(_typed[origin], "prompt")
    is_elsewhere = False
    for each in facts:
        value = environ.get(each.key_variable, "").strip() if each.key_variable else ""
        if not value:
            continue
        if origin_of(each.key_home) == origin:
            return Key(checked_key(value), "environment")
        is_elsewhere = True
    return Key(None, "elsewhere" if is_elsewhere else "none")


def checked_key(value: str) -> Secret:
    """Return a key as a secret.

    Raises:
        RequestError: if it cannot be a key. The message does not repeat it.
    """
    value = value.strip()
    if not (value.isascii() and value.isprintable()):
        raise RequestError("The API key contains characters that are not allowed; set it again.")
    if value.lower().startswith("bearer ") or (len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]):
        raise RequestError("The API key has quotes or “Bearer” around it; set the key alone.")
    return Secret(value)
