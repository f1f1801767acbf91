"""A budget as a value: its scope, its amount, and how many tokens of a reply it still allows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from nbstream.language import _, marked, plural
from nbstream.model.usage import Cost

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Whose requests a budget counts.
Scope: TypeAlias = Literal[
    "block",  # those that are asked within `with nbstream.budget(…):`
    "cell",  # those of each execution of a cell
    "session",  # those of this kernel, where the notebook is not known or there is no ledger
    "notebook",  # those of a notebook since the budget was set, in whichever kernel
    "day",  # those of this user, on the present day of this machine's clock
    "month",
]

#: The unit of a budget that counts tokens, of prompts and of replies.
TOKENS = ""
_NAMES = {
    "block": marked("the budget of this `with` block"),
    "cell": marked("the budget of each cell"),
    "session": marked("the budget of this session"),
    "notebook": marked("the budget of this notebook"),
    "day": marked("the budget of today"),
    "month": marked("the budget of this month"),
}


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that may be spent.

    Attributes:
        scope: whose requests it counts.
        most: the amount, in `unit`.
        unit: a currency, or `TOKENS`.
        notebook: the path of the notebook, if it is one's budget.
        since: from when on it counts, in seconds since the Unix epoch; 0 for a day or a month.
        allows_unknown: whether requests are sent of which nobody knows the price.
        rule: where it is written, if it is a rule that this user did not make, as in a file.
        is_forced: whether such a rule holds beside the user's own budgets; else these go before.
    """

    scope: Scope
    most: Decimal
    unit: str = TOKENS
    notebook: str = ""
    since: float = 0.0
    allows_unknown: bool = False
    rule: str = ""
    is_forced: bool = False

    def __str__(self) -> str:
        """Return its name: `the budget of this notebook, $0.50`."""
        fields = {"budget": _(_NAMES[self.scope]), "amount": said(self.most, self.unit)}
        if self.rule:
            return _("{budget}, {amount} ({rule})", rule=self.rule, **fields)
        return _("{budget}, {amount}", **fields)


class Price(NamedTuple):
    """What a request will cost at most, before it is sent.

    Attributes:
        prompt: the whole prompt, if nothing of it is in the server's cache.
        token: one token of the reply.
        currency: of both; it may be another one than that of the account.
    """

    prompt: Decimal
    token: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Need:
    """What a request needs.

    Attributes:
        prompt: about how many tokens its prompt has; rather too many.
        wanted: the most tokens that its reply may have.
        least: a reply of fewer tokens is not worth asking for.
        price: None if it is not known.
        currency: of the price; without one, that of the account.
        may_be_simulated: whether the simulator may answer it, for which nobody pays.
    """

    prompt: int
    wanted: int
    least: int
    price: Price | None
    currency: str
    may_be_simulated: bool = False

    def at(self, unit: str, tokens: int) -> Decimal:
        """Return what the request takes of a budget at most, if its reply has so many tokens."""
        if unit == TOKENS:
            return Decimal(self.prompt + tokens)
        if self.price is None or unit != self.currency:
            return Decimal(0)
        return self.price.prompt + tokens * self.price.token

    def fitting(self, unit: str, left: Decimal) -> int:
        """Return how many tokens of a reply fit; fewer than `least` if none is worth it."""
        if unit == TOKENS:
            return min(self.wanted, int(left) - self.prompt)
        if self.price is None or unit != self.currency:
            return self.wanted
        rest = left - self.price.prompt
        if rest < 0 or self.price.token <= 0:
            return -1 if rest < 0 else self.wanted
        return min(self.wanted, int((rest / self.price.token).to_integral_value(ROUND_FLOOR)))

    def can_be_held(self, unit: str) -> bool:
        """Return whether it is known what the request takes of a budget."""
        return unit == TOKENS or (self.price is not None and unit == self.currency)


def counting(own: Sequence[Limit], rules: Sequence[Limit]) -> list[Limit]:
    """Return the budgets that count: the user's own, and the rules that these do not replace."""
    chosen = {each.scope for each in own}
    return [*own, *(rule for rule in rules if rule.is_forced or rule.scope not in chosen)]


def said(amount: Decimal, unit: str) -> str:
    """Return an amount for reading: `$0.50`, `5,000 tokens`."""
    if unit != TOKENS:
        return str(Cost(amount, unit, "", None))
    return plural("{n:,} token", "{n:,} tokens", int(amount))
