"""A recorded response as a value, with the request that it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: How a recorded response ended.
End: TypeAlias = Literal[
    "whole",  # the server ended it
    "left",  # nbstream closed the connection, as nothing of the rest counts
    "stopped",  # the user stopped it
    "refused",  # the status is not 2xx
    "broken",  # the connection broke, there was none, or the server was silent for too long
]

#: The ends of paths that say what is asked. Before them stands the version or the API of a server,
#: or its place at a gateway.
_CALLS = ("/chat/completions", "/completions", "/messages", "/models", "/user/balance", "/credits", "/key")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in the form in which it is recorded and compared.

    Attributes:
        method: POST, or GET for a question that is no prompt.
        url: where it goes, without keys.
        body: the JSON object of a POST request, with a mark in place of each key.
    """

    method: str
    url: str
    body: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def call(self) -> str:
        """The method, and the path without the part that differs between servers."""
        path = urlsplit(self.url).path
        return f"{self.method} {next((call for call in _CALLS if path.endswith(call)), path)}"


@dataclass(frozen=True, slots=True)
class Taken:
    """A recorded response.

    Attributes:
        asked: the request.
        instant: when it was sent, in seconds since the Unix epoch.
        status: the HTTP status; None if there was no response.
        headers: those headers of the response that matter to a replay.
        error: the beginning of the body of a refusal.
        pieces: the bytes of the response, each piece with the seconds since the request was sent.
        end: how it ended.
        seconds: when it ended, in seconds since the request was sent.
        failure: the facts of the failure, if it broke.
        usage: the tokens that the server reported.
        cost: what it cost: `amount` and `currency`, `at_most` or `at_least` if it is a bound,
            `source` and `parts` as `Cost` has them.
        usual: the base URL of the server that was the usual one while it was recorded; empty for
            DeepSeek's own.
        endpoint: the user's own endpoint that was asked: its `name`, and the fields of its entry.
    """

    asked: Asked
    instant: float
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    error: str = ""
    pieces: Sequence[tuple[float, bytes]] = ()
    end: End = "whole"
    seconds: float = 0.0
    failure: Mapping[str, Any] | None = field(default=None, hash=False)
    usage: Mapping[str, Any] | None = field(default=None, hash=False)
    cost: Mapping[str, Any] | None = field(default=None, hash=False)
    usual: str = ""
    endpoint: Mapping[str, Any] | None = field(default=None, hash=False)
