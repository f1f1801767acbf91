"""Questions to the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbstream.billing.ledger.entry import entry_of

if TYPE_CHECKING:
    from nbstream.billing.ledger.database import Database
    from nbstream.billing.ledger.entry import Entry


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


def rows(file: Database, scope: Scope = ALL) -> list[Entry]:
    """Return the rows in their order.

    Raises:
        LedgerError: if the ledger cannot be read.
    """
    where, values = scope.condition()
    with file.reading() as connection:
        found = connection.execute(f"SELECT * FROM requests WHERE {where} ORDER BY instant, id", values)  # noqa: S608  (of our own words)
        return [entry_of(each) for each in found]
