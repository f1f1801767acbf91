"""Deletes rows of the ledger, with their sums, from the file and from its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.billing.ledger.schema import retold

if TYPE_CHECKING:
    from nbstream.billing.ledger.database import Database
    from nbstream.billing.ledger.queries import Scope


def forget(file: Database, scope: Scope) -> int:
    """Delete rows, and return how many there were.

    Args:
        file: the ledger.
        scope: which rows; it names no cell, as sums are kept for days and notebooks.

    Raises:
        LedgerError: if nothing was deleted.
        ValueError: if the scope names a cell.
    """
    if scope.cell is not None:
        raise ValueError("the rows of a cell cannot be deleted alone")
    where, values = scope.condition()
    with file.transaction() as connection:
        days = connection.execute(f"SELECT DISTINCT day FROM days WHERE {where}", values).fetchall()  # noqa: S608  (of our own words)
        count = connection.execute(f"DELETE FROM requests WHERE {where}", values).rowcount  # noqa: S608  (as above)
        connection.execute(f"DELETE FROM days WHERE {where}", values)  # noqa: S608  (as above)
        for statement in retold("?"):
            connection.executemany(statement, [tuple(each) for each in days])
    file.shrink()
    return count
