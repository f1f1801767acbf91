"""`nbstream.ledger`: the rows of the ledger that somebody wants to see, and what they add up to."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from nbstream.billing.ledger import database, forgetting, queries, writing
from nbstream.billing.ledger.place import VARIABLE
from nbstream.billing.ledger.problems import LedgerError
from nbstream.billing.ledger.queries import Scope
from nbstream.client import metering
from nbstream.language import _, listed
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeVar

    from nbstream.billing.ledger.database import Database
    from nbstream.billing.ledger.entry import Entry
    from nbstream.billing.ledger.queries import Grouping, Sums

    _T = TypeVar("_T")

#: Which rows: of this cell, of this notebook, of the local day, of the month, or all.
Which: TypeAlias = Literal["cell", "notebook", "today", "month", "all"]
SCOPES: tuple[str, ...] = get_args(Which)
GROUPINGS: tuple[str, ...] = ("model", "notebook", "chat", "day")
#: So long rows that are still to be written are waited for, in seconds.
_FLUSH = 2.0


class Ledger:
    """Rows of the ledger; each is one request. They are read at the first use of an attribute.

    Attributes:
        path: the file.
        scope: which rows.
    """

    def __init__(self, file: Database, scope: Scope) -> None:
        self._file = file
        self.scope = scope

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @cached_property
    def rows(self) -> list[Entry]:
        """The rows, the oldest first.

        Raises:
            RequestError: if the ledger cannot be read; so for the others.
        """
        return self._read(lambda: queries.rows(self._file, self.scope))

    @cached_property
    def total(self) -> Sums:
        """What they add up to: `total.spend` prints as `$0.41 + about $0.02`."""
        return self._read(lambda: queries.total(self._file, self.scope))

    def by(self, grouping: Grouping) -> dict[str, Sums]:
        """Return what they add up to for each "model", "notebook", "chat", "day" or "cell"."""
        return self._read(lambda: queries.by(self._file, grouping, self.scope))

    def frame(self) -> Any:
        """Return the rows as a pandas DataFrame; amounts are `Decimal`, and `at` is in UTC.

        Raises:
            RequestError: if pandas is not installed, or the ledger cannot be read.
        """
        from nbstream.schemas.data_frames import frame_of_rows  # noqa: PLC0415  (only where it is used)

        return frame_of_rows([_record(each) for each in self.rows])

    def forget(self) -> int:
        """Delete the rows from the ledger for good, and return how many there were."""
        return self._read(lambda: forgetting.forget(self._file, self.scope))

    def has_asked(self, cell: str) -> bool:
        """Return whether a cell of the notebook is in the ledger."""
        scope = replace(self.scope, cell=cell)
        return bool(self._read(lambda: queries.by(self._file, "cell", scope)))

    def last_cell(self) -> str:
        """Return the cell of the notebook that asked last; "" if there is none."""
        return self._read(lambda: queries.last_cell(self._file, self.scope.notebook or ""))

    def __repr__(self) -> str:
        sums = self.total
        count = sums.counts.requests
        simulated = f", and {sums.simulated.requests:,} simulated ones" if sums.simulated.requests else ""
        spent = str(sums.spend) or "no known cost"
        return f"<Ledger of {count:,} {'request' if count == 1 else 'requests'}{simulated}: {spent}>"

    def _read(self, question: Callable[[], _T]) -> _T:
        writing.flush(_FLUSH)
        try:
            return question()
        except LedgerError as error:
            raise RequestError(
                _("The ledger {path} cannot be used: {said}.", path=error.path, said=error.reason)
            ) from None


def ledger(
    which: Which = "all",
    *,
    since: date | str | None = None,
    until: date | str | None = None,
    notebook: str | None = None,
) -> Ledger:
    """Return rows of the ledger, which has one for each request that nbstream has sent.

    Args:
        which: "cell", "notebook", "today", "month" or "all". A cell is the running one, or, if it
            has asked nothing, the one that asked last in this notebook.
        since: the first day, as a date or as 2026-11-26. Days are those of this machine's clock.
        until: the last day.
        notebook: the path of a notebook; the default for "notebook" and "cell" is the running one.

    Raises:
        RequestError: if the ledger is switched off, or an argument is not valid.
    """
    if which not in SCOPES:
        raise RequestError(_("{which!r} is none of {scopes}.", which=which, scopes=listed(SCOPES)))
    file = database.current()
    if file is None:
        raise RequestError(_("There is no ledger: the environment variable {variable} is off.", variable=VARIABLE))
    scope = Scope(_day(since), _day(until), notebook)
    today = date.today()  # noqa: DTZ011  (the local day is meant)
    if which == "today":
        scope = replace(scope, first=max(scope.first, today.isoformat()))
    elif which == "month":
        scope = replace(scope, first=max(scope.first, today.replace(day=1).isoformat()))
    elif which in ("notebook", "cell"):
        here = metering.origin_here()
        if notebook is None and not here.notebook:
            raise RequestError(_('The front end does not name the notebook. "today" and "month" have all notebooks.'))
        scope = replace(scope, notebook=notebook or here.notebook)
        if which == "cell":
            scope = replace(scope, cell=_cell(Ledger(file, scope), here.cell))
    return Ledger(file, scope)


def _cell(ledger: Ledger, running: str) -> str:
    """Return the running cell, or the one that asked last in the notebook."""
    if running and ledger.has_asked(running):
        return running
    if last := ledger.last_cell():
        return last
    raise RequestError(_("No cell of this notebook is in the ledger: it has asked nothing, or its cells have no ids."))


def _record(entry: Entry) -> dict[str, Any]:
    values = asdict(entry)
    parts = values.pop("parts")
    return {"at": entry.at, **values, **{f"{name}_cost": part for name, part in (parts or {}).items()}}


def _day(day: date | str | None) -> str:
    if day is None:
        return ""
    try:
        # A datetime is a date, too.
        return (date(day.year, day.month, day.day) if isinstance(day, date) else date.fromisoformat(day)).isoformat()
    except ValueError:
        raise RequestError(_("{day!r} is no day: write it as 2026-11-26.", day=day)) from None
