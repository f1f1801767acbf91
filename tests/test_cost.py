"""What an answer costs, counted so that no noise can touch it: messages, bytes, and instructions of the processor.

Seconds are measured by `python -m benchmarks.speed`. The way counted is the one from the server's bytes to the page's
patches (`benchmarks/hotpath.py`); cachegrind counts every instruction of a process, whatever else the machine does.
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

#: Written by `python -m tests.test_cost`, after a change that is meant to cost more or less.
BASELINE = Path(__file__).parent / "data" / "cost.json"
#: How much dearer it may become unnoticed. Another build of Python shifts the ratio by some percent.
TOLERANCE = 1.15
#: Five times as long may cost this much more.
GROWTH = 5.5


@cache
def instructions(mode: str, tokens: int) -> int:
    """Return how many instructions a process takes for an answer of so many tokens, less those of an empty one."""
    return _count(mode, tokens) - _count(mode, 0)


@cache
def _count(mode: str, tokens: int) -> int:
    command = [
        *("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"),
        *(sys.executable, "-m", "benchmarks.hotpath", f"--mode={mode}", f"--tokens={tokens}"),
    ]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    found = re.search(r"I\s+refs:\s+([\d,]+)", run.stderr)
    assert found, run.stderr
    return int(found[1].replace(",", ""))


def ratio() -> float:
    """Return what the whole way costs, as a multiple of reading the chunks' JSON and rendering the text once."""
    return instructions("walk", 10_000) / instructions("once", 10_000)


def test_messages_and_bytes_grow_with_the_length() -> None:
    short, long = (hotpath.walk(list(hotpath.frames(tokens))) for tokens in (10_000, 50_000))
    assert long.messages <= GROWTH * short.messages
    assert long.bytes <= GROWTH * short.bytes


@needs.command("valgrind", "valgrind")
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_instructions_grow_with_the_length_and_are_no_more_than_they_were() -> None:
    # One test, so that what both questions need is counted once.
    assert instructions("walk", 50_000) <= GROWTH * instructions("walk", 10_000)
    assert ratio() <= TOLERANCE * json.loads(BASELINE.read_text("utf-8"))["ratio"]


if __name__ == "__main__":
    counted = {mode: instructions(mode, 10_000) for mode in ("walk", "once")}
    found = {"python": sys.version.split()[0], "instructions for 10,000 tokens": counted, "ratio": round(ratio(), 3)}
    BASELINE.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
