"""Milliseconds from *Allow once* to the start of the tool: `python -m benchmarks.consent_clicks`.

Each try runs a cell in a real page, whose kernel is then busy until the question is answered. The
time is from the page's click event to the first line of the tool's function; both clocks are this
machine's. Prints a Markdown table. Has the requirements of the browser tests (see `tests/run`).
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect, sync_playwright

from benchmarks import latency
from nbstream.simulator.server import Simulator
from tests import kernels
from tests.browser.lab import CHROMIUM_FLAGS, Lab, NotebookPage, chromium

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

FRONT_ENDS = {"lab": "JupyterLab", "notebook": "Notebook 7"}
KERNELS = {kernels.NEWEST: "newest", "ipykernel-7.3": "7.3", "ipykernel-6.29": "6.29"}
_TOOL = """\
%load_ext nbstream
import pathlib, time
def note(number: int) -> str:
    "Note the time."
    now = time.time()
    pathlib.Path("started.txt").write_text(f"{now!r}")
    return "noted"
"""
_ASK = '%%deepseek -T note --effort none\n[simulate: tool-call tokens=20]\n[simulate: call] note {"number": 1}\nGo on.'
_TELL_CLICK = """document.addEventListener("click", () => {
  window.clickedAt = (performance.timeOrigin + performance.now()) / 1000;
}, true)"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measures click on Allow once → the tool starts.")
    parser.add_argument("--tries", type=int, default=20, help="tries of each kind (default 20)")
    tries: int = parser.parse_args().tries
    print(f"| front end | ipykernel | {latency.HEAD} |")
    print(f"|:--|:--|{latency.ALIGNED}|")
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        Simulator(port=0, rate=0, first_token=0.02) as simulator,
        sync_playwright() as playwright,
    ):
        lab = Lab(Path(folder), {"DEEPSEEK_BASE_URL": simulator.url, "DEEPSEEK_API_KEY": "simulated"})
        browser = playwright.chromium.launch_persistent_context(
            Path(folder) / "profile", executable_path=chromium(), headless=True, args=CHROMIUM_FLAGS
        )
        try:
            for front_end, kernel in itertools.product(FRONT_ENDS, KERNELS):
                measured = _measure(lab, browser, front_end=front_end, kernel=kernel, tries=tries)
                print(f"| {FRONT_ENDS[front_end]} | {KERNELS[kernel]} | {latency.figures(measured)} |")
                sys.stdout.flush()
        finally:
            browser.close()
            lab.stop()


def _measure(lab: Lab, browser: BrowserContext, *, front_end: str, kernel: str, tries: int) -> list[float]:
    """Return the milliseconds of each try in one page."""
    lab.write("consent.ipynb", [_TOOL, _ASK], kernel)
    page = browser.new_page()
    notebook = NotebookPage(page, lab, "consent.ipynb", front_end)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    page.evaluate(_TELL_CLICK)
    measured = [_click(notebook) for _ in range(tries + 1)]
    page.close(run_before_unload=False)
    lab.end_sessions()
    # The first try also imports openai.
    return measured[1:]


def _click(notebook: NotebookPage) -> float:
    """Run the cell, allow the call, and return the milliseconds to the start of the tool."""
    notebook.run(1)
    question = notebook.output(1).locator(".nbstream-question[data-ready]")
    expect(question).to_be_visible(timeout=30_000)
    # Vary the moment between two looks of the kernel.
    notebook.page.wait_for_timeout(random.uniform(0, 100))
    question.get_by_role("button", name="Allow once").click()
    notebook.wait_until_ran(1)
    started = float((notebook.lab.notebooks / "started.txt").read_text())
    return float((started - notebook.page.evaluate("window.clickedAt")) * 1000)


if __name__ == "__main__":
    main()
