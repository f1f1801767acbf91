"""Everything that can happen to a reply. Each event has `at`, in seconds since its run began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from nbstream.model.earlier import Earlier
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
class Continued:
    """The reply goes on from an earlier part. It comes right after `Started`, at the same time."""

    at: float
    earlier: Earlier


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
    """The response named itself. Later names replace earlier ones; None replaces nothing.

    `reasoning_field` is the field in which the server sends reasoning, maybe an empty one.
    """

    at: float
    id: str | None = None
    model: str | None = None
    system_fingerprint: str | None = None
    reasoning_field: str | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """The response has another field, such as `citations`. The latest `value` of a name counts."""

    at: float
    name: str
    value: Any


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
class Refusal:
    """A delta of the words with which the model refuses to answer."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What came as answer so far is reasoning, or the other way round; `text` is all of it.

    A server whose chat template writes the tag `<think>` itself sends the thoughts as an answer,
    and only `</think>` tells.
    """

    at: float
    to: Literal["reasoning", "answer"]
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A fragment of tool call number `index`. `arguments` is a piece of JSON text."""

    at: float
    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


def name_after(known: str, said: str | None) -> str:
    """Return the name of a tool call after a fragment that says `said`: it may extend the name."""
    return said if said and said.startswith(known) else known


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


Delta: TypeAlias = Reasoning | Answer | Refusal | ToolCallDelta
Event: TypeAlias = (
    Started
    | Continued
    | Waiting
    | Retrying
    | Identified
    | Noted
    | Delta
    | Moved
    | UsageReported
    | Priced
    | Warned
    | Finished
    | Ended
)
