"""Compares all ways to show an answer: `python -m benchmarks.speed`, which takes an hour.

Tries of different ways take turns, so that a machine that grows slower meets all of them; medians
are reported. Writes `speed.md`, `speed.json` and `speed.svg` into `benchmarks/results`; only
`speed.md` is in git. With names of sections only those are measured, with `--plan` only what
streams that plan, and with `--report` nothing: the other sections come from `speed.json`. As long
as that file lacks a section, the tables are printed, and `speed.md` stays as it is. Needs what the
browser tests need (see `tests/run`) and the extra `benchmarks`.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.speed import kernel, page, report, server, start, ways
from benchmarks.speed.found import Found
from benchmarks.speed.recording import Plan
from benchmarks.speed.ways import LIBRARY, ONCE, OURS, PRINT, PROTOTYPE, RAW, SDK, TEN_HERTZ, UPDATE, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

RESULTS = Path(__file__).parents[1] / "results"
_THOUGHTS = 10_000

#: The plan, the ways to measure, and the number of tries of each.
Experiments = list[tuple[Plan, list[Way], int]]

KERNEL: Experiments = [
    (Plan(1_000, 0), ways.ALL, 1),
    (Plan(10_000, 0), ways.ALL, 3),
    (Plan(50_000, 0), [OURS, PRINT, PROTOTYPE, SDK, RAW, ONCE], 3),
    (Plan(10_000, 0, _THOUGHTS), [OURS, SDK, RAW], 3),
    (Plan(1_000, 100), [OURS, PRINT, PROTOTYPE, SDK], 3),
    (Plan(10_000, 100), [OURS, PRINT, PROTOTYPE, SDK], 1),
    (Plan(1_000, 500), ways.ALL, 3),
    (Plan(10_000, 500), [OURS, SDK], 3),
    (Plan(10_000, 500), [UPDATE, TEN_HERTZ, LIBRARY, PRINT, PROTOTYPE], 1),
    (Plan(10_000, 500, _THOUGHTS), [OURS, PROTOTYPE, SDK], 1),
    (Plan(50_000, 500), [OURS, SDK], 1),
]
PAGE: Experiments = [
    (Plan(1_000, 100), [OURS, PRINT, PROTOTYPE], 1),
    (Plan(1_000, 500), [OURS, PRINT, PROTOTYPE, TEN_HERTZ, UPDATE, LIBRARY, ONCE], 1),
    (Plan(10_000, 0), [OURS, PROTOTYPE, PRINT], 1),
    (Plan(10_000, 100), [OURS, PROTOTYPE], 1),
    (Plan(10_000, 500), [OURS, PROTOTYPE, ONCE], 3),
    (Plan(10_000, 500), [TEN_HERTZ, PRINT, SDK, UPDATE, LIBRARY], 1),
    (Plan(10_000, 500, _THOUGHTS), [OURS, PROTOTYPE], 1),
    (Plan(50_000, 0), [OURS], 1),
    (Plan(50_000, 500), [OURS], 3),
    (Plan(50_000, 500), [PROTOTYPE, ONCE], 1),
]
FOLLOWED: Experiments = [(Plan(10_000, 500), [OURS, PROTOTYPE], 2)]
DELAY: Experiments = [
    (Plan(2_000, 100, stamped=True), [OURS, PRINT, PROTOTYPE, UPDATE], 1),
    (Plan(10_000, 1_000, stamped=True), [OURS], 1),
]
SECTIONS = ("kernel", "page", "followed", "delay", "start")


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description="Measures the cost of showing an answer while it arrives.")
    parser.add_argument("sections", nargs="*", metavar="section", help=f"any of {', '.join(SECTIONS)} (default: all)")
    parser.add_argument(
        "--plan", help="measure only this plan, such as 10000-500-0-0: tokens, rate, reasoning, stamped"
    )
    parser.add_argument("--report", action="store_true", help="write the report again from the stored results")
    arguments = parser.parse_args()
    wanted = arguments.sections or (() if arguments.report else SECTIONS)
    if set(wanted) - set(SECTIONS):
        parser.error(f"unknown section; the sections are {', '.join(SECTIONS)}")
    path = RESULTS / "speed.json"
    results: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    if arguments.report and not results:
        parser.error(f"nothing to report: {path} is not there. It is not in git; a measurement writes it.")
    missing = [section for section in SECTIONS if section not in results]
    if arguments.plan and set(wanted) & set(missing):
        parser.error(f"--plan replaces rows of a section, and {path} lacks {', '.join(missing)}: measure that first.")
    for section in wanted:
        rows, measured = list(_measured(section, arguments.plan)), f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        if arguments.plan:
            rows = _replace_plan(rows, results[section]["rows"])
            measured = f"{results[section]['measured']} ({arguments.plan} {measured})"
        results[section] = {"measured": measured, "rows": rows}
        results["machine"] = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        path.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    if missing := [section for section in SECTIONS if section not in results]:
        print(report.tables(Found(results)))
        print(f"speed.md was not written: {path} lacks {', '.join(missing)}.", file=sys.stderr)
    else:
        report.write(Found(results), RESULTS)


def _replace_plan(new: list[dict[str, Any]], old: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the `old` rows, with those of the plan of `new` replaced by `new`."""
    plan = new[0]["plan"]
    place = next((number for number, row in enumerate(old) if row["plan"] == plan), len(old))
    others = [row for row in old if row["plan"] != plan]
    return [*others[:place], *new, *others[place:]]


def _measured(section: str, plan: str | None) -> Iterator[dict[str, Any]]:
    def chosen(experiments: Experiments) -> Experiments:
        return [each for each in experiments if plan in (None, each[0].name)]

    specs = ways.prepare()
    with server.running() as url, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if section == "kernel":
            yield from _tried(chosen(KERNEL), lambda way, plan: asdict(kernel.measure(way, plan, folder, specs, url)))
        elif section == "start":
            yield from start.measured(folder, specs, url)
        else:
            with page.bench(folder, specs, url) as bench:
                if section == "page":
                    yield from _tried(chosen(PAGE), lambda way, plan: asdict(bench.measure(way, plan)))
                elif section == "followed":
                    yield from _tried(
                        chosen(FOLLOWED), lambda way, plan: asdict(bench.measure(way, plan, follows=True))
                    )
                else:
                    yield from _tried(chosen(DELAY), bench.delays)


def _tried(experiments: Experiments, measure: Callable[[Way, Plan], dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for plan, some, tries in experiments:
        rows: list[dict[str, Any]] = [{"plan": asdict(plan), "way": way.name, "tries": []} for way in some]
        for number in range(tries):
            for way, row in zip(some, rows, strict=True):
                cost = measure(way, plan)
                row["tries"].append(cost)
                print(f"{plan.name} {way.name} ({number + 1} of {tries}): {_short(cost)}", file=sys.stderr, flush=True)
        yield from rows


def _short(cost: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in cost.items() if isinstance(value, int | float))


if __name__ == "__main__":
    main()
