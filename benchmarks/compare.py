"""Six streams of 200 tokens a second in one comparison, in real JupyterLab.

    python -m benchmarks.compare [--tokens 2000] [--runs 5]

It keeps the longest tasks of the page (by Chromium's tracing), how many columns show the whole
text, and the share of one core that the kernel takes. Beside it stands what the openai SDK alone
takes in the same kernel to iterate over six such streams, as one machine differs from another, and
from one minute to the next.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks import kept
from benchmarks.page_tasks import PageTasks
from nbstream.simulator.server import Simulator
from tests import kernels
from tests.browser.lab import CHROMIUM_FLAGS, Lab, NotebookPage, chromium, wait_for

RATE = 200
COLUMNS = 6
#: A task of the page that is longer than this many milliseconds.
LONG_TASK = 50
#: JupyterLab and anywidget make a page's first widget within so long, and load MathJax.
_START_SECONDS = 1.5

OBSERVE = """
window.longTasks = [];
const began = performance.now();
new PerformanceObserver((list) => {
  for (const { duration, startTime } of list.getEntries()) {
    window.longTasks.push([(startTime - began) / 1000, Math.round(duration)]);
  }
}).observe({ entryTypes: ["longtask"] });
"""
_MEASURE = """
import json, time
def measured(work):
    cpu, wall = time.process_time(), time.monotonic()
    work()
    return [time.process_time() - cpu, time.monotonic() - wall]
"""
_COMPARE = """
import nbstream
{measure}
prompt = "Why? [simulate: normal rate={rate} tokens={tokens}]"
def work():
    global result
    result = nbstream.Compare(prompt, ["flash"] * {columns}, thinking=False)
    display(result)
    result.wait()
spent = measured(work)
print("compare", json.dumps(spent), [each.status for each in result.replies])
"""
_SDK = """
import asyncio, os, openai
client = openai.AsyncOpenAI(base_url=os.environ["DEEPSEEK_BASE_URL"], api_key="simulated")
async def one():
    messages = [{{"role": "user", "content": prompt}}]
    body = {{"thinking": {{"type": "disabled"}}}}
    stream = await client.chat.completions.create(
        model="deepseek-v4-flash", messages=messages, stream=True, extra_body=body
    )
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
async def all_of_them():
    return await asyncio.gather(*(one() for _ in range({columns})))
from threading import Thread
def iterate():
    thread = Thread(target=lambda: asyncio.run(all_of_them()))
    thread.start()
    thread.join()
spent = measured(iterate)
print("sdk", json.dumps(spent))
"""
_TEXTS = "[...document.querySelectorAll('.nbstream-column .nbstream-answer')].map((each) => each.textContent.length)"


def main() -> None:
    """Measure, print the result, and keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=2_000, help="of each answer")
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    values = {"measure": _MEASURE, "rate": RATE, "tokens": asked.tokens, "columns": COLUMNS}
    cells = ["%load_ext nbstream", _COMPARE.format(**values), _SDK.format(**values)]
    runs, loads = [], []
    for _ in range(asked.runs):
        loads.append(kept.load())
        with Simulator(port=0, rate=RATE, first_token=0.2) as server, tempfile.TemporaryDirectory() as folder:
            lab = Lab(Path(folder) / "lab", {"DEEPSEEK_BASE_URL": server.url, "DEEPSEEK_API_KEY": "simulated"})
            try:
                runs.append(measure(lab, Path(folder) / "profile", cells))
            finally:
                lab.stop()
    print(kept.keep("compare", f"A comparison of {COLUMNS} streams of {RATE} tokens a second", runs, loads))


def measure(lab: Lab, profile: Path, cells: list[str]) -> dict[str, float]:
    """Run the cells in a page, and return what was seen."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium(), headless=True, args=CHROMIUM_FLAGS
        )
        page = context.new_page()
        page.set_viewport_size({"width": 1600, "height": 1000})
        lab.write("compare.ipynb", cells, kernels.NEWEST)
        notebook = NotebookPage(page, lab, "compare.ipynb")
        notebook.wait_for_kernel()
        notebook.run_and_wait(0)
        tasks = PageTasks(page)
        notebook.run(1)
        began = time.monotonic()
        # Seldom, and of the prompt alone: to look at a page is a task of the page, too.
        prompt = notebook.cell(1).locator(".jp-InputPrompt").first
        while prompt.inner_text().strip() in ("[ ]:", "[*]:"):
            page.wait_for_timeout(1_000)
        ended = time.monotonic() - began
        # JupyterLab makes its table of contents a second after the last change.
        page.wait_for_timeout(2_500)
        every = tasks.stop()
        lengths: list[int] = page.evaluate(_TEXTS)
        notebook.run(2)
        wait_for(lambda: "sdk [" in notebook.output(2).inner_text(), 300)
        own, sdk = (_spent(notebook.output(at).inner_text()) for at in (1, 2))
        context.close()
    late = [
        f"{task.wall:.0f} ms ({task.cpu:.0f} of CPU) after {task.at:.1f} s" for task in every if task.wall > LONG_TASK
    ]
    print(f"tasks over {LONG_TASK} ms: {', '.join(late) or 'none'}; all ended after {ended:.1f} s", flush=True)
    parts = {
        "at its start, with the page's first widget": (0.0, _START_SECONDS),
        "while it streams": (_START_SECONDS, ended),
        "when it settles": (ended, float("inf")),
    }
    return {
        **{
            f"longest task of the page {name}, {kind}": max(
                getattr(each, field) for each in every if first <= each.at < last
            )
            for name, (first, last) in parts.items()
            for kind, field in (("ms of CPU", "cpu"), ("ms that passed", "wall"))
        },
        "columns with the whole text": lengths.count(max(lengths)),
        "kernel, % of one core": 100 * own[0] / own[1],
        "the SDK alone, % of one core": 100 * sdk[0] / sdk[1],
        "kernel / the SDK": own[0] / sdk[0],
    }


def _spent(text: str) -> Any:
    line = next(each for each in text.splitlines() if each.startswith(("compare [", "sdk [")))
    return json.loads(line[line.index("[") : line.index("]") + 1])


if __name__ == "__main__":
    main()
