"""What `tests/run` repeats, in runs of pytest of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_SETTINGS = "[pytest]\nmarkers =\n    kernel: starts real ipykernels\n"
#: Fails the first time, or always.
_TEST = """
import pathlib, pytest
@pytest.mark.{mark}
@pytest.mark.parametrize("number", range({count}))
def test_it(number):
    seen = pathlib.Path(__file__).parent / f"seen{{number}}"
    has_been = seen.exists()
    seen.touch()
    assert has_been and "{second}" == "passes"
"""


@pytest.mark.parametrize(
    ("mark", "count", "second", "said"),
    [
        ("kernel", 1, "passes", "passed when repeated alone: test_it.py::test_it[0]"),
        ("kernel", 3, "passes", "passed when repeated alone: test_it.py::test_it[2]"),
        ("kernel", 2, "fails", "failed again: test_it.py::test_it[1]"),
        ("kernel", 4, "passes", ""),
        ("filterwarnings('error')", 1, "passes", ""),
    ],
)
def test_few_tests_of_kernels_that_failed_are_repeated_once(
    tmp_path: Path, mark: str, count: int, second: str, said: str
) -> None:
    (tmp_path / "pytest.ini").write_text(_SETTINGS)
    (tmp_path / "test_it.py").write_text(_TEST.format(mark=mark, count=count, second=second))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.repetition", "--numprocesses", "2"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (0 if said.startswith("passed") else 1), done.stdout
    # The first failure is printed in any case.
    assert f"{count} failed" in done.stdout
    assert ("repeated alone" in done.stdout) == bool(said)
    assert said in done.stdout
