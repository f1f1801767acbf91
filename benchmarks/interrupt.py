"""The time from ■ to the end of the request: `python -m benchmarks.interrupt`.

Each try runs a cell in a real kernel, waits until the server is silent, and interrupts the kernel.
The time is from the signal to the moment when the simulator sees the client disconnect. Prints a
Markdown table. Needs the kernels of the tests (`python -m tests.kernels`).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from benchmarks import latency
from nbstream.simulator.server import Simulator
from tests import kernels
from tests.jupyter.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Callable

_PROMPT = "[simulate: silence after=5] Why?"
#: How a cell waits for its reply, and the cell.
CELLS = {
    "`%%deepseek`": f"%%deepseek\n{_PROMPT}",
    "`run.result()`": f"nbstream.stream({_PROMPT!r}).result()",
    "`await run`": f"await nbstream.stream({_PROMPT!r})",
    "`async for event in run`": f"async for event in nbstream.stream({_PROMPT!r}):\n    pass",
}
_DELTAS = 5
#: The longest wait for anything, in seconds.
_LIMIT = 30.0


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measures ■ → the server sees the disconnect.")
    parser.add_argument("--tries", type=int, default=40, help="tries of each kind (default 40)")
    tries: int = parser.parse_args().tries
    print(f"| ipykernel | cell | {latency.HEAD} |")
    print(f"|:--|:--|{latency.ALIGNED}|")
    for name in ("ipykernel-6.29", kernels.NEWEST):
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            Simulator(port=0, rate=0, first_token=0) as server,
            Kernel(name, _environment(server, folder)) as kernel,
        ):
            kernel.run("%load_ext nbstream\nimport nbstream")
            for cell, code in CELLS.items():
                # The first try also imports openai.
                measured = [_interrupt(kernel, server, code) for _ in range(tries + 1)][1:]
                print(f"| {name.removeprefix('ipykernel-')} | {cell} | {latency.figures(measured)} |")
                sys.stdout.flush()


def _environment(server: Simulator, folder: str) -> dict[str, str]:
    return {
        "DEEPSEEK_BASE_URL": server.url,
        "DEEPSEEK_API_KEY": "simulated",
        "IPYTHONDIR": folder,
        "JUPYTER_CONFIG_DIR": folder,
        "NBSTREAM_LEDGER": "off",
    }


def _interrupt(kernel: Kernel, server: Simulator, code: str) -> float:
    """Run the cell, interrupt it while the server is silent; return ms to the disconnect."""
    server.clear_log()
    cell = kernel.send(code)
    _wait(lambda: bool(server.log()) and server.log()[-1]["deltas_sent"] == _DELTAS)
    # At any moment between two looks of the cell.
    time.sleep(random.uniform(0.3, 0.6))
    interrupted = time.time()
    kernel.interrupt()
    _wait(lambda: server.log()[-1]["outcome"] is not None)
    kernel.finish(cell)
    entry = server.log()[-1]
    if entry["outcome"] != "disconnected":
        sys.exit(f"The request ended as {entry['outcome']!r} instead of 'disconnected'.")
    return float((entry["ended"] - interrupted) * 1000)


def _wait(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + _LIMIT
    while not is_so():
        if time.monotonic() > ends_at:
            sys.exit("The server did not get that far.")
        time.sleep(0.002)


if __name__ == "__main__":
    main()
