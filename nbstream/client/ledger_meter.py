"""Writes a row of the ledger for each HTTP request, before the reply's end is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbstream.billing.ledger import writing
from nbstream.billing.ledger.entry import Entry
from nbstream.client import allowance
from nbstream.client.metering import Meter
from nbstream.model.rates import tokens_per_second
from nbstream.model.usage import Usage
from nbstream.model.warning import ReplyWarning

if TYPE_CHECKING:
    from nbstream.billing.ledger.entry import Bound, Cause, Kind
    from nbstream.billing.ledger.problems import LedgerError
    from nbstream.billing.ledger.writing import Writer
    from nbstream.client.metering import Asked, Taken
    from nbstream.model.failure import Failure
    from nbstream.model.reply import Reply
    from nbstream.model.request import Request
    from nbstream.model.warning import WarningKind

#: How long the first request waits until the file is open, in seconds.
_MOST_OPENING = 0.5
_KINDS: dict[str, Kind] = {"recording": "replayed", "cache": "cached"}
#: By whether the amount is at most so much, and whether it is at least so much.
_BOUNDS: dict[tuple[bool, bool], Bound] = {
    (False, False): "",
    (True, False): "at_most",
    (False, True): "at_least",
    (True, True): "both",
}


def maker(version: str) -> LedgerMeter | None:
    """Return the meter of a new reply; None if the ledger is switched off.

    Args:
        version: that of nbstream.
    """
    writer = writing.current()
    return None if writer is None else LedgerMeter(writer, version)


class LedgerMeter(Meter):
    """Writes what the requests of one reply took.

    Args:
        writer: the writer of the ledger.
        version: that of nbstream.
    """

    def __init__(self, writer: Writer, version: str) -> None:
        self._writer = writer
        self._version = version
        self._is_visited = allowance.visited() is not None
        writer.prepare()

    async def admit(self, asked: Asked) -> Request | Failure:
        """Return the request, with a warning of what is wrong with the ledger, said once."""
        if not self._writer.is_ready:
            await asyncio.to_thread(self._writer.wait_until_ready, _MOST_OPENING)
        problem = self._writer.take_problem() if asked.attempt == 1 else None
        if problem is None:
            return asked.request
        return replace(asked.request, warnings=(*asked.request.warnings, warning_of(problem)))

    def ended(self, taken: Taken) -> None:
        """Write the row."""
        entry = entry_of(taken)
        self._writer.append(replace(entry, visitor=self._is_visited, version=self._version))


def warning_of(problem: LedgerError) -> ReplyWarning:
    """Return what a reader is told of a ledger that cannot be written."""
    kind: WarningKind = "ledger_damaged" if problem.kind == "corrupt" else "not_recorded"
    return ReplyWarning(kind, said=problem.said or problem.kind, where=str(problem.path))


def entry_of(taken: Taken) -> Entry:
    """Return the row of a request that is over."""
    step, asked = taken.step, taken.asked
    request = asked.request
    return Entry(
        instant=taken.started,
        notebook=asked.origin.notebook,
        cell=asked.origin.cell,
        chat="" if request.turn is None else request.turn.chat,
        asked=request.model,
        model=step.model,
        host=request.host,
        kind=_kind(step, asked),
        cause=_cause(step, asked),
        attempt=asked.attempt,
        status="failed" if taken.is_repeated else step.status,
        finish=step.finish_reason or "",
        failure="" if step.error is None else step.error.kind,
        first_token=_first_token(taken),
        seconds=taken.seconds,
        speed=tokens_per_second(step),
        **_tokens(taken),
        **_money(taken),
    )


def _tokens(taken: Taken) -> dict[str, Any]:
    usage, missing = taken.usage or Usage(), taken.step.own.unreported or Usage()
    return {
        "prompt": usage.prompt_tokens,
        "hit": usage.cache_hit_tokens,
        "miss": usage.cache_miss_tokens,
        "completion": usage.completion_tokens,
        "reasoning": usage.reasoning_tokens,
        "about_prompt": missing.prompt_tokens,
        "about_completion": missing.completion_tokens,
    }


def _money(taken: Taken) -> dict[str, Any]:
    step, cost, estimate = taken.step, taken.cost, taken.estimate
    took = taken.usage is not None or step.own.has_grown or step.own.unreported is not None
    values: dict[str, Any] = {"unknown": cost is None and estimate is None and took and step.recorded is None}
    if cost is not None:
        # The estimate stands beside it for the rest.
        at_least = cost.at_least and estimate is None
        values |= {
            "amount": cost.amount,
            "currency": cost.currency,
            "parts": cost.parts,
            "source": cost.source,
            "tier": cost.tier,
            "bound": _BOUNDS[cost.at_most, at_least],
        }
    if estimate is not None:
        values |= {"about": estimate.amount, "about_currency": estimate.currency}
    return values


def _kind(step: Reply, asked: Asked) -> Kind:
    if step.recorded is not None:
        return _KINDS[step.recorded.kind]
    if not asked.is_sent:
        # The recording does not have it.
        return "replayed"
    return "simulated" if step.simulated else "server"


def _cause(step: Reply, asked: Asked) -> Cause:
    if asked.attempt > 1:
        return "retry"
    if step.cause is not None:
        return step.cause
    return "continued" if step.earlier is not None and step.earlier.requests else ""


def _first_token(taken: Taken) -> float | None:
    """Return the seconds until the first text or tool call; None if there was none."""
    timing, earlier = taken.step.timing, taken.step.earlier
    if timing.first_delta is None or timing.started is None or (earlier is not None and earlier.requests):
        return None
    # An attempt after others began later than its request.
    return max(0.0, timing.first_delta - timing.begun - (taken.started - timing.started))
