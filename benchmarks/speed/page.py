"""What a way costs a page: a real JupyterLab in real Chromium, measured from outside by the DevTools protocol.

The page's own time is its main thread's (`TaskDuration`); the browser's is that of all its processes, drawing included.
Tasks over 50 ms are noted by the page itself (the Long Tasks API), at no cost between them. This module must not know
what a way does.
"""

from __future__ import annotations

import os
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil
from playwright.sync_api import sync_playwright

from benchmarks.speed.recording import STAMPS
from tests.browser.lab import CHROMIUM_FLAGS, Lab, NotebookPage, chromium

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, CDPSession, Page

    from benchmarks.speed.recording import Plan
    from benchmarks.speed.ways import Way

_WARM_UP = "300-0-100-0"
#: A page that has not caught up so long after the kernel is done is not waited for any longer.
_LONGEST_BACKLOG = 60.0
#: What comes so long before the end is not the settling.
_SETTLING = 0.6
_NOTE_LONG_TASKS = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
  }).observe({ type: "longtask" });
}"""
#: Every second frame is drawn in a page that keeps up at 30 Hz; whatever takes longer than 50 ms has dropped frames.
_NOTE_FRAMES = """() => {
  window.droppedFrames = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.droppedFrames += Math.floor(entry.duration / (1000 / 60)) - 1;
  }).observe({ type: "long-animation-frame" });
}"""
_FOLLOW = """() => {
  const cell = document.querySelector('.jp-Notebook .jp-Cell[data-windowed-list-index="2"]');
  setInterval(() => cell.scrollIntoView({ block: "end" }), 40);
}"""
#: Each token is a word such as @0001234, the moment of its sending; they are looked for from the end back to the newest
#: that was seen. Some have the same moment: those that come later in the text came later.
_NOTE_WORDS = r"""([selector, stamps]) => {
  const cell = document.querySelector('.jp-Notebook .jp-Cell[data-windowed-list-index="2"]');
  window.words = [];
  let newest = -1, alike = 0;
  const channel = new MessageChannel();
  const unpainted = [];
  channel.port1.onmessage = () => {
    const now = Date.now();
    for (const word of unpainted.splice(0)) word.push(now - word[0]);
  };
  const look = () => {
    const output = [...cell.querySelectorAll(".jp-OutputArea-output")].at(-1);
    const root = (selector && output?.querySelector(selector)) || output;
    if (!root) return;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = root; node?.lastChild; node = node.lastChild) walker.currentNode = node.lastChild;
    let text = "";
    for (let node = walker.currentNode; node; node = walker.previousNode()) {
      if (node.nodeType === Node.TEXT_NODE) text = `${node.data.slice(-100000)} ${text}`;
      if (text.length > 100000 || Number(text.match(/@(\d{7})/)?.[1] ?? Infinity) < newest) break;
    }
    const now = Date.now(), today = now - (now % stamps);
    let seen = 0;
    for (const [, written] of text.matchAll(/@(\d{7})\b/g)) {
      const at = Number(written);
      if (at < newest || (at === newest && ++seen <= alike)) continue;
      if (at > newest) [newest, alike, seen] = [at, 0, 1];
      alike += 1;
      const word = [today + at, now - (today + at)];
      window.words.push(word);
      unpainted.push(word);
    }
    if (unpainted.length > 0) requestAnimationFrame(() => channel.port2.postMessage(0));
  };
  new MutationObserver(look).observe(cell, { childList: true, subtree: true, characterData: true });
}"""
_NOTE_FIRST_PIXEL = """(selector) => {
  const cell = document.querySelector('.jp-Notebook .jp-Cell[data-windowed-list-index="1"]');
  window.firstPixel = undefined;
  addEventListener("keydown", (event) => {
    if (event.key === "Enter") window.ranAt = performance.now();
  }, true);
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    window.firstPixel ??= performance.now() - window.ranAt;
  };
  const observer = new MutationObserver(() => {
    if (!cell.querySelector(selector)?.getClientRects().length) return;
    observer.disconnect();
    requestAnimationFrame(() => channel.port2.postMessage(0));
  });
  observer.observe(cell, { childList: true, subtree: true });
}"""


@dataclass(slots=True)
class PageCost:
    """What one answer cost.

    Attributes:
        kernel: seconds of the kernel's time.
        page: seconds of the page's main thread.
        streaming: how many of them until the answer had almost ended.
        browser: seconds of all of the browser's processes.
        long_tasks: milliseconds of each task over 50 ms.
        dropped: frames that were not drawn while a frame took more than 50 ms.
        heap: bytes that the page holds more than before, after garbage collection.
        late: seconds the page went on after the kernel was done.
        seconds: from start to end.
        file: bytes of the saved notebook, less what it had without the answer.
        parts: what the page's time went to, in seconds.
    """

    kernel: float = 0.0
    page: float = 0.0
    streaming: float = 0.0
    browser: float = 0.0
    long_tasks: list[float] = field(default_factory=list)
    dropped: int = 0
    heap: int = 0
    late: float = 0.0
    seconds: float = 0.0
    file: int = 0
    parts: dict[str, float] = field(default_factory=dict)


class Bench:
    """A browser and a Jupyter server to measure in."""

    def __init__(self, lab: Lab, browser: Browser, server: str) -> None:
        self._lab = lab
        self._browser = browser
        self.server = server
        self.folder = lab.notebooks
        self._sessions: dict[Page, CDPSession] = {}

    @contextmanager
    def opened(self, way: Way, cells: list[str]) -> Iterator[NotebookPage]:
        """Open a notebook whose first cell sets `way` up and has run, and shows one short answer."""
        context = self._browser.new_context(viewport={"width": 1200, "height": 900})
        try:
            setup = f"SERVER = {self.server!r}\n{way.setup}"
            self._lab.write("speed.ipynb", [setup, f"go({_WARM_UP!r})", *cells], way.kernel)
            notebook = NotebookPage(context.new_page(), self._lab, "speed.ipynb")
            notebook.wait_for_kernel()
            notebook.run_and_wait(0)
            notebook.run_and_wait(1)
            notebook.page.wait_for_timeout(2_000)
            yield notebook
        finally:
            context.close()
            self._lab.end_sessions()

    def measure(self, way: Way, plan: Plan, *, follows: bool = False) -> PageCost:
        """Show one answer in a new page and a new kernel.

        Args:
            way: how to show it.
            plan: what is shown.
            follows: whether the reader scrolls along, so that the end of the text is always in sight.
        """
        with self.opened(way, [show(plan)]) as notebook:
            page = notebook.page
            devtools = self._devtools(notebook)
            page.evaluate(_NOTE_LONG_TASKS)
            page.evaluate(_NOTE_FRAMES)
            if follows:
                page.evaluate(_FOLLOW)
            notebook.save()
            size = notebook.path.stat().st_size
            kernel = self.kernel()
            cost = PageCost()
            before = _metrics(devtools, collect=True)
            kernel_before, browser_before = _cpu(kernel), self._cpu()
            began = time.monotonic()
            notebook.run(2)
            samples = [(began, before["TaskDuration"])]
            while not self._is_done():
                time.sleep(0.25)
                samples.append((time.monotonic(), _metrics(devtools)["TaskDuration"]))
            done = time.monotonic()
            _wait_until_quiet(devtools)
            cost.streaming = max(spent for at, spent in samples if at < done - _SETTLING) - before["TaskDuration"]
            cost.late = max(0.0, time.monotonic() - done - 2)
            cost.seconds = time.monotonic() - began
            after = _metrics(devtools)
            cost.kernel, cost.browser = _cpu(kernel) - kernel_before, self._cpu() - browser_before
            heap = _metrics(devtools, collect=True)["JSHeapUsedSize"]
            cost.page = after["TaskDuration"] - before["TaskDuration"]
            for name in ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration"):
                cost.parts[name.removesuffix("Duration").lower()] = after[name] - before[name]
            cost.heap = int(heap - before["JSHeapUsedSize"])
            if cost.late < _LONGEST_BACKLOG:
                cost.long_tasks, cost.dropped = page.evaluate("[window.longTasks, window.droppedFrames]")
                notebook.save()
                cost.file = notebook.path.stat().st_size - size
            return cost

    def delays(self, way: Way, plan: Plan) -> dict[str, float]:
        """Show one stamped answer, and return how many of its tokens were seen and after how many milliseconds.

        That is from the server's write until a token is in the document, and until it has been painted.
        """
        with self.opened(way, [show(plan)]) as notebook:
            notebook.page.evaluate(_NOTE_WORDS, [way.root, STAMPS])
            notebook.page.evaluate(_FOLLOW)
            notebook.run(2)
            self.wait_for_kernel()
            notebook.page.wait_for_timeout(3_000)
            words = [word for word in notebook.page.evaluate("window.words") if len(word) == 3]  # noqa: PLR2004
        found: dict[str, float] = {"seen": len(words)}
        for name, place in (("dom", 1), ("paint", 2)):
            percentiles = statistics.quantiles([word[place] for word in words], n=100)
            found |= {f"{name}_p50": percentiles[49], f"{name}_p95": percentiles[94]}
        return found

    def first_pixel(self, way: Way, cell: str, selector: str) -> float:
        """Run `cell` in a new kernel, and return after how many milliseconds `selector` has been painted."""
        context = self._browser.new_context(viewport={"width": 1200, "height": 900})
        try:
            self._lab.write("start.ipynb", [way.setup, cell], way.kernel)
            notebook = NotebookPage(context.new_page(), self._lab, "start.ipynb")
            notebook.wait_for_kernel()
            notebook.run_and_wait(0)
            notebook.page.wait_for_timeout(1_000)
            notebook.page.evaluate(_NOTE_FIRST_PIXEL, selector)
            notebook.run(1)
            notebook.page.wait_for_function("window.firstPixel !== undefined", timeout=30_000)
            return float(notebook.page.evaluate("window.firstPixel"))
        finally:
            context.close()
            self._lab.end_sessions()

    def opens(self, name: str) -> dict[str, float]:
        """Open a notebook as it is in the folder, and return what that cost the page."""
        context = self._browser.new_context(viewport={"width": 1200, "height": 900})
        try:
            began = time.monotonic()
            notebook = NotebookPage(context.new_page(), self._lab, name)
            seconds = time.monotonic() - began
            self.counted(notebook)
            self.wait_until_quiet(notebook)
            return {"seconds": seconds, **self.counted(notebook)}
        finally:
            context.close()
            self._lab.end_sessions()

    def kernel(self) -> psutil.Process:
        """Return the kernel of the notebook that is open."""
        return psutil.Process(int((self.folder / "kernel.pid").read_text()))

    def counted(self, notebook: NotebookPage) -> dict[str, float]:
        """Return the seconds of the page's main thread so far, and the bytes that the page holds."""
        metrics = _metrics(self._devtools(notebook), collect=True)
        return {"page": metrics["TaskDuration"], "heap": metrics["JSHeapUsedSize"]}

    def wait_until_quiet(self, notebook: NotebookPage) -> None:
        """Wait until the page has done next to nothing for two seconds."""
        _wait_until_quiet(self._devtools(notebook))

    def _devtools(self, notebook: NotebookPage) -> CDPSession:
        """Return the one session of a page: each counts from its own beginning."""
        if notebook.page not in self._sessions:
            session = notebook.page.context.new_cdp_session(notebook.page)
            session.send("Performance.enable")
            self._sessions[notebook.page] = session
        return self._sessions[notebook.page]

    def wait_for_kernel(self) -> None:
        """Wait until a cell has left word, without a word to the page."""
        while not self._is_done():
            time.sleep(0.25)

    def _is_done(self) -> bool:
        done = self.folder / "done"
        if done.exists():
            done.unlink()
            return True
        return False

    def _cpu(self) -> float:
        return sum(
            _cpu(process)
            for process in psutil.Process(os.getpid()).children(recursive=True)
            if "chrom" in process.name()
        )


@contextmanager
def bench(folder: Path, specs: Path, server: str) -> Iterator[Bench]:
    """Start what is measured with."""
    lab = Lab(folder / "lab", {"JUPYTER_PATH": str(specs)})
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), headless=True, args=CHROMIUM_FLAGS)
            yield Bench(lab, browser, server)
            browser.close()
    finally:
        lab.stop()


def show(plan: Plan) -> str:
    """Return the source of a cell that shows an answer and leaves word when it is done."""
    return f"""go({plan.name!r})
Path("done").touch()"""


def _wait_until_quiet(devtools: CDPSession) -> None:
    """Wait until the page has done next to nothing for two seconds."""
    deadline = time.monotonic() + _LONGEST_BACKLOG
    last, since = _metrics(devtools)["TaskDuration"], time.monotonic()
    while time.monotonic() - since < 2 and time.monotonic() < deadline:  # noqa: PLR2004
        time.sleep(0.5)
        now = _metrics(devtools)["TaskDuration"]
        if now - last > 0.05:  # noqa: PLR2004
            since = time.monotonic()
        last = now


def _metrics(devtools: CDPSession, *, collect: bool = False) -> dict[str, float]:
    if collect:
        devtools.send("HeapProfiler.collectGarbage")
    metrics: dict[str, Any] = devtools.send("Performance.getMetrics")
    return {each["name"]: each["value"] for each in metrics["metrics"]}


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
