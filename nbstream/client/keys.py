"""Where a key comes from: in this order a prompt, the environment, the keyring, Colab's secrets.

A key belongs to an origin. One that was typed or saved is kept under its origin; the value of an
environment variable belongs to the origin of the base URL for which the variable is named.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.client.addresses import is_loopback, origin_of
from nbstream.client.secret import Secret
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.sessions.per_session import PerSession

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nbstream.client.endpoint_facts import EndpointFacts
    from nbstream.model.request import KeyOrigin


class Key(NamedTuple):
    """A key, or why there is none.

    Attributes:
        secret: the key; None if there is none.
        origin: where it comes from.
        note: why the keyring or Colab's secrets could not be read; empty if they could.
    """

    secret: Secret | None
    origin: KeyOrigin
    note: str = ""


#: The name of the keyring's service; the user's name in it is the origin.
SERVICE = "nbstream"

#: keyring's exception if the operating system has none.
_NO_BACKEND = "NoKeyringError"

#: The keys that were typed in this session, by origin.
_typed: PerSession[dict[str, Secret]] = PerSession(dict)
#: The keys that were found in the keyring or in Colab, by origin: to ask them takes a while.
_found: PerSession[dict[str, Key]] = PerSession(dict)


def keep(origin: str, value: str) -> Secret:
    """Keep a key that was typed, for this session and this origin, and return it.

    Raises:
        RequestError: if it cannot be a key.
    """
    secret = _typed.get()[origin] = checked_key(value)
    return secret


def forget(origin: str) -> bool:
    """Forget a key that was typed or found, and return whether one was typed."""
    _found.get().pop(origin, None)
    return _typed.get().pop(origin, None) is not None


def save(origin: str, secret: Secret) -> None:
    """Save a key in the keyring, under its origin.

    Raises:
        RequestError: if there is no keyring, or it does not take the key.
    """
    keyring = _keyring()
    if keyring is None:
        raise RequestError(_("The key is not saved: the package keyring is not installed. It is kept for this kernel."))
    try:
        keyring.set_password(SERVICE, origin, secret.reveal())
    except Exception as error:  # noqa: BLE001  (of any backend)
        raise RequestError(
            _("The key is not saved: {reason}. It is kept for this kernel.", reason=_reason(error, secret))
        ) from None


def delete(origin: str) -> bool:
    """Delete a key that was saved, and return whether there was one.

    Raises:
        RequestError: if the keyring fails.
    """
    _found.get().pop(origin, None)
    keyring = _keyring()
    try:
        if keyring is None or keyring.get_password(SERVICE, origin) is None:
            return False
        keyring.delete_password(SERVICE, origin)
    except Exception as error:  # noqa: BLE001  (of any backend)
        if type(error).__name__ == _NO_BACKEND:
            return False
        raise RequestError(_("The keyring still has the key: {reason}.", reason=_reason(error))) from None
    return True


def find_key(url: str, facts: Iterable[EndpointFacts], environ: Mapping[str, str]) -> Key:
    """Return the key for the server at `url`.

    Args:
        url: the base URL to which the request goes.
        facts: the endpoints whose variables may have it, in their order.
        environ: the environment.

    Raises:
        RequestError: if the value that was found cannot be a key.
    """
    origin = origin_of(url)
    typed, known = _typed.get(), _found.get()
    if origin in typed:
        return Key(typed[origin], "prompt")
    variables = [each.key_variable for each in facts if each.key_variable and origin_of(each.key_home) == origin]
    for name in variables:
        if value := environ.get(name, "").strip():
            return Key(checked_key(value), "environment")
    if origin in known:
        return known[origin]
    key = Key(None, "none")
    # A server on this machine without a variable takes no key.
    if variables or not is_loopback(url):
        key = _from_keyring(origin)
    if key.secret is None and (of_colab := _from_colab(variables)) is not None:
        key = of_colab
    if key.secret is not None:
        known[origin] = key
    return key


def _from_keyring(origin: str) -> Key:
    keyring = _keyring()
    if keyring is None:
        return Key(None, "none")
    try:
        value = keyring.get_password(SERVICE, origin)
    except Exception as error:  # noqa: BLE001  (of any backend)
        is_missing = type(error).__name__ == _NO_BACKEND
        return Key(
            None, "none", "" if is_missing else _("The keyring could not be read: {reason}.", reason=_reason(error))
        )
    return Key(checked_key(value), "keyring") if value else Key(None, "none")


def _from_colab(variables: Iterable[str]) -> Key | None:
    # Colab's kernels have imported it; elsewhere it is not looked for.
    if "google.colab" not in sys.modules:
        return None
    from google.colab import userdata  # noqa: PLC0415  (there only in Colab)

    for name in variables:
        try:
            value = userdata.get(name)
        except Exception as error:  # noqa: BLE001  (its exceptions are its own)
            if type(error).__name__ == "SecretNotFoundError":
                continue
            return Key(
                None,
                "none",
                _(
                    "Colab did not give the secret {name}: {reason}. Switch on its notebook access, at the key "
                    "symbol in Colab's left column.",
                    name=name,
                    reason=_reason(error),
                ),
            )
        if value:
            return Key(checked_key(value), "colab")
    return None


def _keyring() -> Any:
    """Return the package keyring, or None without it."""
    if importlib.util.find_spec("keyring") is None:
        return None
    import keyring  # noqa: PLC0415  (80 ms, and not everybody has it)

    return keyring


def _reason(error: Exception, secret: Secret | None = None) -> str:
    """Return the kind and the words of an exception, in one line and without the key."""
    said = one_line(str(error)).rstrip(".")
    if secret is not None:
        said = said.replace(secret.reveal(), "<secret>")
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def checked_key(value: str) -> Secret:
    """Return a key as a secret.

    Raises:
        RequestError: if it cannot be a key. The message does not repeat it.
    """
    value = value.strip()
    if not (value.isascii() and value.isprintable()):
        raise RequestError(_("The API key contains characters that are not allowed; set it again."))
    if value.lower().startswith("bearer ") or (len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]):
        raise RequestError(_("The API key has quotes or “Bearer” around it; set the key alone."))
    return Secret(value)
