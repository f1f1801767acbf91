"""What several replies took together: tokens and money."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from nbstream.model.usage import Usage

if TYPE_CHECKING:
    from nbstream.model.reply import Reply
    from nbstream.model.usage import Cost


class Sums:
    """Adds up replies.

    Attributes:
        usage: the tokens that were reported; None if none were.
        unreported: how many replies brought text of which no tokens were reported.
    """

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.unreported = 0
        self._costs: dict[str, Cost] = {}
        self._unpriced = 0

    def add(self, reply: Reply) -> None:
        """Add a reply that has ended."""
        usage = reply.usage
        if usage is not None:
            self.usage = usage if self.usage is None else _added(self.usage, usage)
        elif reply.has_grown:
            self.unreported += 1
        if reply.recorded is not None:
            # What it cost was paid when it was recorded.
            return
        if reply.cost is not None:
            self._add_cost(reply.cost)
        elif usage is not None:
            self._unpriced += 1

    @property
    def cost(self) -> Cost | None:
        """The known costs; a lower bound if some replies brought text of unknown cost.

        None without a known cost, or with costs in two currencies.
        """
        if len(self._costs) != 1:
            return None
        (cost,) = self._costs.values()
        is_part = bool(self.unreported or self._unpriced)
        return replace(cost, at_least=True) if is_part else cost

    def _add_cost(self, cost: Cost) -> None:
        known = self._costs.get(cost.currency)
        self._costs[cost.currency] = cost if known is None else known + cost


def _added(one: Usage, other: Usage) -> Usage:
    """Return the sum of what was reported: servers leave out different numbers."""
    pairs = {each.name: (getattr(one, each.name), getattr(other, each.name)) for each in fields(Usage)}
    sums = {
        name: sum(each for each in pair if each is not None) for name, pair in pairs.items() if pair != (None, None)
    }
    return Usage(**sums)
