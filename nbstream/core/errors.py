"""What can go wrong, said so that a reader can act on it.

A `Failure` is a value that lives in a reply: a server's refusal or a broken connection is a normal outcome. The
exceptions are for the caller's own mistakes and for those who ask for one. This module must not know how a
failure is found (`client`, `decode`) or drawn (`render`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from nbstream.core.reply import Reply

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


class NbstreamError(Exception):
    """The base of every exception that nbstream raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows instead of a traceback, which would say nothing about the caller's mistake."""
        return [f"{type(self).__name__}: {self}"]


class RequestError(NbstreamError, ValueError):
    """A request cannot be made as asked: an empty prompt, a value out of range, a missing key, a retired model."""


class ReplyError(NbstreamError):
    """Raised by `Reply.raise_for_status`; `reply` holds everything that was received."""

    def __init__(self, message: str, reply: Reply) -> None:
        super().__init__(message)
        self.reply = reply


class NbstreamWarning(UserWarning):
    """A request goes out, but a part of it will have no effect."""
