"""The cost of a way in the page: JupyterLab in Chromium, measured with the DevTools protocol.

The page's time is that of its main thread (`TaskDuration`); the browser's time is the CPU time of
all its processes, including painting. The page itself records tasks over 50 ms.
"""

from __future__ import annotations

import os
import statistics
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil
from playwright.sync_api import sync_playwright

from benchmarks.speed import noting
from benchmarks.speed.kernel import Cost, counting_messages
from benchmarks.speed.recording import STAMPS
from tests.browser.lab import CHROMIUM_FLAGS, Lab, NotebookPage, chromium

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, CDPSession, Page

    from benchmarks.speed.recording import Plan
    from benchmarks.speed.ways import Way

_WARM_UP = "300-0-100-0"
#: How long to wait for the page after the kernel has finished, in seconds.
_MAX_LATE = 60.0
#: A task counts as our own if a widget script ran in it for longer than this, in milliseconds.
_OWN_SCRIPT = 5
#: The settling of the output takes less than this before the end, in seconds.
_SETTLING = 0.6


@dataclass(slots=True)
class PageCost:
    """The cost of one answer.

    Attributes:
        kernel: CPU seconds of the kernel.
        page: seconds of the page's main thread.
        streaming: the part of `page` before the output is settled.
        browser: CPU seconds of all browser processes.
        long_tasks: milliseconds of each task over 50 ms.
        own_tasks: those long tasks that ended before the output was settled, or in which a widget
            script ran for more than 5 ms.
        sent: number of messages and of bytes from the kernel; only for nbstream.
        dropped: number of frames that were not drawn during frames over 50 ms.
        heap: growth of the page's heap in bytes, after garbage collection.
        late: seconds that the page was busy after the kernel had finished.
        seconds: wall-clock seconds.
        file: growth of the saved notebook in bytes.
        parts: seconds of `page` by kind of work.
    """

    kernel: float = 0.0
    page: float = 0.0
    streaming: float = 0.0
    browser: float = 0.0
    long_tasks: list[float] = field(default_factory=list)
    own_tasks: list[float] = field(default_factory=list)
    sent: tuple[int, int] = (0, 0)
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
        """Open a notebook in which `way` is set up and one short answer is shown."""
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
        """Show one answer in a new page and a new kernel and return its cost.

        Args:
            way: the way to show it.
            plan: the answer.
            follows: whether to scroll with the text, so that its end is always visible.
        """
        with self.opened(way, [show(plan)]) as notebook:
            page = notebook.page
            devtools = self._devtools(notebook)
            page.evaluate(noting.TASKS)
            if follows:
                page.evaluate(noting.FOLLOW)
            notebook.save()
            size = notebook.path.stat().st_size
            kernel = self.kernel()
            cost = PageCost()
            before = _metrics(devtools, collect=True)
            kernel_before, browser_before = _cpu(kernel), self._cpu()
            began = time.monotonic()
            with counting_messages(self.folder / "connection.json") if way.root else nullcontext(Cost()) as sent:
                notebook.run(2)
                samples = [(began, before["TaskDuration"])]
                while not self._is_done():
                    time.sleep(0.25)
                    samples.append((time.monotonic(), _metrics(devtools)["TaskDuration"]))
                done = time.monotonic()
                _wait_until_quiet(devtools)
            cost.sent = sent.messages, sent.bytes
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
            if cost.late < _MAX_LATE:
                self._take_tasks(page, cost)
                notebook.save()
                cost.file = notebook.path.stat().st_size - size
            return cost

    @staticmethod
    def _take_tasks(page: Page, cost: PageCost) -> None:
        noted = page.evaluate("[window.tasks, window.frames, window.ranAt, window.settledAt]")
        tasks, frames, ran_at, settled_at = noted
        own = [frame["span"] for frame in frames if frame["own"] > _OWN_SCRIPT]
        for start, end in tasks:
            if start < ran_at:
                # JupyterLab handles the click on the cell.
                continue
            cost.long_tasks.append(end - start)
            if end <= settled_at or any(start < last and first < end for first, last in own):
                cost.own_tasks.append(end - start)
        cost.dropped = sum(frame["dropped"] for frame in frames)

    def delays(self, way: Way, plan: Plan) -> dict[str, float]:
        """Show one stamped answer; return the number of tokens seen, and their delays in ms.

        A delay is from the server's write until the token is in the document, or until it is
        painted.
        """
        with self.opened(way, [show(plan)]) as notebook:
            notebook.page.evaluate(noting.WORDS, [way.root, STAMPS])
            notebook.page.evaluate(noting.FOLLOW)
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
        """Run `cell` in a new kernel; return the milliseconds until `selector` is painted."""
        context = self._browser.new_context(viewport={"width": 1200, "height": 900})
        try:
            self._lab.write("start.ipynb", [way.setup, cell], way.kernel)
            notebook = NotebookPage(context.new_page(), self._lab, "start.ipynb")
            notebook.wait_for_kernel()
            notebook.run_and_wait(0)
            notebook.page.wait_for_timeout(1_000)
            notebook.page.evaluate(noting.FIRST_PIXEL, selector)
            notebook.run(1)
            notebook.page.wait_for_function("window.firstPixel !== undefined", timeout=30_000)
            return float(notebook.page.evaluate("window.firstPixel"))
        finally:
            context.close()
            self._lab.end_sessions()

    def opens(self, name: str) -> dict[str, float]:
        """Open a notebook in the folder and return the cost in the page."""
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
        """Return the process of the open notebook's kernel."""
        return psutil.Process(int((self.folder / "kernel.pid").read_text()))

    def counted(self, notebook: NotebookPage) -> dict[str, float]:
        """Return the seconds of the page's main thread so far, and its heap size in bytes."""
        metrics = _metrics(self._devtools(notebook), collect=True)
        return {"page": metrics["TaskDuration"], "heap": metrics["JSHeapUsedSize"]}

    def wait_until_quiet(self, notebook: NotebookPage) -> None:
        """Wait until the page has been almost idle for two seconds."""
        _wait_until_quiet(self._devtools(notebook))

    def _devtools(self, notebook: NotebookPage) -> CDPSession:
        """Return the only session of a page: a new session would count from zero."""
        if notebook.page not in self._sessions:
            session = notebook.page.context.new_cdp_session(notebook.page)
            session.send("Performance.enable")
            self._sessions[notebook.page] = session
        return self._sessions[notebook.page]

    def wait_for_kernel(self) -> None:
        """Wait until a cell has written the file `done`, without a message to the page."""
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
    """Start the Jupyter server and the browser."""
    lab = Lab(folder / "lab", {"JUPYTER_PATH": str(specs)})
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), headless=True, args=CHROMIUM_FLAGS)
            yield Bench(lab, browser, server)
            browser.close()
    finally:
        lab.stop()


def show(plan: Plan) -> str:
    """Return the source of a cell that shows an answer and then writes the file `done`."""
    return f"""go({plan.name!r})
Path("done").touch()"""


def _wait_until_quiet(devtools: CDPSession) -> None:
    """Wait until the page has been almost idle for two seconds."""
    deadline = time.monotonic() + _MAX_LATE
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
