"""What it costs to describe a large value: `python -m benchmarks.describe`, which takes a minute.

Prints for each value the time of the first description, the slowest of the next twenty, and the
memory that a description allocates at most. Needs numpy, pandas and polars, and 2 GB of memory; the
arrays of 10 GB are on disk, in a file without blocks.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
from PIL import Image

import nbstream

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROWS = 10_000_000
_GIGABYTE = 10**9
_TIMES = 20


def main() -> None:
    """Measure each value and print a row for it."""
    print("| value | first, ms | later, at most, ms | memory, KiB | says |\n|---|--:|--:|--:|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, value in _values(Path(folder)):
            first = _milliseconds(value)
            later = max(_milliseconds(value) for _ in range(_TIMES))
            tracemalloc.start()
            described = nbstream.describe(value)
            memory = tracemalloc.get_traced_memory()[1] / 1024
            tracemalloc.stop()
            print(f"| {name} | {first:.2f} | {later:.2f} | {memory:,.0f} | {described.shown} |", flush=True)


def _milliseconds(value: Any) -> float:
    began = time.perf_counter()
    nbstream.describe(value)
    return 1_000 * (time.perf_counter() - began)


def _values(folder: Path) -> Iterator[tuple[str, Any]]:
    nbstream.describe([])
    random = np.random.default_rng(1)
    columns = {
        "number": random.normal(size=_ROWS),
        "count": np.arange(_ROWS),
        "town": np.array(["Bonn", "Köln", "Zürich"], dtype=object)[np.arange(_ROWS) % 3],
        "day": np.datetime64("2000-01-01") + np.arange(_ROWS) % 9_000,
    }
    frame = pd.DataFrame(columns)
    yield "pandas, 10 million rows, 4 columns", frame
    yield "the same, by two levels of an index", frame.set_index(["town", "count"])
    yield "the same, one column", frame["town"]
    yield (
        "polars, 10 million rows, 3 columns",
        pl.DataFrame({name: columns[name] for name in ("number", "count", "day")}),
    )
    del frame, columns
    on_disk = np.memmap(folder / "zeros", np.float64, "w+", shape=(10 * _GIGABYTE // 80, 10))
    yield "numpy, 10 GB on disk", on_disk
    yield "the same, its columns and rows exchanged", on_disk.T
    yield "pandas, 10 GB on disk", pd.DataFrame(on_disk, copy=False)
    yield "pandas, 1,000 rows, 100,000 columns", pd.DataFrame(np.zeros((1_000, 100_000)))
    yield "list of 10 million numbers", list(range(_ROWS))
    yield "dict of 10 million entries", dict.fromkeys(range(_ROWS))
    yield "text of 1 GB", "x" * _GIGABYTE
    yield "pandas, three texts of 100 MB", pd.DataFrame({"text": ["x" * (_GIGABYTE // 10)] * 3})
    yield "image of 8,000 by 6,000 pixels", Image.new("RGB", (8_000, 6_000), "teal")


if __name__ == "__main__":
    main()
