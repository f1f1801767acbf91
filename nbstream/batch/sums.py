"""What several replies took together: tokens and money."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from nbstream.model.spend import Spend
from nbstream.model.usage import Usage

if TYPE_CHECKING:
    from nbstream.model.reply import Reply


class Sums:
    """Adds up replies.

    Attributes:
        usage: the tokens that were reported; None if none were.
        spend: what they cost.
    """

    def __init__(self, spend: Spend | None = None) -> None:
        self.usage: Usage | None = None
        self.spend = Spend() if spend is None else spend

    def add(self, reply: Reply) -> None:
        """Add a reply that has ended."""
        if (usage := reply.usage) is not None:
            self.usage = usage if self.usage is None else _added(self.usage, usage)
        self.spend += reply.spend


def _added(one: Usage, other: Usage) -> Usage:
    """Return the sum of what was reported: servers leave out different numbers."""
    pairs = {each.name: (getattr(one, each.name), getattr(other, each.name)) for each in fields(Usage)}
    sums = {
        name: sum(each for each in pair if each is not None) for name, pair in pairs.items() if pair != (None, None)
    }
    return Usage(**sums)
