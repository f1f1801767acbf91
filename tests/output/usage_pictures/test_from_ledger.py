"""Figures from a real ledger are what an independent sum of its rows says."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given

from nbstream.billing.ledger import database
from nbstream.billing.ledger.entry import INSERT, Entry, columns
from nbstream.billing.ledger.queries import rows
from nbstream.model.usage import CostParts
from nbstream.output.usage_pictures import settled
from nbstream.output.usage_pictures.from_ledger import Changes, Question, read
from nbstream.output.usage_pictures.periods import start_of, starts, unit_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nbstream.output.usage_pictures.figures import Amounts, Span

HERE, THERE = "/home/me/here.ipynb", "/home/me/there.ipynb"
#: On a clock that is neither that of this machine nor of whole hours.
NOW = datetime(2026, 11, 26, 14, 20, tzinfo=timezone(timedelta(hours=5, minutes=30)))


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ledger of its own."""
    path = tmp_path / "ledger.sqlite"
    monkeypatch.setenv("NBSTREAM_LEDGER", str(path))
    return path


def write(*entries: Entry) -> None:
    file = database.current()
    assert file is not None
    with file.transaction() as connection:
        connection.executemany(INSERT, map(columns, entries))


def entry(at: datetime, **values: Any) -> Entry:
    return Entry(**{"instant": at.timestamp(), "day": at.date().isoformat(), "notebook": HERE, **values})


def some_entries() -> list[Entry]:
    chance = random.Random(8)
    found = []
    for _ in range(400):
        # Some amounts are no whole number of 10⁻¹² and are summed up in another way.
        places = Decimal(1).scaleb(-chance.choice([6, 12, 15]))
        parts = CostParts(*(Decimal(chance.randrange(1, 999)) * places for _ in range(4)))
        unreported = {"completion": None, "reasoning": None}
        values: dict[str, Any] = {
            "kind": chance.choice(["server"] * 6 + ["simulated", "replayed", "cached"]),
            "notebook": chance.choice([HERE, THERE, ""]),
            "cell": chance.choice("abcdefghijkl") * 9,
            "model": chance.choice(["flash", "pro"]),
            "bound": chance.choice(["", "", "at_most", "at_least", "both"]),
            "completion": chance.randrange(100, 900),
            "reasoning": chance.choice([None, chance.randrange(99)]),
            "speed": chance.choice([None, chance.uniform(5, 90)]),
            "first_token": chance.choice([None, chance.uniform(0.1, 9)]),
            "prompt": 500,
            **chance.choice([{}, {"hit": 300, "miss": 200}]),
            **chance.choice([
                {"unknown": True},
                {"amount": parts.total, "parts": parts, "currency": chance.choice(["USD", "CNY"])},
                {"amount": Decimal("0.5") * places, "currency": "USD", "source": "server"},
                {"about": 3 * places, "about_currency": "USD", "about_completion": 77, **unreported},
            ]),
        }  # fmt: skip
        found.append(entry(NOW - timedelta(hours=chance.expovariate(1 / 400)), **values))
    return found


def summed(entries: list[Entry]) -> dict[str, Any]:
    """Return sums of rows, one after the other."""
    sums: Counter[str] = Counter()
    money: dict[str, Decimal] = {}
    for each in entries:
        for name, amount in (
            (f"exact {each.currency}", each.amount),
            (f"about {each.about_currency}", each.about),
            (f"answer {each.currency}", each.parts.answer if each.parts else None),
        ):
            if amount is not None:
                money[name] = money.get(name, Decimal(0)) + amount
        sums.update(
            requests=1,
            unknown=each.unknown,
            hit=each.hit or 0,
            unsplit=500 if each.hit is None else 0,
            output=each.completion or 0,
            about=each.about_completion or 0,
            at_most=each.bound in ("at_most", "both"),
        )
    return {**{name: count for name, count in sums.items() if count}, **money}


def told(amounts: Amounts) -> dict[str, Any]:
    """Return the same of amounts."""
    tokens = amounts.tokens
    found: dict[str, Any] = {
        "requests": amounts.requests,
        "unknown": amounts.unknown,
        "hit": tokens.hit,
        "unsplit": tokens.prompt,
        "output": tokens.received,
        "about": tokens.about,
        "at_most": amounts.at_most,
    }
    for each in amounts.money:
        found |= {
            f"exact {each.currency}": each.exact,
            f"about {each.currency}": each.about,
            f"answer {each.currency}": each.parts[3],
        }
    return {name: value for name, value in found.items() if value}


@pytest.mark.parametrize("model", ["", "pro"])
@pytest.mark.parametrize("span", ["notebook", "today", "month", "all"])
def test_figures_are_the_sums_of_the_rows(span: Span, model: str, ledger: Path) -> None:
    write(*some_entries())
    figures, models = read(Question(span, HERE, model), NOW)
    file = database.current()
    assert file is not None
    first = {"today": "2026-11-26", "month": "2026-11-01"}.get(span, "")
    all_rows = [
        each
        for each in rows(file)
        if each.day >= first
        and each.model in (model or "flash pro").split()
        and (span != "notebook" or each.notebook == HERE)
    ]
    expected = [each for each in all_rows if each.kind == "server"]
    assert told(figures.total) == summed(expected)
    assert sorted(models) == ["flash", "pro"]
    counted = Counter(each.kind for each in all_rows)
    others = figures.others
    assert (others.replayed, others.cached, others.simulated) == tuple(
        counted[kind] for kind in ("replayed", "cached", "simulated")
    )
    # The cells, with all others, are everything as well.
    every_cell = [*figures.cells, *([figures.more_cells] if figures.more_cells else [])]
    assert told(sum((each.amounts for each in every_cell[1:]), every_cell[0].amounts)) == summed(expected)
    assert figures.rates.requests == sum(each.speed is not None for each in expected)
    assert figures.first_tokens.requests == sum(each.first_token is not None for each in expected)
    assert [each.start for each in figures.periods] == sorted({each.start for each in figures.periods})
    # Without a real one, the simulated ones are shown.
    for each in figures.periods:
        assert each.start == start_of(each.start.date(), figures.unit) or figures.unit == "hour"


def test_hours_are_those_of_the_readers_clock(ledger: Path) -> None:
    write(entry(NOW.replace(hour=0, minute=5), completion=1), entry(NOW.replace(hour=13, minute=59), completion=2))
    figures, _ = read(Question("today"), NOW)
    assert {each.start.hour: each.amounts.tokens.answer for each in figures.periods if each.amounts.requests} == {
        0: 1,
        13: 2,
    }
    assert len(figures.periods) == 24


@pytest.mark.parametrize("given", [True, False], ids=["zone given", "zone of the machine"])
def test_hours_are_right_on_a_day_on_which_clocks_are_changed(
    ledger: Path, set_zone: Callable[[str], None], *, given: bool
) -> None:
    set_zone("Europe/Berlin")
    zone = ZoneInfo("Europe/Berlin")
    # At three o'clock summer time it is two o'clock again.
    moments = [datetime(2027, 10, 31, hour, 40, tzinfo=zone, fold=fold) for hour, fold in ((0, 0), (2, 0), (2, 1))]
    write(*(entry(each, completion=1) for each in moments))
    now = datetime(2027, 10, 31, 14, 20, tzinfo=zone if given else None)
    figures, _ = read(Question("today"), now)
    assert {each.start.hour: each.amounts.requests for each in figures.periods if each.amounts.requests} == {0: 1, 2: 2}
    assert len(figures.periods) == 24


def test_simulated_requests_are_shown_only_where_there_are_no_others(ledger: Path) -> None:
    simulated = entry(NOW, kind="simulated", amount=Decimal("0.1"), currency="USD")
    write(simulated, simulated)
    figures, _ = read(Question("notebook", HERE), NOW)
    assert figures.is_simulated
    assert figures.total.requests == 2
    assert "would have cost $0.20" in settled.text(figures)
    # One that failed has taken nothing.
    write(entry(NOW, status="failed"))
    figures, _ = read(Question("notebook", HERE), NOW)
    assert figures.is_simulated
    assert "1 that failed and took nothing" in settled.text(figures)
    write(entry(NOW, amount=Decimal("0.4"), currency="USD"))
    figures, _ = read(Question("notebook", HERE), NOW)
    assert not figures.is_simulated
    assert figures.total.of("USD").exact == Decimal("0.4")
    assert "2 simulated, not shown" in settled.text(figures)


def test_cells_have_the_number_of_their_notebook_or_their_id(ledger: Path) -> None:
    write(entry(NOW, cell="abcdefghijkl", prompt=9), entry(NOW, cell="zyxwvutsrq", prompt=5), entry(NOW, prompt=1))
    question = Question("notebook", HERE, number_of={"abcdefghijkl": 7}.get)
    figures, _ = read(question, NOW)
    assert [each.label for each in figures.cells] == ["[7]", "cell zyxwvuts", "cell not known"]
    figures, _ = read(Question("all", THERE, number_of={"abcdefghijkl": 7}.get), NOW)
    assert figures.cells[0].label == "me/here.ipynb · cell abcdefgh"


def test_a_ledger_that_is_off_empty_or_broken_is_said(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures, _ = read(Question("today"), NOW)
    assert (figures.total.requests, figures.note) == (0, "")
    ledger.unlink(missing_ok=True)
    ledger.mkdir()
    figures, _ = read(Question("today"), NOW)
    assert "cannot be read" in figures.note
    monkeypatch.setenv("NBSTREAM_LEDGER", "off")
    figures, _ = read(Question("today"), NOW)
    assert "off" in figures.note
    assert "No requests" in settled.text(figures)


def test_changes_are_seen_whoever_writes(ledger: Path) -> None:
    changes = Changes()
    assert changes.are_there()
    write(entry(NOW))
    changes.note()
    assert not changes.are_there()
    write(entry(NOW))
    assert changes.are_there()


spans = st.sampled_from(["notebook", "today", "month", "all"])
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31))  # noqa: DTZ001  (on the reader's clock)


@given(spans, moments, st.lists(st.integers(0, 5_000), min_size=1))
def test_periods_have_no_gaps_and_hold_all_days(span: Span, now: datetime, ages: list[int]) -> None:
    today = now.date()
    if span in ("today", "month"):
        ages = [min(age, 0 if span == "today" else today.day - 1) for age in ages]
    days = [today - timedelta(days=age) for age in ages]
    unit = unit_for(span, min(days), today)
    used = [now.replace(minute=0, second=0, microsecond=0) if unit == "hour" else start_of(day, unit) for day in days]
    found = starts(span, unit, used, now.replace(tzinfo=UTC))
    assert set(used) <= set(found)
    assert found == sorted(set(found))
    assert len(found) <= 200
    most = {"hour": 1 / 24, "day": 1, "week": 7, "month": 31}[unit]
    gaps = [(later - before) / timedelta(days=1) for before, later in pairwise(found)]
    assert all(0 < each <= most + 1e-9 for each in gaps)
