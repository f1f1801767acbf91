"""What a reply cost: a function of its usage, the model, the serving host, the currency and the instant.

Prices are data (`prices.json` beside this file) with the instant from which each row holds. What the table does not
know has no price: never zero, never a guess. This module must not know replies or how a cost is shown.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from nbstream.model.usage import Cost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.model.reply import Reply
    from nbstream.model.usage import Usage


#: The simulator's replies are priced as if this host had served them, and say that they are simulated.
SIMULATED_HOST = "api.deepseek.com"

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class _Row:
    since: datetime
    hosts: frozenset[str]
    model: str
    currency: str
    hit: Decimal
    miss: Decimal
    output: Decimal


class PriceTable:
    """Rows of dated prices.

    Args:
        document: the parsed form of a file like `prices.json`.

    Raises:
        KeyError, ValueError: if the document is not of that form.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._providers: list[dict[str, Any]] = document["providers"]
        self._rows = [
            _Row(
                datetime.fromisoformat(row["from"]),
                frozenset(provider["hosts"]),
                row["model"],
                row["currency"],
                Decimal(row["hit"]),
                Decimal(row["miss"]),
                Decimal(row["output"]),
            )
            for provider in self._providers
            for row in provider["rows"]
        ]

    def cost(self, usage: Usage, *, model: str, host: str, at: float, currency: str = "USD") -> Cost | None:
        """Return what `usage` cost, or None where usage or price is not known.

        Args:
            usage: the server's own count.
            model: the id that the response carried.
            host: the host that served it, with its port if it is not the scheme's own.
            at: the instant of the request, seconds since the Unix epoch.
            currency: of the account.
        """
        instant = datetime.fromtimestamp(at, UTC)
        provider = next((one for one in self._providers if host in one["hosts"]), None)
        if provider is None or usage.prompt_tokens is None or usage.completion_tokens is None:
            return None
        model = provider.get("aliases", {}).get(model, model)
        row = _latest(
            row
            for row in self._rows
            if host in row.hosts and row.model == model and row.currency == currency and row.since <= instant
        )
        if row is None:
            return None
        hit = usage.cache_hit_tokens
        miss = usage.cache_miss_tokens if usage.cache_miss_tokens is not None else usage.prompt_tokens - (hit or 0)
        amount = ((hit or 0) * row.hit + miss * row.miss + usage.completion_tokens * row.output) / _MILLION
        tier = _tier(provider.get("peak"), instant)
        if tier == "peak":
            amount *= Decimal(provider["peak"]["factor"])
        return Cost(amount, currency, tier, row.since, at_most=hit is None)


def cost_of(reply: Reply) -> Cost | None:
    """Return what `reply` cost by the shipped table; None if its usage or its price is not known."""
    if reply.usage is None or reply.timing.started is None:
        return None
    host = SIMULATED_HOST if reply.simulated else _host_of(reply.request.endpoint)
    return cost(reply.usage, model=reply.model, host=host, at=reply.timing.started)


def cost(usage: Usage, *, model: str, host: str, at: float, currency: str = "USD") -> Cost | None:
    """Return what `usage` cost by the table that ships with nbstream; see `PriceTable.cost`."""
    return _shipped().cost(usage, model=model, host=host, at=at, currency=currency)


def _host_of(endpoint: str) -> str:
    """Return the host of a URL, with its port if the URL names one."""
    return urlsplit(endpoint).netloc.rpartition("@")[2].lower()


@cache
def _shipped() -> PriceTable:
    return PriceTable(json.loads(files("nbstream.billing").joinpath("prices.json").read_text("utf-8")))


def _latest(rows: Iterable[_Row]) -> _Row | None:
    return max(rows, key=lambda row: row.since, default=None)


def _tier(peak: dict[str, Any] | None, instant: datetime) -> Literal["peak", "off-peak", ""]:
    if peak is None or instant < datetime.fromisoformat(peak["from"]):
        return ""
    in_hours = any(start <= instant.hour < end for start, end in peak["hours_utc"])
    holiday = instant.date().isoformat() in peak["holidays"]
    return "peak" if in_hours and instant.weekday() in peak["weekdays"] and not holiday else "off-peak"
