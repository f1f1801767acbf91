"""The tokens and the money that a reply took."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

#: From DeepSeek's documentation, "Token & Token Usage".
TOKENS_PER_CHARACTER = 0.3
_TOKENS_PER_CJK_CHARACTER = 0.6
_FIRST_CJK = "\u2e80"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; None if it did not report a number.

    `completion_tokens` includes `reasoning_tokens`; `prompt_tokens` is the sum of
    `cache_hit_tokens` and `cache_miss_tokens`. `cost` is the server's own figure, in US dollars.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cache_hit_tokens: int | None = None
    cache_miss_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: float | None = None

    def __add__(self, other: Usage) -> Usage:
        """Return the tokens of two requests; a number that only one of them has is not known.

        Servers leave out `reasoning_tokens` where the model did not reason.
        """
        pairs = {each.name: (getattr(self, each.name), getattr(other, each.name)) for each in fields(Usage)}
        sums = {name: None if None in pair else sum(pair) for name, pair in pairs.items()}
        thoughts = [each for each in pairs["reasoning_tokens"] if each is not None]
        return Usage(**{**sums, "reasoning_tokens": sum(thoughts) if thoughts else None})


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
    """

    amount: Decimal
    currency: str
    tier: Literal["peak", "off-peak", ""]
    dated: datetime | None
    at_most: bool = False
    at_least: bool = False

    def __str__(self) -> str:
        """Return the amount with its currency and two significant digits or more: `$0.0023`."""
        sign = "$" if self.currency == "USD" else f"{self.currency} "
        if self.amount == 0:
            return f"{sign}0"
        places = max(2, 1 - self.amount.adjusted())
        return f"{sign}{self.amount:.{places}f}"


def joined_cost(earlier: Cost | None, own: Cost | None, *, is_known: bool, was_known: bool) -> Cost | None:
    """Return what two parts of a reply cost together; None if that cannot be said.

    Args:
        earlier: the cost of the earlier part.
        own: the cost of the last request.
        is_known: whether the tokens of the last request are known, so that without a cost it has no
            price.
        was_known: the same for the earlier part.
    """
    if earlier is not None and own is not None:
        if earlier.currency != own.currency:
            return None
        parts = (earlier, own)
        at_most, at_least = any(each.at_most for each in parts), any(each.at_least for each in parts)
        if at_most and at_least:
            return None
        return replace(
            own,
            amount=earlier.amount + own.amount,
            tier=own.tier if own.tier == earlier.tier else "",
            dated=max(filter(None, (earlier.dated, own.dated)), default=None),
            at_most=at_most,
            at_least=at_least,
        )
    known, other_is_known = (earlier, is_known) if earlier is not None else (own, was_known)
    if known is None or other_is_known or known.at_most:
        return None
    return replace(known, at_least=True)


def estimate_tokens(text: str) -> int:
    """Return about how many tokens `text` has. Label the number as an estimate."""
    cjk = sum(1 for char in text if char >= _FIRST_CJK) if not text.isascii() else 0
    return round(cjk * _TOKENS_PER_CJK_CHARACTER + (len(text) - cjk) * TOKENS_PER_CHARACTER)
