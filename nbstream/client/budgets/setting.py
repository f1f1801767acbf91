"""Sets budgets, removes them, and says how they stand."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from nbstream.billing.budgets import shared
from nbstream.billing.budgets.limit import TOKENS, Limit, counting
from nbstream.billing.budgets.shared import Standing
from nbstream.billing.ledger import database, writing
from nbstream.billing.ledger.problems import LedgerError
from nbstream.client import metering, routing, settings
from nbstream.client.budgets import blocks, making, meter, needs
from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from nbstream.billing.budgets.limit import Scope
    from nbstream.billing.ledger.database import Database

#: The budgets that the user can set by a command.
Settable: TypeAlias = Literal["notebook", "cell", "day", "month"]

_OFF = marked(
    "The budget of a {budget} is kept in the ledger, so that all kernels share it, and the ledger is switched off "
    "(NBSTREAM_LEDGER): nothing was set."
)
_UNUSABLE = marked(
    "The budget of a {budget} is kept in the ledger, so that all kernels share it, and the ledger cannot be used "
    "({error}): nothing was set."
)


def set_budget(
    scope: Settable, most: Decimal, *, is_tokens: bool = False, allow_unknown: bool = False, anew: bool = False
) -> Limit:
    """Set a budget; one of the same kind goes on with the new amount.

    Args:
        scope: notebook, cell, day or month. A notebook that is not known has the budget of its
            session, as has each one without a ledger.
        most: the most that may be spent.
        is_tokens: whether `most` is in tokens, and not in the currency of the settings.
        allow_unknown: whether requests are sent of which nobody knows the price.
        anew: whether the budget of a notebook counts from now on only.

    Returns:
        The budget as it is now in force.

    Raises:
        RequestError: if it cannot be held.
    """
    unit = TOKENS if is_tokens else settings.current().currency
    notebook = metering.origin_here().notebook if scope == "notebook" else ""
    file = database.current()
    is_session = scope == "notebook" and (file is None or not notebook)
    kept: Scope = "session" if is_session else scope
    limit = Limit(kept, most, unit, notebook, time.time() if notebook else 0.0, allows_unknown=allow_unknown)
    if kept in ("cell", "session"):
        if anew:
            blocks.remove(kept)
        blocks.put(limit)
        return limit
    if file is None:
        raise RequestError(_(_OFF, budget=_(scope)))
    try:
        with file.transaction() as connection:
            if anew:
                shared.remove(connection, scope, notebook)
            shared.put(connection, limit)
    except LedgerError as error:
        raise RequestError(_(_UNUSABLE, budget=_(scope), error=error)) from None
    return limit


def remove_budget(scope: Settable) -> int:
    """Remove the budgets of a scope, and return how many there were.

    Raises:
        RequestError: if the ledger cannot be used.
    """
    notebook = metering.origin_here().notebook if scope == "notebook" else ""
    count = blocks.remove("session") if scope == "notebook" else 0
    if scope == "cell":
        return blocks.remove("cell")
    file = database.current()
    if file is None or not file.path.exists():
        return count
    try:
        with file.transaction() as connection:
            return count + shared.remove(connection, scope, notebook)
    except LedgerError as error:
        raise RequestError(_("The ledger cannot be used ({error}), so no budget was removed.", error=error)) from None


def standings() -> list[Standing]:
    """Return how each budget stands that counts what this thread asks for now.

    Raises:
        RequestError: if the ledger cannot be read.
    """
    meter.wait_until_settled()
    found = [
        Standing(each.limit, each.spent, each.about, sum(each.reserved.values(), Decimal(0)))
        for each in blocks.accounts_here()
        if each.limit.scope != "cell"
    ]
    # The cell that asks has spent nothing, and of others nobody asks.
    found += [Standing(each, *[Decimal(0)] * 3) for each in blocks.of_cell()]
    file = database.current()
    if file is not None and (file.path.exists() or making.shared_rules()):
        try:
            found += _shared(file)
        except LedgerError as error:
            raise RequestError(
                _(
                    "The ledger cannot be read ({error}), so its budgets are not held.",
                    error=error,
                )
            ) from None
    return found


def _shared(file: Database) -> list[Standing]:
    writing.flush()
    notebook = metering.origin_here().notebook
    with file.reading() as connection:
        limits = counting(shared.limits(connection, notebook), making.shared_rules())
        # Where the simulator may be asked, its replies count, as they do for the next request.
        simulated = needs.is_here(routing.server(without_key=True).base_url)
        return [shared.standing(connection, each, with_simulated=simulated) for each in limits]
