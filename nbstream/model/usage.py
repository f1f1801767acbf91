"""The tokens and the money that a reply took."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from datetime import date, datetime

#: Where an amount of money comes from: nbstream's own table, rows of the user, the server's
#: report, the package genai-prices, a reply that was replayed from a recording or from the cache
#: (both cost nothing), parts with different sources. Files of older versions have none.
CostSource: TypeAlias = Literal["table", "user", "server", "genai-prices", "recording", "cache", "several", ""]

#: A notebook may have set a lower precision for its own numbers.
_EXACT = Context(prec=80)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; None if it did not report a number.

    `completion_tokens` includes `reasoning_tokens`; `prompt_tokens` is the sum of
    `cache_hit_tokens` and `cache_miss_tokens`. `cost` is the server's own figure, in US dollars.
    `cache_write_tokens` are those of the `cache_miss_tokens` that the server wrote to its cache, if
    it has a price of its own for that; `cache_write_1h_tokens` are those of them that stay there
    for an hour, which costs more.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cache_hit_tokens: int | None = None
    cache_miss_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: float | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None

    def __add__(self, other: Usage) -> Usage:
        """Return the tokens of two requests; a number that only one of them has is not known.

        Servers leave out `reasoning_tokens` where the model did not reason, and the tokens that
        were written to the cache where none were.
        """
        pairs = {each.name: (getattr(self, each.name), getattr(other, each.name)) for each in fields(Usage)}
        sums = {name: None if None in pair else sum(pair) for name, pair in pairs.items()}
        for name in _LEFT_OUT:
            known = [each for each in pairs[name] if each is not None]
            sums[name] = sum(known) if known else None
        return Usage(**sums)


#: The numbers that servers leave out if they are 0.
_LEFT_OUT = ("reasoning_tokens", "cache_write_tokens", "cache_write_1h_tokens")


@dataclass(frozen=True, slots=True)
class CostParts:
    """What adds up to an amount of money, exactly.

    Attributes:
        hit: the part of the prompt that was in the server's cache.
        miss: the rest of the prompt, and what was written to the cache.
        reasoning: the reasoning, as far as the server counts it apart.
        answer: the rest of the output: the answer and the calls of tools.
    """

    hit: Decimal = Decimal(0)
    miss: Decimal = Decimal(0)
    reasoning: Decimal = Decimal(0)
    answer: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """The sum."""
        return _EXACT.add(_EXACT.add(self.hit, self.miss), _EXACT.add(self.reasoning, self.answer))

    def __add__(self, other: CostParts) -> CostParts:
        """Return the parts of two costs together."""
        pairs = ((getattr(self, each.name), getattr(other, each.name)) for each in fields(CostParts))
        return CostParts(*(_EXACT.add(*pair) for pair in pairs))

    def times(self, count: int) -> CostParts:
        """Return the parts of so many costs of this kind."""
        return CostParts(*(_EXACT.multiply(getattr(self, each.name), Decimal(count)) for each in fields(CostParts)))


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount of money for one reply.

    Attributes:
        amount: in units of `currency`.
        currency: ISO 4217 code.
        tier: "peak" or "off-peak" if the provider distinguishes them, else "".
        dated: when the price became valid; None for a figure of the server's own.
        at_most: the amount is an upper bound, as the server did not report cache hits, or as the
            day may be a holiday without peak hours.
        at_least: the amount is a lower bound, as the server did not report the tokens of a part.
        source: where the amount, or its prices, come from.
        parts: what adds up to `amount`; None for an amount that the server reported as a whole.
        checked: the day on which the prices were last compared with the provider's own page; None
            if that is not known.
    """

    amount: Decimal
    currency: str
    tier: Literal["peak", "off-peak", ""]
    dated: datetime | None
    at_most: bool = False
    at_least: bool = False
    source: CostSource = ""
    parts: CostParts | None = None
    checked: date | None = None

    def __add__(self, other: Cost) -> Cost:
        """Return both together, with the bounds of both.

        Raises:
            ValueError: if the currencies differ.
        """
        both = (self, other)
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} have no sum")
        # A cost of nothing has no price whose tier, source or parts could be others.
        priced = [each for each in both if each.amount] or [*both]
        tiers, sources = {each.tier for each in priced}, {each.source for each in priced}
        parts = [each.parts for each in priced if each.parts is not None]
        return Cost(
            _EXACT.add(self.amount, other.amount),
            self.currency,
            tiers.pop() if len(tiers) == 1 else "",
            max(filter(None, (each.dated for each in both)), default=None),
            at_most=any(each.at_most for each in both),
            at_least=any(each.at_least for each in both),
            source=sources.pop() if len(sources) == 1 else "several",
            parts=sum(parts[1:], parts[0]) if len(parts) == len(priced) else None,
            checked=min(filter(None, (each.checked for each in both)), default=None),
        )

    def times(self, count: int) -> Cost:
        """Return what so many replies of this cost cost together."""
        parts = self.parts.times(count) if self.parts is not None else None
        return replace(self, amount=_EXACT.multiply(self.amount, Decimal(count)), parts=parts)

    def __str__(self) -> str:
        """Return the amount with its currency and two significant digits or more: `$0.0023`."""
        return self.text()

    def text(self, digits: int = 2) -> str:
        """Return the amount with its currency and so many significant digits or more."""
        sign = "$" if self.currency == "USD" else f"{self.currency} "
        if self.amount == 0:
            return f"{sign}0"
        places = max(2, digits - 1 - self.amount.adjusted())
        return f"{sign}{self.amount:.{places}f}"
