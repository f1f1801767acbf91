"""The table of budgets: for each, the limit, the amount spent, and the amount that remains."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from nbstream.billing.budgets.limit import said
from nbstream.client.budgets.blocks import spent_words
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.billing.budgets.limit import Limit
    from nbstream.billing.budgets.shared import Standing

_NONE = (
    "There is no budget. %deepseek budget 0.50 sets one for this notebook; --day, --month and --per-cell set others, "
    "and %deepseek budget 5000 tokens counts tokens."
)
_NAMES = {
    "block": "this `with` block",
    "cell": "each run of a cell",
    "session": "this session",
    "notebook": "this notebook",
    "day": "today, all notebooks",
    "month": "this month, all notebooks",
}


def budgets_table(standings: Sequence[Standing]) -> Table | str:
    """Return the table of budgets, or a sentence if there is none."""
    if not standings:
        return _NONE
    rows = [
        [
            _NAMES[each.limit.scope],
            said(each.limit.most, each.limit.unit),
            spent_words(each.spent, each.about, each.limit.unit),
            said(each.reserved, each.limit.unit) if each.reserved else "",
            said(max(each.left, Decimal(0)), each.limit.unit),
            each.limit.rule or ("unknown prices pass" if each.limit.allows_unknown else ""),
        ]
        for each in standings
    ]
    headers = ["budget of", "at most", "spent", "reserved", "left", ""]
    kept = [at for at in range(len(headers)) if headers[at] not in ("reserved", "") or any(row[at] for row in rows)]
    return Table(
        "",
        [headers[at] for at in kept],
        [[row[at] for at in kept] for row in rows],
        frozenset(new for new, at in enumerate(kept) if headers[at] in ("at most", "spent", "reserved", "left")),
    )


def is_set(limit: Limit) -> str:
    """Return what is said when a budget is set."""
    where = {
        "session": "It counts what this kernel asks for from now on; the notebook is not known, or there is no ledger.",
        "notebook": "It counts what this notebook has spent since its budget was first set, in every kernel.",
        "cell": "It counts each run of a cell anew.",
        "day": "It counts what all your notebooks spend, and holds until you change it.",
        "month": "It counts what all your notebooks spend, and holds until you change it.",
    }
    return f"{str(limit)[0].upper()}{str(limit)[1:]}, is set. {where.get(limit.scope, '')}".rstrip()
