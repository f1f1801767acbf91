"""A reply for a request that goes on with it: as its events, or as the earlier part of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model import events
from nbstream.model.earlier import Earlier
from nbstream.model.failure import Failure
from nbstream.model.probabilities import Tokens
from nbstream.model.unreported import unreported_output, unreported_prompt
from nbstream.model.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nbstream.model.reply import Reply


def events_of(steps: Sequence[Reply]) -> list[events.Event]:
    """Return events that make a reply of these steps, the last of which waits for its calls.

    A call that did not run because the user stopped the reply is open again.

    Args:
        steps: the steps of a reply, as in `reply.steps`.
    """
    return [event for number, step in enumerate(steps) for event in _of_step(number, step)]


def earlier_of(reply: Reply) -> Earlier:
    """Return what a reply is for a request that goes on with it."""
    spend, before = reply.spend, reply.earlier
    return Earlier(
        answer=str(reply.message["content"]),
        reasoning=reply.reasoning,
        requests=1 + (before.requests if before is not None else 0),
        model=reply.model,
        timing=reply.timing,
        usage=reply.usage,
        cost=spend.cost,
        estimate=spend.estimate,
        is_unknown=bool(spend.unknown) or len(spend.exact) > 1 or len(spend.about) > 1,
        given=before.given if before is not None else "",
        unreported=unreported_output(reply),
        unreported_prompt=unreported_prompt(reply),
        id=reply.id,
        system_fingerprint=reply.system_fingerprint,
        reasoning_field=reply.reasoning_field,
        logprobs=Tokens([*reply.logprobs]),
    )


def _of_step(number: int, step: Reply) -> Iterator[events.Event]:
    timing, begun = step.timing, step.timing.begun
    if number:
        yield events.Stepped(begun, step.request, timing.started, step.cause or "tools")
    else:
        yield events.Started(begun, step.request, timing.continued or timing.started)
    if step.earlier is not None:
        yield events.Continued(begun, step.earlier)
    yield events.Identified(begun, step.id, step.model, step.system_fingerprint, step.reasoning_field)
    yield from _lost(step, begun)
    for name, value in step.extras.items():
        yield events.Noted(begun, name, value)
    for warning in step.warnings:
        yield events.Warned(begun, warning)
    yield from _texts(step)
    if step.recorded is not None:
        yield events.Replayed(begun, step.recorded)
    if step.own.usage is not None:
        yield events.UsageReported(begun, step.own.usage)
    ended = timing.ended or begun
    if step.finish_reason is not None:
        yield events.Finished(timing.finished or ended, step.finish_reason)
    if step.own.cost is not None:
        yield events.Priced(ended, step.own.cost)
    if step.own.unreported is not None:
        yield events.Estimated(ended, step.own.unreported, step.own.estimate)
    yield events.Responded(ended)
    for index, call in enumerate(step.tool_calls):
        began = ended if call.began is None else call.began
        if call.asked is not None:
            yield events.CallChanged(call.asked, index, "asking")
        if call.decided is not None:
            yield events.CallChanged(call.decided, index, "open")
        if call.began is not None:
            yield events.CallChanged(began, index, "running")
        if call.outcome is not None and call.outcome.outcome != "stopped":
            decided = call.edited, call.decided_by, call.reason
            yield events.CallChanged(began + call.outcome.seconds, index, None, *decided, outcome=call.outcome)


def _lost(step: Reply, at: float) -> Iterator[events.Event]:
    """Yield the attempts that broke and may have been billed."""
    lost = step.lost
    costs = [*lost.about, *([None] * lost.unknown)]
    for number, cost in enumerate(costs):
        # Their tokens are known together.
        yield events.Estimated(at, Usage(0 if number else step.lost_tokens, 0), cost)
        yield events.Retrying(at, 1, 1, 0.0, Failure("disconnected"))


def _texts(step: Reply) -> Iterator[events.Event]:
    timing, before = step.timing, step.earlier
    last = timing.last_delta or timing.ended or timing.begun
    reasoning = step.reasoning[len(before.reasoning) if before is not None else 0 :]
    answer = str(step.message["content"])[len(before.answer) if before is not None else 0 :]
    if reasoning:
        yield events.Reasoning(_or(timing.reasoning_started, last), reasoning)
    if answer:
        yield events.Answer(_or(timing.answer_started, last), answer)
    if step.refusal:
        yield events.Refusal(_or(timing.answer_started, last), step.refusal)
    for index, call in enumerate(step.tool_calls):
        yield events.ToolCallDelta(last, index, call.id or None, call.name or None, call.arguments)


def _or(at: float | None, otherwise: float) -> float:
    return otherwise if at is None else at
