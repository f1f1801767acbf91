"""Money that several requests took, with what is only estimated apart from it.

Every sum of costs is made here, so that no estimate ever becomes a part of an exact amount.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from nbstream.language import _, marked
from nbstream.model.usage import Cost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbstream.model.recorded import RecordedKind


@dataclass(frozen=True, slots=True)
class Spend:
    """What several replies, or requests, cost together; `+` adds them, in any order.

    Attributes:
        exact: the sum of what is certain, in each currency, by its code. A cost may still be a
            bound: see `at_most` and `at_least`.
        about: the sum of the estimates for what no server reported, in each currency.
        unknown: of how many replies a cost is not known and cannot be estimated.
        replayed: how many replies came, at least in part, from a recording.
        cached: how many came, at least in part, from the cache. Both cost nothing.
        is_simulated: whether the simulator made one of them, so that nothing was paid for it.
    """

    exact: tuple[Cost, ...] = ()
    about: tuple[Cost, ...] = ()
    unknown: int = 0
    replayed: int = 0
    cached: int = 0
    is_simulated: bool = False

    @classmethod
    def of(
        cls,
        cost: Cost | None = None,
        estimate: Cost | None = None,
        *,
        is_unknown: bool = False,
        is_simulated: bool = False,
        free: RecordedKind | None = None,
    ) -> Self:
        """Return the spend of one request or reply.

        Args:
            cost: what is certain.
            estimate: the estimate for what was not reported. Then the cost is no lower bound, as
                the estimate stands beside it for the rest.
            is_unknown: whether another part of the cost is not known.
            is_simulated: whether the simulator made it.
            free: where it came from, if it cost nothing.
        """
        if cost is not None and estimate is not None:
            cost = replace(cost, at_least=False)
        return cls(
            () if cost is None else (cost,),
            () if estimate is None else (replace(estimate, at_most=False, at_least=False),),
            int(is_unknown),
            int(free == "recording"),
            int(free == "cache"),
            is_simulated,
        )

    @classmethod
    def total(cls, spends: Iterable[Spend]) -> Spend:
        """Return the sum of several."""
        return sum(spends, cls())

    def __add__(self, other: Spend) -> Spend:
        """Return both together."""
        return Spend(
            _merged(self.exact, other.exact),
            _merged(self.about, other.about),
            self.unknown + other.unknown,
            self.replayed + other.replayed,
            self.cached + other.cached,
            self.is_simulated or other.is_simulated,
        )

    def as_one(self) -> Spend:
        """Return the same money as that of one reply, of which these were the requests."""
        return replace(self, unknown=min(1, self.unknown), replayed=min(1, self.replayed), cached=min(1, self.cached))

    @property
    def is_known(self) -> bool:
        """Whether any amount is known or estimated."""
        return bool(self.exact or self.about)

    @property
    def at_least(self) -> bool:
        """Whether the exact amounts are lower bounds of what was paid beside the estimates."""
        return bool(self.unknown) or any(each.at_least for each in self.exact)

    @property
    def at_most(self) -> bool:
        """Whether the exact amounts are upper bounds, as a server did not report cache hits."""
        return any(each.at_most for each in self.exact)

    @property
    def cost(self) -> Cost | None:
        """What is certain, as a lower bound if it is not all; None in no or several currencies."""
        if len(self.exact) != 1:
            return None
        (cost,) = self.exact
        is_part = self.at_least or bool(self.about)
        return replace(cost, at_least=True) if is_part and not cost.at_least else cost

    @property
    def estimate(self) -> Cost | None:
        """What is estimated; None in no or several currencies."""
        return self.about[0] if len(self.about) == 1 else None

    def __str__(self) -> str:
        """Return the amounts, as `$0.41 + about $0.02`; empty if none is known."""
        return self.text()

    def text(self, money: Callable[[Cost], str] | None = None) -> str:
        """Return the amounts as `str` does, each written by `money` if that is given."""
        exactly, roughly = money or Cost.text, money or _rough
        exact = [each for each in self.exact if each.amount or not self.about]
        words = [exactly(each) for each in exact]
        words += [_("about {amount}", amount=roughly(each)) for each in self.about]
        amount = " + ".join(words)
        bounds = (self.at_least, self.at_most and bool(exact)) if self.is_known else (False, False)
        return _(_BOUNDS[bounds], amount=amount) if bounds in _BOUNDS else amount


#: The words for a lower and an upper bound.
_BOUNDS = {
    (True, False): marked("at least {amount}"),
    (False, True): marked("at most {amount}"),
    (True, True): marked("about {amount}"),
}


def _rough(cost: Cost) -> str:
    """Return an estimate with the digits that it deserves."""
    return cost.text(1)


def _merged(some: tuple[Cost, ...], others: tuple[Cost, ...]) -> tuple[Cost, ...]:
    found = {each.currency: each for each in some}
    for each in others:
        found[each.currency] = found[each.currency] + each if each.currency in found else each
    return tuple(found[currency] for currency in sorted(found))
