"""Why a reply is not whole, as a value: what a server refused or a connection lost is a normal outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

FailureKind: TypeAlias = Literal[
    "refused",  # an HTTP status that is not 2xx
    "in_band",  # an error object in the stream
    "unreachable",  # no connection, or none before the first byte
    "disconnected",  # the stream ended without a finish reason
    "stalled",  # nothing came for longer than a limit allows
    "too_large",  # more came than is taken in
    "white_space",  # white space without an end
    "not_a_stream",  # a 200 answer that is neither a stream nor a completion
    "kernel_ended",  # the process that received it was killed
    "internal",  # a defect of ours
]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a reply is not whole.

    Attributes:
        kind: where it went wrong.
        message: one sentence: what happened.
        hint: one sentence: what to do next; may be empty.
        status_code: the HTTP status, or the numeric code of an in-band error.
        code: the server's own code, such as `invalid_request_error`.
    """

    kind: FailureKind
    message: str
    hint: str = ""
    status_code: int | None = None
    code: str | None = None

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
