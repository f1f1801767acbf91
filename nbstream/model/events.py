"""What can happen to a reply, as values.

Every event carries `at`, seconds since its run began; nothing here reads a clock. This module must not know
where bytes come from (`client`) or how a reply is drawn (`render`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from nbstream.model.failure import Failure
    from nbstream.model.request import Request
    from nbstream.model.usage import Cost, Usage


@dataclass(frozen=True, slots=True)
class Started:
    """The request is about to be sent.

    `instant` is in seconds since the Unix epoch: a price depends on it.
    """

    at: float
    request: Request
    instant: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The server is there and has nothing to say yet, such as `keep-alive` while queued."""

    at: float
    note: str


@dataclass(frozen=True, slots=True)
class Retrying:
    """Attempt `attempt` of `attempts` failed before its first delta; the next one starts in `delay` seconds."""

    at: float
    attempt: int
    attempts: int
    delay: float
    failure: Failure


@dataclass(frozen=True, slots=True)
class Identified:
    """What the response says of itself; a later event corrects an earlier one, None leaves it as it was."""

    at: float
    id: str | None = None
    model: str | None = None
    system_fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A delta of the model's reasoning."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A delta of the model's answer."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A fragment of tool call number `index`; `arguments` is a piece of JSON text."""

    at: float
    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class UsageReported:
    """The server's count so far; the latest one holds."""

    at: float
    usage: Usage


@dataclass(frozen=True, slots=True)
class Priced:
    """What the reply cost, once its usage is final."""

    at: float
    cost: Cost


@dataclass(frozen=True, slots=True)
class Finished:
    """A finish reason arrived. Usage and further text may still follow."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The stream is over; a `failure` is there exactly when `outcome` is "failed"."""

    at: float
    outcome: Literal["served", "cancelled", "failed"]
    failure: Failure | None = None


Delta: TypeAlias = Reasoning | Answer | ToolCallDelta
Event: TypeAlias = Started | Waiting | Retrying | Identified | Delta | UsageReported | Priced | Finished | Ended
