"""Hides the keys that a user puts into the body of a request: they are sent, and never shown.

Gateways and servers of tools take such keys, as in `{"headers": {"Authorization": "Bearer …"}}`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from nbstream.client.endpoints import is_secret_field
from nbstream.client.redaction import KeyRedactor
from nbstream.client.secret import Secret
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.hidden_text import MARK, HiddenText
from nbstream.prompt.secrets import is_key, is_secret_name, secrets_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.client.endpoints import Endpoint

#: In a JSON schema, these have names of the user's in place of fields.
_NAMES = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentRequired", "dependentSchemas"})
#: Names of headers and of fields that are secret, beside those of variables.
_SECRET_NAME = re.compile(r"(?:proxy-|set-)?(?:cookie|auth)|sig|signature|pwd", re.IGNORECASE)
#: These texts are prompts, which are sent and shown as they are.
_PROMPTS = ("model", "messages", "prompt", "suffix")
#: `Bearer …` and the like, in a header (RFC 9110, section 11.1).
_SCHEME = re.compile(r"(?:Bearer|Basic|Token|Digest|ApiKey|Api-Key|Key)\s+(?=\S+\Z)", re.IGNORECASE)
#: A value that may be a key, in a field that is called `key`.
_CREDENTIAL = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[\w+/=.:-]{16,}")
_SHORTEST_CREDENTIAL = 8


def with_hidden(body: Mapping[str, Any], endpoint: Endpoint | None = None) -> dict[str, Any]:
    """Return fields of a body, with each text that is secret as a `HiddenText`.

    Args:
        body: the fields.
        endpoint: the server; its key is secret in any field.
    """
    hider = _Hider(endpoint)
    return {name: each if name in _PROMPTS else hider.read(name, each) for name, each in body.items()}


def refuse_forgotten(body: Mapping[str, Any]) -> None:
    """Raise `RequestError` if a text of a body is only the mark of a secret, as in a saved chat."""
    for name, value in body.items():
        if name not in _PROMPTS and _has_mark(value):
            raise RequestError(
                _(
                    "The secret in the field {name} of `extra_body=` is not kept in a file: give `extra_body=` again. "
                    "Nothing was sent.",
                    name=name,
                )
            )


def secrets_in(text: HiddenText) -> Sequence[Secret]:
    """Return the secrets in a hidden text: the key of a URL, or of a header without its scheme."""
    value = text.reveal()
    parts = _of_url(value)
    return [Secret(str(each)) for each in parts or [_SCHEME.sub("", value.strip())]]


class _Hider:
    """Reads the fields of one body."""

    def __init__(self, endpoint: Endpoint | None) -> None:
        forms = KeyRedactor(*endpoint.secrets).forms if endpoint is not None else []
        self._known = (*forms, *secrets_of(os.environ))
        #: The texts by their variables.
        self._hidden: dict[str, str] = {}

    def read(self, name: str, value: Any, *, is_secret: bool = False) -> Any:
        """Return a value of the field `name`, which may be within a secret one."""
        if isinstance(value, str):
            if isinstance(value, HiddenText) or not value or value == MARK:
                return value
            return self._hide(name, str(value)) if is_secret or self._is_secret(name, value) else value
        is_secret = is_secret or _is_secret_name(name)
        if isinstance(value, Mapping):
            if name in _NAMES:
                return {each: self.read("", inner) for each, inner in value.items()}
            return {each: self.read(str(each), inner, is_secret=is_secret) for each, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.read(name, each, is_secret=is_secret) for each in value]
        return value

    def _is_secret(self, name: str, value: str) -> bool:
        bare = _SCHEME.sub("", value.strip())
        is_header = len(bare) < len(value.strip()) and len(bare) >= _SHORTEST_CREDENTIAL
        return (
            _is_secret_name(name, value)
            or is_key(bare)
            or (name.lower() == "key" and _CREDENTIAL.fullmatch(bare) is not None)
            or (is_header and any(map(str.isdigit, bare)))
            or bool(_of_url(value))
            or any(secret in value for secret in self._known)
        )

    def _hide(self, name: str, value: str) -> HiddenText:
        plain = f"BODY_{re.sub(r'[^A-Z0-9]+', '_', name.upper()).strip('_') or 'SECRET'}"
        variable, number = plain, 1
        while self._hidden.setdefault(variable, value) != value:
            number += 1
            variable = f"{plain}_{number}"
        return HiddenText(value, variable)


def _is_secret_name(name: str, value: object = "text") -> bool:
    return is_secret_name(name, value) or _SECRET_NAME.fullmatch(name) is not None


def _of_url(value: str) -> list[str]:
    """Return the secrets of a URL: its password, and keys in its query."""
    if "://" not in value or len(value.split()) != 1:
        return []
    try:
        parts = urlsplit(value.strip())
        found = [each for name, each in parse_qsl(parts.query) if is_secret_field(name, each)]
        return [*found, *([unquote(parts.password)] if parts.password else [])]
    except ValueError:
        return []


def _has_mark(value: Any) -> bool:
    if isinstance(value, str):
        return value == MARK and not isinstance(value, HiddenText)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return any(map(_has_mark, inner))
