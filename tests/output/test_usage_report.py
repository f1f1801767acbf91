"""The table of the ledger: as text, as CSV, as JSON and in a shell."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest

import nbstream
from nbstream import cli
from nbstream.billing.ledger.database import Database
from nbstream.billing.ledger.entry import INSERT, Entry, columns, day_of
from nbstream.client import metering
from nbstream.jupyter.commands.usage import usage
from nbstream.model.exceptions import RequestError
from nbstream.model.origin import Origin

if TYPE_CHECKING:
    from pathlib import Path

NOON = 1_764_158_400.0
ROW = Entry(
    instant=NOON,
    day="2025-11-26",
    notebook="/home/me/a.ipynb",
    chat="main",
    model="deepseek-flash",
    prompt=1_000,
    hit=600,
    miss=400,
    completion=50,
    reasoning=20,
    amount=Decimal("0.41"),
    currency="USD",
)
UNPAID = replace(ROW, day="2025-11-25", amount=None, currency="")
ROWS = [
    ROW,
    replace(
        ROW,
        day="2025-11-25",
        chat="",
        amount=None,
        currency="",
        completion=None,
        about=Decimal("0.02"),
        about_currency="USD",
    ),
    replace(UNPAID, model="own", unknown=True),
    replace(ROW, kind="simulated"),
    replace(ROW, notebook="/home/me/b.ipynb", amount=Decimal("2.5"), currency="CNY"),
]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger with these rows."""
    path = tmp_path / "ledger.sqlite"
    monkeypatch.setenv("NBSTREAM_LEDGER", str(path))
    file = Database(path)
    for each in ROWS:
        file.execute(INSERT, columns(each))
    file.close()
    return path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.main(["usage", *words]) == 0
    return capsys.readouterr().out


def test_a_shell_shows_a_table_with_estimates_and_unknown_costs(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "all", "--by", "model").splitlines()
    assert lines[0] == "All that is in the ledger: at least CNY 2.50 + $0.41 + about $0.02 for 4 requests."
    assert lines[1].split() == ["model", "requests", "input", "cached", "output", "cost"]
    assert lines[2].split()[:5] == ["deepseek-flash", "3", "3,000", "1,800", "100"]
    assert lines[3].split() == ["own", "1", "1,000", "600", "50", "unknown"]
    assert lines[4].startswith("together")
    assert "The cost of 1 request is not known." in lines[5]
    assert "Not in it: 1 simulated, which cost nothing and would cost $0.41." in lines[5]


def test_days_are_in_order_and_other_rows_by_cost(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = json.loads(said(capsys, "--by", "day", "--json"))
    assert [each["day"] for each in records] == ["2025-11-25", "2025-11-26"]
    assert [each["bound"] for each in records] == ["at_least", ""]
    records = json.loads(said(capsys, "--by", "notebook", "--json"))
    assert [each["notebook"] for each in records] == ["/home/me/b.ipynb", "/home/me/a.ipynb"]
    assert records[1] == {
        "notebook": "/home/me/a.ipynb",
        "requests": 3,
        "input": 3_000,
        "cached": 1_800,
        "output": 100,
        "reasoning": 60,
        "CNY": None,
        "USD": "0.41",
        "about USD": "0.02",
        "bound": "at_least",
        "cost unknown": 1,
        "tokens unknown": 1,
        "simulated": 1,
    }


def test_a_file_of_csv_has_exact_amounts(path: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "my usage.csv"
    assert said(capsys, "all", "--by", "chat", "--csv", str(file)) == f"2 rows in {file}.\n"
    (first, second) = csv.DictReader(io.StringIO(file.read_text("utf-8")))
    assert (first["chat"], first["USD"], first["CNY"], first["about USD"]) == ("main", "0.41", "2.5", "")
    assert (second["chat"], second["USD"], second["about USD"]) == ("", "", "0.02")


def test_a_pandas_that_cannot_be_imported_costs_no_table(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pandas.py").write_text("raise ValueError('numpy.dtype size changed')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    table = usage(["all", "--by", "model"], cast("Any", None))
    assert "at least CNY 2.50 + $0.41 + about $0.02 for 4 requests" in repr(table)


def test_the_overview_has_today_and_all(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys).splitlines()
    assert [line.split("  ")[0] for line in lines[2:5]] == ["today", "this month", "all that is in the ledger"]


def test_python_has_rows_frames_and_sums(path: Path) -> None:
    found = nbstream.ledger(since="2025-11-26", until="2025-11-26")
    assert len(found.rows) == 3
    assert found.total.counts.requests == 2
    assert [*found.by("notebook")] == ["/home/me/a.ipynb", "/home/me/b.ipynb"]
    frame = found.frame()
    assert [*frame["amount"]] == [Decimal("0.41"), Decimal("0.41"), Decimal("2.5")]
    assert str(frame["at"][0]) == "2025-11-26 12:00:00+00:00"
    assert repr(found) == "<Ledger of 2 requests, and 1 simulated ones: CNY 2.50 + $0.41>"


def test_a_cell_is_the_running_one_or_the_one_that_asked_last(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Database(path)
    for cell in ("one", "two", ""):
        file.execute(INSERT, columns(replace(ROW, cell=cell)))
    file.close()
    for running, found in (("one", "one"), ("showing", "two"), ("", "two")):
        monkeypatch.setattr(metering, "origin_here", lambda cell=running: Origin("/home/me/a.ipynb", cell))
        assert [each.cell for each in nbstream.ledger("cell").rows] == [found]
    monkeypatch.setattr(metering, "origin_here", lambda: Origin("/home/me/new.ipynb", "one"))
    with pytest.raises(RequestError, match="No cell of this notebook"):
        nbstream.ledger("cell")
    monkeypatch.setattr(metering, "origin_here", Origin)
    with pytest.raises(RequestError, match="does not name the notebook"):
        nbstream.ledger("notebook")


def test_today_is_the_local_day(path: Path) -> None:
    file = Database(path)
    now = time.time()
    file.execute(INSERT, columns(replace(ROW, instant=now, day="")))
    file.close()
    # Unless midnight has just passed.
    assert [each.day for each in nbstream.ledger("today").rows] in ([day_of(now)], [])


@pytest.mark.parametrize(
    ("words", "deleted", "left"),
    [
        (["--forget", "--before", "2025-11-26"], "Deleted 2 rows", 3),
        (["--forget", "--notebook", "/home/me/a.ipynb"], "Deleted 4 rows", 1),
        (["--forget", "all"], "Deleted 5 rows", 0),
    ],
)
def test_rows_are_deleted(
    path: Path, capsys: pytest.CaptureFixture[str], words: list[str], deleted: str, left: int
) -> None:
    assert said(capsys, *words).startswith(deleted)
    assert len(nbstream.ledger().rows) == left


@pytest.mark.parametrize(
    "words", [["--forget"], ["--forget", "--since", "2025-11-26"], ["--before", "2025-11-26"], ["--since", "yesterday"]]
)
def test_what_makes_no_sense_deletes_nothing_and_says_why(
    path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert cli.main(["usage", *words]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert len(nbstream.ledger().rows) == 5


def test_without_a_ledger_there_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBSTREAM_LEDGER", "off")
    assert cli.main(["usage"]) == 1
    assert capsys.readouterr().err == "There is no ledger: the environment variable NBSTREAM_LEDGER is off.\n"
    with pytest.raises(RequestError, match="There is no ledger"):
        nbstream.ledger()
