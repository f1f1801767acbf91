"""What the ledger's rows add up to, as a table, as records, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nbstream.language import _, joined, marked, plural
from nbstream.output import spending
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.billing.ledger.queries import Grouping, Sums
    from nbstream.client.ledger_view import Ledger

_SCOPE = marked("scope")
#: What each row of a report may be.
_KINDS = (marked("model"), marked("notebook"), marked("chat"), marked("day"), marked("cell"))
_NOTHING = "-"
#: What the exact amounts of a record are, by whether they are at least and at most what was paid.
_BOUNDS = {(False, False): "", (True, False): "at_least", (False, True): "at_most", (True, True): "both"}
_TITLES = {
    "cell": marked("a cell of this notebook"),
    "notebook": marked("this notebook"),
    "today": marked("today"),
    "month": marked("this month"),
    "all": marked("all that is in the ledger"),
}


@dataclass(frozen=True, slots=True)
class Report:
    """Sums of the ledger.

    Attributes:
        title: what they are of.
        by: what each row is: a model, a day and so on.
        rows: the sums of each.
        total: of all.
    """

    title: str
    by: str
    rows: Mapping[str, Sums]
    total: Sums

    @property
    def summary(self) -> str:
        """The sum as a line: `This month: $0.41 + about $0.02 for 12 requests.`."""
        count = self.total.counts.requests
        spent = spending.amount(self.total.spend) or _("no known cost")
        title = f"{self.title[0].upper()}{self.title[1:]}"
        if not count:
            return _("{title}: no requests.", title=title)
        return plural(
            "{title}: {cost} for {n:,} request.", "{title}: {cost} for {n:,} requests.", count, title=title, cost=spent
        )

    @property
    def notes(self) -> list[str]:
        """What a reader should know about it, each as a sentence."""
        found = spending.notes(self.total.spend, of_requests=True)
        if count := self.total.simulated.requests:
            would = spending.amount(self.total.would)
            if would:
                found.append(
                    _("Not in it: {count:,} simulated, which cost nothing and {would}.", count=count, would=would)
                )
            else:
                found.append(_("Not in it: {count:,} simulated, which cost nothing.", count=count))
        return found

    def table(self) -> Table:
        """Return it for a reader."""
        headers = [_(self.by), _("requests"), _("input"), _("cached"), _("output"), _("cost")]
        rows = [_cells(self._shown(name), sums) for name, sums in self.rows.items()]
        if len(rows) > 1 and self.by != _SCOPE:
            rows.append(_cells(_("together"), self.total))
        return Table(self.summary, headers, rows, frozenset(range(1, 6)), joined(*self.notes))

    def _shown(self, name: str) -> str:
        if not name:
            return _("(no {kind})", kind=_(self.by))
        return _(name) if self.by == _SCOPE else name

    def records(self) -> list[dict[str, Any]]:
        """Return a record for each row; amounts are `Decimal`, and None where there is none.

        `bound` says what the exact amounts are of what was paid, as in a row of the ledger:
        "at_most", "at_least", "both" or nothing.
        """
        spends = [sums.spend for sums in self.rows.values()]
        exact = sorted({cost.currency for spend in spends for cost in spend.exact})
        about = sorted({cost.currency for spend in spends for cost in spend.about})
        return [
            {
                self.by: name,
                "requests": sums.counts.requests,
                "input": sums.counts.prompt,
                "cached": sums.counts.hit,
                "output": sums.counts.completion,
                "reasoning": sums.counts.reasoning,
                **{each: _of(sums.spend.exact, each) for each in exact},
                **{f"about {each}": _of(sums.spend.about, each) for each in about},
                "bound": _BOUNDS[sums.spend.at_least, sums.spend.at_most],
                "cost unknown": sums.spend.unknown,
                "tokens unknown": sums.counts.unreported,
                "simulated": sums.simulated.requests,
            }
            for name, sums in self.rows.items()
        ]

    def csv(self) -> str:
        """Return the records as CSV."""
        file, records = io.StringIO(), self.records()
        writer = csv.DictWriter(file, [*records[0]] if records else [self.by])
        writer.writeheader()
        writer.writerows({name: _plain(value) for name, value in each.items()} for each in records)
        return file.getvalue()

    def json(self) -> str:
        """Return the records as JSON; amounts are texts, so that they stay exact."""
        return json.dumps(self.records(), default=_plain, ensure_ascii=False, indent=1)


def report(ledger: Ledger, title: str, grouping: Grouping) -> Report:
    """Return the sums for each model, notebook, chat or day; the dearest first, days in order."""
    found = {name: sums for name, sums in ledger.by(grouping).items() if sums.counts.requests}
    if grouping != "day":
        found = dict(sorted(found.items(), key=_weight, reverse=True))
    return Report(_(_TITLES[title]) if title in _TITLES else title, grouping, found, ledger.total)


def overview(ledgers: Mapping[str, Ledger]) -> Report:
    """Return the sums of several scopes; the last one has all the others."""
    rows = {_TITLES[name]: each.total for name, each in ledgers.items()}
    last = [*rows.values()][-1]
    return Report(_(_TITLES["all"]), _SCOPE, rows, last)


def _cells(name: str, sums: Sums) -> list[str]:
    counts, spend = sums.counts, sums.spend
    cost = spending.marked(spend) or (_("unknown") if spend.unknown else _NOTHING)
    numbers = [counts.requests, counts.prompt, counts.hit, counts.completion]
    return [name, *(_("{count:,}", count=each) for each in numbers), cost]


def _of(costs: Any, currency: str) -> Decimal | None:
    return next((each.amount for each in costs if each.currency == currency), None)


def _plain(value: Any) -> Any:
    return f"{value:f}" if isinstance(value, Decimal) else value


def _weight(item: tuple[str, Sums]) -> tuple[Decimal, int]:
    """Return what rows are ordered by: exact amounts, and tokens where these are alike."""
    sums = item[1]
    amounts = (cost.amount for cost in sums.spend.exact)
    return sum(amounts, Decimal(0)), sums.counts.prompt + sums.counts.completion
