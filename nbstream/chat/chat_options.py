"""The options of a chat for each of its requests, with what is neither shown nor kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from nbstream.chat.own_keys import with_kept
from nbstream.client import options
from nbstream.client.hidden_fields import with_hidden
from nbstream.client.secret import Secret


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """Options of a chat.

    Attributes:
        shown: those that may be shown and kept.
        secrets: a key, and a base URL whose query may hold one.
    """

    shown: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return checked options, taken apart."""
        shown = dict(given)
        base_url, key = shown.get("base_url") or "", shown.pop("api_key", None)
        found = {"api_key": key, "base_url": base_url if "?" in base_url else None}
        if found["base_url"]:
            del shown["base_url"]
        if isinstance(body := shown.get("extra_body"), Mapping):
            shown["extra_body"] = with_hidden(body)
        return cls(shown, {name: Secret(value) for name, value in found.items() if value})

    def whole(self) -> dict[str, Any]:
        """Return all of them, with the secrets."""
        return {**self.shown, **self._revealed()}

    def replaced(self, given: Mapping[str, Any]) -> tuple[ChatOptions, str]:
        """Return the options of a file in place of these, and a sentence if the key is not kept.

        The key is kept for its own server.
        """
        chosen, note = with_kept(self.shown, self._revealed(), given)
        return ChatOptions.of(options.checked(chosen, "Chat")), note

    def _revealed(self) -> dict[str, str]:
        return {name: secret.reveal() for name, secret in self.secrets.items()}
