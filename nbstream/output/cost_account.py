"""How the cost of a request comes about: the sum written out, with the source of its prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nbstream.billing import genai_data
from nbstream.billing.prices import breakdown_of, problem
from nbstream.model.spend import Spend
from nbstream.output.price_words import KINDS, money, number, peak_hours, weekday
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.billing.breakdown import Breakdown
    from nbstream.model.reply import Reply
    from nbstream.model.usage import Cost


@dataclass(frozen=True, slots=True)
class CostAccount:
    """The cost of one request.

    Attributes:
        rows: for each kind of tokens: what they are, how many, the price, what they cost.
        total: the sum, exactly; empty if it is not known.
        notes: where the prices come from, and what is uncertain; each a sentence.
    """

    rows: tuple[tuple[str, str, str, str], ...]
    total: str
    notes: tuple[str, ...]

    def table(self) -> Table:
        """Return the account as a table."""
        rows = [*self.rows, *([("together", "", "", self.total)] if self.total else [])]
        return Table("", ("tokens", "number", "price", "cost"), rows, frozenset({1, 2, 3}), " ".join(self.notes))


def cost_account(step: Reply) -> CostAccount:
    """Return the account of one step of a reply."""
    cost = _cost(step)
    currency = cost.currency if cost is not None else "USD"
    found = breakdown_of(step, currency)
    if found is None:
        return CostAccount((), "", tuple(_recorded(step) or _why_unknown(step)))
    rows = tuple(
        (
            KINDS[part.kind] + _share(part.kind, step),
            f"{part.count:,}",
            f"\xd7 {money(part.price, currency)}/M" + (f" \xd7 {number(part.factor)}" if part.factor != 1 else ""),
            money(part.amount, currency),
        )
        for part in found.parts
        if part.count or part.kind != "hit"
    )
    notes = [*_source(found, step), *_saved(found, currency), *_earlier(step), *_doubts(found, step), *_recorded(step)]
    return CostAccount(rows, money(found.cost.amount, found.cost.currency), tuple(notes))


def _cost(step: Reply) -> Cost | None:
    """Return what a step cost; of one that was replayed or cached, what it cost then."""
    return step.cost if step.recorded is None else step.recorded.cost


def _recorded(step: Reply) -> list[str]:
    if step.recorded is None:
        return []
    when = f"{datetime.fromtimestamp(step.recorded.instant, UTC):%Y-%m-%d %H:%M} UTC"
    cost = step.recorded.cost
    paid = f", when it cost {_bounded(Spend.of(cost))}" if cost is not None else ""
    if step.recorded.kind == "cache":
        return [f"The response is from the cache: it was received at {when}{paid}. It costs nothing now."]
    return [f"The response was recorded at {when}{paid}. To replay it costs nothing."]


def total_of_steps(steps: Sequence[Reply]) -> tuple[str, ...]:
    """Return the cost of each of several requests, and of all, each as a line.

    Of a reply that was replayed it is what the requests cost when they were recorded.
    """
    spends = [_spend(step) for step in steps]
    lines = [f"Request {number}: {_bounded(spend)}" for number, spend in enumerate(spends, 1)]
    return (*lines, f"All {len(steps)} requests: {_bounded(Spend.total(spends))}")


def _spend(step: Reply) -> Spend:
    if step.recorded is None:
        return step.spend
    return Spend.of(step.recorded.cost, is_unknown=step.recorded.cost is None)


def _bounded(spend: Spend) -> str:
    return spend.text(lambda cost: money(cost.amount, cost.currency)) or "not known"


def prices_of(found: Breakdown) -> str:
    """Return whose prices they are, where they stand, and from when on they are valid."""
    dated = f", valid from {found.cost.dated:%Y-%m-%d %H:%M} UTC" if found.cost.dated else ""
    if found.cost.source == "user":
        return f"Your own prices{dated}, in {found.place}."
    checked = f", compared with its page on {found.cost.checked:%Y-%m-%d}" if found.cost.source == "table" else ""
    return f"Prices of {found.provider}{dated}, in {found.place}{checked}."


def _source(found: Breakdown, step: Reply) -> list[str]:
    """Return where the prices come from, and for which time."""
    cost = found.cost
    if cost.source == "server":
        return ["The server reported this cost itself (`usage.cost`)."]
    notes = [prices_of(found)]
    if found.peak is not None:
        when = f"{weekday(found.at)}, {found.at:%Y-%m-%d %H:%M} UTC"
        tier = "at peak time" if cost.tier == "peak" else cost.tier
        notes.append(f"The request was sent {tier}: {when}. {peak_hours(found.peak, found.peak_factor)}")
    if step.simulated:
        notes.append("The reply is simulated: nothing was paid, and this is what it would cost.")
    return notes


def _share(kind: str, step: Reply) -> str:
    usage = step.last_usage
    if kind != "output" or usage is None or not usage.reasoning_tokens:
        return ""
    return f", {usage.reasoning_tokens:,} of them reasoning"


def _saved(found: Breakdown, currency: str) -> list[str]:
    parts = {part.kind: part for part in found.parts}
    if "hit" not in parts or not parts["hit"].count:
        return []
    without = found.cost.amount - parts["hit"].amount + replace(parts["hit"], price=parts["miss"].price).amount
    return [f"Without the cache it would have cost {money(without, currency)}."]


def _earlier(step: Reply) -> list[str]:
    earlier = step.earlier
    if earlier is None or not earlier.requests:
        return []
    paid = "is not known" if earlier.cost is None else f"was {money(earlier.cost.amount, earlier.cost.currency)}"
    return [f"This is the last request of a reply that was continued. What the part before it cost {paid}."]


def _doubts(found: Breakdown, step: Reply) -> list[str]:
    notes = []
    cost = _cost(step)
    if found.doubts:
        bound = "an upper" if found.cost.at_most else "a lower"
        notes.append(f"It is {bound} bound, as {', and '.join(found.doubts)}.")
    if not step.is_counted:
        notes.append("It is a lower bound, as the server counted only up to here when the reply ended.")
    notes += _estimated(step)
    is_whole = step.earlier is None or not step.earlier.requests
    if cost is not None and is_whole and cost.amount != found.cost.amount:
        kept = money(cost.amount, cost.currency)
        notes.append(f"The reply keeps {kept}, by the prices that were known when it ended.")
    return notes


def _known(step: Reply) -> list[str]:
    cost = step.last_cost
    return [] if cost is None else [f"What it reported costs {money(cost.amount, cost.currency)}."]


def _estimated(step: Reply) -> list[str]:
    """Return about how many tokens were not reported, and what they cost."""
    notes = []
    missing, about = step.last_unreported, step.last_estimate
    if missing is not None:
        counts = (missing.prompt_tokens, "tokens in"), (missing.completion_tokens, "tokens out")
        words = [f"about {count:,} {what}" for count, what in counts if count]
        words += ["a price that is not known" if about is None else f"about {about.text(1)}"]
        what = "it took" if step.last_usage is None else "the rest is"
        notes.append(f"By an estimate, {what} {', '.join(words)}.")
    if step.lost.about or step.lost.unknown:
        paid = _bounded(step.lost)
        notes.append(f"It was sent again after the connection broke. What the server may bill for that: {paid}.")
    return notes


def _why_unknown(step: Reply) -> list[str]:
    usage = step.last_usage
    if usage is None and not step.ended:
        return ["The cost is known when the request has ended."]
    if usage is None:
        return ["The server did not report the tokens of this request, so its cost is not certain.", *_estimated(step)]
    if usage.prompt_tokens is None or usage.completion_tokens is None:
        return ["The server reported only a part of the tokens.", *_known(step), *_estimated(step)]
    if broken := problem():
        return [f"The cost is not known, as your prices cannot be read. {broken}"]
    where = step.request.endpoint or "this server"
    reason = genai_data.why_not(where)
    said = f"{reason[:1].upper()}{reason[1:]}." if reason else ""
    unknown = f"The price of {step.model or 'this model'} at {where} is not known, so the cost is not known."
    return [unknown, *filter(None, [said])]
