"""A budget that this process keeps in memory: of a block, of a cell, of a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbstream.billing.budgets.limit import Limit


@dataclass(slots=True, eq=False)
class Account:
    """What is spent of a budget, and what is reserved.

    Attributes:
        limit: the budget.
        spent: what the servers counted.
        about: what else is guessed to have been spent, as its tokens were not reported.
        reserved: by request, the most that it may still take.
    """

    limit: Limit
    spent: Decimal = Decimal(0)
    about: Decimal = Decimal(0)
    reserved: dict[str, Decimal] = field(default_factory=dict)

    @property
    def used(self) -> Decimal:
        """What is spent, estimates included."""
        return self.spent + self.about

    @property
    def left(self) -> Decimal:
        """What is neither spent nor reserved; may be negative."""
        return self.limit.most - self.used - sum(self.reserved.values(), Decimal(0))
