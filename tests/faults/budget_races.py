"""Processes that spend from one budget at the same moment, and processes that die meanwhile.

`python -m tests.faults.budget_races` is one of the processes: it asks for what its input says.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbstream
from nbstream.billing.budgets import shared
from nbstream.billing.budgets.limit import Limit
from nbstream.billing.ledger import queries, writing
from nbstream.billing.ledger.database import Database
from nbstream.client import metering
from nbstream.client.budgets import meter
from nbstream.model.origin import Origin
from nbstream.simulator.server import Simulator
from tests.faults.findings import Findings, final_reply

if TYPE_CHECKING:
    from collections.abc import Iterator

#: So many requests each process begins at once.
_AT_ONCE = 3
#: What a reply costs at most, and what all of them may cost: between two and three replies.
_TOKENS = 500
_MOST = Decimal("0.0009")
_PROMPT = f"[simulate: normal tokens={_TOKENS}] Race."


def race(tries: int, processes: int = 2) -> Findings:
    """Let processes spend from one budget at once, `tries` times; none may pass the other one."""
    findings = Findings()
    with _place() as (file, simulator), _started(processes, file, simulator) as workers:
        spent = Decimal(0)
        for number in range(tries):
            notebook = f"race-{number}.ipynb"
            with file.transaction() as connection:
                shared.put(connection, Limit("notebook", _MOST, "USD", notebook, time.time()))
            for worker in workers:
                _tell(worker, notebook)
            said = [_told(worker) for worker in workers]
            sums = queries.total(file, queries.Scope(notebook=notebook))
            amount = sum((each.amount for each in (*sums.would.exact, *sums.would.about)), Decimal(0))
            findings.tried += 1
            spent += amount
            if amount > _MOST:
                findings.wrong.append(f"{notebook}: ${amount} of ${_MOST}")
            if not amount:
                findings.wrong.append(f"{notebook}: nothing is in the ledger: {said}")
            with file.reading() as connection:
                left = connection.execute("SELECT count(*) FROM reservations").fetchone()[0]
            findings.expect(f"{notebook}, reservations that stay", left, 0)
        findings.seen["spent of the budget, per cent"] = round(float(100 * spent / (tries * _MOST)), 1)
    return findings


def killed(tries: int) -> Findings:
    """Kill a process while its reply arrives: what it had reserved is free again."""
    findings = Findings()
    with _place() as (file, simulator):
        for number in range(tries):
            notebook = f"killed-{number}.ipynb"
            with file.transaction() as connection:
                # Another reply does not fit beside one.
                shared.put(connection, Limit("notebook", _MOST / 2, "USD", notebook, time.time()))
            with _started(1, file, simulator) as (worker,):
                _tell(worker, f"{notebook} slowly")
                while not _reservations(file):
                    time.sleep(0.01)
                worker.kill()
                worker.wait()
            with _started(1, file, simulator) as (worker,):
                _tell(worker, notebook)
                said = _told(worker)
            findings.tried += 1
            findings.expect("the first reply of the next process", said.split()[0], "truncated")
    return findings


def _reservations(file: Database) -> int:
    with file.reading() as connection:
        return int(connection.execute("SELECT count(*) FROM reservations").fetchone()[0])


@contextmanager
def _place() -> Iterator[tuple[Database, Simulator]]:
    with tempfile.TemporaryDirectory() as folder, Simulator(port=0, rate=0, first_token=0) as simulator:
        file = Database(Path(folder) / "ledger.sqlite")
        yield file, simulator
        file.close()


@contextmanager
def _started(count: int, file: Database, simulator: Simulator) -> Iterator[list[subprocess.Popen[str]]]:
    own = {
        "DEEPSEEK_BASE_URL": simulator.url,
        "DEEPSEEK_API_KEY": "simulated",
        "JUPYTER_CONFIG_DIR": str(file.path.parent),
    }
    command = [sys.executable, "-m", "tests.faults.budget_races", str(file.path)]
    options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    workers = [subprocess.Popen(command, env={**os.environ, **own}, **options) for _ in range(count)]
    try:
        for worker in workers:
            _told(worker)
        yield workers
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            for pipe in filter(None, (worker.stdin, worker.stdout)):
                pipe.close()


def _tell(worker: subprocess.Popen[str], line: str) -> None:
    assert worker.stdin is not None
    worker.stdin.write(f"{line}\n")
    worker.stdin.flush()


def _told(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    assert line, "the process has ended"
    return line.strip()


def _work(ledger: str) -> None:
    os.environ["NBSTREAM_LEDGER"] = ledger
    # The first request also imports openai.
    final_reply(nbstream.stream("hello"))
    print("ready", flush=True)
    for line in sys.stdin:
        notebook, _, pace = line.strip().partition(" ")
        metering.origin_here = partial(Origin, notebook)
        prompt = "[simulate: normal tokens=5000 rate=50] Race." if pace else _PROMPT
        runs = [nbstream.stream(prompt, max_tokens=_TOKENS) for _ in range(1 if pace else _AT_ONCE)]
        replies = [final_reply(run) for run in runs]
        writing.flush()
        meter.wait_until_settled()
        print(*(reply.error.kind if reply.error is not None else reply.status for reply in replies), flush=True)


if __name__ == "__main__":
    _work(sys.argv[1])
