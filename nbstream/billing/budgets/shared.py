"""Budgets that several kernels share, and their reservations, in the file of the ledger.

A reservation is the most that a request, which is on its way, may still take. All is decided within
one transaction, so two kernels never see the same money as free. What is spent is what the ledger's
rows add up to.
"""

from __future__ import annotations

import time
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, NamedTuple

from nbstream.billing.budgets.limit import TOKENS, Limit
from nbstream.billing.ledger.entry import amount_of, day_of
from nbstream.sessions import processes
from nbstream.sessions.processes import Process

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

_PLACES = 12
#: What a process of another machine has reserved is released after so long, in seconds.
_ELSEWHERE_SECONDS = 6 * 3600.0
_PAID, _ALL = "kind = 'server'", "kind IN ('server', 'simulated')"


class Standing(NamedTuple):
    """How a budget stands.

    Attributes:
        limit: the budget.
        spent: what is spent, as the servers counted it.
        about: what else is estimated to be spent.
        reserved: what is reserved for requests that are on their way.
    """

    limit: Limit
    spent: Decimal
    about: Decimal
    reserved: Decimal

    @property
    def left(self) -> Decimal:
        """What is neither spent nor reserved; may be negative."""
        return self.limit.most - self.spent - self.about - self.reserved


def limits(connection: sqlite3.Connection, notebook: str) -> list[Limit]:
    """Return the budgets of the user, and those of a notebook."""
    rows = connection.execute("SELECT * FROM budgets WHERE scope <> 'notebook' OR notebook = ?", (notebook,))
    return [
        Limit(
            row["scope"],
            Decimal(row["most"]),
            row["unit"],
            row["notebook"],
            row["since"],
            allows_unknown=bool(row["allows_unknown"]),
        )
        for row in rows
    ]


def put(connection: sqlite3.Connection, limit: Limit) -> None:
    """Set a budget. One of the same kind keeps the time from which on it counts."""
    values = (limit.scope, limit.notebook, limit.unit, str(limit.most), limit.since, limit.allows_unknown)
    connection.execute(
        "INSERT INTO budgets (scope, notebook, unit, most, since, allows_unknown) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET most = excluded.most, allows_unknown = excluded.allows_unknown",
        values,
    )


def remove(connection: sqlite3.Connection, scope: str, notebook: str) -> int:
    """Remove the budgets of a scope; return how many there were."""
    return connection.execute("DELETE FROM budgets WHERE scope = ? AND notebook = ?", (scope, notebook)).rowcount


def standing(connection: sqlite3.Connection, limit: Limit, *, with_simulated: bool) -> Standing:
    """Return how a budget stands.

    Args:
        connection: to the file.
        limit: the budget.
        with_simulated: whether replies of the simulator count, for which nobody paid.
    """
    spent, about = _rows(connection, limit, _ALL if with_simulated else _PAID)
    return Standing(limit, spent, about, _reserved(connection, limit))


def reserve(connection: sqlite3.Connection, name: str, notebook: str, amounts: dict[str, Decimal]) -> None:
    """Reserve amounts for a request, by their unit; `name` is unique."""
    now, process = time.time(), processes.current()
    for unit, amount in amounts.items():
        values = (name, unit, now, notebook, _integer(amount, unit), *process)
        connection.execute("INSERT OR REPLACE INTO reservations VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)


def release(connection: sqlite3.Connection, name: str) -> None:
    """Release what is reserved for a request."""
    connection.execute("DELETE FROM reservations WHERE name = ?", (name,))


def release_dead(connection: sqlite3.Connection) -> None:
    """Release what processes had reserved that do not run any more, as killed kernels."""
    now = time.time()
    owners = connection.execute(
        "SELECT machine, process, began, max(instant) FROM reservations GROUP BY 1, 2, 3"
    ).fetchall()
    for machine, number, began, instant in owners:
        process = Process(machine, number, began)
        if process == processes.current():
            continue
        is_running = processes.is_running(process)
        if is_running is False or (is_running is None and now - instant > _ELSEWHERE_SECONDS):
            values = (machine, number, began)
            connection.execute("DELETE FROM reservations WHERE machine = ? AND process = ? AND began = ?", values)


def _rows(connection: sqlite3.Connection, limit: Limit, kinds: str) -> tuple[Decimal, Decimal]:
    """Return what the rows of the ledger add up to: as it was reported, and as it is estimated."""
    is_tokens = limit.unit == TOKENS
    values = {**_times(limit), "unit": limit.unit, "notebook": limit.notebook}
    sums = _TOKENS if is_tokens else _PICO
    spent = about = 0
    for table, where in _places(limit):
        query = f"SELECT {sums} FROM {table} WHERE {where} AND {kinds}"  # noqa: S608  (of our own words)
        more, estimated = connection.execute(query, values).fetchone()
        spent, about = spent + more, about + estimated
    if is_tokens:
        return Decimal(spent), Decimal(about)
    exact, rough = amount_of(spent), amount_of(about)
    where = f"day >= :first AND day <= :last AND instant >= :since AND {kinds}"
    where += " AND notebook = :notebook" if limit.scope == "notebook" else ""
    for amount, estimate in connection.execute(f"{_LONG} AND {where}", values):
        exact, rough = exact + Decimal(amount), rough + Decimal(estimate)
    return exact, rough


#: What is spent, and what is estimated beside it.
_TOKENS = (
    "ifnull(sum(ifnull(prompt, 0) + ifnull(completion, 0)), 0), "
    "ifnull(sum(ifnull(about_prompt, 0) + ifnull(about_completion, 0)), 0)"
)
_PICO = (
    "ifnull(sum(CASE WHEN currency = :unit THEN amount_pico END), 0), "
    "ifnull(sum(CASE WHEN about_currency = :unit THEN about_pico END), 0)"
)
#: The rows with money that is no integer of 10⁻¹²; the condition is that of an index.
_LONG = """
SELECT iif(amount_pico IS NULL AND currency = :unit, ifnull(amount, '0'), '0'),
    iif(about_pico IS NULL AND about_currency = :unit, ifnull(about, '0'), '0')
FROM requests WHERE (
    (amount IS NOT NULL AND amount_pico IS NULL) OR (about IS NOT NULL AND about_pico IS NULL)
    OR (parts IS NOT NULL AND hit_pico IS NULL)
)
"""


def _places(limit: Limit) -> Iterable[tuple[str, str]]:
    """Return the tables that have what counts, and which rows of each."""
    if limit.scope != "notebook":
        return [("days", "day >= :first AND day <= :last")]
    # The sums of a day do not tell what was spent before the budget was set.
    own = "notebook = :notebook"
    on_day = f"day = :first AND instant >= :since AND {own}"
    return [("days", f"day > :first AND day <= :last AND {own}"), ("requests", on_day)]


def _times(limit: Limit) -> dict[str, object]:
    today = day_of(time.time())
    first = {"day": today, "month": f"{today[:8]}01"}.get(limit.scope) or day_of(limit.since)
    # A clock that was set back must not hide what was spent.
    return {"first": first, "last": "9999-12-31", "since": limit.since}


def _reserved(connection: sqlite3.Connection, limit: Limit) -> Decimal:
    where = "unit = :unit" + (" AND notebook = :notebook" if limit.scope == "notebook" else "")
    query = f"SELECT ifnull(sum(amount), 0) FROM reservations WHERE {where}"  # noqa: S608  (of our own words)
    amount = connection.execute(query, {"unit": limit.unit, "notebook": limit.notebook}).fetchone()[0]
    return Decimal(amount) if limit.unit == TOKENS else amount_of(amount)


def _integer(amount: Decimal, unit: str) -> int:
    """Return an amount as it stands in the file, rounded up: tokens, or 10⁻¹² of a currency."""
    number = amount if unit == TOKENS else amount.scaleb(_PLACES)
    return int(number.to_integral_value(ROUND_CEILING))
