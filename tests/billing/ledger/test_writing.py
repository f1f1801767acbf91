"""Rows of the ledger: written at once by many processes, and whatever is wrong with the file."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from nbstream.billing.ledger import place, queries, schema, writing
from nbstream.billing.ledger.database import Database
from nbstream.billing.ledger.entry import Entry
from nbstream.billing.ledger.problems import LedgerError
from nbstream.billing.ledger.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOBODY = 65_534
ROWS = 1_250

#: Appends rows and says each on its standard output, once `append` and `flush` have returned.
MANY = f"""
import os, sys
from decimal import Decimal
from pathlib import Path
from nbstream.billing.ledger.database import Database
from nbstream.billing.ledger.entry import Entry
from nbstream.billing.ledger.writing import Writer
writer = Writer(Database(Path(sys.argv[1])))
for number in range({ROWS}):
    name = f"{{sys.argv[2]}}-{{number}}"
    writer.append(Entry(instant=1e9, cell=name, amount=Decimal("0.001"), currency="USD", completion=1))
    assert writer.flush(60)
    os.write(1, name.encode() + b"\\n")
"""

#: Appends one row with no room left on the disk, and another one once there is room again.
FULL = """
import resource, sys
from pathlib import Path
from nbstream.billing.ledger.database import Database
from nbstream.billing.ledger.entry import Entry
from nbstream.billing.ledger.writing import Writer
writer = Writer(Database(Path(sys.argv[1])))
writer.append(Entry(instant=1.0, cell="before"))
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
problems = []
for name in ("first", "second"):
    writer.append(Entry(instant=1.0, cell=name))
    problems.append(writer.take_problem())
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
assert writer.flush(60)
print(problems[0].kind, problems[1])
"""


class Ledger(NamedTuple):
    """A new ledger."""

    path: Path
    file: Database
    writer: Writer

    def append(self, cell: str) -> LedgerError | None:
        """Append a row, and return a new problem."""
        self.writer.append(entry(cell))
        return self.writer.take_problem()

    def cells(self) -> list[str]:
        return [each.cell for each in queries.rows(self.file)]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    file = Database(tmp_path / "data" / "ledger.sqlite")
    yield Ledger(file.path, file, Writer(file))
    file.close()


def entry(cell: str) -> Entry:
    return Entry(instant=1e9, cell=cell)


def asked(path: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question).fetchall()


def test_eight_processes_write_at_once_and_three_are_killed(ledger: Ledger) -> None:
    workers = [
        subprocess.Popen([sys.executable, "-c", MANY, ledger.path, str(each)], stdout=subprocess.PIPE, text=True)
        for each in range(8)
    ]
    said: list[str] = []
    for number, worker in enumerate(workers):
        assert worker.stdout is not None
        with worker.stdout:
            for line in worker.stdout:
                said.append(line.strip())
                if number < 3 and line == f"{number}-{100 * (number + 1)}\n":
                    worker.send_signal(signal.SIGKILL)
        assert worker.wait(60) == (-signal.SIGKILL if number < 3 else 0)
    assert len(said) >= 5 * ROWS + 600
    assert asked(ledger.path, "PRAGMA integrity_check") == [("ok",)]
    cells = ledger.cells()
    assert set(said) <= set(cells)
    assert len(set(cells)) == len(cells)
    # The sums were made in the same transactions.
    assert asked(ledger.path, "SELECT requests, completion, amount_pico FROM days") == [
        (len(cells), len(cells), len(cells) * 10**9)
    ]


def test_a_row_is_there_when_append_has_returned(ledger: Ledger) -> None:
    assert ledger.append("a") is None
    assert asked(ledger.path, "SELECT cell FROM requests") == [("a",)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_nobody_else_can_read_the_files(ledger: Ledger) -> None:
    former = os.umask(0)
    try:
        ledger.append("a")
    finally:
        os.umask(former)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in ledger.path.parent.iterdir()}
    assert modes == dict.fromkeys(("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"), 0o600)
    assert stat.S_IMODE(ledger.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("is_open", [False, True], ids=["before", "while it is open"])
def test_a_damaged_file_is_moved_aside(ledger: Ledger, *, is_open: bool) -> None:
    if is_open:
        for number in range(300):
            ledger.writer.append(Entry(instant=1e9, notebook="n" * 100, cell=str(number)))
        with closing(sqlite3.connect(ledger.path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        ledger.path.parent.mkdir()
    with ledger.path.open("r+b" if is_open else "wb") as damaged:
        damaged.seek(4096 if is_open else 0)
        damaged.write(b"no database " * 10_000)
    problem = ledger.append("a")
    assert problem is not None
    assert problem.kind == "corrupt"
    assert ledger.append("b") is None
    assert ledger.cells() == ["a", "b"]
    assert b"no database" in (ledger.path.parent / problem.said.rpartition("/")[2]).read_bytes()


def test_two_processes_that_see_the_damage_make_one_new_file(ledger: Ledger) -> None:
    other = Writer(Database(ledger.path))
    for writer in (ledger.writer, other):
        writer.append(entry("before"))
    damage = b"no database " * 10_000
    for ending in ("-wal", ""):
        ledger.path.with_name(ledger.path.name + ending).write_bytes(damage)
    for writer, cell in ((ledger.writer, "a"), (other, "b"), (ledger.writer, "c")):
        writer.append(entry(cell))
        assert writer.flush()
    assert ledger.cells() == ["a", "b", "c"]


@contextmanager
def without_rights(path: Path) -> Iterator[None]:
    """Take from this process the right to write in a folder; root has to become somebody else."""
    path.chmod(0o500)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        path.chmod(0o700)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_what_cannot_be_written_is_said_once_and_written_later(ledger: Ledger) -> None:
    ledger.path.parent.mkdir()
    with without_rights(ledger.path.parent):
        problem = ledger.append("a")
        assert problem is not None
        assert problem.kind == "closed"
        assert ledger.append("b") is None
        # The end of a kernel must not wait for what cannot be written.
        assert not ledger.writer.flush(600)
    assert ledger.writer.flush()
    assert ledger.cells() == ["a", "b"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_full_disk_is_said_once_and_written_later(ledger: Ledger) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FULL, ledger.path], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.split()[1:] == ["None"]
    assert run.stdout.split()[0] in ("full", "broken")
    assert ledger.cells() == ["before", "first", "second"]


def test_a_program_that_holds_the_file_delays_rows_and_loses_none(ledger: Ledger) -> None:
    ledger.append("a")
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert ledger.append("b") is None
        assert ledger.append("c") is None
        assert not ledger.writer.flush(0.01)
        other.execute("ROLLBACK")
    assert ledger.writer.flush()
    assert ledger.cells() == ["a", "b", "c"]


def test_on_a_network_a_thread_writes_and_no_log_is_shared(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.append("on a disk of this machine")
    ledger.file.close()
    # No network is mounted where the tests run.
    monkeypatch.setattr(place, "is_on_network", lambda _: True)
    file = Database(ledger.path)
    writer = Writer(file)
    for each in "ab":
        writer.append(entry(each))
    assert writer.flush()
    assert asked(ledger.path, "PRAGMA journal_mode") == [("delete",)]
    assert [each.cell for each in queries.rows(file)] == ["on a disk of this machine", "a", "b"]
    assert not ledger.path.with_name("ledger.sqlite-wal").exists()
    file.close()


def test_the_folder_of_the_tests_is_on_no_network(tmp_path: Path) -> None:
    assert not place.is_on_network(tmp_path)


def test_a_file_that_was_deleted_is_made_again(ledger: Ledger) -> None:
    ledger.append("a")
    for path in [*ledger.path.parent.iterdir()]:
        path.unlink()
    assert ledger.append("b") is None
    assert ledger.cells() == ["b"]


def test_a_file_of_a_newer_version_is_left_alone(ledger: Ledger) -> None:
    ledger.append("a")
    ledger.file.close()
    with closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    problem = ledger.append("b")
    assert problem is not None
    assert problem.kind == "newer"
    assert asked(ledger.path, "SELECT cell FROM requests") == [("a",)]


def test_another_program_s_database_is_left_alone(ledger: Ledger) -> None:
    ledger.path.parent.mkdir()
    with closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    problem = ledger.append("a")
    assert problem is not None
    assert problem.kind == "closed"
    assert asked(ledger.path, "SELECT name FROM sqlite_master") == [("theirs",)]


def test_a_step_to_a_newer_version_keeps_the_rows_and_the_older_kernel_writes_on(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.append("a")
    step = "ALTER TABLE requests ADD COLUMN colour TEXT NOT NULL DEFAULT 'red';\n"
    steps = (*schema.STEPS, step)
    monkeypatch.setattr(schema, "STEPS", steps)
    monkeypatch.setattr("nbstream.billing.ledger.database.STEPS", steps)
    newer = Database(ledger.path)
    Writer(newer).append(entry("b"))
    assert ledger.append("c") is None
    newer.close()
    assert asked(ledger.path, "SELECT cell, colour FROM requests") == [("a", "red"), ("b", "red"), ("c", "red")]
    assert asked(ledger.path, "PRAGMA user_version") == [(len(steps),)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_process_writes_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBSTREAM_LEDGER", str(tmp_path / "forked.sqlite"))
    writer = writing.current()
    assert writer is not None
    writer.append(entry("parent"))
    child = os.fork()
    if child == 0:
        own = writing.current()
        if own is None or own is writer:
            os._exit(1)
        own.append(entry("child"))
        os._exit(1 if own.take_problem() else 0)
    assert os.waitpid(child, 0)[1] == 0
    writer.append(entry("parent again"))
    file = Database(tmp_path / "forked.sqlite")
    assert [each.cell for each in queries.rows(file)] == ["parent", "child", "parent again"]
    assert asked(file.path, "PRAGMA integrity_check") == [("ok",)]


def test_a_transaction_that_raises_changes_nothing(ledger: Ledger) -> None:
    ledger.append("a")

    def fail() -> None:
        with ledger.file.transaction() as connection:
            connection.execute("DELETE FROM requests")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ledger.cells() == ["a"]


def test_a_transaction_waits_for_the_other_and_then_says_that_it_is_busy(ledger: Ledger) -> None:
    other = Database(ledger.path)
    began = time.monotonic()
    with ledger.file.transaction(), pytest.raises(LedgerError) as caught, other.transaction(0.05):
        pass
    assert caught.value.kind == "busy"
    assert time.monotonic() - began >= 0.05
    other.close()
