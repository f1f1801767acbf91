"""The budgets that files make for this user, as `nbstream.toml` of a class."""

from __future__ import annotations

import time
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

from nbstream.billing.budgets.limit import TOKENS, Limit
from nbstream.client import metering, policy, settings
from nbstream.language import _
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from nbstream.billing.budgets.limit import Scope
    from nbstream.client.policy import BudgetOf

_SCOPES: dict[BudgetOf, Scope] = {"notebook": "notebook", "day": "day", "month": "month", "per_cell": "cell"}
#: The budget of a notebook that is not known counts from here on.
_BEGAN = time.time()


def limits() -> list[Limit]:
    """Return the budgets of all files, for what this thread asks now.

    A file that cannot be read makes none: no request is sent then.
    """
    with suppress(RequestError):
        rules = policy.current().budgets
        if not rules:
            return []
        notebook, currency = metering.origin_here().notebook, settings.current().currency
        made = []
        for rule in rules:
            budget, scope = rule.value, _SCOPES[rule.value.of]
            is_notebook = scope == "notebook"
            made.append(
                Limit(
                    scope,
                    Decimal(budget.most),
                    TOKENS if budget.amount is None else budget.currency or currency,
                    notebook if is_notebook else "",
                    _BEGAN if is_notebook and not notebook else 0.0,
                    rule=_("{place}, forced", place=rule.where) if rule.is_forced else rule.where,
                    is_forced=rule.is_forced,
                )
            )
        return made
    return []
