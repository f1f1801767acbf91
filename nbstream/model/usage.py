"""The tokens and the money that a reply took."""

from __future__ import annotations

from dataclasses import dataclass
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
    """

    amount: Decimal
    currency: str
    tier: Literal["peak", "off-peak", ""]
    dated: datetime | None
    at_most: bool = False

    def __str__(self) -> str:
        """Return the amount with its currency and two significant digits or more: `$0.0023`."""
        sign = "$" if self.currency == "USD" else f"{self.currency} "
        if self.amount == 0:
            return f"{sign}0"
        places = max(2, 1 - self.amount.adjusted())
        return f"{sign}{self.amount:.{places}f}"


def estimate_tokens(text: str) -> int:
    """Return about how many tokens `text` has. Label the number as an estimate."""
    cjk = sum(1 for char in text if char >= _FIRST_CJK) if not text.isascii() else 0
    return round(cjk * _TOKENS_PER_CJK_CHARACTER + (len(text) - cjk) * TOKENS_PER_CHARACTER)
