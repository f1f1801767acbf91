"""The Inspector on ten thousand events: `python -m benchmarks.inspector`, which takes five minutes.

In a real JupyterLab it looks at a reply of 10,000 tokens with their probabilities, first live at
1,000 tokens a second and then ended: the tab Stream is opened, scrolled, scrubbed and replayed, and
then the other tabs. It keeps the longest task of the page in each part, the number of lines, and
the processor time of the kernel. Has the requirements of the browser tests.
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from benchmarks import kept
from benchmarks.page_tasks import PageTasks
from nbstream.simulator.server import Simulator
from tests import kernels
from tests.browser.lab import CHROMIUM_FLAGS, Lab, NotebookPage, chromium, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

TOKENS = 10_000
RATE = 1_000
_STEPS = 120
_CELLS = [
    "%load_ext nbstream\nimport nbstream, time\nbegan = time.process_time()",
    f"%%deepseek --inspect --logprobs 2\n[simulate: normal tokens={TOKENS} rate={RATE}]median",
    "print('seconds of the kernel:', round(time.process_time() - began, 2))",
]


def main() -> None:
    """Measure, print a table, and keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    runs, loads = [], []
    for _ in range(parser.parse_args().runs):
        loads.append(kept.load())
        folder = Path(tempfile.mkdtemp())
        with Simulator(port=0) as simulator, sync_playwright() as playwright:
            lab = Lab(folder, {"DEEPSEEK_BASE_URL": simulator.url, "DEEPSEEK_API_KEY": "no-key"})
            try:
                context = playwright.chromium.launch_persistent_context(
                    folder / "profile",
                    executable_path=chromium(),
                    headless=True,
                    args=CHROMIUM_FLAGS,
                    viewport={"width": 1200, "height": 1000},
                )
                lab.write("inspector.ipynb", _CELLS, kernels.NEWEST)
                page = context.new_page()
                runs.append(_measured(NotebookPage(page, lab, "inspector.ipynb")))
            finally:
                lab.stop()
    print(kept.keep("inspector", f"The Inspector on a reply of {TOKENS:,} tokens", runs, loads))


def _measured(notebook: NotebookPage) -> dict[str, float]:
    page = notebook.page
    found: dict[str, float] = {}
    tell = partial(_tell, page, found)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run(1)
    inspector = notebook.output(1).locator(".nbstream-in")
    inspector.get_by_role("tab", name="Stream").click()
    # Its end is JupyterLab's work on the settled output of the reply, as its table of contents.
    tell("live, with the tab Stream, and the reply's end", lambda: notebook.wait_until_ran(1), 2_500)
    # The settled output has pushed it off the screen, where it asks for nothing.
    inspector.scroll_into_view_if_needed()
    tell("the rest of the lines", lambda: wait_for(lambda: _lines(inspector) > TOKENS, 60))
    found["lines"] = _lines(inspector)
    notebook.run_and_wait(2)
    found["kernel, s of CPU"] = float(notebook.output(2).inner_text().rpartition(":")[2])
    inspector.scroll_into_view_if_needed()
    page.wait_for_timeout(2_000)
    tell("scroll all lines", lambda: _scroll(page, inspector))
    tell("scrub", lambda: _scrub(page, inspector))
    tell("replay at 16 times the speed", lambda: _replay(page, inspector))
    for tab in ("Messages", "Request", "Time", "Cost"):
        tell(tab, partial(_open, page, inspector, tab))
    tell("Tokens", lambda: _tokens(page, inspector))
    return found


def _tell(page: Page, found: dict[str, float], name: str, act: Callable[[], Any], wait: int = 300) -> None:
    """Do something, wait some milliseconds, and note the longest tasks of the page meanwhile."""
    tasks = PageTasks(page)
    act()
    page.wait_for_timeout(wait)
    every = tasks.stop()
    for kind, field in (("ms of CPU", "cpu"), ("ms that passed", "wall")):
        longest = found[f"{name}: longest task, {kind}"] = max(getattr(each, field) for each in every)
        print(f"{name}: longest task {longest:.0f} {kind}", flush=True)


def _lines(inspector: Locator) -> int:
    return int(inspector.get_by_role("slider").get_attribute("max") or 0) + 1


def _scroll(page: Page, inspector: Locator) -> None:
    listed = inspector.get_by_role("listbox")
    for step in range(_STEPS + 1):
        listed.evaluate("(each, share) => { each.scrollTop = share * each.scrollHeight; }", step / _STEPS)
        page.wait_for_timeout(16)


def _scrub(page: Page, inspector: Locator) -> None:
    replay = inspector.get_by_role("slider")
    for step in range(_STEPS + 1):
        replay.evaluate(
            """(each, share) => {
              each.value = String(Math.round(share * each.max));
              each.dispatchEvent(new Event("input"));
            }""",
            step / _STEPS,
        )
        page.wait_for_timeout(16)


def _replay(page: Page, inspector: Locator) -> None:
    for _ in range(2):
        inspector.get_by_label("Speed of the replay").click()
    inspector.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(2_000)


def _open(page: Page, inspector: Locator, tab: str) -> None:
    inspector.get_by_role("tab", name=tab).click()
    page.wait_for_timeout(700)


def _tokens(page: Page, inspector: Locator) -> None:
    inspector.get_by_role("tab", name="Tokens").click()
    drawn = inspector.locator(".nbstream-in-tokentext [data-number]")
    wait_for(lambda: drawn.count() >= TOKENS * 0.95, 60)
    inspector.locator(".nbstream-in-tokentext").evaluate("each => { each.scrollTop = each.scrollHeight; }")
    page.wait_for_timeout(300)


if __name__ == "__main__":
    main()
