"""Questions to the ledger: its rows, and what they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.billing.ledger.entry import entry_of

if TYPE_CHECKING:
    from nbstream.billing.ledger.database import Database
    from nbstream.billing.ledger.entry import Entry


def rows(file: Database, *, first: str = "", cell: str | None = None, notebook: str | None = None) -> list[Entry]:
    """Return the rows in their order.

    Args:
        file: the ledger.
        first: the first local day, as 2026-11-26.
        cell: only those of this cell.
        notebook: only those of this notebook.

    Raises:
        LedgerError: if the ledger cannot be read.
    """
    wanted = {"day >= :first": first, "cell = :cell": cell, "notebook = :notebook": notebook}
    where = " AND ".join(each for each, value in wanted.items() if value is not None)
    values = {"first": first, "cell": cell, "notebook": notebook}
    with file.reading() as connection:
        found = connection.execute(f"SELECT * FROM requests WHERE {where} ORDER BY instant, id", values)  # noqa: S608  (of our own words)
        return [entry_of(each) for each in found]
