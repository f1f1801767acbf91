"""Why a reply is not whole, as facts: what a server refused or a connection lost is a normal outcome.

`output.sentences` turns the facts into words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

FailureKind: TypeAlias = Literal[
    "refused",  # an HTTP status that is not 2xx
    "in_band",  # an error object in the stream
    "unreachable",  # no connection, or none before the first byte
    "disconnected",  # the stream ended without a finish reason
    "stalled",  # nothing came for longer than a limit allows
    "too_large",  # more came than the limit allows
    "white_space",  # white space without end
    "not_a_stream",  # a 200 answer that is neither a stream nor a completion
    "kernel_ended",  # the process that received it was killed
    "internal",  # a defect of nbstream
]

#: What tells failures of one kind apart.
FailureCause: TypeAlias = Literal[
    "",
    "redirect",  # refused: `said` is the address it leads to
    "no_key",  # refused: no key was sent, because the one there is belongs to another server
    "unknown_thinking",  # refused: the server does not know the field `thinking`
    "retired_model",  # refused: DeepSeek has retired the model that was asked for
    "loopback",  # unreachable: the server is on this machine
    "unreadable",  # disconnected: `said` is an event that was no chunk
    "connection",  # disconnected: the connection broke, and `said` is why
    "no_byte",  # stalled: there was never a byte
    "no_data",  # stalled: only comments came
    "reply",  # too_large: all of the text
    "event",  # too_large: a single event
    "tool_calls",  # too_large: the number of tool calls
    "page",  # not_a_stream: a web page, and `said` is its title
    "empty",  # not_a_stream: nothing
]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a reply is not whole.

    Attributes:
        kind: where it went wrong.
        cause: what tells failures of one kind apart; may be empty.
        server: the server's name in a sentence; empty if it is not known.
        said: one line that the server, or the operating system, gave as the reason.
        status_code: the HTTP status, or the numeric code of an in-band error.
        code: the server's own code, such as `invalid_request_error`.
        limit: the limit that was passed: seconds, bytes, characters or tool calls.
    """

    kind: FailureKind
    cause: FailureCause = ""
    server: str = ""
    said: str = ""
    status_code: int | None = None
    code: str | None = None
    limit: float | None = None

    def __str__(self) -> str:
        """Return the facts in one line: `refused, status 402, by DeepSeek: Insufficient Balance`."""
        facts = [self.kind.replace("_", " "), self.cause.replace("_", " ")]
        facts += [f"status {self.status_code}"] if self.status_code is not None else []
        line = ", ".join(filter(None, [*facts, f"by {self.server}" if self.server else ""]))
        return f"{line}: {self.said}" if self.said else line
