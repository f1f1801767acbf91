"""How the cost of a usage comes about: tokens by their price, and what is not certain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from nbstream.language import marked
from nbstream.model.usage import Cost, CostParts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from nbstream.billing.peak import PeakRule
    from nbstream.model.usage import CostSource, Usage

#: Kinds of tokens with a price: input that was in the server's cache, other input, input that was
#: written to the cache (for an hour), output.
Kind: TypeAlias = Literal["hit", "miss", "write", "write_1h", "output"]
Tier: TypeAlias = Literal["peak", "off-peak", ""]

_MILLION = Decimal(1_000_000)
#: A notebook may have set a lower precision for its own numbers.
_EXACT = Context(prec=80)


@dataclass(frozen=True, slots=True)
class PricedTokens:
    """Tokens of one price.

    Attributes:
        kind: what they are.
        count: how many there are.
        price: the price of a million of them off-peak.
        factor: by what the price is multiplied at the time of the request.
    """

    kind: Kind
    count: int
    price: Decimal
    factor: Decimal = Decimal(1)

    @property
    def rate(self) -> Decimal:
        """The price of a million of them at the time of the request."""
        return _EXACT.multiply(self.price, self.factor)

    @property
    def amount(self) -> Decimal:
        """What they cost."""
        return _EXACT.divide(_EXACT.multiply(Decimal(self.count), self.rate), _MILLION)

    def times(self, count: int) -> PricedTokens:
        """Return the tokens of so many calls."""
        return replace(self, count=self.count * count)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """How the cost of a usage comes about.

    Attributes:
        cost: the cost.
        parts: what adds up to it; empty for a cost that the server reported.
        provider: whose prices they are.
        at: the time of the request.
        peak: the rule for the hours of another price; None if there is none.
        place: where the prices stand: a file of the user, or a package with its version.
        doubts: why the cost is a bound, each as the end of a sentence.
        peak_factor: by what the prices are multiplied at peak hours.
    """

    cost: Cost
    parts: tuple[PricedTokens, ...]
    provider: str
    at: datetime
    peak: PeakRule | None = None
    place: str = ""
    doubts: tuple[str, ...] = ()
    peak_factor: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices that hold for one request.

    Attributes:
        each: the price of a million tokens, by kind; without a price of its own, what is written
            to the cache costs as much as `miss`, and `hit` as well.
        currency: ISO 4217 code.
        source: where the prices come from.
        provider: whose prices they are.
        place: where they stand.
        since: from when on they are valid; None if that is not known.
        checked: when they were last compared with the provider's page; None if that is not known.
        tier: whether the request was sent at peak hours.
        factor: by what they are multiplied then.
        peak: the rule of peak hours.
        peak_factor: what `factor` is at peak hours.
        at_most: why what they give is an upper bound; empty if it is none.
        at_least: why what they give is a lower bound; empty if it is none.
    """

    each: Mapping[Kind, Decimal]
    currency: str
    source: CostSource
    provider: str = ""
    place: str = ""
    since: datetime | None = None
    checked: date | None = None
    tier: Tier = ""
    factor: Decimal = Decimal(1)
    peak: PeakRule | None = None
    peak_factor: Decimal = Decimal(1)
    at_most: tuple[str, ...] = ()
    at_least: tuple[str, ...] = ()

    def breakdown(self, usage: Usage, at: datetime, *, is_rough: bool = False) -> Breakdown | None:
        """Return what `usage` costs; None if that is not known, not even as a bound.

        With `is_rough` it may be neither: then it is an estimate.
        """
        if usage.prompt_tokens is None or usage.completion_tokens is None:
            return None
        hit, miss = usage.cache_hit_tokens, usage.cache_miss_tokens
        if miss is None:
            miss = max(0, usage.prompt_tokens - (hit or 0))
        at_most, at_least = list(self.at_most), list(self.at_least)
        miss_price = self.each["miss"]
        if hit is None and self.each.get("hit", miss_price) != miss_price:
            at_most.append(marked("the server did not say how many tokens were in its cache"))
        if hit and "hit" not in self.each:
            at_most.append(marked("the price of tokens that were in the cache is not known"))
        written, for_hour = min(usage.cache_write_tokens or 0, miss), usage.cache_write_1h_tokens
        for_hour = min(for_hour or 0, written)
        if self.source == "genai-prices":
            at_least += self._unknown_writes(usage, miss)
        counts: dict[Kind, int] = {
            "hit": hit or 0,
            "miss": miss - written,
            "write": written - for_hour,
            "write_1h": for_hour,
            "output": usage.completion_tokens,
        }
        tokens = tuple(
            PricedTokens(kind, count, self._price(kind), self.factor)
            for kind, count in counts.items()
            if count or kind in ("hit", "miss", "output")
        )
        if at_most and at_least and not is_rough:
            return None
        return self._breakdown(tokens, usage, at, at_most=at_most, at_least=at_least)

    def _price(self, kind: Kind) -> Decimal:
        fallbacks: dict[Kind, Kind] = {"write_1h": "write", "write": "miss", "hit": "miss"}
        while kind not in self.each:
            kind = fallbacks[kind]
        return self.each[kind]

    def _unknown_writes(self, usage: Usage, miss: int) -> list[str]:
        """Return why writing to the cache may cost more than is counted."""
        written = usage.cache_write_tokens
        if written is None and miss and self.each.get("write", self.each["miss"]) != self.each["miss"]:
            return [marked("the server did not say how many tokens it wrote to its cache")]
        if written and "write" not in self.each:
            return [marked("the price of writing to the cache is not known")]
        if written and usage.cache_write_1h_tokens is None and "write_1h" in self.each:
            return [marked("the server did not say for how long it keeps the tokens in its cache")]
        if usage.cache_write_1h_tokens and "write_1h" not in self.each:
            return [marked("the price of keeping tokens in the cache for an hour is not known")]
        return []

    def _breakdown(
        self, tokens: tuple[PricedTokens, ...], usage: Usage, at: datetime, *, at_most: list[str], at_least: list[str]
    ) -> Breakdown:
        parts = _split(tokens, usage.reasoning_tokens or 0)
        cost = Cost(
            parts.total,
            self.currency,
            self.tier,
            self.since,
            at_most=bool(at_most),
            at_least=bool(at_least),
            source=self.source,
            parts=parts,
            checked=self.checked,
        )
        return Breakdown(
            cost, tokens, self.provider, at, self.peak, self.place, (*at_most, *at_least), self.peak_factor
        )


def reported(usage: Usage, at: datetime) -> Breakdown:
    """Return the cost that the server reported itself."""
    return Breakdown(Cost(Decimal(str(usage.cost)), "USD", "", None, source="server"), (), "", at)


def instant_of(at: float) -> datetime:
    """Return the time of a request from seconds since the Unix epoch."""
    return datetime.fromtimestamp(at, UTC)


def _split(tokens: Iterable[PricedTokens], reasoning: int) -> CostParts:
    found = CostParts()
    for each in tokens:
        if each.kind == "hit":
            part = CostParts(hit=each.amount)
        elif each.kind == "output":
            thoughts = min(reasoning, each.count)
            answer = replace(each, count=each.count - thoughts)
            part = CostParts(reasoning=replace(each, count=thoughts).amount, answer=answer.amount)
        else:
            part = CostParts(miss=each.amount)
        found += part
    return found
