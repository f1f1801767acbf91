"""Fuzzes one target with atheris: `python -m tests.fuzz.child TARGET FOLDER [option …]`.

The options are libFuzzer's. An input that raises is counted, and the first one of each defect is
kept, so that one defect does not end the run. An input that exceeds a limit ends the process. The
counts are in a file, so they are kept when the process is killed.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
import sys
import traceback
from pathlib import Path

import atheris

#: The format of the counts: number of inputs, and number of inputs that raised.
COUNTS = struct.Struct("=QQ")
COUNTS_FILE = "counts"

#: Only the code that reads the inputs is instrumented; more would only cost time.
_COUNTED = (
    ["nbstream"] if sys.argv[1] in ("decode", "chunks", "messages") else ["nbstream", "markdown_it", "mdit_py_plugins"]
)
_UNCOUNTED = [
    *("nbstream.model.events", "nbstream.model.reply", "nbstream.billing.prices"),
    *("nbstream.output.settled", "nbstream.output.wording"),
]

with atheris.instrument_imports(include=_COUNTED, exclude=_UNCOUNTED):
    from tests.fuzz.targets import finding


def main() -> None:
    """Fuzz up to the limits in libFuzzer's options."""
    name, folder, *options = sys.argv[1:]
    place, seen = Path(folder), set[str]()
    with (place / COUNTS_FILE).open("r+b") as file, mmap.mmap(file.fileno(), COUNTS.size) as shared:
        inputs, crashes = COUNTS.unpack_from(shared)

        def try_input(data: bytes) -> None:
            nonlocal inputs, crashes
            inputs += 1
            if (error := finding(name, data)) is not None:
                crashes += 1
                _keep(error, data)
            COUNTS.pack_into(shared, 0, inputs, crashes)

        def _keep(error: Exception, data: bytes) -> None:
            """Keep the first input for each line of code that raises."""
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} in {last.name}, line {last.lineno} of {Path(last.filename).name}"
            if where not in seen:
                seen.add(where)
                (place / f"crash-{hashlib.sha256(where.encode()).hexdigest()[:12]}").write_bytes(data)
                print(f"{name}: {where}: {str(error)[:200]!r}: {data!r}", flush=True)

        atheris.Setup([sys.argv[0], *options], try_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
