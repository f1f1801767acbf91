"""Keeps what a program of this folder measured, as one table in `results/`."""

from __future__ import annotations

import os
import platform
import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESULTS = Path(__file__).parent / "results"


def load() -> float:
    """Return how many processes wait for a processor, on average over the last minute."""
    return os.getloadavg()[0]


def keep(name: str, title: str, runs: Sequence[Mapping[str, float]], loads: Sequence[float]) -> str:
    """Write the medians of several runs, and all values beside them; return the table.

    Args:
        name: the module, which is also the name of the file.
        title: the heading.
        runs: the same quantities for each run, by their names, with units in them.
        loads: of the machine before each run.
    """
    head = (
        f"Written by `python -m benchmarks.{name}`. {platform.system()} {platform.machine()}, {os.cpu_count()} "
        f"processors, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. Load of the machine "
        f"before each run: {', '.join(f'{each:.1f}' for each in loads)}."
    )
    rows = [
        f"| {quantity} | {statistics.median(run[quantity] for run in runs):.3g} | "
        f"{' · '.join(f'{run[quantity]:.3g}' for run in runs)} |"
        for quantity in runs[0]
    ]
    table = "\n".join(["| quantity | median | runs |", "| :-- | --: | --: |", *rows])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(f"# {title}\n\n{head}\n\n{table}\n", "utf-8")
    return table
