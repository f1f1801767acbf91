"""The reply as a value, and `reduce`, which applies an event to it.

`reduce` returns a new `Reply` and leaves the old one unchanged. It takes constant time per event,
because successive replies share the pieces of their text.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, assert_never

from nbstream.model import events, representation
from nbstream.model.earlier import Earlier
from nbstream.model.exceptions import NbstreamError
from nbstream.model.request import Request
from nbstream.model.text import Text, without_blank_ends
from nbstream.model.timing import Timing
from nbstream.model.usage import estimate_tokens
from nbstream.model.warning import DAMAGES, GROWING, OF_REQUEST, ReplyWarning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.model.failure import Failure
    from nbstream.model.usage import Cost, Usage
    from nbstream.model.warning import WarningKind

Status: TypeAlias = Literal[
    "pending", "waiting", "reasoning", "answering", "complete", "truncated", "cancelled", "failed"
]

#: Finish reasons of an incomplete answer (DeepSeek API reference, "finish_reason", October 2026).
CUT_OFF = frozenset({"length", "content_filter", "insufficient_system_resource", "aborted"})

#: The `system_fingerprint` of the simulator, by which its replies and their cost are labelled.
SIMULATED_FINGERPRINT = b"nbstream simulator".hex()

_REPR_CHARS = 60


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call that the model requests; nbstream does not run it.

    `arguments` is JSON text. It may be cut off unless the reply is complete.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class _ToolDraft:
    index: int
    id: str = ""
    name: str = ""
    arguments: Text = field(default_factory=Text)


@dataclass(frozen=True, slots=True)
class _WarningDraft:
    kind: WarningKind
    where: str
    said: Text
    count: int


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """Everything received so far. A cancelled, failed or truncated reply is a normal value.

    Attributes:
        status: pending, waiting, reasoning, answering; at the end complete, truncated, cancelled or
            failed.
        finish_reason: the server's reason for the end; None if it gave none.
        usage: tokens as the server counted them; None if it did not, as after a stop. Of a reply
            that was continued, the sum of what it reported.
        cost: None until the end, and if the usage or the price is unknown.
        error: why the reply failed, if it did.
        timing: times of the reply.
        request: the request: model, endpoint, messages and parameters.
        id: the id of the response.
        system_fingerprint: the fingerprint of the response.
        reasoning_field: the field in which the server sent reasoning, maybe an empty one; None if
            there was no such field.
        extras: the other fields of the response by name, such as `citations` or `timings`; the
            latest value of each.
        wait: the latest keep-alive or retry before the first delta.
        earlier: what the last request goes on with, if the reply was continued or its beginning was
            given.
    """

    status: Status = "pending"
    finish_reason: str | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    error: Failure | None = None
    timing: Timing = field(default_factory=Timing)
    request: Request = field(default_factory=Request)
    id: str | None = None
    system_fingerprint: str | None = None
    reasoning_field: str | None = None
    extras: Mapping[str, Any] = field(default_factory=dict, hash=False)
    wait: events.Waiting | events.Retrying | None = None
    earlier: Earlier | None = None
    _model: str | None = None
    _reasoning: Text = field(default_factory=Text)
    _answer: Text = field(default_factory=Text)
    _refusal: Text = field(default_factory=Text)
    _tools: tuple[_ToolDraft, ...] = ()
    _warnings: tuple[_WarningDraft, ...] = ()
    #: Here and not in `timing`, so that a delta does not replace that as well.
    _last_delta: float | None = None
    _own_usage: Usage | None = None

    @property
    def answer(self) -> str:
        """The answer's text so far, without blank lines at its beginning and its end."""
        return without_blank_ends(str(self._answer))

    @property
    def reasoning(self) -> str:
        """The reasoning's text so far."""
        return str(self._reasoning)

    @property
    def refusal(self) -> str:
        """The words with which the model refused to answer; empty if it did not."""
        return str(self._refusal)

    @property
    def message(self) -> dict[str, Any]:
        """The message to send back in a conversation, with every text as the server sent it.

        It has `reasoning_content` exactly if the server sent such a field, maybe an empty one.
        """
        message: dict[str, Any] = {"role": "assistant", "content": str(self._answer)}
        if self._refusal.length:
            message["refusal"] = self.refusal
        if self.reasoning_field is not None or self._reasoning.length:
            message["reasoning_content"] = self.reasoning
        if calls := self.tool_calls:
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in calls
            ]
        return message

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls so far, in the order of the server."""
        return tuple(ToolCall(draft.id, draft.name, str(draft.arguments)) for draft in self._tools)

    @property
    def warnings(self) -> tuple[ReplyWarning, ...]:
        """What a reader should know: parts that could not be read, text that is not shown."""
        return tuple(ReplyWarning(each.kind, str(each.said), each.where, each.count) for each in self._warnings)

    @property
    def model(self) -> str:
        """The model that the response names, or else the requested one."""
        return self._model or self.request.model

    @property
    def ended(self) -> bool:
        """Whether the reply is over."""
        return self.status in ("complete", "truncated", "cancelled", "failed")

    @property
    def simulated(self) -> bool:
        """Whether the simulator made this reply, so that no model was called."""
        return self.system_fingerprint == SIMULATED_FINGERPRINT

    @property
    def estimated_output_tokens(self) -> int:
        """About how many tokens were received; label the number as an estimate."""
        texts = [self._reasoning, self._answer, self._refusal, *(draft.arguments for draft in self._tools)]
        given = self.earlier.tokens if self.earlier is not None and not self.earlier.requests else 0
        return max(0, estimate_tokens("".join(map(str, texts))) - given)

    @property
    def last_usage(self) -> Usage | None:
        """The tokens of the last request alone, as the server counted them."""
        return self.usage if self.earlier is None else self._own_usage

    @property
    def has_grown(self) -> bool:
        """Whether the last request brought text or tool calls."""
        earlier = self.earlier
        before = 0 if earlier is None else len(earlier.answer) + len(earlier.reasoning)
        return bool(self._answer.length + self._reasoning.length > before or self._refusal.length or self._tools)

    @property
    def unreported_tokens(self) -> int:
        """About how many of the tokens that were received no report of the server counts."""
        before = self.earlier.unreported if self.earlier is not None else 0
        if self.last_usage is not None:
            return before
        given = self.earlier.tokens if self.earlier is not None and self.earlier.requests else 0
        return before + max(0, self.estimated_output_tokens - given)

    def as_earlier(self) -> Earlier:
        """Return what this reply is for a request that goes on with it."""
        return Earlier(
            answer=str(self._answer),
            reasoning=str(self._reasoning),
            requests=1 + (self.earlier.requests if self.earlier is not None else 0),
            model=self.model,
            timing=self.timing,
            usage=self.usage,
            cost=self.cost,
            given=self.earlier.given if self.earlier is not None else "",
            unreported=self.unreported_tokens,
            id=self.id,
            system_fingerprint=self.system_fingerprint,
            reasoning_field=self.reasoning_field,
        )

    def raise_for_status(self) -> Self:
        """Return the reply if it is complete.

        Raises:
            ReplyError: if it was truncated or cancelled, failed, or has not ended. The exception's
                `reply` is this reply.
        """
        if self.status == "complete":
            return self
        if self.error is not None:
            reason = str(self.error)
        elif self.status == "truncated" and self.finish_reason not in CUT_OFF:
            reason = "The reply is truncated: a part of the stream could not be read."
        elif self.finish_reason is not None:
            reason = f"The reply is {self.status}: finish_reason is {self.finish_reason!r}."
        else:
            reason = f"The reply is {self.status}."
        raise ReplyError(reason, self)

    def resume(self, **options: Any) -> Reply:
        """Go on with this reply, show all of it while it grows, and return it when it has ended.

        The joined reply is one reply, with the usage and the cost of both requests. A reply that
        ended before an answer began is asked anew.

        Args:
            **options: options of `nbstream.ask` to change, such as `max_tokens`; the others are
                those of the first request.

        Raises:
            RequestError: if the reply is complete, was refused or asks for tool calls, or if its
                server does not go on with a text.
            KeyboardInterrupt: if it was interrupted; what had arrived is in `nbstream.last`.
        """
        joined: Reply = representation.resume(self, **options)
        return joined

    def __repr__(self) -> str:
        answer = self.answer
        shown = answer if len(answer) <= _REPR_CHARS else answer[: _REPR_CHARS - 1] + "…"
        return f"<Reply {self.status} from {self.model or 'no model yet'}: {shown!r}>"

    def _ipython_display_(self) -> None:
        """Show nothing if the cell has just shown the reply live.

        Raises:
            NotImplementedError: otherwise; IPython then asks for the bundle.
        """
        if not representation.is_repeated(self):
            raise NotImplementedError

    def _repr_mimebundle_(self, **_options: object) -> representation.Bundle:
        """Return the settled output, and its metadata; a line of text until the reply has ended."""
        return representation.bundle_of(self) if self.ended else ({"text/plain": repr(self)}, {})


class ReplyError(NbstreamError):
    """Raised by `Reply.raise_for_status`; `reply` holds everything that was received."""

    def __init__(self, message: str, reply: Reply) -> None:
        super().__init__(message)
        self.reply = reply


def reduce(reply: Reply, event: events.Event) -> Reply:
    """Return `reply` after `event`. An event after the end changes nothing."""
    if reply.ended:
        return reply
    match event:
        case events.Started():
            timing = replace(reply.timing, started=event.instant)
            return replace(reply, status="waiting", request=event.request, timing=timing)
        case events.Continued():
            return _continued(reply, event.earlier)
        case events.Waiting():
            return replace(reply, wait=event)
        case events.Retrying():
            # The next attempt begins anew.
            kept = tuple(each for each in reply._warnings if each.kind in OF_REQUEST)
            return replace(reply, wait=event, _warnings=kept, extras={})
        case events.Identified():
            model, fingerprint = event.model or reply._model, event.system_fingerprint or reply.system_fingerprint
            named = event.reasoning_field or reply.reasoning_field
            names = {"id": event.id or reply.id, "_model": model, "reasoning_field": named}
            return replace(reply, **names, system_fingerprint=fingerprint)  # type: ignore[arg-type]
        case events.Noted():
            return replace(reply, extras=_with_extra(reply.extras, event))
        case events.Reasoning():
            reasoning = reply._reasoning.append(event.text)
            return _with(_begin(reply, "reasoning", event.at), _reasoning=reasoning, _last_delta=event.at)
        case events.Answer():
            answer = reply._answer.append(event.text)
            return _with(_begin(reply, "answering", event.at), _answer=answer, _last_delta=event.at)
        case events.Refusal():
            refusal = reply._refusal.append(event.text)
            return replace(_begin(reply, "answering", event.at), _refusal=refusal, _last_delta=event.at)
        case events.Moved():
            return _moved(reply, event)
        case events.ToolCallDelta():
            tools = _with_fragment(reply._tools, event)
            return replace(_begin(reply, "answering", event.at), _tools=tools, _last_delta=event.at)
        case events.UsageReported():
            before = reply.earlier.usage if reply.earlier is not None else None
            usage = event.usage if before is None else before + event.usage
            return replace(reply, usage=usage, _own_usage=event.usage)
        case events.Priced():
            return replace(reply, cost=event.cost)
        case events.Warned():
            return replace(reply, _warnings=_with_warning(reply._warnings, event.warning))
        case events.Finished():
            return replace(reply, finish_reason=event.reason, timing=replace(reply.timing, finished=event.at))
        case events.Ended():
            timing = _end_reasoning(reply.timing, event.at)
            timing = replace(timing, last_delta=reply._last_delta, ended=event.at)
            status = _final_status(event, reply)
            return replace(reply, status=status, error=event.failure, timing=timing, wait=None)
        case _:  # pragma: no cover
            assert_never(event)


def with_answer(reply: Reply, answer: str) -> Reply:
    """Return `reply` with another answer, which is whole."""
    return replace(reply, _answer=Text().append(answer), status="complete", finish_reason=None, error=None)


_NAMES = tuple(each.name for each in fields(Reply))
_values = attrgetter(*_NAMES)
_setters = {name: getattr(Reply, name).__set__ for name in _NAMES}
_in_order = tuple(_setters.values())


def _with(reply: Reply, **changes: Any) -> Reply:
    """Return `reply` with other values, in less than half the time of `dataclasses.replace`."""
    new = Reply.__new__(Reply)
    for assign, value in zip(_in_order, _values(reply), strict=True):
        assign(new, value)
    for name, value in changes.items():
        _setters[name](new, value)
    return new


def _begin(reply: Reply, status: Literal["reasoning", "answering"], at: float) -> Reply:
    """Return `reply` in `status`, which a delta at the time `at` brings."""
    if reply.status == status:
        return reply
    timing = reply.timing
    if timing.first_delta is None:
        timing = replace(timing, first_delta=at)
    if status == "answering":
        timing = _end_reasoning(timing, at)
        if timing.answer_started is None:
            timing = replace(timing, answer_started=at)
    elif timing.reasoning_started is None:
        timing = replace(timing, reasoning_started=at)
    elif timing.reasoning_ended is not None:
        pauses = timing.reasoning_pauses + at - timing.reasoning_ended
        timing = replace(timing, reasoning_ended=None, reasoning_pauses=pauses)
    return replace(reply, status=status, wait=None, timing=timing)


def _continued(reply: Reply, earlier: Earlier) -> Reply:
    """Return `reply`, which has just started, with an earlier part."""
    timing = reply.timing
    if earlier.requests:
        timing = replace(earlier.timing, continued=timing.started, last_delta=None, finished=None, ended=None)
    answer = Text().append(earlier.answer) if earlier.answer else Text()
    reasoning = Text().append(earlier.reasoning) if earlier.reasoning else Text()
    return replace(
        reply,
        earlier=earlier,
        timing=timing,
        usage=earlier.usage,
        # The names of the earlier response stand until the new one names itself.
        id=earlier.id,
        system_fingerprint=earlier.system_fingerprint,
        reasoning_field=earlier.reasoning_field,
        _model=earlier.model or None,
        _answer=answer,
        _reasoning=reasoning,
    )


def _moved(reply: Reply, event: events.Moved) -> Reply:
    """Return `reply` after its answer has become reasoning, or its reasoning the answer.

    What was there before the last request stays where it is.
    """
    timing = reply.timing
    begins = [each for each in (timing.reasoning_started, timing.answer_started) if each is not None]
    began = min(begins, default=event.at)
    earlier = reply.earlier
    if event.to == "reasoning":
        reasoning, answer = reply._reasoning.append(event.text), Text()
        if earlier is not None:
            return replace(reply, status="reasoning", _reasoning=reasoning, _answer=answer.append(earlier.answer))
        timing = replace(timing, reasoning_started=began, reasoning_ended=None, answer_started=None)
        return replace(reply, status="reasoning", timing=timing, _reasoning=reasoning, _answer=answer)
    if earlier is not None:
        own = str(reply._answer)[len(earlier.answer) :]
        answer = Text().append(earlier.answer + event.text + own)
        return replace(reply, status="answering", _reasoning=Text().append(earlier.reasoning), _answer=answer)
    timing = replace(timing, reasoning_started=None, reasoning_ended=None, answer_started=began)
    answer = Text().append(event.text + str(reply._answer))
    return replace(reply, status="answering", timing=timing, _reasoning=Text(), _answer=answer)


def _with_extra(extras: Mapping[str, Any], event: events.Noted) -> Mapping[str, Any]:
    others = {name: value for name, value in extras.items() if name != event.name}
    return others if event.value is None else {**others, event.name: event.value}


def _end_reasoning(timing: Timing, at: float) -> Timing:
    is_reasoning = timing.reasoning_started is not None and timing.reasoning_ended is None
    return replace(timing, reasoning_ended=at) if is_reasoning else timing


def _with_fragment(tools: tuple[_ToolDraft, ...], event: events.ToolCallDelta) -> tuple[_ToolDraft, ...]:
    drafts = {draft.index: draft for draft in tools}
    draft = drafts.get(event.index, _ToolDraft(event.index))
    arguments = draft.arguments.append(event.arguments) if event.arguments else draft.arguments
    names = draft.id or event.id or "", events.name_after(draft.name, event.name)
    drafts[event.index] = _ToolDraft(event.index, *names, arguments)
    return tuple(drafts.values())


def _with_warning(warnings: tuple[_WarningDraft, ...], new: ReplyWarning) -> tuple[_WarningDraft, ...]:
    for position, draft in enumerate(warnings):
        if (draft.kind, draft.where) == (new.kind, new.where):
            between = "" if new.kind in GROWING or not draft.said.length else "\n"
            said = draft.said.append(between + new.said) if new.said else draft.said
            joined = _WarningDraft(draft.kind, draft.where, said, draft.count + new.count)
            return (*warnings[:position], joined, *warnings[position + 1 :])
    return (*warnings, _WarningDraft(new.kind, new.where, Text().append(new.said), new.count))


def _final_status(end: events.Ended, reply: Reply) -> Status:
    if end.outcome == "failed":
        return "failed"
    if end.outcome == "cancelled" and reply.finish_reason is None:
        return "cancelled"
    is_damaged = any(draft.kind in DAMAGES for draft in reply._warnings)
    return "truncated" if is_damaged or reply.finish_reason in CUT_OFF else "complete"
