"""The reply as a value; `reduction` makes it from events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from nbstream.model import representation
from nbstream.model.blocks import call_block, content_of
from nbstream.model.exceptions import NbstreamError
from nbstream.model.own_figures import OwnFigures
from nbstream.model.probabilities import Token, Tokens
from nbstream.model.request import Request
from nbstream.model.spend import Spend
from nbstream.model.text import Text, without_blank_ends
from nbstream.model.timing import Timing
from nbstream.model.warning import summed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.model.blocks import Block
    from nbstream.model.earlier import Earlier
    from nbstream.model.events import Retrying, StepCause, Waiting
    from nbstream.model.failure import Failure
    from nbstream.model.problem import Problem
    from nbstream.model.recorded import Recorded
    from nbstream.model.structure import Reading
    from nbstream.model.tool_call import CallDraft, ToolCall
    from nbstream.model.usage import Cost, Usage
    from nbstream.model.warning import ReplyWarning, WarningDraft

Status: TypeAlias = Literal[
    "pending", "waiting", "reasoning", "answering", "calling", "complete", "truncated", "cancelled", "failed"
]

#: Finish reasons of an incomplete answer (DeepSeek's API reference, "finish_reason", October 2026).
#: The last one is Anthropic's.
CUT_OFF = frozenset({"length", "content_filter", "insufficient_system_resource", "aborted", "pause_turn"})

#: The `system_fingerprint` of the simulator, by which its replies and their cost are labelled.
SIMULATED_FINGERPRINT = b"nbstream simulator".hex()

_REPR_CHARS = 60


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """Everything received so far. A cancelled, failed or truncated reply is a normal value.

    A reply with tool calls takes several requests, its `steps`. Its own texts, tool calls, request,
    timing and names are those of the last one; usage, cost and warnings are those of all.

    Attributes:
        status: pending, waiting, reasoning, answering, calling (tools are asked for or run, and
            nothing is received); at the end complete, truncated, cancelled or failed.
        finish_reason: the server's reason for the end; None if it gave none.
        usage: tokens as the server counted them; None if it did not, as after a stop. Of several
            requests, the sum of what it reported.
        cost: what is certain of what all requests cost, a lower bound if that is not all; None
            until the end, and if no usage or no price is known.
        estimate: about what they cost beside that, where the server reported no tokens, as after a
            stop. It is never in `cost`; `spend` has both.
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
        cause: why there is a request after others; None for the first one.
        lost: of the last request, what attempts that broke may have cost, after which it was sent
            again; nothing of it is certain.
        lost_tokens: about how many tokens of prompts these had.
        recorded: when the last response was received, and what it cost then, if a recording or the
            cache answered; None if a server did. Such a response costs nothing.
    """

    status: Status = "pending"
    finish_reason: str | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    estimate: Cost | None = None
    error: Failure | None = None
    timing: Timing = field(default_factory=Timing)
    request: Request = field(default_factory=Request)
    id: str | None = None
    system_fingerprint: str | None = None
    reasoning_field: str | None = None
    extras: Mapping[str, Any] = field(default_factory=dict, hash=False)
    wait: Waiting | Retrying | None = None
    earlier: Earlier | None = None
    cause: StepCause | None = None
    recorded: Recorded | None = None
    _model: str | None = None
    _reasoning: Text = field(default_factory=Text)
    _answer: Text = field(default_factory=Text)
    _refusal: Text = field(default_factory=Text)
    _tools: tuple[CallDraft, ...] = ()
    #: The content blocks, of an API whose messages are lists of them.
    _blocks: tuple[Block, ...] = ()
    _warnings: tuple[WarningDraft, ...] = ()
    _tokens: Tokens = field(default_factory=Tokens)
    #: Here and not in `timing`, so that a delta does not replace that as well.
    _last_delta: float | None = None
    #: The tokens and the cost of the last request alone.
    _own_usage: Usage | None = None
    _own_cost: Cost | None = None
    #: The estimates for what the server did not report of it.
    _own_estimate: Cost | None = None
    _own_unreported: Usage | None = None
    lost: Spend = field(default_factory=Spend)
    lost_tokens: int = 0
    #: What was read of the answer at the end, once somebody has asked.
    _read: Reading | None = field(default=None, compare=False, repr=False, metadata={"kept": False})
    #: The requests before the last one, each as a reply of one request.
    _steps: tuple[Reply, ...] = ()

    @property
    def steps(self) -> tuple[Reply, ...]:
        """The requests of the reply in their order, each as a reply of its own.

        Without tool calls and repeated questions there is one.
        """
        return (*self._steps, self.last_step)

    @property
    def last_step(self) -> Reply:
        """The last request, as a reply of its own."""
        if not self._steps:
            return self
        usage, before = self._own_usage, self.earlier.usage if self.earlier is not None else None
        if before is not None:
            usage = before if usage is None else before + usage
        spend = self._last_spend
        return replace(self, _steps=(), usage=usage, cost=spend.cost, estimate=spend.estimate)

    @property
    def spend(self) -> Spend:
        """What all requests cost: what is certain, what is estimated, and what is not known.

        That is with attempts that broke and may have been billed, and parts that were continued.
        """
        return Spend.total([step._last_spend for step in (*self._steps, self)]).as_one()  # noqa: SLF001  (of a reply, too)

    @property
    def _last_spend(self) -> Spend:
        """What the last request cost, with the part that it goes on with."""
        own = self.own
        took = own.is_counted or own.has_grown or own.unreported is not None
        is_unknown = own.cost is None and own.estimate is None and took and self.ended and self.recorded is None
        free = self.recorded.kind if self.recorded is not None else None
        spend = Spend.of(own.cost, own.estimate, is_unknown=is_unknown, is_simulated=self.simulated, free=free)
        spend += self.lost
        return spend if self.earlier is None else spend + self.earlier.spend

    @property
    def own(self) -> OwnFigures:
        """What the last request brought and cost by itself."""
        earlier = self.earlier
        is_first = earlier is None and not self._steps
        # A reply that no events made has sums only.
        is_one = is_first and not self.lost_tokens and self._own_cost is None and self._own_estimate is None
        return OwnFigures(
            usage=self.usage if is_first else self._own_usage,
            cost=self.cost if is_one else self._own_cost,
            estimate=self.estimate if is_one else self._own_estimate,
            unreported=self._own_unreported,
            is_over=self.finish_reason is not None or self.status in ("complete", "truncated"),
            texts=(
                (self._reasoning, 0 if earlier is None else len(earlier.reasoning)),
                (self._answer, 0 if earlier is None else len(earlier.answer)),
                (self._refusal, 0),
                *((draft.arguments, 0) for draft in self._tools),
            ),
            calls=len(self._tools),
        )

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
    def logprobs(self) -> tuple[Token, ...]:
        """The tokens so far with their probabilities; empty unless the request asked for them."""
        return self._tokens.since(0)

    @property
    def data(self) -> Any:
        """The structured answer: of the type that `schema` names, or plain JSON.

        None until the end, and if there is none; `problems` says why. It is the same object each
        time. A reply from a file has plain JSON.
        """
        return self._reading().data

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why there is no structured answer, each with the place; empty if there is one."""
        return self._reading().problems

    @property
    def partial(self) -> Any:
        """What a structured answer has so far, as plain JSON; None before it begins.

        It grows while the reply arrives: each call returns a new value.
        """
        return representation.partial_of(self)

    def frame(self) -> Any:
        """Return the structured answer as a pandas DataFrame.

        A list has a row for each item, and so has an object whose only field is a list of objects.
        Any other object is one row.

        Raises:
            ReplyError: if there is no structured answer.
            RequestError: if pandas is not installed.
        """
        return representation.frame_of(self)

    def _reading(self) -> Reading:
        if self._read is not None:
            return self._read
        reading: Reading = representation.reading_of(self)
        if self.ended:
            # The one field that is set later. The text of a reply that has ended does not change.
            object.__setattr__(self, "_read", reading)
        return reading

    @property
    def message(self) -> dict[str, Any]:
        """The message to send back in a conversation, with every text as the server sent it.

        It has `reasoning_content` exactly if the server sent such a field, maybe an empty one. Of a
        server that speaks Anthropic's API it has all of the content as `content_blocks`, too, with
        the signatures of the thoughts.
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
        if self._blocks:
            blocks = {
                each.index: call_block(each.known.id, each.known.name, str(each.arguments)) for each in self._tools
            }
            texts = self.reasoning, str(self._answer)
            message["content_blocks"] = content_of(self._blocks, *texts, blocks)
        return message

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls of the last response so far, in the order of the server."""
        return tuple(draft.call() for draft in self._tools)

    @property
    def pending(self) -> tuple[ToolCall, ...]:
        """The tool calls that have not run, which `nbstream.resume` carries on.

        It is empty until the end, and for calls that were denied.
        """
        open_calls = [call for call in self.tool_calls if call.outcome is None or call.state == "stopped"]
        return tuple(open_calls) if self.ended else ()

    @property
    def warnings(self) -> tuple[ReplyWarning, ...]:
        """What a reader should know: parts that could not be read, text that is not shown."""
        if not self._steps:
            return tuple(draft.warning() for draft in self._warnings)
        return summed([draft for step in (*self._steps, self) for draft in step._warnings])  # noqa: SLF001  (of a reply, too)

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

    def raise_for_status(self) -> Self:
        """Return the reply if it is complete.

        Raises:
            ReplyError: if it was truncated or cancelled, failed, or has not ended. The exception's
                `reply` is this reply.
        """
        if self.status == "complete":
            return self
        if self.error is not None:
            reason = f"The reply failed, and this exception's `reply` has what arrived: {self.error}"
        elif self.status == "truncated" and self.finish_reason not in CUT_OFF:
            reason = "The reply is truncated: a part of the stream could not be read."
        elif self.finish_reason is not None:
            reason = f"The reply is {self.status}: finish_reason is {self.finish_reason!r}."
        else:
            reason = f"The reply is {self.status}."
        raise ReplyError(reason, self)

    def to_dict(self, *, prompt: bool = False) -> dict[str, Any]:
        """Return what the reply is made of, for a paper or a file: `json.dumps(reply.to_dict())`.

        It has model, parameters, tokens, cost with its parts, timing, status, server, and the
        version of nbstream. Amounts of money are texts, and times are in UTC or in seconds since
        the reply began. Neither the answer nor a key is in it.

        Args:
            prompt: whether to add the messages, and the parameters that hold texts of yours. They
                are named below "left_out" otherwise.
        """
        return representation.provenance_of(self, prompt=prompt)

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

    def _mime_(self) -> tuple[str, str]:
        """Return what marimo shows of a reply, also within a list."""
        data, _ = self._repr_mimebundle_()
        kind = "text/html" if "text/html" in data else "text/plain"
        return kind, str(data[kind])

    def _repr_mimebundle_(self, **_options: object) -> representation.Bundle:
        """Return the settled output, and its metadata; a line of text until the reply has ended."""
        return representation.bundle_of(self) if self.ended else ({"text/plain": repr(self)}, {})


class ReplyError(NbstreamError):
    """Raised by `Reply.raise_for_status`; `reply` holds everything that was received."""

    def __init__(self, message: str, reply: Reply) -> None:
        super().__init__(message)
        self.reply = reply
