"""What a long answer costs the page: `python -m benchmarks.page`, from the repository's root.

One answer with code, formulas, tables and lists streams into a real JupyterLab, and the browser notes each task that
kept it from drawing for more than 50 ms (the Long Tasks API), while it streams and when it settles. The same text
printed by a cell, in as many parts, tells how many of these are the notebook's own. Prints a table in Markdown. Needs
what the browser tests need (see `tests/run`). This module must not know how the page draws.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from benchmarks.render import TOKEN_CHARACTERS, everything
from nbstream.simulator.server import Simulator
from tests.browser.lab import CHROMIUM_FLAGS, Lab, NotebookPage, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

_OBSERVE = """() => {
  window.longTasks = [];
  window.settledAt = null;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.longTasks.push([entry.startTime, entry.duration]);
  }).observe({ type: "longtask" });
  const settled = new MutationObserver(() => {
    if (document.querySelector(".nbstream-settled") === null) return;
    window.settledAt = performance.now();
    settled.disconnect();
  });
  settled.observe(document.body, { childList: true, subtree: true });
}"""
#: A task that began so long before the settled output was seen belongs to it.
_SETTLING_MILLISECONDS = 1500
_PARTS_PER_SECOND = 30


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measures what a long answer costs the page.")
    parser.add_argument("--tokens", type=int, default=50_000, help="length of the answer (50000)")
    parser.add_argument("--rate", type=int, default=500, help="tokens per second (500)")
    arguments = parser.parse_args()
    tokens, rate = arguments.tokens, arguments.rate
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        Simulator(port=0, rate=rate, first_token=0.02) as simulator,
        sync_playwright() as playwright,
    ):
        lab = Lab(Path(folder), {"DEEPSEEK_BASE_URL": simulator.url, "DEEPSEEK_API_KEY": "simulated"})
        text = everything(tokens * TOKEN_CHARACTERS)
        (lab.notebooks / "answer.md").write_text(text, encoding="utf-8")
        seconds = tokens / rate
        asking = f"""text = open("answer.md", encoding="utf-8").read() + "\\n\\n[simulate: echo rate={rate}]"
reply = nbstream.ask(text, thinking=False, max_tokens={2 * tokens})"""
        printing = f"""step = round(len(text) / {seconds * _PARTS_PER_SECOND})
for at in range(0, len(text), step):
    print(text[at : at + step], end="")
    time.sleep(1 / {_PARTS_PER_SECOND})"""
        browser = playwright.chromium.launch_persistent_context(
            Path(folder) / "profile", executable_path=chromium(), headless=True, args=CHROMIUM_FLAGS
        )
        try:
            lab.write("page.ipynb", ["import time, nbstream", asking, printing], "python3")
            page = browser.new_page()
            notebook = NotebookPage(page, lab, "page.ipynb")
            notebook.wait_for_kernel()
            notebook.run_and_wait(0)
            page.evaluate(_OBSERVE)
            notebook.run(1)
            page.wait_for_selector(".nbstream-settled", timeout=seconds * 5_000 + 60_000)
            page.wait_for_timeout(5_000)
            settled, streamed = _split(page)
            notebook.run(2)
            page.wait_for_timeout(seconds * 1_000 + 10_000)
            page.evaluate("window.settledAt = null")
            _, printed = _split(page)
            print("| what | tasks over 50 ms | longest ms | in all ms |")
            print("|:--|--:|--:|--:|")
            print(_row("the answer streams", streamed))
            print(_row("it settles", settled))
            print(_row("a cell prints the same", printed))
        finally:
            browser.close()
            lab.stop()


def _split(page: Page) -> tuple[list[float], list[float]]:
    """Return the tasks since the last call, in milliseconds: those of the settling, and all others."""
    tasks, at = page.evaluate("[window.longTasks.splice(0), window.settledAt]")
    is_late = [at is not None and start > at - _SETTLING_MILLISECONDS for start, _ in tasks]
    both = list(zip(is_late, (duration for _, duration in tasks), strict=True))
    return [each for late, each in both if late], [each for late, each in both if not late]


def _row(name: str, tasks: list[float]) -> str:
    return f"| {name} | {len(tasks)} | {max(tasks, default=0):.0f} | {sum(tasks):.0f} |"


if __name__ == "__main__":
    main()
