"""What many calls of a model would cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbstream.billing.prices import breakdown
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.usage import Usage

if TYPE_CHECKING:
    from datetime import datetime

    from nbstream.billing.breakdown import Breakdown, Tier
    from nbstream.model.usage import Cost


@dataclass(frozen=True, slots=True)
class Volume:
    """Calls that are alike.

    Attributes:
        calls: how many there are.
        prompt: the tokens of the prompt of each.
        cached: how many of these are in the server's cache.
        output: the tokens of each reply, with the reasoning.
        reasoning: how many of these are reasoning.
    """

    calls: int
    prompt: int
    cached: int
    output: int
    reasoning: int = 0

    def __post_init__(self) -> None:
        if self.cached > self.prompt:
            raise RequestError(
                _(
                    "There cannot be {cached:,} tokens from the cache in a prompt of {prompt:,}.",
                    cached=self.cached,
                    prompt=self.prompt,
                )
            )
        if self.reasoning > self.output:
            raise RequestError(
                _(
                    "There cannot be {reasoning:,} tokens of reasoning in a reply of {output:,}.",
                    reasoning=self.reasoning,
                    output=self.output,
                )
            )

    @property
    def usage(self) -> Usage:
        """The tokens of one call."""
        total = self.prompt + self.output
        miss = self.prompt - self.cached
        return Usage(self.prompt, self.output, total, self.cached, miss, self.reasoning or None, cache_write_tokens=0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What calls would cost.

    Attributes:
        volume: the calls.
        model: the model.
        host: the server.
        at: the instant for which the prices hold, in UTC.
        each: the cost of one call: at that instant, and then at the other hours if they have
            another price.
    """

    volume: Volume
    model: str
    host: str
    at: datetime
    each: tuple[Breakdown, ...]

    @property
    def totals(self) -> list[Cost]:
        """What all calls cost, in the order of `each`."""
        return [one.cost.times(self.volume.calls) for one in self.each]


def estimate(volume: Volume, *, model: str, host: str, at: datetime, currency: str, url: str = "") -> Estimate | None:
    """Return what calls would cost; None if the price of the model is not known.

    Args:
        volume: the calls.
        model: the model's id.
        host: the server's host, with its port if that is not the default port of the scheme.
        at: the instant of the calls, in UTC.
        currency: the currency of the account.
        url: the address of the server, where the host does not tell the provider.

    Raises:
        RequestError: if a file with the user's own prices is not valid.
    """

    def one(tier: Tier) -> Breakdown | None:
        return breakdown(volume.usage, model=model, host=host, at=at.timestamp(), currency=currency, url=url, tier=tier)

    now = one("")
    if now is None:
        return None
    other: Tier = "off-peak" if now.cost.tier == "peak" else "peak"
    also = one(other) if now.cost.tier and now.peak_factor != 1 else None
    return Estimate(volume, model, host, at, (now,) if also is None else (now, also))
