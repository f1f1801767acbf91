"""A request as a value: endpoint, model, messages and parameters, without the API key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.model.warning import ReplyWarning

#: Where the key of a request comes from.
KeyOrigin: TypeAlias = Literal[
    "",  # unknown
    "argument",  # `api_key=`
    "environment",  # DEEPSEEK_API_KEY
    "elsewhere",  # there is none: DEEPSEEK_API_KEY belongs to another server
    "none",  # there is none at all
]


@dataclass(frozen=True, slots=True)
class TurnPlace:
    """The turn of a chat that a request asks.

    Attributes:
        chat: the name of the chat.
        index: the turn's position in the chat, counted from 0.
        before: how many turns were sent before it.
        version: which version of the turn it is, counted from 1.
        largest: the largest of the turns that were sent before it, the largest first; for each its
            index, and its size in characters.
    """

    chat: str
    index: int
    before: int = 0
    version: int = 1
    largest: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it was sent.

    Attributes:
        model: the id of the requested model.
        endpoint: scheme, host and port; empty for a recording.
        messages: the turns, oldest first.
        parameters: every other field of the request's JSON body.
        key_origin: where the request's key comes from.
        warnings: what was changed so that the request can be sent.
        turn: the turn of a chat that it asks; None without a chat.
    """

    model: str = ""
    endpoint: str = ""
    messages: tuple[Mapping[str, Any], ...] = field(default=(), repr=False, hash=False)
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    key_origin: KeyOrigin = ""
    warnings: tuple[ReplyWarning, ...] = ()
    turn: TurnPlace | None = None

    def body(self) -> dict[str, Any]:
        """Return the JSON object that is sent."""
        return {"model": self.model, "messages": list(self.messages), **self.parameters}
