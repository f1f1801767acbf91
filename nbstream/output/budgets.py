"""The table of budgets: for each, the limit, the amount spent, and the amount that remains."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from nbstream.billing.budgets.limit import said
from nbstream.client.budgets.blocks import spent_words
from nbstream.language import _, joined, marked
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.billing.budgets.limit import Limit
    from nbstream.billing.budgets.shared import Standing

_NONE = marked(
    "There is no budget. %deepseek budget 0.50 sets one for this notebook; --day, --month and --per-cell set others, "
    "and %deepseek budget 5000 tokens counts tokens."
)
_NAMES = {
    "block": marked("this `with` block"),
    "cell": marked("each run of a cell"),
    "session": marked("this session"),
    "notebook": marked("this notebook"),
    "day": marked("today, all notebooks"),
    "month": marked("this month, all notebooks"),
}
#: The columns of numbers, and those that are left out if they are empty.
_NUMBERS = (1, 2, 3, 4)
_MAY_BE_EMPTY = (3, 5)


def budgets_table(standings: Sequence[Standing]) -> Table | str:
    """Return the table of budgets, or a sentence if there is none."""
    if not standings:
        return _(_NONE)
    rows = [
        [
            _(_NAMES[each.limit.scope]),
            said(each.limit.most, each.limit.unit),
            spent_words(each.spent, each.about, each.limit.unit),
            said(each.reserved, each.limit.unit) if each.reserved else "",
            said(max(each.left, Decimal(0)), each.limit.unit),
            each.limit.rule or (_("unknown prices pass") if each.limit.allows_unknown else ""),
        ]
        for each in standings
    ]
    headers = [_("budget of"), _("at most"), _("spent"), _("reserved"), _("left"), ""]
    kept = [at for at in range(len(headers)) if at not in _MAY_BE_EMPTY or any(row[at] for row in rows)]
    return Table(
        "",
        [headers[at] for at in kept],
        [[row[at] for at in kept] for row in rows],
        frozenset(new for new, at in enumerate(kept) if at in _NUMBERS),
    )


def is_set(limit: Limit) -> str:
    """Return what is said when a budget is set."""
    where = {
        "session": _(
            "It counts what this kernel asks for from now on; the notebook is not known, or there is no ledger."
        ),
        "notebook": _("It counts what this notebook has spent since its budget was first set, in every kernel."),
        "cell": _("It counts each run of a cell anew."),
        "day": _("It counts what all your notebooks spend, and holds until you change it."),
        "month": _("It counts what all your notebooks spend, and holds until you change it."),
    }
    said_of_it = str(limit)
    is_set = _("{limit}, is set.", limit=f"{said_of_it[0].upper()}{said_of_it[1:]}")
    return joined(is_set, where.get(limit.scope, ""))
