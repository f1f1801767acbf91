"""What pictures need of the ledger: sums by day, quarter and cell, and how often each speed occurs.

Unlike the sums of `queries`, those of each kind, currency and bound are apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nbstream.billing.ledger.entry import amount_of, parts_of
from nbstream.model.usage import CostParts

if TYPE_CHECKING:
    import sqlite3

#: What is measured of a request.
Measure: TypeAlias = Literal["speed", "first_token"]
#: A quarter of an hour, in seconds.
QUARTER = 900


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows; what is empty stands for all.

    Attributes:
        first: the first local day, as 2026-11-26.
        last: the last one.
        notebook: the path of the notebook.
        model: the model that the responses name.
    """

    first: str = ""
    last: str = ""
    notebook: str = ""
    model: str = ""

    def condition(self) -> tuple[str, dict[str, str]]:
        """Return it as a condition of SQL, and the values in it."""
        wanted = {
            "first": ("day >= :first", self.first),
            "last": ("day <= :last", self.last),
            "notebook": ("notebook = :notebook", self.notebook),
            "model": ("model = :model", self.model),
        }
        found = {name: each for name, each in wanted.items() if each[1]}
        return " AND ".join(words for words, _ in found.values()) or "1", {
            name: each[1] for name, each in found.items()
        }


@dataclass(frozen=True, slots=True)
class Group:
    """What rows of one kind, currency and bound add up to.

    Attributes:
        name: the day, as 2026-11-26; the quarter of an hour; or the notebook and the cell.
        kind: where the responses came from.
        bound: whether the amounts are only bounds.
        currency: of the amount; "" without one.
        about_currency: of the estimates; "" without one.
        requests: how many there are.
        unknown: of how many a part of the cost is neither known nor estimated.
        unsplit: tokens of prompts of which no server said whether they were cached.
        hit: those that were cached.
        miss: those that were not.
        completion: tokens of replies, reasoning included.
        reasoning: those of the reasoning.
        estimated: about how many tokens no server reported.
        amount: what they cost.
        parts: what adds up to it, as far as that is known.
        about: estimates beside the amount.
    """

    name: tuple[Any, ...]
    kind: str
    bound: str
    currency: str
    about_currency: str
    requests: int
    unknown: int
    unsplit: int
    hit: int
    miss: int
    completion: int
    reasoning: int
    estimated: int
    amount: Decimal
    parts: CostParts
    about: Decimal


def by_day(connection: sqlite3.Connection, wanted: Wanted) -> list[Group]:
    """Return sums for each local day, from sums that the ledger keeps: fast in a large one."""
    return _groups(connection, "days", ("day",), wanted)


def by_quarter(connection: sqlite3.Connection, wanted: Wanted) -> list[Group]:
    """Return sums for each quarter of an hour, which is named by its number since the Unix epoch.

    Hours of a reader's clock are made of them: no zone is apart from UTC by a part of a quarter.
    """
    return _groups(connection, "requests", (f"CAST(instant / {QUARTER} AS INTEGER)",), wanted)


def by_cell(connection: sqlite3.Connection, wanted: Wanted, kind: str, most: int) -> tuple[list[Group], int]:
    """Return sums for the cells with the largest amounts, and how many cells there are.

    Args:
        connection: of the ledger.
        wanted: which rows.
        kind: where the responses came from.
        most: of how many cells.
    """
    where, values = wanted.condition()
    values = {**values, "kind": kind}
    # With a plus, SQLite does not read the rows in the order of an index, which takes longer.
    ranked = connection.execute(
        f"SELECT notebook, cell, count(*) OVER () AS cells, total(amount_pico) + total(about_pico) AS money, "  # noqa: S608  (of our own words)
        f"total(prompt) + total(completion) AS tokens FROM requests WHERE {where} AND kind = :kind "
        "GROUP BY +notebook, +cell ORDER BY money DESC, tokens DESC LIMIT :most",
        {**values, "most": most},
    ).fetchall()
    found: list[Group] = []
    for row in ranked:
        of_cell = {"of_notebook": row["notebook"], "of_cell": row["cell"]}
        found += _groups(
            connection,
            "requests",
            ("notebook", "cell"),
            wanted,
            _OF_A_CELL if row["cell"] else _OF_NO_CELL,
            {"kind": kind, **of_cell},
        )
    return found, ranked[0]["cells"] if ranked else 0


def measured(
    connection: sqlite3.Connection, wanted: Wanted, kind: str, measure: Measure, places: int
) -> list[tuple[float, int]]:
    """Return the values of a measure, ascending and rounded, each with its number of requests."""
    where, values = wanted.condition()
    found = connection.execute(
        f"SELECT round({measure}, {int(places)}) AS value, count(*) FROM requests "  # noqa: S608  (as above)
        f"WHERE {where} AND kind = :kind AND {measure} IS NOT NULL GROUP BY 1 ORDER BY 1",
        {**values, "kind": kind},
    )
    return [(float(value), count) for value, count in found]


def models(connection: sqlite3.Connection, wanted: Wanted) -> list[str]:
    """Return the models of the rows, those with most requests first; the model is not wanted."""
    where, values = replace(wanted, model="").condition()
    found = connection.execute(
        f"SELECT model FROM days WHERE {where} GROUP BY model ORDER BY sum(requests) DESC, model",  # noqa: S608  (as above)
        values,
    )
    return [model for (model,) in found if model]


def _groups(  # noqa: PLR0917  (all of them make one question)
    connection: sqlite3.Connection,
    table: Literal["days", "requests"],
    names: tuple[str, ...],
    wanted: Wanted,
    more: str = "1",
    values: dict[str, Any] | None = None,
) -> list[Group]:
    where, found = wanted.condition()
    where, found = f"{where} AND {more}", {**found, **(values or {})}
    keys = ", ".join(f"{each} AS name_{at}" for at, each in enumerate(names))
    group = f"{', '.join(f'name_{at}' for at in range(len(names)))}, {_COMMON}"
    sums = _OF_DAYS if table == "days" else _OF_ROWS
    question = f"SELECT {keys}, {_COMMON}, {sums} FROM {table} WHERE {where} GROUP BY {group} ORDER BY {group}"  # noqa: S608  (as above)
    groups = [_group(row, len(names)) for row in connection.execute(question, found)]
    question = f"SELECT {keys}, {_COMMON}, {_LONG_COLUMNS} FROM requests WHERE {where} AND {_IS_LONG}"  # noqa: S608  (as above)
    return groups + [_long(row, len(names)) for row in connection.execute(question, found)]


def _group(row: sqlite3.Row, names: int) -> Group:
    amount, about, *parts = (_money(row, each) for each in _MONEY)
    return Group(
        tuple(row)[:names],
        **{each: row[each] for each in (*_KEYS, *_COUNTS)},
        amount=amount,
        parts=CostParts(*parts),
        about=about,
    )


def _long(row: sqlite3.Row, names: int) -> Group:
    """Return the money of one row that is not in the sums, as it is no integer."""
    amount, about = (
        Decimal(row[text]) if row[text] is not None and row[number] is None else Decimal(0)
        for text, number in (("amount", "amount_pico"), ("about", "about_pico"))
    )
    parts = parts_of(row["parts"]) if row["hit_pico"] is None else None
    return Group(
        tuple(row)[:names],
        **{each: row[each] for each in (*_KEYS, *_COUNTS)},
        amount=amount,
        parts=parts or CostParts(),
        about=about,
    )


def _money(row: sqlite3.Row, column: str) -> Decimal:
    return amount_of(row[f"{column}_high"] * _HALF + row[f"{column}_low"])


_OF_NO_CELL = "kind = :kind AND notebook = :of_notebook AND cell = :of_cell"
#: As in the condition of the index of cells.
_OF_A_CELL = f"{_OF_NO_CELL} AND cell <> ''"
_KEYS = ("kind", "bound", "currency", "about_currency")
#: A sum of integers that is too large for SQLite is an error, so each is summed up in two halves.
_HALF = 10**9
_MONEY = ("amount_pico", "about_pico", "hit_pico", "miss_pico", "reasoning_pico", "answer_pico")
_HALVES = ", ".join(
    f"sum(ifnull({each}, 0) / {_HALF}) AS {each}_high, sum(ifnull({each}, 0) % {_HALF}) AS {each}_low"
    for each in _MONEY
)
_COUNTS = ("requests", "unknown", "unsplit", "hit", "miss", "completion", "reasoning", "estimated")
_OF_ALL = (
    ", ".join(f"sum(ifnull({each}, 0)) AS {each}" for each in ("unknown", "hit", "miss", "completion", "reasoning"))
    + f", sum(ifnull(about_prompt, 0) + ifnull(about_completion, 0)) AS estimated, {_HALVES}"
)
_COMMON = ", ".join(_KEYS)
_OF_DAYS = f"sum(requests) AS requests, sum(unsplit) AS unsplit, {_OF_ALL}"
_OF_ROWS = f"count(*) AS requests, sum(CASE WHEN hit IS NULL THEN ifnull(prompt, 0) ELSE 0 END) AS unsplit, {_OF_ALL}"
_LONG_COLUMNS = ", ".join(
    ("amount, amount_pico, about, about_pico, parts, hit_pico", *(f"0 AS {each}" for each in _COUNTS))
)
#: The condition is that of an index.
_IS_LONG = (
    "((amount IS NOT NULL AND amount_pico IS NULL) OR (about IS NOT NULL AND about_pico IS NULL) "
    "OR (parts IS NOT NULL AND hit_pico IS NULL))"
)
