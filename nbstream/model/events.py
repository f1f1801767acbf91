"""Everything that can happen to a reply. Each event has `at`, in seconds since its run began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from nbstream.model.failure import Failure
    from nbstream.model.request import Request
    from nbstream.model.usage import Cost, Usage
    from nbstream.model.warning import ReplyWarning


@dataclass(frozen=True, slots=True)
class Started:
    """The request is about to be sent; `instant` is the time, in seconds since the Unix epoch."""

    at: float
    request: Request
    instant: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The server sent a comment before the first delta, such as `keep-alive` while queued."""

    at: float
    note: str


@dataclass(frozen=True, slots=True)
class Retrying:
    """An attempt failed before its first delta. The next one starts in `delay` seconds."""

    at: float
    attempt: int
    attempts: int
    delay: float
    failure: Failure


@dataclass(frozen=True, slots=True)
class Identified:
    """The response named itself. Later names replace earlier ones; None replaces nothing."""

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
    """A fragment of tool call number `index`. `arguments` is a piece of JSON text."""

    at: float
    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class UsageReported:
    """The server reported its token counts so far. The latest report counts."""

    at: float
    usage: Usage


@dataclass(frozen=True, slots=True)
class Priced:
    """The cost of the reply, once its usage is final."""

    at: float
    cost: Cost


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that a reader of the reply should know."""

    at: float
    warning: ReplyWarning


@dataclass(frozen=True, slots=True)
class Finished:
    """A finish reason arrived. Usage and further text may still follow."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The reply is over. There is a `failure` exactly if `outcome` is "failed"."""

    at: float
    outcome: Literal["served", "cancelled", "failed"]
    failure: Failure | None = None


Delta: TypeAlias = Reasoning | Answer | ToolCallDelta
Event: TypeAlias = (
    Started | Waiting | Retrying | Identified | Delta | UsageReported | Priced | Warned | Finished | Ended
)
