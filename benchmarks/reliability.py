"""Reliability and security in numbers: `python -m benchmarks.reliability`.

Every row is an experiment that the tests run in small, here at full length: on real sockets, in
real kernels and in a real browser. Results are kept by section in `benchmarks/results`, which is
not in git, and `benchmarks/reliability.md` is written from them; `--section` measures only some
anew. The rows on fuzzing are written by `python -m tests.fuzz`. Compare times only with others of
the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbstream.simulator.server import Simulator
from tests import kernels
from tests.faults import budget_races, cuts, endings, floods, losses, recording, refusals, waiting
from tests.fuzz.targets import TARGETS
from tests.hostile.__main__ import measure as attack
from tests.jupyter import exchange_trials, trials
from tests.jupyter.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.findings import Findings

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "reliability.json"
FUZZ = HERE / "results" / "fuzz.json"
PAGE = HERE / "reliability.md"

_KERNELS = ("ipykernel-6.29", "ipykernel-7.3", kernels.NEWEST)
_TRIES = 200
_CROWDS = (2, 10, 50)
_SEED = 20_261_121

#: One row of a table.
Row = list[str]


def stream(_: int) -> Iterator[Row]:
    """Measure faults in a stream."""
    record = recording.load()
    experiments: list[tuple[str, Callable[[], Findings]]] = [
        ("every byte of a recording cut, decoded", lambda: cuts.decode_everywhere(record)),
        ("random chunks, realistic and odd, some damaged", lambda: losses.lose_nothing(100_000)),
        ("every byte of it cut by a reset, over sockets", lambda: cuts.cut_everywhere(("reset",))),
        ("every byte of it cut by a clean close, over sockets", lambda: cuts.cut_everywhere(("clean",))),
        *(
            (f"{status} in every shape, before the stream and in it", lambda status=status: refusals.refuse(status))
            for status in refusals.ROWS
        ),
        ("broken HTTP, and none", endings.broken_http),
        ("finish reasons, known and unknown", endings.finish_reasons),
        ("queues: keep-alives, then an answer", waiting.queue_then_answer),
        ("silence before and in a reply, keep-alives without end", waiting.silence_at_every_stage),
        ("headers late", waiting.headers_late),
        ("refused, tried again, answered", waiting.refused_then_answered),
        ("stopped while it waits to try again", waiting.stopped_while_waiting),
        ("a server that never hangs up", waiting.connection_never_closed),
        ("floods: endless, one delta of 50 MB, keep-alives, calls", floods.flood),
        ("memory in a flood", floods.memory),
        ("white space without an end", floods.white_space),
    ]
    for name, experiment in experiments:
        found = experiment()
        yield [name, f"{found.tried:,}", str(found.lost), str(len(found.wrong)), str(len(found.exceptions))]
        _print_faults(found.wrong + found.exceptions)


def kernel(tries: int) -> Iterator[Row]:
    """Measure the interrupt button, Stop, and many cells at once, in real kernels."""
    for name in _KERNELS:
        with _started(name) as (started, server):
            for what, tally in (
                ("■ at a random moment", trials.interrupts(started, server, tries, _SEED)),
                (
                    "Stop at a random moment, by control message, comm or subshell",
                    trials.stops(started, server, tries, _SEED, ("control", "main", "subshell")),
                ),
                ("■ or Stop while tools are called", exchange_trials.moments(started, server, tries, _SEED)),
                *(
                    (f"{cells} cells at once, half of them stopped", trials.crowd(started, server, cells, _SEED))
                    for cells in _CROWDS
                ),
            ):
                outside = int(tally.seen.get(trials.IN_IPYKERNEL, 0))
                yield [what, name, f"{tally.tried:,}", str(len(tally.wrong)), str(outside)]
                _print_faults(tally.wrong)


def stop(tries: int) -> Iterator[Row]:
    """Measure the time from Stop to the disconnect at the server."""
    stops, endless = trials.stops, trials.ENDLESS_MOMENTS
    for name in _KERNELS:
        with _started(name) as (started, server):
            for what, tally in (
                (
                    "control message; the cell waits",
                    stops(started, server, tries, _SEED, ("control",), moments=endless),
                ),
                (
                    "comm on the main shell; the cell waits",
                    stops(started, server, tries, _SEED, ("main",), moments=endless),
                ),
                ("control message; another cell computes", trials.background_stops(started, server, tries, _SEED)),
            ):
                ranked = sorted(tally.milliseconds)
                p99 = ranked[max(0, -(-len(ranked) * 99 // 100) - 1)]
                figures = [f"{value:.1f}" for value in (statistics.median(ranked), p99, ranked[-1])]
                yield [what, name, f"{len(ranked):,}", *figures, str(len(tally.wrong))]
                _print_faults(tally.wrong)


def budgets(tries: int) -> Iterator[Row]:
    """Measure processes that spend from one budget at once, and processes that are killed."""
    for name, found in (
        ("two processes, three requests each at once", budget_races.race(tries)),
        ("four processes, three requests each at once", budget_races.race(tries // 4, processes=4)),
        ("a process is killed while its reply arrives", budget_races.killed(tries // 10)),
    ):
        spent = found.seen.get("spent of the budget, per cent")
        yield [name, f"{found.tried:,}", "" if spent is None else f"{spent:g}", str(len(found.wrong))]
        _print_faults(found.wrong + found.exceptions)


def hostile(_: int) -> Iterator[Row]:
    """Measure hostile text and the safety of the API key."""
    for row in attack():
        yield [row.experiment, row.tried, ", ".join(f"{count} {kind}" for kind, count in row.wrong.items())]


#: For each section: the function that measures it, its heading and its columns.
SECTIONS: dict[str, tuple[Callable[[int], Iterator[Row]], str, Row]] = {
    "stream": (stream, "Faults in a stream", ["experiment", "tried", "lost deltas", "wrong", "exceptions"]),
    "kernel": (kernel, "The kernel", ["experiment", "kernel", "tried", "wrong", trials.IN_IPYKERNEL]),
    "stop": (
        stop,
        "From Stop to the disconnect at the server, in ms",
        ["way", "kernel", "measured", "median", "p99", "max", "wrong"],
    ),
    "budgets": (
        budgets,
        "Budgets that several processes share",
        ["experiment", "tried", "spent of the budget, %", "over the budget, or wrong"],
    ),
    "hostile": (hostile, "Hostile text and the API key", ["experiment", "tried", "faults"]),
}


def main() -> None:
    """Measure, store the results, and write the page."""
    parser = argparse.ArgumentParser(description="Measures reliability and writes benchmarks/reliability.md.")
    parser.add_argument(
        "--section", action="append", choices=SECTIONS, help="measure only this section; may be repeated"
    )
    parser.add_argument("--tries", type=int, default=_TRIES, help=f"tries of each kind in a kernel (default {_TRIES})")
    arguments = parser.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    kept: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for name in arguments.section or SECTIONS:
        measure, heading, _ = SECTIONS[name]
        print(f"## {heading}", flush=True)
        rows = []
        for row in measure(arguments.tries):
            print(f"| {' | '.join(row)} |", flush=True)
            rows.append(row)
        kept[name] = {"on": f"{datetime.now(UTC):%Y-%m-%d}", "machine": _machine(), "rows": rows}
        RESULTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    runs: list[dict[str, Any]] = json.loads(FUZZ.read_text()) if FUZZ.is_file() else []
    missing = [f"{RESULTS} has no {name}" for name in SECTIONS if name not in kept]
    missing += [f"{FUZZ} has no {name}" for name in TARGETS if name not in {run["target"] for run in runs}]
    if missing:
        lines = "\n  ".join(missing)
        print(f"{PAGE.name} was not written, because it would lose rows. These files are not in git:\n  {lines}")
    else:
        PAGE.write_text(_page(kept, runs))


def _page(kept: dict[str, Any], runs: list[dict[str, Any]]) -> str:
    parts = [
        "# Reliability and security",
        "Written by `python -m benchmarks.reliability`, from its results and those of `python -m tests.fuzz`.",
    ]
    for name, (_, heading, columns) in SECTIONS.items():
        result = kept[name]
        parts += [f"## {heading}", f"On {result['on']}, {result['machine']}.", _table(columns, result["rows"])]
    columns = ["target", "inputs", "seconds", "crashes", "hangs", "out_of_memory", "peak_mb", "on"]
    total = sum(run["inputs"] for run in runs)
    rows = [[f"{run[each]:,}" if isinstance(run[each], int) else str(run[each]) for each in columns] for run in runs]
    parts += ["## Fuzzing", f"{total:,} inputs in all.", _table(columns, rows)]
    return "\n\n".join(parts) + "\n"


def _table(columns: Row, rows: list[Row]) -> str:
    lines = [columns, [":--", *["--:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _print_faults(wrong: list[str]) -> None:
    for each in wrong[:5]:
        print(each, file=sys.stderr, flush=True)


def _machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}"


class _started:  # noqa: N801  (a context manager, used as a function)
    """A kernel with the extension, and the simulator that it sends requests to."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> tuple[Kernel, Simulator]:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._server = Simulator(port=0, rate=0, first_token=0, scenario="normal tokens=40")
        self._server.__enter__()
        own = dict.fromkeys(("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"), self._folder.name)
        key = {"DEEPSEEK_BASE_URL": self._server.url, "DEEPSEEK_API_KEY": "simulated"}
        self._kernel = Kernel(self._name, own | key)
        self._kernel.run("%load_ext nbstream")
        self._kernel.run("import nbstream, nbstream.client.history")
        # The first request also imports openai.
        self._kernel.run("%%deepseek\nhello")
        return self._kernel, self._server

    def __exit__(self, *_: object) -> None:
        self._kernel.close()
        self._server.__exit__(None, None, None)
        self._folder.cleanup()


if __name__ == "__main__":
    main()
