"""What the ledger costs a reply, and how fast 365,000 rows are added up.

    python -m benchmarks.ledger [--rows 365000] [--replies 200]

It uses a ledger of its own in a temporary folder. A ratio compares with the same work in the same
run: a row with one plain insertion of SQLite, a reply with one for which the ledger is off.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import nbstream
from benchmarks.map import simulator
from nbstream.billing.ledger import queries, writing
from nbstream.billing.ledger.database import Database
from nbstream.billing.ledger.entry import INSERT, Entry, columns
from nbstream.billing.ledger.writing import Writer
from nbstream.client import ledger_meter
from nbstream.model.usage import CostParts
from nbstream.output.usage_pictures import from_ledger
from nbstream.output.usage_pictures.from_ledger import Question
from nbstream.output.usage_pictures.picture import picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbstream.client.metering import Taken

DAY = 86_400.0
FIRST = 1_764_158_400.0
#: Between two rows, as replies do not come at once.
_PAUSE = 0.005
#: Replies that are not measured, as they load modules.
_WARM = 5


def entries(count: int) -> Iterator[Entry]:
    """Yield the rows of a year: each day has 4 of 30 notebooks, 5 models and 3 chats."""
    chosen = random.Random(1)
    for number in range(count):
        hit, miss, reasoning, answer = (chosen.randrange(2_000) for _ in range(4))
        parts = CostParts(
            *(Decimal(each) * price for each, price in zip((hit, miss, reasoning, answer), PRICES, strict=True))
        )
        yield Entry(
            instant=FIRST + 365 * DAY * number / count,
            notebook=f"/home/somebody/courses/notebook-{(365 * number // count + chosen.randrange(4)) % 30}.ipynb",
            cell=f"{chosen.randrange(10**9):032x}",
            chat=chosen.choice(("", "", "main", "plan")),
            asked="deepseek-flash",
            model=f"model-{chosen.randrange(5)}",
            host="api.deepseek.com",
            status="complete",
            finish="stop",
            prompt=hit + miss,
            hit=hit,
            miss=miss,
            completion=reasoning + answer,
            reasoning=reasoning,
            first_token=0.4,
            seconds=7.5,
            speed=61.2,
            amount=parts.total,
            currency="USD",
            parts=parts,
            source="table",
            tier="off-peak",
            version="0.1.0",
        )


PRICES = tuple(Decimal(each).scaleb(-6) for each in ("0.003", "0.15", "0.60", "0.60"))


def main() -> None:
    """Measure all, and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=365_000)
    parser.add_argument("--replies", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _rows(Path(folder))
        _replies(Path(folder), options.replies)
        _sums(Path(folder), options.rows)


def _rows(folder: Path, count: int = 2_000) -> None:
    writer = Writer(Database(folder / "rows.sqlite"))
    writer.prepare()
    writer.wait_until_ready(5)
    plain = sqlite3.connect(folder / "plain.sqlite", isolation_level=None)
    plain.execute("PRAGMA journal_mode = WAL")
    plain.execute("PRAGMA synchronous = NORMAL")
    plain.execute("CREATE TABLE rows (text)")
    ours, others = [], []
    for entry in entries(count):
        ours.append(_timed(lambda each=entry: writer.append(each)))  # type: ignore[misc]
        others.append(_timed(lambda: plain.execute("INSERT INTO rows VALUES (?)", ("x" * 400,))))
        time.sleep(_PAUSE)
    print("a row, before the end of its reply is told:", _said(ours))
    print("one insertion of SQLite, for comparison:   ", _said(others))
    print(f"ratio of the medians: {statistics.median(ours) / statistics.median(others):.1f}\n")


def _replies(folder: Path, count: int) -> None:
    times: dict[str, list[float]] = {str(folder / "replies.sqlite"): [], "off": []}
    delays: list[float] = []

    class Timed(ledger_meter.LedgerMeter):
        def ended(self, taken: Taken) -> None:
            delays.append(_timed(lambda: super(Timed, self).ended(taken)))

    vars(ledger_meter)["LedgerMeter"] = Timed
    # In a process of its own, as a thread would compete for the interpreter.
    with simulator() as url:
        os.environ |= {"DEEPSEEK_BASE_URL": url, "DEEPSEEK_API_KEY": "simulated"}
        for number in range(count + _WARM):
            for setting, found in times.items():
                os.environ["NBSTREAM_LEDGER"] = setting
                spent = _timed(lambda: nbstream.stream("hello").result(30))
                if number >= _WARM:
                    found.append(spent)
    print("what the ledger does at the end of a reply:", _said(delays[_WARM:]))
    with_it, without = times.values()
    print("a whole reply with the ledger:", _said(with_it))
    print("the same without it:          ", _said(without))
    ratio = statistics.median(with_it) / statistics.median(without)
    more = statistics.median(with_it) - statistics.median(without)
    print(f"ratio of the medians: {ratio:.3f} ({more * 1e3:+.2f} ms)\n")
    writing.flush()


def _sums(folder: Path, count: int) -> None:
    path = folder / "year.sqlite"
    file, began = Database(path), time.perf_counter()
    with file.transaction() as connection:
        connection.executemany(INSERT, map(columns, entries(count)))
    file.tidy()
    print(f"{count:,} rows: {path.stat().st_size / 1e6:.0f} MB, written in {time.perf_counter() - began:.0f} s")
    for name in ("day", "model", "notebook", "chat"):
        print(f"  by {name}:", _said([_timed(lambda: queries.by(file, name)) for _ in range(15)]))  # noqa: B023  (called at once)
    print("  in all:", _said([_timed(lambda: queries.total(file)) for _ in range(15)]))
    command = [sys.executable, "-m", "nbstream.cli", "usage", "all", "--by", "day"]
    environ = os.environ | {"NBSTREAM_LEDGER": str(path)}
    whole = [_timed(lambda: subprocess.run(command, env=environ, capture_output=True, check=True)) for _ in range(5)]
    print("  nbstream usage all --by day, with the start of Python:", _said(whole))
    os.environ["NBSTREAM_LEDGER"] = str(path)
    now = datetime.fromtimestamp(FIRST + 365 * DAY).astimezone()
    for question in (Question("month"), Question("all")):
        found = [_timed(lambda: from_ledger.read(question, now)) for _ in range(5)]  # noqa: B023  (as above)
        print(f"  the figures of a picture, {question.span}:", _said(found))
    figures, _ = from_ledger.read(Question("all"), now)
    print("  its picture, drawn:", _said([_timed(lambda: picture(figures)) for _ in range(15)]))
    file.close()


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _said(times: list[float]) -> str:
    ordered = sorted(times)
    late = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    median = statistics.median(times)
    return f"median {median * 1e3:.2f} ms, 99 % within {late * 1e3:.2f} ms, most {ordered[-1] * 1e3:.2f} ms"


if __name__ == "__main__":
    main()
