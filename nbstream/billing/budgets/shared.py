"""Budgets that several kernels share, and their reservations, in the file of the ledger.

A reservation is the most that a request, which is on its way, may still take. All is decided within
one transaction, so two kernels never see the same money as free. What is spent is what the ledger's
rows add up to.
"""

from __future__ import annotations

import time
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, NamedTuple

from nbstream.billing.budgets.limit import TOKENS, Limit
from nbstream.billing.ledger.entry import amount_of, day_of
from nbstream.sessions import processes
from nbstream.sessions.processes import Process

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

_PICO = 12
#: What a process of another machine has reserved is released after so long, in seconds.
_ELSEWHERE_SECONDS = 6 * 3600.0
#: What is guessed is kept for the budget of a month, and of a notebook that is used for long.
_KEPT_DAYS = 400
#: Rows that have cost real money, or would have: a replay has not.
_KINDS = "kind IN ('server', 'simulated')"


class Standing(NamedTuple):
    """How a budget stands.

    Attributes:
        limit: the budget.
        spent: what is spent, as the servers counted it.
        about: what else is guessed to be spent.
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


def standing(connection: sqlite3.Connection, limit: Limit) -> Standing:
    """Return how a budget stands."""
    spent, about = _rows(connection, limit)
    reserved, guessed = _reserved(connection, limit)
    return Standing(limit, spent, about + guessed, reserved)


def reserve(connection: sqlite3.Connection, name: str, notebook: str, amounts: dict[str, Decimal]) -> None:
    """Reserve amounts for a request, by their unit; `name` is unique."""
    now, process = time.time(), processes.current()
    for unit, amount in amounts.items():
        values = (name, unit, now, day_of(now), notebook, _integer(amount, unit), *process)
        connection.execute("INSERT OR REPLACE INTO reservations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def settle(connection: sqlite3.Connection, name: str, guessed: dict[str, Decimal]) -> None:
    """Release what was reserved for a request, except what it is guessed to have taken, by unit."""
    for unit, amount in guessed.items():
        # Of no process, so that it stays.
        changed = "UPDATE reservations SET amount = ?, machine = '', process = 0 WHERE name = ? AND unit = ?"
        connection.execute(changed, (_integer(amount, unit), name, unit))
    connection.execute("DELETE FROM reservations WHERE name = ? AND process <> 0", (name,))


def release_dead(connection: sqlite3.Connection) -> None:
    """Release what processes had reserved that do not run any more, as killed kernels."""
    now = time.time()
    owners = connection.execute(
        "SELECT machine, process, began, max(instant) FROM reservations WHERE process <> 0 GROUP BY 1, 2, 3"
    ).fetchall()
    for machine, number, began, instant in owners:
        process = Process(machine, number, began)
        if process == processes.current():
            continue
        is_running = processes.is_running(process)
        if is_running is False or (is_running is None and now - instant > _ELSEWHERE_SECONDS):
            values = (machine, number, began)
            connection.execute("DELETE FROM reservations WHERE machine = ? AND process = ? AND began = ?", values)
    old = date.fromtimestamp(now - _KEPT_DAYS * 86_400).isoformat()  # noqa: DTZ012  (the local day is meant)
    connection.execute("DELETE FROM reservations WHERE process = 0 AND day < ?", (old,))


def _rows(connection: sqlite3.Connection, limit: Limit) -> tuple[Decimal, Decimal]:
    """Return what the rows of the ledger add up to: as it was reported, and as it is guessed."""
    if limit.unit == TOKENS:
        sums = "total(prompt) + total(completion), total(received)"
        unit = "1"
    else:
        sums, unit = "ifnull(sum(pico), 0), ifnull(sum(about_pico), 0)", "currency = :unit"
    values = {**_times(limit), "unit": limit.unit, "notebook": limit.notebook}
    spent = about = 0
    for table, where in _places(limit):
        query = f"SELECT {sums} FROM {table} WHERE {where} AND {unit} AND {_KINDS}"  # noqa: S608  (of our own words)
        more, guessed = connection.execute(query, values).fetchone()
        spent, about = spent + int(more), about + int(guessed)
    if limit.unit == TOKENS:
        return Decimal(spent), Decimal(about)
    exact, rough = amount_of(spent), amount_of(about)
    # Amounts that are no integers of 10⁻¹².
    where = f"day >= :first AND day <= :last AND instant >= :since AND {unit} AND {_KINDS}"
    where += " AND notebook = :notebook" if limit.scope == "notebook" else ""
    long = "((amount IS NOT NULL AND pico IS NULL) OR (about IS NOT NULL AND about_pico IS NULL))"
    query = f"SELECT amount, pico, about, about_pico FROM requests WHERE {long} AND {where}"  # noqa: S608  (as above)
    for amount, pico, about_amount, about_pico in connection.execute(query, values):
        exact += Decimal(amount) if amount is not None and pico is None else 0
        rough += Decimal(about_amount) if about_amount is not None and about_pico is None else 0
    return exact, rough


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


def _reserved(connection: sqlite3.Connection, limit: Limit) -> tuple[Decimal, Decimal]:
    """Return what is reserved, and what ended requests are guessed to have taken."""
    where = "unit = :unit AND (process <> 0 OR (day >= :first AND instant >= :since))"
    where += " AND notebook = :notebook" if limit.scope == "notebook" else ""
    query = f"SELECT process <> 0, amount FROM reservations WHERE {where}"  # noqa: S608  (of our own words)
    values = {**_times(limit), "unit": limit.unit, "notebook": limit.notebook}
    sums = [0, 0]
    for is_open, amount in connection.execute(query, values):
        sums[0 if is_open else 1] += amount
    reserved, guessed = (Decimal(each) if limit.unit == TOKENS else amount_of(each) for each in sums)
    return reserved, guessed


def _integer(amount: Decimal, unit: str) -> int:
    """Return an amount as it stands in the file, rounded up: tokens, or 10⁻¹² of a currency."""
    number = amount if unit == TOKENS else amount.scaleb(_PICO)
    return int(number.to_integral_value(ROUND_CEILING))
