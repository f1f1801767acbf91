"""The cost of an answer in messages, bytes and processor instructions.

These are counts, so they do not depend on the load of the machine; `python -m benchmarks.speed`
measures seconds. The code under test is the path from the server's bytes to the page's patches
(`benchmarks/hotpath.py`). Valgrind's cachegrind counts the instructions of a process.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests import needs
from tests.kernels import ROOT

needs.bundle()
from benchmarks import hotpath  # noqa: E402  (it imports the widget, which reads the built page)

#: Written by `python -m tests.test_cost`. Run it after a change that is meant to change the cost.
BASELINE = Path(__file__).parent / "data" / "cost.json"
#: The ratio may exceed the baseline by this factor. Another build of Python changes it by a few
#: percent.
TOLERANCE = 1.15
#: The cost of an answer of five times the length may exceed that of the short one by this factor.
GROWTH = 5.5
#: The same for instructions, which are counted for shorter answers: valgrind is slow, and a part
#: that grows with the square of the length is smaller there.
SHORT, LONG, INSTRUCTIONS_GROWTH = 4_000, 20_000, 4.9


@cache
def instructions(mode: str, tokens: int) -> int:
    """Return the number of instructions for an answer of `tokens` tokens.

    The instructions of a process that handles an empty answer are subtracted.
    """
    return _count(mode, tokens) - _count(mode, 0)


@cache
def _count(mode: str, tokens: int) -> int:
    # In a fresh checkout, Python compiles what it imports, which is not counted.
    _run([], mode, 400)
    counting = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    run = _run(counting, mode, tokens)
    found = re.search(r"I\s+refs:\s+([\d,]+)", run.stderr)
    assert found, run.stderr
    return int(found[1].replace(",", ""))


def _run(counting: list[str], mode: str, tokens: int) -> subprocess.CompletedProcess[str]:
    command = [*counting, sys.executable, "-m", "benchmarks.hotpath", f"--mode={mode}", f"--tokens={tokens}"]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    # Set in some containers. What one process compiles and another does not would be counted.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)


def ratio() -> float:
    """Return the cost of the whole path as a multiple of the minimum.

    The minimum is to parse the JSON of the chunks and render the text once.
    """
    return instructions("walk", SHORT) / instructions("once", SHORT)


def test_messages_and_bytes_grow_linearly_with_the_length() -> None:
    short, long = (hotpath.walk(list(hotpath.frames(tokens))) for tokens in (10_000, 50_000))
    assert long.messages <= GROWTH * short.messages
    assert long.bytes <= GROWTH * short.bytes


@needs.command("valgrind", "valgrind")
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_instructions_grow_linearly_and_do_not_exceed_the_baseline() -> None:
    # One test with two assertions, because both use the same slow count.
    assert instructions("walk", LONG) <= INSTRUCTIONS_GROWTH * instructions("walk", SHORT)
    assert ratio() <= TOLERANCE * json.loads(BASELINE.read_text("utf-8"))["ratio"]


if __name__ == "__main__":
    counted = {mode: instructions(mode, SHORT) for mode in ("walk", "once")}
    found = {
        "python": sys.version.split()[0],
        f"instructions for {SHORT:,} tokens": counted,
        "ratio": round(ratio(), 3),
        "growth": round(instructions("walk", LONG) / counted["walk"], 3),
    }
    BASELINE.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
