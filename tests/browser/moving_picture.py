"""Films the README's moving pictures in the real demo: `python -m tests.browser.moving_picture`.

A cell is run in Notebook 7: reasoning streams, the answer streams with a formula and a table, the
footer appears. A second cell is run, and stopped. Once in light and once in dark, in real time, at
two pixels for each CSS pixel. Only the pointer is drawn by a script, since a screenshot has none.
"""

from __future__ import annotations

import base64
import io
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

from nbstream.simulator.server import Simulator
from tests import kernels
from tests.browser.lab import CHROMIUM_FLAGS, Lab, NotebookPage, chromium

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

PICTURES = kernels.ROOT / "docs"
WRITTEN = kernels.ROOT / "tests/data/moving_picture.toml"
LARGEST_BYTES = 2_000_000
WIDTH, HEIGHT = 860, 780
CELLS = [
    "%load_ext nbstream",
    "%%deepseek -m pro -o lunch\nLunch prices: 5, 6, 7, 8, 900. Which average can I trust?",
    "%%deepseek --effort max\nWhy does no average survive a majority of wrong values?",
]
# What kernel and page load once, MathJax above all, they load for this cell, which is then deleted.
_REHEARSAL = """\
import nbstream
nbstream.ask("Lunch prices: 5, 6, 7, 8, 900. Which average can I trust?")"""
_FRAME_SECONDS = 0.1
_POINTER = """
const pointer = document.createElement("div");
pointer.innerHTML = `<svg width="22" height="22" viewBox="0 0 22 22"><path d="M3 2v15l4-4 3 7 3-1.3-3-6.7h6z"
  fill="#111" stroke="#fff" stroke-width="1.4" stroke-linejoin="round"/></svg>`;
pointer.style.cssText = "position:fixed;z-index:99999;pointer-events:none;left:-40px;top:0";
document.body.append(pointer);
addEventListener("mousemove", (event) => {
  pointer.style.left = `${event.clientX - 3}px`;
  pointer.style.top = `${event.clientY - 2}px`;
}, true);
"""


class Film:
    """Frames of a page, and for how long each is seen."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        # A session that did not set the size gets pictures at one pixel for each CSS pixel.
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 2, "mobile": False}
        self._session.send("Emulation.setDeviceMetricsOverride", size)
        self._times: list[float] = []
        self._frames: list[bytes] = []

    def take(self) -> None:
        """Take one frame; wait if the last one was taken just now."""
        if self._times and (early := self._times[-1] + _FRAME_SECONDS - time.monotonic()) > 0:
            self._page.wait_for_timeout(early * 1_000)
        self._times.append(time.monotonic())
        # Faster than `page.screenshot`: a frame must not take longer than it is seen.
        shot = self._session.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})
        self._frames.append(base64.b64decode(shot["data"]))

    def until(self, condition: Callable[[], bool], longest: float = 30) -> None:
        """Take frames until `condition` is true; fail after `longest` seconds."""
        end = time.monotonic() + longest
        while not condition():
            assert time.monotonic() < end, "the scene took too long"
            self.take()

    def for_seconds(self, seconds: float) -> None:
        """Take frames for some time."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end)

    def click(self, target: Locator) -> None:
        """Move the pointer to `target` in view of the film, and click."""
        box = target.bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for step in range(6, 0, -1):
            self._page.mouse.move(x + 14 * step, y + 9 * step)
            self.take()
        self._page.mouse.move(x, y)
        self.take()
        self._page.mouse.click(x, y)

    def save(self, path: Path, last_seconds: float) -> None:
        """Write the film; its last frame is seen for `last_seconds`."""
        times = [*self._times, self._times[-1] + last_seconds]
        frames: list[Image.Image] = []
        milliseconds: list[int] = []
        for index, data in enumerate(self._frames):
            length = round((times[index + 1] - times[0]) * 1_000) - sum(milliseconds)
            if index and data == self._frames[index - 1]:
                milliseconds[-1] += length
            else:
                frames.append(Image.open(io.BytesIO(data)).convert("RGB"))
                milliseconds.append(length)
        frames[0].save(
            path, save_all=True, append_images=frames[1:], duration=milliseconds, loop=0, lossless=True, method=6
        )
        print(f"{path.name}: {len(frames)} frames, {sum(milliseconds) / 1_000:.1f} s, {path.stat().st_size:,} bytes")
        assert path.stat().st_size < LARGEST_BYTES


def main() -> None:
    """Write `docs/moving-light.webp` and `docs/moving-dark.webp`."""
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Simulator(port=0, rate=60, first_token=0.3, written=[WRITTEN]) as simulator,
        sync_playwright() as playwright,
    ):
        lab = Lab(Path(folder), {"DEEPSEEK_BASE_URL": simulator.url, "DEEPSEEK_API_KEY": "simulated"})
        lab.configure("@jupyter-notebook/application-extension:top", {"visible": "no"})
        context = playwright.chromium.launch_persistent_context(
            Path(folder) / "profile",
            executable_path=chromium(),
            headless=True,
            args=CHROMIUM_FLAGS,
            viewport={"width": WIDTH, "height": HEIGHT},
            device_scale_factor=2,
        )
        for theme in ("light", "dark"):
            lab.configure(
                "@jupyterlab/apputils-extension:themes",
                {"theme": "JupyterLab Dark" if theme == "dark" else "JupyterLab Light"},
            )
            lab.write("demo.ipynb", [*CELLS, _REHEARSAL], "python3")
            page = context.new_page()
            _film(page, NotebookPage(page, lab, "demo.ipynb", "notebook")).save(PICTURES / f"moving-{theme}.webp", 2.5)
            page.close()
            lab.end_sessions()
        context.close()
        lab.stop()


def _film(page: Page, notebook: NotebookPage) -> Film:
    notebook.wait_for_kernel()
    page.evaluate(_POINTER)
    notebook.run_and_wait(len(CELLS))
    page.wait_for_timeout(1_500)
    for key in ("Escape", "d", "d"):
        page.keyboard.press(key)
    notebook.run_and_wait(0)
    notebook.cell(1).locator(".jp-InputArea-editor .cm-content").click()
    page.mouse.move(WIDTH - 60, HEIGHT - 90)
    film = Film(page)
    film.for_seconds(0.6)
    page.keyboard.press("Shift+Enter")
    film.until(lambda: _ran(notebook, 1))
    film.for_seconds(1.2)
    page.keyboard.press("Control+Enter")
    stop = notebook.output(2).get_by_role("button", name="Stop")
    film.until(stop.is_visible)
    film.for_seconds(0.9)
    film.click(stop)
    film.until(lambda: _ran(notebook, 2))
    film.for_seconds(0.5)
    return film


def _ran(notebook: NotebookPage, index: int) -> bool:
    """Return whether a cell has its execution number."""
    return notebook.cell(index).locator(".jp-InputPrompt").first.inner_text().strip()[1:2].isdigit()


if __name__ == "__main__":
    main()
