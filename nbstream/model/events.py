"""Everything that can happen to a reply. Each event has `at`, in seconds since its run began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.model.blocks import BlockKind
    from nbstream.model.earlier import Earlier
    from nbstream.model.failure import Failure
    from nbstream.model.probabilities import Token
    from nbstream.model.recorded import Recorded
    from nbstream.model.request import Request
    from nbstream.model.tool_result import Printed, ToolOutcome
    from nbstream.model.usage import Cost, Usage
    from nbstream.model.warning import ReplyWarning

#: How far a tool call is.
CallState: TypeAlias = Literal[
    "arriving",  # its arguments are not whole yet
    "open",  # whole, and not decided
    "asking",  # the user is asked whether it may run
    "running",
    "stopping",  # it runs, and the reply ends when it has returned
    # As the call's outcome:
    "done",
    "failed",
    "invalid",
    "interrupted",
    "denied",
    "stopped",
]
#: What decided whether a tool call runs.
DecidedBy: TypeAlias = Literal[
    "user",  # asked about this call
    "user_all",  # allowed the tool for the whole reply
    "request",  # allows the tool, as by `allow=`
    "never",  # the tool's `consent="never"`: nobody is asked
    "rule",  # the tool's own rule, a function
    "nobody",  # nobody could be asked, so it is denied
]

#: Why a reply has another request.
StepCause: TypeAlias = Literal["tools", "again"]


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
class Scored:
    """The probabilities of tokens, of which the text comes in deltas before or after this event."""

    at: float
    tokens: tuple[Token, ...]


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


@dataclass(frozen=True, slots=True)
class BlockEnded:
    """A content block of the response ended, in an API whose messages are lists of blocks.

    Attributes:
        at: as in each event.
        kind: what it added to the reply.
        fields: its fields as the server sent them, without the text or the call that it added.
        index: the number of its tool call, if it is one.
    """

    at: float
    kind: BlockKind
    fields: Mapping[str, Any]
    index: int = 0


@dataclass(frozen=True, slots=True)
class CallChanged:
    """What became of a tool call of the last response. None changes nothing.

    Attributes:
        at: as in each event.
        index: the position of the call in `reply.tool_calls`, counted from 0.
        state: how far it is.
        edited: the arguments with which it runs instead of the model's, as JSON text.
        decided_by: what decided that it may run, or may not.
        reason: in words of the user or of a rule, why it may not run, or why it is asked for.
        printed: all that the tool has printed so far.
        outcome: what came of it; the call has ended.
    """

    at: float
    index: int
    state: CallState | None = None
    edited: str | None = None
    decided_by: DecidedBy | None = None
    reason: str | None = None
    printed: Printed | None = None
    outcome: ToolOutcome | None = None


@dataclass(frozen=True, slots=True)
class Responded:
    """A response has ended and the reply goes on, as with tool calls; nothing is received now."""

    at: float


@dataclass(frozen=True, slots=True)
class Stepped:
    """The next request of the reply is about to be sent; `instant` is as in `Started`.

    `cause` says why: it has the results of tools, or it asks again for a structured answer with
    what was wrong with the last one.
    """

    at: float
    request: Request
    instant: float | None = None
    cause: StepCause = "tools"


@dataclass(frozen=True, slots=True)
class Replayed:
    """The response comes from a recording or from the cache, so it costs nothing now."""

    at: float
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class UsageReported:
    """The server reported its token counts so far. The latest report counts."""

    at: float
    usage: Usage


@dataclass(frozen=True, slots=True)
class Priced:
    """The cost of one request of the reply: of what the server reported, once it is over."""

    at: float
    cost: Cost


@dataclass(frozen=True, slots=True)
class Estimated:
    """What the server did not report of a request, estimated once the request is over.

    It comes before the end of a response, or before `Retrying`.

    Attributes:
        at: as in each event.
        usage: about how many tokens of prompt and output no report counts.
        cost: about what these cost; None if there is no known price.
    """

    at: float
    usage: Usage
    cost: Cost | None = None


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
    | Scored
    | Moved
    | BlockEnded
    | CallChanged
    | Responded
    | Stepped
    | Replayed
    | UsageReported
    | Priced
    | Estimated
    | Warned
    | Finished
    | Ended
)
