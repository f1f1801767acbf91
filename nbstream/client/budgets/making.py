"""Which budgets count the requests of a reply: of its block and cell, of kernels, of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.billing.budgets import shared
from nbstream.billing.budgets.holding import Place
from nbstream.billing.ledger import database
from nbstream.billing.ledger.problems import LedgerError
from nbstream.client.budgets import blocks, ruled
from nbstream.client.budgets.meter import BudgetMeter

if TYPE_CHECKING:
    from nbstream.billing.budgets.limit import Limit
    from nbstream.model.origin import Origin


def shared_rules() -> tuple[Limit, ...]:
    """Return the rules about notebooks, days and months, which all kernels share."""
    return tuple(each for each in ruled.limits() if each.scope != "cell")


def meter_of(origin: Origin) -> BudgetMeter | None:
    """Return the meter of a reply that this thread asks for now; None if no budget counts it."""
    accounts = blocks.accounts_here()
    rules = shared_rules()
    file = database.current()
    place = Place(file, origin.notebook, rules) if file is not None else None
    if place is not None and not rules and not _has_limits(place.file, origin.notebook):
        place = None
    lost = rules if place is None else ()
    return BudgetMeter(accounts, place, lost=lost) if accounts or place is not None or lost else None


def meter_of_memory(_origin: Origin) -> BudgetMeter | None:
    """Return the meter of the budgets alone that no other process knows; None if none counts."""
    accounts = blocks.accounts_here()
    return BudgetMeter(accounts, None) if accounts else None


def _has_limits(file: database.Database, notebook: str) -> bool:
    if not file.path.exists():
        return False
    try:
        with file.reading() as connection:
            return bool(shared.limits(connection, notebook))
    except LedgerError:
        # What cannot be read is said when it is to be held.
        return True
