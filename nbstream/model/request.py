"""What was asked, as a value: where to, which model, the messages and the parameters. The key is no part of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it was sent.

    Attributes:
        model: the id that was asked for.
        endpoint: scheme, host and port; empty if there is none, as for a recording.
        messages: the turns, oldest first.
        parameters: every other field of the request's JSON body.
    """

    model: str = ""
    endpoint: str = ""
    messages: tuple[Mapping[str, Any], ...] = field(default=(), repr=False, hash=False)
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def body(self) -> dict[str, Any]:
        """Return the JSON object that is sent."""
        return {"model": self.model, "messages": list(self.messages), **self.parameters}
