"""Questions to the ledger: its rows, and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from nbstream.billing.ledger.entry import amount_of, entry_of, parts_of
from nbstream.model.spend import Spend
from nbstream.model.usage import Cost, CostParts

if TYPE_CHECKING:
    import sqlite3

    from nbstream.billing.ledger.database import Database
    from nbstream.billing.ledger.entry import Entry

#: What sums are made for.
Grouping: TypeAlias = Literal["model", "notebook", "chat", "day", "cell"]
#: The kinds for which nobody paid.
_FREE: dict[str, Literal["recording", "cache"]] = {"replayed": "recording", "cached": "cache"}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows; None and "" stand for all.

    Attributes:
        first: the first local day, as 2026-11-26.
        last: the last one.
        notebook: the path of the notebook.
        cell: the id of the cell.
    """

    first: str = ""
    last: str = ""
    notebook: str | None = None
    cell: str | None = None

    def condition(self) -> tuple[str, dict[str, str]]:
        """Return it as a condition of SQL, and the values in it."""
        wanted = {
            "day >= :first": self.first or None,
            "day <= :last": self.last or None,
            "notebook = :notebook": self.notebook,
            "cell = :cell": self.cell,
        }
        found = {each: value for each, value in wanted.items() if value is not None}
        values = {each.rpartition(":")[2]: value for each, value in found.items()}
        return " AND ".join(found) or "1", values


ALL = Scope()
#: One group, as an expression of SQL.
_ALONE = "''"


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens, and how many requests.

    Attributes:
        requests: how many requests there are.
        unreported: of how many the server did not report the tokens.
        prompt: tokens of prompts.
        unsplit: those of them of which no server said whether they were cached.
        hit: those that were cached.
        miss: those that were not.
        completion: tokens of replies, reasoning included.
        reasoning: those of the reasoning.
        about_prompt: about how many tokens of prompts no server reported.
        about_completion: the same for replies.
    """

    requests: int = 0
    unreported: int = 0
    prompt: int = 0
    unsplit: int = 0
    hit: int = 0
    miss: int = 0
    completion: int = 0
    reasoning: int = 0
    about_prompt: int = 0
    about_completion: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Counts)))


@dataclass(frozen=True, slots=True)
class Sums:
    """What requests add up to; the simulated ones are apart, as nobody paid for them.

    Attributes:
        counts: of the requests that went to a server, or were replayed or taken from the cache.
        spend: what they cost.
        parts: what adds up to the exact amounts, by currency.
        whole: the exact amounts of which the parts are not known, by currency.
        simulated: of the requests that the simulator answered.
        would: what these would have cost.
    """

    counts: Counts = field(default_factory=Counts)
    spend: Spend = field(default_factory=Spend)
    parts: dict[str, CostParts] = field(default_factory=dict)
    whole: dict[str, Decimal] = field(default_factory=dict)
    simulated: Counts = field(default_factory=Counts)
    would: Spend = field(default_factory=Spend)


def rows(file: Database, scope: Scope = ALL) -> list[Entry]:
    """Return the rows in their order.

    Raises:
        LedgerError: if the ledger cannot be read.
    """
    where, values = scope.condition()
    with file.reading() as connection:
        found = connection.execute(f"SELECT * FROM requests WHERE {where} ORDER BY instant, id", values)  # noqa: S608  (of our own words)
        return [entry_of(each) for each in found]


def last_cell(file: Database, notebook: str) -> str:
    """Return the id of the cell of a notebook that asked last; "" if there is none.

    Raises:
        LedgerError: if the ledger cannot be read.
    """
    with file.reading() as connection:
        row = connection.execute(
            "SELECT cell FROM requests WHERE notebook = ? AND cell <> '' ORDER BY id DESC LIMIT 1", (notebook,)
        ).fetchone()
    return "" if row is None else str(row["cell"])


def total(file: Database, scope: Scope = ALL) -> Sums:
    """Return what the rows add up to.

    Raises:
        LedgerError: if the ledger cannot be read.
    """
    return _sums(file, _ALONE, scope).get("", Sums())


def by(file: Database, grouping: Grouping, scope: Scope = ALL) -> dict[str, Sums]:
    """Return what the rows add up to for each day, model and so on, in the order of these names.

    Raises:
        LedgerError: if the ledger cannot be read.
    """
    return _sums(file, grouping, scope)


def _sums(file: Database, group: str, scope: Scope) -> dict[str, Sums]:
    where, values = scope.condition()
    if group == "cell" or scope.cell is not None:
        # A cell has few rows; of the others, each day has sums already.
        question = _OF_ROWS
    elif scope.notebook is None and group in _OF_TOTALS:
        question = _TOTALS
    else:
        question = _OF_DAYS
    found: dict[str, Sums] = {}
    with file.reading() as connection:
        for row in connection.execute(question.format(group=group, where=where), values):
            found[row["name"]] = _with_group(found.get(row["name"], Sums()), row)
        for row in connection.execute(_LONG.format(group=group, where=where), values):
            found[row["name"]] = _with_long(found.get(row["name"], Sums()), row)
    return found


def _with_group(sums: Sums, row: sqlite3.Row) -> Sums:
    """Return sums with those of rows of one kind, currency and bound."""
    counts = Counts(*(row[each.name] for each in fields(Counts)))
    amount, about, *parts = (_money(row, each) for each in _MONEY)
    return _with(sums, row, counts, Cost(amount, row["currency"], "", None, parts=CostParts(*parts)), about)


def _with_long(sums: Sums, row: sqlite3.Row) -> Sums:
    """Return sums with the money of a row that is not in them yet, as it is no integer."""
    amount, about = (
        Decimal(row[text]) if row[text] is not None and row[number] is None else Decimal(0)
        for text, number in (("amount", "amount_pico"), ("about", "about_pico"))
    )
    parts = parts_of(row["parts"]) if row["hit_pico"] is None else None
    return _with(sums, row, Counts(), Cost(amount, row["currency"], "", None, parts=parts or CostParts()), about)


def _with(sums: Sums, row: sqlite3.Row, counts: Counts, cost: Cost, about: Decimal) -> Sums:
    kind, bound, currency = row["kind"], row["bound"], cost.currency
    is_simulated = kind == "simulated"
    at_most, at_least = bound in ("at_most", "both"), bound in ("at_least", "both")
    spend = Spend(
        (replace(cost, at_most=at_most, at_least=at_least, parts=None),) if currency else (),
        (Cost(about, row["about_currency"], "", None),) if row["about_currency"] else (),
        row["unknown"],
        counts.requests if kind == "replayed" else 0,
        counts.requests if kind == "cached" else 0,
        is_simulated=is_simulated,
    )
    if is_simulated:
        return replace(sums, simulated=sums.simulated + counts, would=sums.would + spend)
    parts, whole = {**sums.parts}, {**sums.whole}
    if currency and cost.parts is not None:
        parts[currency] = parts.get(currency, CostParts()) + cost.parts
        whole[currency] = whole.get(currency, Decimal(0)) + cost.amount - cost.parts.total
    return Sums(sums.counts + counts, sums.spend + spend, parts, whole, sums.simulated, sums.would)


def _money(row: sqlite3.Row, column: str) -> Decimal:
    return amount_of(row[f"{column}_high"] * _HALF + row[f"{column}_low"])


#: A sum of integers that is too large for SQLite is an error, so each is summed up in two halves.
_HALF = 10**9
_MONEY = ("amount_pico", "about_pico", "hit_pico", "miss_pico", "reasoning_pico", "answer_pico")
_KEYS = "{group} AS name, kind, currency, about_currency, bound"
_GROUPS = "GROUP BY 1, kind, currency, about_currency, bound ORDER BY 1"
_HALVES = ", ".join(
    f"sum(ifnull({each}, 0) / {_HALF}) AS {each}_high, sum(ifnull({each}, 0) % {_HALF}) AS {each}_low"
    for each in _MONEY
)
_COUNTS = ("prompt", "hit", "miss", "completion", "reasoning", "about_prompt", "about_completion", "unknown")


def _question(sums: list[str], table: str) -> str:
    """Return a question for sums; `{group}` and `{where}` stand for what differs."""
    return f"SELECT {_KEYS}, {_HALVES}, {', '.join(sums)} FROM {table} WHERE {{where}} {_GROUPS}"  # noqa: S608  (of our own words)


_SUMMED = [f"sum({each}) AS {each}" for each in ("requests", "unreported", "unsplit", *_COUNTS)]
_OF_DAYS, _TOTALS = (_question(_SUMMED, table) for table in ("days", "day_totals"))
#: What `_TOTALS` answers.
_OF_TOTALS = (_ALONE, "day")
_OF_ROWS = _question(
    [
        "count(*) AS requests",
        "sum(completion IS NULL) AS unreported",
        "sum(CASE WHEN hit IS NULL THEN ifnull(prompt, 0) ELSE 0 END) AS unsplit",
        *(f"sum(ifnull({each}, 0)) AS {each}" for each in _COUNTS),
    ],
    "requests",
)
#: The rows with money that is no integer; the condition is that of an index.
_LONG = f"""
SELECT {_KEYS}, 0 AS unknown, amount, amount_pico, about, about_pico, parts, hit_pico
FROM requests WHERE {{where}} AND (
    (amount IS NOT NULL AND amount_pico IS NULL) OR (about IS NOT NULL AND about_pico IS NULL)
    OR (parts IS NOT NULL AND hit_pico IS NULL)
)
"""  # noqa: S608  (of our own words)
