"""The budgets in memory: of `with nbstream.budget(…):`, of an execution of a cell, of a session."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Self

from nbstream.billing.budgets.account import Account
from nbstream.billing.budgets.limit import TOKENS, Limit, counting, said
from nbstream.client import metering, settings
from nbstream.client.budgets import ruled
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.sessions.per_session import PerSession

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

#: The accounts of so many executions of cells are kept.
_MOST_EXECUTIONS = 200


@dataclass(slots=True)
class OwnBudgets:
    """The budgets of one session.

    Attributes:
        per_cell: the budgets of each execution of a cell.
        session: the accounts of the session itself.
        executions: the accounts of executions, the latest one last.
        blocks: the accounts of the blocks that are entered now.
    """

    per_cell: list[Limit] = field(default_factory=list)
    session: list[Account] = field(default_factory=list)
    executions: dict[str, list[Account]] = field(default_factory=dict)
    blocks: list[Account] = field(default_factory=list)


own: PerSession[OwnBudgets] = PerSession(OwnBudgets)
#: The blocks around the code that runs; None where that is not known, as on a thread that the
#: user's code has started.
_around: ContextVar[tuple[Account, ...] | None] = ContextVar("nbstream_budgets", default=None)


def accounts_here() -> list[Account]:
    """Return the budgets in memory that count a request which this thread asks for now.

    On a thread of which nothing is known, all blocks count that are entered in the session.
    """
    found, around = own.get(), _around.get()
    blocks = found.blocks if around is None else around
    return [*blocks, *_of_cell(found), *found.session]


def put(limit: Limit) -> None:
    """Set a budget of each cell or of the session; one of its unit goes on with the new amount."""
    found = own.get()
    if limit.scope == "cell":
        found.per_cell = [*(each for each in found.per_cell if each.unit != limit.unit), limit]
        found.executions.clear()
    elif account := next((each for each in found.session if each.limit.unit == limit.unit), None):
        account.limit = limit
    else:
        found.session.append(Account(limit))


def remove(scope: str) -> int:
    """Remove the budgets of a scope, `cell` or `session`; return how many there were."""
    found = own.get()
    kept: list[Limit] | list[Account] = found.per_cell if scope == "cell" else found.session
    count = len(kept)
    kept.clear()
    if scope == "cell":
        found.executions.clear()
    return count


def of_cell() -> list[Limit]:
    """Return the budgets of each cell: the user's, and those of rules."""
    return counting(own.get().per_cell, [each for each in ruled.limits() if each.scope == "cell"])


def _of_cell(found: OwnBudgets) -> list[Account]:
    limits = of_cell()
    execution = metering.execution_here() if limits else ""
    if not execution:
        return []
    if execution not in found.executions:
        found.executions[execution] = [Account(limit) for limit in limits]
        if len(found.executions) > _MOST_EXECUTIONS:
            del found.executions[next(iter(found.executions))]
    return found.executions[execution]


class Budget:
    """The most that the requests of a block may spend: `with nbstream.budget(0.20): …`.

    Requests that would spend more are not sent, and a reply that reaches the line is ended there;
    what has arrived is kept. A request counts in the block in which it is asked, also if its reply
    arrives later. Blocks may stand within one another.

    Args:
        amount: the most money, in the currency of the settings, as 0.20 or "0.20".
        tokens: the most tokens, of prompts and replies together.
        allow_unknown: whether to send requests of which nobody knows the price; they do not count.

    Raises:
        RequestError: if there is no amount, or one that is no number above 0.
    """

    def __init__(
        self,
        amount: Decimal | float | str | None = None,
        *,
        tokens: int | None = None,
        allow_unknown: bool = False,
    ) -> None:
        if amount is None and tokens is None:
            raise RequestError(_("`nbstream.budget` needs an amount, as 0.20, or `tokens=`."))
        given = []
        if amount is not None:
            given.append((positive(amount), settings.current().currency))
        if tokens is not None:
            given.append((positive(tokens, whole=True), TOKENS))
        self._accounts = [
            Account(Limit("block", most, unit, allows_unknown=allow_unknown, since=time.time())) for most, unit in given
        ]
        self._tokens: list[Token[tuple[Account, ...] | None]] = []

    @property
    def spent(self) -> str:
        """What has been spent, as `$0.12 + about $0.01`."""
        return "; ".join(spent_words(each.spent, each.about, each.limit.unit) for each in self._accounts)

    @property
    def left(self) -> str:
        """What may still be spent; what is reserved for requests on their way is not in it."""
        return "; ".join(said(max(each.left, Decimal(0)), each.limit.unit) for each in self._accounts)

    def __enter__(self) -> Self:
        around = _around.get()
        self._tokens.append(_around.set((*(around or ()), *self._accounts)))
        own.get().blocks.extend(self._accounts)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        blocks = own.get().blocks
        for account in self._accounts:
            if account in blocks:
                blocks.remove(account)
        _around.reset(self._tokens.pop())

    def __repr__(self) -> str:
        most = " and ".join(said(each.limit.most, each.limit.unit) for each in self._accounts)
        return f"<Budget of {most}: {self.spent} spent, {self.left} left>"


def positive(value: object, *, whole: bool = False) -> Decimal:
    """Return a number above 0.

    Raises:
        RequestError: if it is none, or if it should be whole and is not.
    """
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal(0)
    if isinstance(value, bool) or not number.is_finite() or number <= 0 or (whole and number != int(number)):
        said = _("{value!r} is no budget: it must be a number above 0.")
        if whole:
            said = _("{value!r} is no budget: it must be a whole number above 0.")
        raise RequestError(said.format(value=value))
    return number


def spent_words(exact: Decimal, about: Decimal, unit: str) -> str:
    """Return what is spent, for reading: `$0.12 + about $0.01`."""
    if not about:
        return said(exact, unit)
    guessed = _("about {amount}", amount=said(about, unit))
    return f"{said(exact, unit)} + {guessed}" if exact else guessed


def budget(
    amount: Decimal | float | str | None = None, *, tokens: int | None = None, allow_unknown: bool = False
) -> Budget:
    """Return a budget for a block: `with nbstream.budget(0.20): …`; see `Budget`.

    Raises:
        RequestError: if there is no amount, or one that is no number above 0.
    """
    return Budget(amount, tokens=tokens, allow_unknown=allow_unknown)
