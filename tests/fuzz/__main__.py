"""Coverage-guided fuzzing of one target.

Usage: `python -m tests.fuzz --target decode --inputs 3000000 [--seconds 600]`.

Needs atheris (`pip install 'nbstream[fuzz]'`). A process has a limit on its memory and on the time
for one input. An input that exceeds a limit is kept and tried once more, and the run continues in
another process. Prints a Markdown table and adds its row to `benchmarks/results/fuzz.json`.
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
#: How libFuzzer names the file of an input that took too long or too much memory.
_HUNG, _TOO_LARGE = "timeout-", "oom-"


def main() -> None:
    """Run, print the result and store it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--target", required=True, help="a name in tests.fuzz.targets.TARGETS")
    parser.add_argument("--inputs", type=int, default=100_000, help="number of inputs (default 100000)")
    parser.add_argument("--seconds", type=int, default=0, help="stop after this time (default 0: no limit)")
    parser.add_argument("--longest", type=int, default=400, help="length limit of an input in bytes (default 400)")
    parser.add_argument("--input-seconds", type=int, default=10, help="time limit for one input (default 10)")
    parser.add_argument("--megabytes", type=int, default=1024, help="memory limit of the process (default 1024)")
    parser.add_argument("--keep", type=Path, default=None, help="folder for the corpus and for failing inputs")
    arguments = parser.parse_args()
    place = arguments.keep or Path(tempfile.mkdtemp(prefix="nbstream-fuzz-"))
    row = run(arguments, place)
    print("| target | inputs | seconds | crashes | hangs | out of memory | peak MB |\n|:--|--:|--:|--:|--:|--:|--:|")
    names = ("target", "inputs", "seconds", "crashes", "hangs", "out_of_memory", "peak_mb")
    print("| " + " | ".join(f"{row[name]:,}" if name != "target" else row[name] for name in names) + " |")
    store(row)
    failed = int(row["crashes"] or row["hangs"] or row["out_of_memory"])
    if failed:
        print(f"The inputs that failed are in {place}.")
    elif arguments.keep is None:
        shutil.rmtree(place)
    sys.exit(bool(failed))


def run(arguments: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Run one process after another up to the limits; return the row to store."""
    corpus = place / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for kept in sorted((REPLAYS / arguments.target).glob("*")):
        shutil.copy(kept, corpus)
    (place / "words").write_text("".join(_entry(word) for word in DICTIONARY), "ascii")
    (place / "counts").write_bytes(bytes(16))
    began, failures, peak = time.monotonic(), 0, 0
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
            # The inputs so far count.
            stopped = True
            process.kill()
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = max(peak, usage.ru_maxrss // 1024)
        if stopped:
            break
        failures += process.returncode != 0
        if _counts(place)[0] + left == arguments.inputs:
            sys.exit("The process tried no input.")
    inputs, crashes = _counts(place)
    slow, too_large = list(place.glob(f"{_HUNG}*")), len(list(place.glob(f"{_TOO_LARGE}*")))
    # If the machine pauses, any input is slow, but hardly the same one twice.
    hangs = sum(_is_still_slow(arguments, place, kept) for kept in slow)
    return {
        "target": arguments.target,
        "inputs": inputs,
        "seconds": round(time.monotonic() - began),
        # A process that ended for another reason than a limit has crashed.
        "crashes": crashes + max(0, failures - len(slow) - too_large),
        "hangs": hangs,
        "slow_once": len(slow) - hangs,
        "out_of_memory": too_large,
        "peak_mb": peak,
        "longest_input": arguments.longest,
        "on": datetime.now(UTC).date().isoformat(),
    }


def store(row: dict[str, Any]) -> None:
    """Add a row to the stored results."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    rows = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else []
    lines = ",\n".join(f"  {json.dumps(each)}" for each in [*rows, row])
    RESULTS.write_text(f"[\n{lines}\n]\n", "utf-8")


def _is_still_slow(arguments: argparse.Namespace, place: Path, kept: Path) -> bool:
    options = [f"-timeout={arguments.input_seconds}", f"-artifact_prefix={place}/again-", str(kept)]
    command = [sys.executable, "-m", "tests.fuzz.child", arguments.target, str(place), *options]
    with (place / "log").open("a") as log:
        return subprocess.run(command, stderr=log, stdout=log, check=False).returncode != 0


def _counts(place: Path) -> tuple[int, int]:
    raw = (place / "counts").read_bytes()
    return int.from_bytes(raw[:8], sys.byteorder), int.from_bytes(raw[8:], sys.byteorder)


def _entry(word: str) -> str:
    """Return `word` as a line of libFuzzer's dictionary format."""
    return '"' + "".join(f"\\x{byte:02X}" for byte in word.encode()) + '"\n'


if __name__ == "__main__":
    main()
