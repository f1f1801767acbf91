"""What the user gets: a reply as it stands, and how an event changes it.

`reduce` is pure: it returns a new `Reply` and leaves the old one as it was, in constant time per event, because text is
kept as pieces that successive replies share. This module must not know where events come from or how a reply is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Self, TypeAlias, assert_never

from nbstream.model.events import (
    Answer,
    Ended,
    Event,
    Finished,
    Identified,
    Priced,
    Reasoning,
    Retrying,
    Started,
    ToolCallDelta,
    UsageReported,
    Waiting,
)
from nbstream.model.exceptions import NbstreamError
from nbstream.model.request import Request
from nbstream.model.text import Text
from nbstream.model.usage import estimate_tokens

if TYPE_CHECKING:
    from nbstream.model.failure import Failure
    from nbstream.model.usage import Cost, Usage

Status: TypeAlias = Literal[
    "pending", "waiting", "reasoning", "answering", "complete", "truncated", "cancelled", "failed"
]

#: Finish reasons that mean that the model would have gone on (DeepSeek API reference, "finish_reason", October 2026).
CUT_OFF = frozenset({"length", "content_filter", "insufficient_system_resource", "aborted"})

#: The fingerprint that the simulator signs with, so that nobody takes its replies, or their price, for real ones.
SIMULATED_FINGERPRINT = "fp_nbstream_simulator"

_REPR_CHARS = 60


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks for; nothing has been run. `arguments` is JSON text, whole only if the reply is."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Timing:
    """When things happened, in seconds since the run began.

    Attributes:
        started: the instant of the request, in seconds since the Unix epoch.
        first_delta: the first text or tool call.
        reasoning_started: the first delta of reasoning.
        reasoning_ended: the end of reasoning; None while the model reasons.
        reasoning_pauses: seconds in which an answer came between two stretches of reasoning.
        answer_started: the first delta of the answer.
        ended: the end of the reply.
    """

    started: float | None = None
    first_delta: float | None = None
    reasoning_started: float | None = None
    reasoning_ended: float | None = None
    reasoning_pauses: float = 0.0
    answer_started: float | None = None
    ended: float | None = None

    @property
    def reasoning_seconds(self) -> float | None:
        """How long the model reasoned; None while it does, or if it did not."""
        return None if self.reasoning_ended is None else self.reasoning_until(self.reasoning_ended)

    def reasoning_until(self, at: float) -> float | None:
        """Return how long the model had reasoned at `at`, in seconds since the run began; None if it had not."""
        return None if self.reasoning_started is None else at - self.reasoning_started - self.reasoning_pauses


@dataclass(frozen=True, slots=True)
class _ToolDraft:
    index: int
    id: str = ""
    name: str = ""
    arguments: Text = field(default_factory=Text)


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """Everything received so far, whatever ended it. A cancelled, failed or truncated reply is a normal value.

    Attributes:
        status: pending, waiting, reasoning, answering; at the end complete, truncated, cancelled or failed.
        finish_reason: the server's own word for why it ended; None if it never said.
        usage: tokens as the server counted them; None if it did not, as after a stop.
        cost: what the reply cost; None if its usage or its price is not known, and while it is running.
        error: why the reply is not whole, if it failed.
        timing: when things happened.
        request: what was asked: model, endpoint, messages and parameters; `model` is what the response carries.
        id: the response's own id.
        system_fingerprint: the response's own fingerprint.
        wait: what the server or the retry logic last said before the first delta.
    """

    status: Status = "pending"
    finish_reason: str | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    error: Failure | None = None
    timing: Timing = Timing()
    request: Request = field(default_factory=Request)
    id: str | None = None
    system_fingerprint: str | None = None
    wait: Waiting | Retrying | None = None
    _model: str | None = None
    _reasoning: Text = field(default_factory=Text)
    _answer: Text = field(default_factory=Text)
    _tools: tuple[_ToolDraft, ...] = ()

    @property
    def answer(self) -> str:
        """The answer's text so far."""
        return str(self._answer)

    @property
    def reasoning(self) -> str:
        """The reasoning's text so far."""
        return str(self._reasoning)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls so far, in the server's order."""
        return tuple(ToolCall(draft.id, draft.name, str(draft.arguments)) for draft in self._tools)

    @property
    def model(self) -> str:
        """The model that answered, or the one asked for while the response has not said."""
        return self._model or self.request.model

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.status in ("complete", "truncated", "cancelled", "failed")

    @property
    def simulated(self) -> bool:
        """Whether the simulator made this reply, so that no model was called and nothing was spent."""
        return self.system_fingerprint == SIMULATED_FINGERPRINT

    @property
    def estimated_output_tokens(self) -> int:
        """About how many tokens were received, for a reply without usage: an estimate, and to be labelled as one."""
        texts = [self._reasoning, self._answer, *(draft.arguments for draft in self._tools)]
        return estimate_tokens("".join(map(str, texts)))

    def raise_for_status(self) -> Self:
        """Return the reply if it is complete.

        Raises:
            ReplyError: if it was truncated, cancelled or failed, or has not ended; its `reply` is this one.
        """
        if self.status == "complete":
            return self
        if self.error is not None:
            reason = str(self.error)
        elif self.finish_reason is not None:
            reason = f"The reply is {self.status}: finish_reason is {self.finish_reason!r}."
        else:
            reason = f"The reply is {self.status}."
        raise ReplyError(reason, self)

    def __repr__(self) -> str:
        answer = self.answer
        shown = answer if len(answer) <= _REPR_CHARS else answer[: _REPR_CHARS - 1] + "…"
        return f"<Reply {self.status} from {self.model or 'no model yet'}: {shown!r}>"


class ReplyError(NbstreamError):
    """Raised by `Reply.raise_for_status`; `reply` holds everything that was received."""

    def __init__(self, message: str, reply: Reply) -> None:
        super().__init__(message)
        self.reply = reply


def reduce(reply: Reply, event: Event) -> Reply:
    """Return `reply` as it is after `event`. An event after the end changes nothing."""
    if reply.ended:
        return reply
    match event:
        case Started():
            return replace(
                reply,
                status="waiting",
                request=event.request,
                timing=replace(reply.timing, started=event.instant),
            )
        case Waiting() | Retrying():
            return replace(reply, wait=event)
        case Identified():
            return replace(
                reply,
                id=event.id or reply.id,
                _model=event.model or reply._model,
                system_fingerprint=event.system_fingerprint or reply.system_fingerprint,
            )
        case Reasoning():
            return _reasoning(reply, event)
        case Answer():
            return replace(_answering(reply, event.at), _answer=reply._answer.append(event.text))
        case ToolCallDelta():
            return replace(_answering(reply, event.at), _tools=_with_fragment(reply._tools, event))
        case UsageReported():
            return replace(reply, usage=event.usage)
        case Priced():
            return replace(reply, cost=event.cost)
        case Finished():
            return replace(reply, finish_reason=event.reason)
        case Ended():
            return _ended(reply, event)
        case _:  # pragma: no cover
            assert_never(event)


def _reasoning(reply: Reply, event: Reasoning) -> Reply:
    pieces = reply._reasoning.append(event.text)
    if reply.status == "reasoning":
        return replace(reply, _reasoning=pieces)
    timing = reply.timing
    if timing.first_delta is None:
        timing = replace(timing, first_delta=event.at)
    if timing.reasoning_started is None:
        timing = replace(timing, reasoning_started=event.at)
    elif timing.reasoning_ended is not None:
        pauses = timing.reasoning_pauses + event.at - timing.reasoning_ended
        timing = replace(timing, reasoning_ended=None, reasoning_pauses=pauses)
    return replace(reply, status="reasoning", _reasoning=pieces, wait=None, timing=timing)


def _answering(reply: Reply, at: float) -> Reply:
    if reply.status == "answering":
        return reply
    timing = reply.timing
    if timing.first_delta is None:
        timing = replace(timing, first_delta=at)
    if timing.answer_started is None:
        timing = replace(timing, answer_started=at)
    if timing.reasoning_started is not None and timing.reasoning_ended is None:
        timing = replace(timing, reasoning_ended=at)
    return replace(reply, status="answering", wait=None, timing=timing)


def _with_fragment(tools: tuple[_ToolDraft, ...], event: ToolCallDelta) -> tuple[_ToolDraft, ...]:
    drafts = {draft.index: draft for draft in tools}
    draft = drafts.get(event.index, _ToolDraft(event.index))
    drafts[event.index] = replace(
        draft,
        id=draft.id or event.id or "",
        name=draft.name or event.name or "",
        arguments=draft.arguments.append(event.arguments) if event.arguments else draft.arguments,
    )
    return tuple(drafts.values())


def _ended(reply: Reply, event: Ended) -> Reply:
    timing = replace(reply.timing, ended=event.at)
    if timing.reasoning_started is not None and timing.reasoning_ended is None:
        timing = replace(timing, reasoning_ended=event.at)
    status: Status
    if event.outcome == "failed":
        status = "failed"
    elif reply.finish_reason is None:
        status = "cancelled"
    else:
        status = "truncated" if reply.finish_reason in CUT_OFF else "complete"
    return replace(reply, status=status, error=event.failure, timing=timing, wait=None)
