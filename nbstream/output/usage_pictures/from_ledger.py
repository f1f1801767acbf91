"""Reads the figures of a picture from the ledger."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from nbstream.billing.ledger import database, series
from nbstream.billing.ledger.problems import LedgerError
from nbstream.language import _, date_text, marked, plural
from nbstream.model.printable import storable
from nbstream.output.usage_pictures.figures import Amounts, Cell, Distribution, Figures, Money, Others, Period, Tokens
from nbstream.output.usage_pictures.periods import start_of, starts, unit_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbstream.billing.ledger.series import Group, Wanted
    from nbstream.output.usage_pictures.figures import Span

OFF = marked("The ledger is off, so requests are not remembered: NBSTREAM_LEDGER is off.")
UNREADABLE = marked("The ledger cannot be read ({}). Requests go on without it.")
#: So many cells are shown one by one.
MOST_CELLS = 6
_SHORT_ID = 8
#: The database and its write-ahead log.
_ENDINGS = ("", "-wal")


@dataclass(frozen=True, slots=True)
class Question:
    """What a picture is about.

    Attributes:
        span: which time, or this notebook.
        notebook: the path of this notebook; empty if it is not known.
        model: the only model that is counted; empty for all.
        number_of: returns the execution number of a cell of this notebook by its id, or None.
    """

    span: Span
    notebook: str = ""
    model: str = ""
    number_of: Callable[[str], int | None] = lambda _: None


def read(question: Question, now: datetime | None = None) -> tuple[Figures, list[str]]:
    """Return the figures, and all models of that time or notebook.

    What cannot be read is said in a note, and raises nothing.

    Args:
        question: what they are about.
        now: the time, in the zone of the reader; without a zone it is that of this machine.
    """
    now = datetime.now() if now is None else now  # noqa: DTZ005  (an offset would be that of this hour only)
    blank = Figures(question.span, _title(question, now), "day", model=question.model)
    file = database.current()
    if file is None:
        return replace(blank, note=OFF), []
    try:
        with file.reading() as connection:
            models = series.models(connection, _wanted(question, now))
            return _Reading(question, now, connection).figures(blank), models
    except LedgerError as error:
        return replace(blank, note=UNREADABLE.format(error.said or error.kind)), []


class Changes:
    """Tells whether the ledger has changed, whoever wrote, without opening it."""

    def __init__(self) -> None:
        self._noted: object = None

    def are_there(self) -> bool:
        """Return whether something was written since `note`, or another day has begun."""
        return self._noted is None or _state() != self._noted

    def note(self) -> None:
        """Take the present state for known."""
        self._noted = _state()

    def forget(self) -> None:
        """Take no state for known."""
        self._noted = None


def _state() -> object:
    """Return what differs after each commit: the times and sizes of the files, and the day."""
    file = database.current()
    day = datetime.now().astimezone().date()
    return (day, *(() if file is None else (_stamp(f"{file.path}{ending}") for ending in _ENDINGS)))


def _stamp(path: str) -> object:
    try:
        found = os.stat(path)  # noqa: PTH116  (twice a second, and a `Path` costs more)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class _Reading:
    """Reads within one transaction, so that all sums are of one moment."""

    def __init__(self, question: Question, now: datetime, connection: Any) -> None:
        self._question, self._now, self._connection = question, now, connection
        self._wanted = _wanted(question, now)

    def figures(self, blank: Figures) -> Figures:
        groups = series.by_day(self._connection, self._wanted)
        kinds = {each.kind for each in groups if _has_taken(each)}
        kind = "simulated" if "simulated" in kinds and "server" not in kinds else "server"
        days = {date.fromisoformat(each.name[0]) for each in groups if each.kind == kind}
        unit = unit_for(self._question.span, min(days, default=None), self._now.date())
        amounts: defaultdict[datetime, Amounts] = defaultdict(Amounts)
        if unit == "hour":
            groups = series.by_quarter(self._connection, self._wanted)
        for each in groups:
            if each.kind == kind:
                amounts[self._start(each.name[0], unit)] += amounts_of(each)
        cells, more = self._cells(kind, sum(amounts.values(), Amounts()))
        return replace(
            blank,
            unit=unit,
            periods=tuple(
                Period(start, amounts.get(start, Amounts()))
                for start in starts(self._question.span, unit, amounts, self._now)
            ),
            cells=cells,
            more_cells=more,
            rates=Distribution(tuple(series.measured(self._connection, self._wanted, kind, "speed", 0))),
            first_tokens=Distribution(tuple(series.measured(self._connection, self._wanted, kind, "first_token", 2))),
            is_simulated=kind == "simulated",
            others=Others(
                replayed=_count(groups, "replayed"),
                cached=_count(groups, "cached"),
                simulated=0 if kind == "simulated" else _count(groups, "simulated"),
                failed=_count(groups, "server") if kind == "simulated" else 0,
            ),
        )

    def _start(self, name: Any, unit: str) -> datetime:
        if unit == "hour":
            # On the reader's clock, which may have been changed on that day.
            start = datetime.fromtimestamp(name * series.QUARTER, self._now.tzinfo)
            return start.replace(minute=0, tzinfo=None, fold=0)
        return start_of(date.fromisoformat(name), unit)

    def _cells(self, kind: str, total: Amounts) -> tuple[tuple[Cell, ...], Cell | None]:
        groups, count = series.by_cell(self._connection, self._wanted, kind, MOST_CELLS)
        found: defaultdict[tuple[str, str], Amounts] = defaultdict(Amounts)
        for each in groups:
            found[each.name[0], each.name[1]] += amounts_of(each)
        cells = tuple(Cell(self._label(*name), amounts) for name, amounts in found.items())
        left = count - len(cells)
        if not left:
            return cells, None
        rest = _difference(total, sum(found.values(), Amounts()))
        return cells, Cell(plural("{n:,} other cell", "{n:,} other cells", left), rest)

    def _label(self, notebook: str, cell: str) -> str:
        is_here = notebook == self._question.notebook
        number = self._question.number_of(cell) if is_here and cell else None
        of_cell = f"[{number}]" if number is not None else _("cell {cell}", cell=cell[:_SHORT_ID]) if cell else ""
        of_notebook = "/".join(PurePath(notebook).parts[-2:]).lstrip("/")
        if self._question.span == "notebook":
            return of_cell or _("cell not known")
        return " · ".join(filter(None, (of_notebook, of_cell))) or _("outside of a notebook")


def _count(groups: Iterable[Group], kind: str) -> int:
    return sum(each.requests for each in groups if each.kind == kind)


def _has_taken(group: Group) -> bool:
    """Return whether a group of rows has taken anything; a request that fails early has not."""
    tokens = group.unsplit + group.hit + group.miss + group.completion + group.estimated
    return bool(tokens or group.currency or group.about_currency or group.unknown)


def amounts_of(group: Group) -> Amounts:
    """Return a group of rows as amounts."""
    money: list[Money] = []
    if group.currency:
        parts = group.parts
        split = (parts.hit, parts.miss, parts.reasoning, parts.answer)
        money.append(Money(group.currency, split, group.amount - parts.total))
    if group.about_currency:
        money.append(Money(group.about_currency, about=group.about))
    tokens = Tokens(
        group.hit,
        group.miss,
        group.reasoning,
        max(0, group.completion - group.reasoning),
        group.unsplit,
        group.estimated,
    )
    counted = Amounts(
        group.requests,
        group.unknown,
        group.requests if group.bound in ("at_most", "both") else 0,
        group.requests if group.bound in ("at_least", "both") else 0,
        tokens=tokens,
    )
    return sum((Amounts(money=(each,)) for each in money), counted)


def _difference(total: Amounts, part: Amounts) -> Amounts:
    """Return `total` without `part`."""
    negative = Amounts(
        -part.requests,
        -part.unknown,
        -part.at_most,
        -part.at_least,
        tuple(
            Money(each.currency, tuple(-value for value in each.parts), -each.whole, -each.about)  # type: ignore[arg-type]
            for each in part.money
        ),
        Tokens(*(-value for value in part.tokens.values)),
    )
    left = total + negative
    return replace(left, money=tuple(each for each in left.money if each.height))


def _wanted(question: Question, now: datetime) -> Wanted:
    today = now.date()
    # Half a character cannot be asked for.
    model, notebook = storable(question.model), storable(question.notebook)
    if question.span == "notebook":
        return series.Wanted(notebook=notebook, model=model)
    first = {"today": today.isoformat(), "month": today.replace(day=1).isoformat()}.get(question.span, "")
    return series.Wanted(first=first, model=model)


def _title(question: Question, now: datetime) -> str:
    if question.span == "notebook":
        return PurePath(question.notebook).name or _("This notebook")
    if question.span == "today":
        return _("Today, {day}", day=date_text(now, f"{now.day} {now:%B %Y}", "yMMMMd"))
    return date_text(now, f"{now:%B %Y}", "yMMMM") if question.span == "month" else _("All requests")
