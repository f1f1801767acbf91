"""One target under atheris, in a process that may be killed: `python -m tests.fuzz.child TARGET FOLDER [option …]`.

The options are libFuzzer's. What raises is counted and its first input kept, so that one defect does not end the run;
what hangs or takes too much memory ends the process. The count of inputs stands in a file that outlives it. This module
must not know what the laws are, nor how often it is started.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
import sys
import traceback
from pathlib import Path

import atheris

#: The file's two numbers: inputs, and those of them that raised.
COUNTS = struct.Struct("=QQ")
COUNTS_FILE = "counts"

#: Branches are counted in what reads the target's inputs; elsewhere that would only cost time.
_COUNTED = ["nbstream"] if sys.argv[1] in ("decode", "chunks") else ["nbstream", "markdown_it", "mdit_py_plugins"]
_UNCOUNTED = [
    *("nbstream.model.events", "nbstream.model.reply", "nbstream.billing.prices"),
    *("nbstream.output.settled", "nbstream.output.wording"),
]

with atheris.instrument_imports(include=_COUNTED, exclude=_UNCOUNTED):
    from tests.fuzz.targets import finding


def main() -> None:
    """Fuzz until libFuzzer's own options say that it is enough."""
    name, folder, *options = sys.argv[1:]
    place, seen = Path(folder), set[str]()
    with (place / COUNTS_FILE).open("r+b") as file, mmap.mmap(file.fileno(), COUNTS.size) as shared:
        inputs, crashes = COUNTS.unpack_from(shared)

        def one(data: bytes) -> None:
            nonlocal inputs, crashes
            inputs += 1
            if (error := finding(name, data)) is not None:
                crashes += 1
                _keep(error, data)
            COUNTS.pack_into(shared, 0, inputs, crashes)

        def _keep(error: Exception, data: bytes) -> None:
            """Keep the first input of each place where one raises."""
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} in {last.name}, line {last.lineno} of {Path(last.filename).name}"
            if where not in seen:
                seen.add(where)
                (place / f"crash-{hashlib.sha256(where.encode()).hexdigest()[:12]}").write_bytes(data)
                print(f"{name}: {where}: {str(error)[:200]!r}: {data!r}", flush=True)

        atheris.Setup([sys.argv[0], *options], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
