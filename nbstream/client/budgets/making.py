"""Which budgets count the requests of a reply: of its block and cell, of kernels, of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.billing.budgets import shared
from nbstream.billing.budgets.holding import Place
from nbstream.billing.ledger import database
from nbstream.billing.ledger.database import LedgerError
from nbstream.client.budgets import blocks
from nbstream.client.budgets.meter import BudgetMeter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbstream.billing.budgets.limit import Limit
    from nbstream.model.origin import Origin


def _none() -> Sequence[Limit]:
    return ()


#: Returns the budgets that others have made for this user, as in a file of a class.
rules: Callable[[], Sequence[Limit]] = _none


def meter_of(origin: Origin) -> BudgetMeter | None:
    """Return the meter of a reply that this thread asks for now; None if no budget counts it."""
    accounts = blocks.accounts_here()
    ruled = tuple(rules())
    file = database.current()
    place = Place(file, origin.notebook, ruled) if file is not None else None
    if place is not None and not ruled and not _has_limits(place.file, origin.notebook):
        place = None
    is_lost = bool(ruled) and place is None
    return BudgetMeter(accounts, place, is_lost=is_lost) if accounts or place is not None or is_lost else None


def _has_limits(file: database.Database, notebook: str) -> bool:
    if not file.path.exists():
        return False
    try:
        with file.reading() as connection:
            return bool(shared.limits(connection, notebook))
    except LedgerError:
        # What cannot be read is said when it is to be held.
        return True
