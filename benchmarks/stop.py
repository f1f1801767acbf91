"""The time from a click on Stop to the end of the request: `python -m benchmarks.stop`.

Each try runs a cell in a real page and clicks Stop. The time is from the page's click event to the
moment when the simulator sees the client disconnect; both clocks are this machine's. Prints a
Markdown table. Has the requirements of the browser tests (see `tests/run`).
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from benchmarks import latency
from nbstream.simulator.server import Simulator
from tests import kernels
from tests.browser.lab import CHROMIUM_FLAGS, Lab, NotebookPage, chromium, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

FRONT_ENDS = {"lab": "JupyterLab", "notebook": "Notebook 7"}
KERNELS = {kernels.NEWEST: "newest", "ipykernel-6.29": "6.29"}
#: The cell to stop, its scenario, and how many deltas the server sends before the click.
SERVERS = {"silent": (1, "silence after=30", 30), "streaming": (2, "normal tokens=4000", 60)}
_RATE = 200
_TELL_CLICK = """document.addEventListener("click", () => {
  window.clickedAt = (performance.timeOrigin + performance.now()) / 1000;
}, true)"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measures click on Stop → the server sees the disconnect.")
    parser.add_argument("--tries", type=int, default=20, help="tries of each kind (default 20)")
    tries: int = parser.parse_args().tries
    print(f"| front end | ipykernel | server | {latency.HEAD} |")
    print(f"|:--|:--|:--|{latency.ALIGNED}|")
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        Simulator(port=0, rate=_RATE, first_token=0.02) as simulator,
        sync_playwright() as playwright,
    ):
        lab = Lab(Path(folder), {"DEEPSEEK_BASE_URL": simulator.url, "DEEPSEEK_API_KEY": "simulated"})
        browser = playwright.chromium.launch_persistent_context(
            Path(folder) / "profile", executable_path=chromium(), headless=True, args=CHROMIUM_FLAGS
        )
        try:
            for front_end, kernel in itertools.product(FRONT_ENDS, KERNELS):
                for server, measured in _measure(
                    lab, browser, simulator, front_end=front_end, kernel=kernel, tries=tries
                ):
                    print(_row(FRONT_ENDS[front_end], KERNELS[kernel], server, measured))
                    sys.stdout.flush()
        finally:
            browser.close()
            lab.stop()


def _measure(
    lab: Lab, browser: BrowserContext, simulator: Simulator, *, front_end: str, kernel: str, tries: int
) -> Iterator[tuple[str, list[float]]]:
    """Yield, for each server, the milliseconds of each try in one page."""
    cells = ["%load_ext nbstream", *(f"%%deepseek\nhello [simulate: {plan}]" for _, plan, _ in SERVERS.values())]
    lab.write("stop.ipynb", cells, kernel)
    page = browser.new_page()
    notebook = NotebookPage(page, lab, "stop.ipynb", front_end)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    page.evaluate(_TELL_CLICK)
    for server, (cell, _, deltas) in SERVERS.items():
        measured = [_click(notebook, simulator, cell, deltas) for _ in range(tries + 1)]
        # The first try also imports openai.
        yield server, measured[1:]
    page.close(run_before_unload=False)
    lab.end_sessions()


def _click(notebook: NotebookPage, simulator: Simulator, cell: int, deltas: int) -> float:
    """Run the cell, click Stop during the reply, and return the milliseconds to the disconnect."""
    simulator.clear_log()
    notebook.run(cell)
    entry = wait_for(lambda: next((each for each in simulator.log() if each["deltas_sent"] >= deltas), None))
    # Vary the position of the click between two frames.
    notebook.page.wait_for_timeout(random.uniform(100, 200))
    notebook.output(cell).get_by_role("button", name="Stop", exact=True).click()
    entry = wait_for(lambda: next((each for each in simulator.log() if each["outcome"]), None))
    notebook.wait_until_ran(cell)
    if entry["outcome"] != "disconnected":
        sys.exit(f"The request ended as {entry['outcome']!r} instead of 'disconnected'.")
    return float((entry["ended"] - notebook.page.evaluate("window.clickedAt")) * 1000)


def _row(front_end: str, kernel: str, server: str, measured: list[float]) -> str:
    return f"| {front_end} | {kernel} | {server} | {latency.figures(measured)} |"


if __name__ == "__main__":
    main()
