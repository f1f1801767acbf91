"""The cost of a reply, from its usage, the model, the server, the currency and the time.

`prices.json` has all prices, each with the time from which it is valid. A reply that the table does
not cover has no cost: never zero, never a guess.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from nbstream.model.usage import Cost, CostParts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.model.reply import Reply
    from nbstream.model.usage import Usage

#: The host whose prices the simulator's replies show; they are labelled as simulated.
SIMULATED_HOST = "api.deepseek.com"

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class PricedTokens:
    """Tokens of one price.

    Attributes:
        kind: input tokens that were in the server's cache, the other ones, or output tokens.
        count: how many there are.
        price: the price of a million of them off-peak.
        factor: by what the price is multiplied at the time of the request.
    """

    kind: Literal["hit", "miss", "output"]
    count: int
    price: Decimal
    factor: Decimal

    @property
    def amount(self) -> Decimal:
        """What they cost."""
        return self.count * self.price * self.factor / _MILLION


@dataclass(frozen=True, slots=True)
class Breakdown:
    """How the cost of a usage comes about.

    Attributes:
        cost: the cost.
        parts: what adds up to it; empty for a cost that the server reported.
        provider: whose prices they are.
        at: the time of the request.
        peak: the rule for the hours of another price, as in `prices.json`; None if there is none.
    """

    cost: Cost
    parts: tuple[PricedTokens, ...]
    provider: str
    at: datetime
    peak: dict[str, Any] | None


def cost_of(reply: Reply, currency: str = "USD") -> Cost | None:
    """Return what the last request of `reply` certainly cost; None if no part of that is known.

    It is a lower bound if the server did not report all tokens of it, as after a stop.
    """
    usage = reply.last_usage
    if reply.recorded is not None:
        return Cost(Decimal(0), currency, "", None, source=reply.recorded.kind, parts=CostParts())
    if usage is None:
        return None
    is_whole = reply.is_counted
    if usage.cost is None:
        counts = usage.prompt_tokens, usage.completion_tokens
        if counts == (None, None):
            return None
        is_whole = is_whole and None not in counts
        usage = replace(usage, prompt_tokens=counts[0] or 0, completion_tokens=counts[1] or 0)
    found = priced(reply, usage, currency)
    return found if found is None or is_whole else replace(found, at_least=True)


def priced(reply: Reply, usage: Usage, currency: str = "USD") -> Cost | None:
    """Return what the last request of `reply` costs if it took `usage`; None without a price."""
    earlier, timing = reply.earlier, reply.timing
    at = timing.continued if earlier is not None and earlier.requests else timing.started
    if at is None:
        return None
    host = SIMULATED_HOST if reply.simulated else _host_of(reply.request.endpoint)
    found = cost(usage, model=reply.model, host=host, at=at, currency=currency)
    if found is None or usage.cost is not None or not _has_paid_tools(reply):
        return found
    # Searches and fetches of the server are billed apart.
    return None if found.at_most else replace(found, at_least=True)


def _has_paid_tools(reply: Reply) -> bool:
    """Return whether the server used tools of its own, as Anthropic's API counts them."""
    details = reply.extras.get("usage")
    counts = details.get("server_tool_use") if isinstance(details, dict) else None
    return isinstance(counts, dict) and any(isinstance(each, int) and each > 0 for each in counts.values())


def cost(
    usage: Usage, *, model: str, host: str, at: float, currency: str = "USD", table: dict[str, Any] | None = None
) -> Cost | None:
    """Return the cost of `usage`; None if the usage or the price is unknown.

    A cost that the server reported goes before the table.

    Args:
        usage: tokens as the server counted them.
        model: the model that the response names.
        host: the server's host, with its port if that is not the default port of the scheme.
        at: the time of the request, in seconds since the Unix epoch.
        currency: the currency of the account.
        table: replaces `prices.json`.
    """
    found = breakdown(usage, model=model, host=host, at=at, currency=currency, table=table)
    return None if found is None else found.cost


def breakdown(
    usage: Usage, *, model: str, host: str, at: float, currency: str = "USD", table: dict[str, Any] | None = None
) -> Breakdown | None:
    """Return how the cost of `usage` comes about; the arguments are those of `cost`."""
    instant = datetime.fromtimestamp(at, UTC)
    if usage.cost is not None:
        return Breakdown(Cost(Decimal(str(usage.cost)), "USD", "", None, source="server"), (), "", instant, None)
    providers = (_prices() if table is None else table)["providers"]
    provider = next((each for each in providers if host in each["hosts"]), None)
    if provider is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    model = provider.get("aliases", {}).get(model, model)
    rows = [row for row in provider["rows"] if (row["model"], row["currency"]) == (model, currency)]
    row = _latest(rows, instant)
    if row is None:
        return None
    hit = usage.cache_hit_tokens
    miss = usage.cache_miss_tokens if usage.cache_miss_tokens is not None else usage.prompt_tokens - (hit or 0)
    tokens: tuple[tuple[Literal["hit", "miss", "output"], int], ...]
    tokens = (("hit", hit or 0), ("miss", miss), ("output", usage.completion_tokens))
    peak = _latest(provider.get("peak", ()), instant)
    at_most = hit is None
    tier: Literal["peak", "off-peak", ""] = ""
    factor = Decimal(1)
    if peak is not None:
        day = instant.date().isoformat()
        tier = "peak" if _is_peak(peak, instant) and day not in provider["holidays"] else "off-peak"
        if tier == "peak":
            factor = Decimal(peak["factor"])
            # Holidays of later days are not known yet.
            at_most |= day > provider["holidays_until"]
    parts = tuple(PricedTokens(kind, count, Decimal(row[kind]), factor) for kind, count in tokens)
    amount = sum((each.amount for each in parts), Decimal(0))
    split = _split(parts, usage)
    found = Cost(amount, currency, tier, _valid_from(row), at_most, source="table", parts=split)
    return Breakdown(found, parts, str(provider.get("name", "")), instant, peak)


def _split(tokens: tuple[PricedTokens, ...], usage: Usage) -> CostParts:
    hit, miss, output = tokens
    thoughts = min(usage.reasoning_tokens or 0, output.count)
    reasoning = replace(output, count=thoughts).amount
    return CostParts(hit.amount, miss.amount, reasoning, replace(output, count=output.count - thoughts).amount)


def breakdown_of(step: Reply, currency: str = "USD") -> Breakdown | None:
    """Return how the cost of the last request of `step` comes about; None if it is not known.

    The cost of an earlier part of the reply, which it goes on with, is not in it.
    """
    usage, earlier, timing = step.last_usage, step.earlier, step.timing
    at = timing.started if earlier is None or not earlier.requests else timing.continued
    if step.recorded is not None:
        at = step.recorded.instant
    if usage is None or at is None:
        return None
    host = SIMULATED_HOST if step.simulated else _host_of(step.request.endpoint)
    return breakdown(usage, model=step.model, host=host, at=at, currency=currency)


@cache
def _prices() -> dict[str, Any]:
    prices: dict[str, Any] = json.loads(files("nbstream.billing").joinpath("prices.json").read_text("utf-8"))
    return prices


def _valid_from(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["from"])


def _host_of(endpoint: str) -> str:
    """Return the host of a URL, with its port if the URL names one."""
    return urlsplit(endpoint).netloc.rpartition("@")[2].lower()


def _latest(dated: Iterable[dict[str, Any]], instant: datetime) -> dict[str, Any] | None:
    """Return the price that is valid at `instant`, or None."""
    return max((each for each in dated if _valid_from(each) <= instant), key=_valid_from, default=None)


def _is_peak(rule: dict[str, Any], instant: datetime) -> bool:
    # All hours of a rule are on the same day in UTC as in China.
    in_hours = any(start <= instant.hour < end for start, end in rule["hours_utc"])
    return in_hours and instant.weekday() in rule["weekdays"]
