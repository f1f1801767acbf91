"""A panel of a long chat in real JupyterLab: typing, scrolling, a streaming reply, old panels.

    python -m benchmarks.chat_panel [--turns 500] [--panels 10]

For each it prints the tasks of the page over 50 ms (by the Performance API), and the share of one
core that the kernel takes (Linux). A panel that its cell has made again has no view any more: then
a reply costs the kernel what it costs with one panel.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect, sync_playwright

from benchmarks.compare import LONG_TASK, OBSERVE
from nbstream.simulator.server import Simulator
from tests.browser.lab import CHROMIUM_FLAGS, Lab, NotebookPage, chromium, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 100
TOKENS = 1_500
_TICKS_PER_SECOND = 100
_SETUP = '''\
import os, nbstream
from nbstream.chat.turn import TurnState, Version
from nbstream.model.events import Answer, Ended, Started
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
text = """
The **median** is the middle value; the mean is \\\\(\\\\bar x = \\\\frac{{1}}{{n}} \\\\sum x_i\\\\).

- It does not move when one value is far from the others.
- `sorted(values)[len(values) // 2]` gives it.

```python
import statistics
print(statistics.median([1, 2, 300]))
```

| list | mean | median |
|---|---|---|
| 1, 2, 300 | 101 | 2 |

"""
states, after = [], ()
for number in range({turns}):
    reply = reduce(Reply(), Started(0, Request("m")))
    for event in (Answer(1, f"Answer {{number}}. " + text * (1 + number % 3)), Ended(2, "served")):
        reply = reduce(reply, event)
    version = Version(({{"role": "user", "content": f"Prompt {{number}}"}},), reply, after)
    states.append(TurnState((version,), 0))
    after = (*after, version.number)
nbstream.Chat("long", thinking=False)._turns.replace(states, None, "made")
print("kernel", os.getpid())'''
_PANEL = "panel = nbstream.ChatPanel('{chat}')\npanel"
_ASK = "_ = nbstream.Chat('{chat}').stream('[simulate: normal rate={rate} tokens={tokens}]', thinking=False).result()"


def main() -> None:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=500)
    parser.add_argument("--panels", type=int, default=10, help="made by one cell, one after another")
    arguments = parser.parse_args()
    with (
        Simulator(port=0, rate=RATE, first_token=0.2) as server,
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
    ):
        lab = Lab(Path(folder) / "lab", {"DEEPSEEK_BASE_URL": server.url, "DEEPSEEK_API_KEY": "simulated"})
        context = playwright.chromium.launch_persistent_context(
            Path(folder) / "profile", executable_path=chromium(), headless=True, args=CHROMIUM_FLAGS
        )
        page = context.new_page()
        page.set_viewport_size({"width": 1200, "height": 900})
        asks = [_ASK.format(chat=chat, rate=RATE, tokens=TOKENS) for chat in ("long", "again")]
        cells = [_SETUP.format(turns=arguments.turns), *(_PANEL.format(chat=chat) for chat in ("long", "again")), *asks]
        lab.write("chat_panel.ipynb", cells)
        try:
            measure(NotebookPage(page, lab, "chat_panel.ipynb"), arguments.panels)
        finally:
            context.close()
            lab.stop()


class _Measured:
    """A notebook whose page and kernel are measured while something happens."""

    def __init__(self, notebook: NotebookPage) -> None:
        self._page = notebook.page
        self._kernel = int(notebook.output(0).inner_text().split()[-1])
        self._observed = self._page.evaluate("performance.now()")
        self._page.evaluate(OBSERVE)

    def during(self, name: str, work: Callable[[], object]) -> None:
        """Do something, and print the long tasks of the page and the kernel's time."""
        self._page.evaluate("window.longTasks.length = 0")
        before, began = self._cpu(), self._page.evaluate("performance.now()")
        started = (began - self._observed) / 1000
        work()
        self._page.wait_for_timeout(1_000)
        cpu, seconds = self._cpu() - before, (self._page.evaluate("performance.now()") - began) / 1000
        tasks: list[list[float]] = self._page.evaluate("window.longTasks")
        late = [f"{duration:.0f} at {at - started:.1f} s" for at, duration in tasks if duration > LONG_TASK]
        words = f"{len(late)} tasks of the page over {LONG_TASK} ms ({', '.join(late)})"
        print(f"{name}: {seconds:.1f} s, {words}, kernel {cpu:.2f} s = {cpu / seconds:.0%} of one core", flush=True)

    def _cpu(self) -> float:
        """Return the seconds that the kernel's process has taken."""
        fields = Path(f"/proc/{self._kernel}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def measure(notebook: NotebookPage, panels: int) -> None:
    """Measure a panel of a long chat, and what a reply costs after so many panels were made."""
    page = notebook.page
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    measured = _Measured(notebook)
    panel = notebook.output(1).locator(".nbstream-panel")
    measured.during("first display", lambda: notebook.run_and_wait(1))
    measured.during("rest of the transcript", lambda: page.wait_for_timeout(6_000))
    field = panel.get_by_role("textbox", name="Prompt")
    field.click()
    measured.during("typing 200 keys", lambda: page.keyboard.type("a word and then one more " * 8, delay=30))
    log = panel.locator(".nbstream-log")

    def scroll() -> None:
        log.hover()
        for _ in range(100):
            page.mouse.wheel(0, -600)
            page.wait_for_timeout(50)

    measured.during("scrolling 60,000 pixels up", scroll)
    panel.get_by_role("button", name="To the end").click()

    def ask() -> None:
        field.fill(f"[simulate: normal rate={RATE} tokens={TOKENS}]")
        page.keyboard.press("Enter")
        page.wait_for_timeout(1_000)
        field.click()
        page.keyboard.type("while it streams " * 8, delay=60)
        expect(panel.locator(".nbstream-send")).to_have_text("Stop")
        expect(panel.locator(".nbstream-send")).to_have_text("Send", timeout=120_000)

    measured.during(f"a reply of {TOKENS:,} tokens, and 136 keys", ask)
    measured.during("after it", lambda: page.wait_for_timeout(5_000))
    other = notebook.output(2).locator(".nbstream-panel")
    made = 0
    for count in (1, panels):
        for _ in range(count - made):
            notebook.run_and_wait(2)
            wait_for(lambda: other.count() == 1)
        made = count
        measured.during(f"a reply with {count} panels of its chat", lambda: notebook.run_and_wait(4))


if __name__ == "__main__":
    main()
