"""The time from a click that allows a tool's call to the tool: `python -m benchmarks.consent`.

The cell waits all the while, so the kernel is busy. The time is from the moment when a page's
message leaves, by the control channel or by comm, to the first line of the tool; both clocks are
this machine's. Prints a Markdown table. Has the requirements of the kernel tests (see `tests/run`).
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

from benchmarks import latency
from nbstream.simulator.server import Simulator
from tests.jupyter.deciding import ALLOW, post
from tests.jupyter.kernel import Kernel

if TYPE_CHECKING:
    from tests.jupyter.kernel import Cell, View

_KERNELS = ("ipykernel-6.29", "ipykernel-7.3", "ipykernel-newest")
_TOOL = """
import time, nbstream
times = []
def note(text: str) -> int:
    times.append(time.monotonic())
    return len(times)
"""
#: For each state of the kernel: the options of the scenario, how many calls a cell makes, and
#: whether another reply streams.
_STATES = {
    "nothing else": ("say=0", 25, False),
    "after an answer of 4,000 tokens": ("say=4000", 5, False),
    "another reply streams, 500 tokens/s": ("say=0", 25, True),
}
_WAYS = ("control", "comm on the main shell", "comm on a subshell")
_BACKGROUND = "%%deepseek --background --no-think\n[simulate: normal tokens=20000 rate=500] Go on."
_TARGET_MS = 30


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measures a click that allows a call → the tool's first line.")
    parser.add_argument("--calls", type=int, default=100, help="calls of each kind (default 100)")
    calls: int = parser.parse_args().calls
    print("| ipykernel | message by | meanwhile | calls | median ms | p95 ms | max ms |")
    print("|:--|:--|:--|--:|--:|--:|--:|")
    is_fast = True
    with tempfile.TemporaryDirectory() as folder, Simulator(port=0, rate=0, first_token=0) as simulator:
        environ = {
            "DEEPSEEK_BASE_URL": simulator.url,
            "DEEPSEEK_API_KEY": "simulated",
            "IPYTHONDIR": folder,
            "JUPYTER_CONFIG_DIR": folder,
        }
        for name in _KERNELS:
            with Kernel(name, environ) as kernel:
                kernel.run("%load_ext nbstream")
                kernel.run(_TOOL)
                subshell = kernel.subshell()
                for way in _WAYS if subshell else _WAYS[:-1]:
                    for state in _STATES:
                        measured = _measure(kernel, state, way, subshell, calls)
                        is_fast &= statistics.median(measured) < _TARGET_MS
                        print(_row(name, way, state, measured))
                        sys.stdout.flush()
    sys.exit(0 if is_fast else 1)


def _measure(kernel: Kernel, state: str, way: str, subshell: str | None, calls: int) -> list[float]:
    """Return the milliseconds of each call."""
    options, in_a_cell, is_disturbed = _STATES[state]
    measured: list[float] = []
    # The first call also loads what tools need.
    while len(measured) <= calls:
        kernel.reset()
        if is_disturbed:
            kernel.run(_BACKGROUND)
        kernel.run("times.clear()")
        steps = min(in_a_cell, calls + 1 - len(measured))
        scenario = f"tool-call steps={steps} {options} tokens=5000"
        cell = kernel.send(f"%%deepseek -T note --no-think --max-steps {steps + 1}\n[simulate: {scenario}] Go on.")
        clicks = _click(kernel, cell, way, subshell)
        begun = kernel.evaluate("times")
        if len(clicks) != steps or len(begun) != steps:
            sys.exit(f"{len(clicks)} clicks and {len(begun)} calls instead of {steps}.")
        measured += [1000 * (began - click) for click, began in zip(clicks, begun, strict=True)]
        if is_disturbed:
            kernel.run("%deepseek cancel")
    return measured[1:]


def _click(kernel: Kernel, cell: Cell, way: str, subshell: str | None) -> list[float]:
    """Allow each call of a cell, until the cell has ended; return when."""
    clicks: list[float] = []
    seen: set[Any] = set()

    def has_ended() -> bool:
        for card in cell.view.cards if cell.view is not None else ():
            assert cell.view is not None
            if card["question"] is None or card["key"] in seen:
                continue
            seen.add(card["key"])
            _send(kernel, cell.view, way, subshell, "asked", call=card["key"])
            # Vary the position of the click between two frames.
            time.sleep(random.uniform(0.01, 0.05))
            clicks.append(time.monotonic())
            _send(kernel, cell.view, way, subshell, "decide", call=card["key"], asked=card["asked"], **ALLOW)
        return cell.ended

    kernel.until(has_ended, "the cell ends")
    return clicks


def _send(kernel: Kernel, view: View, way: str, subshell: str | None, kind: str, **fields: Any) -> None:
    if way == "control":
        post(kernel, view, kind, **fields)
    else:
        kernel.comm(view, kind, subshell=subshell if way == _WAYS[-1] else None, page="page", **fields)


def _row(kernel: str, way: str, state: str, measured: list[float]) -> str:
    return f"| {kernel.removeprefix('ipykernel-')} | {way} | {state} | {latency.figures(measured)} |"


if __name__ == "__main__":
    main()
