"""What a reply consumed: tokens and money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

#: DeepSeek's documentation, "Token & Token Usage": an English character is about 0.3 token, a Chinese one about 0.6.
_TOKENS_PER_CHARACTER = 0.3
_TOKENS_PER_CJK_CHARACTER = 0.6
_FIRST_CJK = "\u2e80"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; None where it did not say.

    `reasoning_tokens` is contained in `completion_tokens`; `cache_hit_tokens + cache_miss_tokens == prompt_tokens`.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cache_hit_tokens: int | None = None
    cache_miss_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount of money for one reply.

    Attributes:
        amount: in units of `currency`, exact for the table's row.
        currency: ISO 4217 code.
        tier: "peak" or "off-peak" where the provider distinguishes them, else "".
        dated: the day from which the row of the table holds.
        at_most: the server did not say what came from the cache, so all input is priced as a cache miss.
    """

    amount: Decimal
    currency: str
    tier: Literal["peak", "off-peak", ""]
    dated: datetime
    at_most: bool = False

    def __str__(self) -> str:
        """Return the amount with its sign, at two significant digits or more: `$0.0023`, `$1.24`."""
        sign = "$" if self.currency == "USD" else f"{self.currency} "
        if self.amount == 0:
            return f"{sign}0"
        places = max(2, 1 - self.amount.adjusted())
        return f"{sign}{self.amount:.{places}f}"


def estimate_tokens(text: str) -> int:
    """Return about how many tokens `text` is. An estimate: label it as one."""
    cjk = sum(1 for char in text if char >= _FIRST_CJK) if not text.isascii() else 0
    return round(cjk * _TOKENS_PER_CJK_CHARACTER + (len(text) - cjk) * _TOKENS_PER_CHARACTER)
