"""The time until a first cell shows something, and the cost of imports.

Imports are measured in new processes, because a module is loaded only once; the first cell is
measured in a real page.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from benchmarks.speed import page
from benchmarks.speed.ways import ROOT, Way

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TRIES = 3
_LOADED = {
    "import openai": "import openai",
    "%load_ext nbstream": "get_ipython().run_line_magic('load_ext', 'nbstream')",
}
_TIME = """
import json, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
get_ipython = lambda: shell
wall, cpu = time.perf_counter(), time.process_time()
{code}
print(json.dumps({{"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}}))
"""
_EMPTY = Way("an empty widget", "from IPython.display import display")
_EMPTY_CELL = """import anywidget

class Empty(anywidget.AnyWidget):
    _esm = "export default { render({ el }) { el.textContent = 'here'; el.classList.add('first-pixel'); } }"

display(Empty())"""
_OURS = Way("%%deepseek", "%load_ext nbstream")


def measured(folder: Path, specs: Path, server: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each import and each first cell."""
    for number in range(_TRIES):
        for name, code in _LOADED.items():
            command = [sys.executable, "-c", _TIME.format(code=code)]
            run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            yield {"way": name, "number": number, **json.loads(run.stdout.splitlines()[-1])}
    # The server sends nothing for a second, so the first thing shown is that nbstream waits.
    asking = f"%%deepseek --base-url {server} -m 10-1-0-0\nWhat is seen first?"
    with page.bench(folder, specs, server) as bench:
        for number in range(_TRIES):
            for way, cell, selector in (
                (_EMPTY, _EMPTY_CELL, ".first-pixel"),
                (_OURS, asking, ".nbstream-live"),
            ):
                yield {"way": way.name, "number": number, "first_pixel": bench.first_pixel(way, cell, selector)}
