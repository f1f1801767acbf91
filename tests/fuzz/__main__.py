"""Fuzzes one target, guided by coverage: `python -m tests.fuzz --target decode --inputs 3000000 [--seconds 600]`.

Needs atheris (`pip install 'nbstream[fuzz]'`). Each process has a limit of memory and of time for an input; what was
over it is kept and tried once more, and the run goes on in another process. Prints a row of a Markdown table and adds
it to `benchmarks/results/fuzz.json`. This module must not know what the laws are.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.fuzz.words import DICTIONARY

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "fuzz.json"
REPLAYS = Path(__file__).parents[1] / "data" / "fuzz"
#: What libFuzzer calls the input that a process ended with.
_HUNG, _TOO_LARGE = "timeout-", "oom-"


def main() -> None:
    """Run, print and store."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--target", required=True)
    parser.add_argument("--inputs", type=int, default=100_000, help="how many (100000)")
    parser.add_argument("--seconds", type=int, default=0, help="stop after so many seconds (0: do not)")
    parser.add_argument("--longest", type=int, default=400, help="bytes of an input (400)")
    parser.add_argument("--input-seconds", type=int, default=10, help="one that takes longer hangs (10)")
    parser.add_argument("--megabytes", type=int, default=1024, help="of memory for the process (1024)")
    parser.add_argument("--keep", type=Path, default=None, help="a folder for what failed and for the corpus")
    arguments = parser.parse_args()
    place = arguments.keep or Path(tempfile.mkdtemp(prefix="nbstream-fuzz-"))
    row = run(arguments, place)
    print("| target | inputs | seconds | crashes | hangs | out of memory | peak MB |\n|:--|--:|--:|--:|--:|--:|--:|")
    names = ("target", "inputs", "seconds", "crashes", "hangs", "out_of_memory", "peak_mb")
    print("| " + " | ".join(f"{row[name]:,}" if name != "target" else row[name] for name in names) + " |")
    store(row)
    failed = int(row["crashes"] or row["hangs"] or row["out_of_memory"])
    if failed:
        print(f"What failed is in {place}.")
    elif arguments.keep is None:
        shutil.rmtree(place)
    sys.exit(bool(failed))


def run(arguments: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Run processes one after another until there were enough inputs or seconds; return what is to be stored."""
    corpus = place / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for kept in sorted((REPLAYS / arguments.target).glob("*")):
        shutil.copy(kept, corpus)
    (place / "words").write_text("".join(_entry(word) for word in DICTIONARY), "ascii")
    (place / "counts").write_bytes(bytes(16))
    began, ends, peak = time.monotonic(), 0, 0
    while (left := arguments.inputs - _counts(place)[0]) > 0:
        spent = int(time.monotonic() - began)
        if arguments.seconds and spent >= arguments.seconds:
            break
        options = [
            f"-runs={left}",
            f"-max_total_time={arguments.seconds - spent if arguments.seconds else 0}",
            f"-max_len={arguments.longest}",
            f"-timeout={arguments.input_seconds}",
            f"-rss_limit_mb={arguments.megabytes}",
            f"-dict={place / 'words'}",
            f"-artifact_prefix={place}/",
            "-reload=0",
            "-verbosity=0",
            str(corpus),
        ]
        with (place / "log").open("a") as log:
            command = [sys.executable, "-m", "tests.fuzz.child", arguments.target, str(place), *options]
            process = subprocess.Popen(command, stderr=log)
        stopped = False
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except KeyboardInterrupt:
            # What was done so far counts.
            stopped = True
            process.kill()
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = max(peak, usage.ru_maxrss // 1024)
        if stopped:
            break
        ends += process.returncode != 0
        if _counts(place)[0] + left == arguments.inputs:
            sys.exit("The process made no input at all.")
    inputs, crashes = _counts(place)
    slow, too_large = list(place.glob(f"{_HUNG}*")), len(list(place.glob(f"{_TOO_LARGE}*")))
    # A machine that stands still for a while makes any input slow, but not the same one twice.
    hangs = sum(_is_slow_again(arguments, place, kept) for kept in slow)
    return {
        "target": arguments.target,
        "inputs": inputs,
        "seconds": round(time.monotonic() - began),
        # A process that ended for another reason than a hang or its memory has crashed as a whole.
        "crashes": crashes + max(0, ends - len(slow) - too_large),
        "hangs": hangs,
        "slow_once": len(slow) - hangs,
        "out_of_memory": too_large,
        "peak_mb": peak,
        "longest_input": arguments.longest,
        "on": datetime.now(UTC).date().isoformat(),
    }


def store(row: dict[str, Any]) -> None:
    """Add a row to the results."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    rows = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else []
    lines = ",\n".join(f"  {json.dumps(each)}" for each in [*rows, row])
    RESULTS.write_text(f"[\n{lines}\n]\n", "utf-8")


def _is_slow_again(arguments: argparse.Namespace, place: Path, kept: Path) -> bool:
    options = [f"-timeout={arguments.input_seconds}", f"-artifact_prefix={place}/again-", str(kept)]
    command = [sys.executable, "-m", "tests.fuzz.child", arguments.target, str(place), *options]
    with (place / "log").open("a") as log:
        return subprocess.run(command, stderr=log, stdout=log, check=False).returncode != 0


def _counts(place: Path) -> tuple[int, int]:
    raw = (place / "counts").read_bytes()
    return int.from_bytes(raw[:8], sys.byteorder), int.from_bytes(raw[8:], sys.byteorder)


def _entry(word: str) -> str:
    """Return a line of libFuzzer's dictionary."""
    return '"' + "".join(f"\\x{byte:02X}" for byte in word.encode()) + '"\n'


if __name__ == "__main__":
    main()
