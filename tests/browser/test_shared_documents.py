"""JupyterLab with real-time collaboration, and with documents that the server keeps."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import CANARY_KEY
from tests.browser.lab import Lab, NotebookPage, wait_for
from tests.browser.servers import needs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from nbstream.simulator.server import Simulator

pytestmark = [pytest.mark.browser, pytest.mark.patient]

_TOOL = (
    "ran = []\n@nbstream.tool\ndef weather(city: str) -> str:\n"
    "    'Return the weather.'\n    ran.append(city)\n    return f'sunny in {city}'"
)
_CELLS = [
    f"%load_ext nbstream\n{_TOOL}",
    "%%deepseek\n[simulate: normal topic=en-median tokens=500 rate=60] Shared by two pages.",
    '%%deepseek -T weather\n[simulate: call tokens=40] weather {"city": "Paris"}',
    "print('ran', ran)",
]


@contextmanager
def serving(name: str, folder: Path, simulator: Simulator) -> Iterator[Lab]:
    lab = Lab(folder, {"DEEPSEEK_BASE_URL": simulator.url, "DEEPSEEK_API_KEY": CANARY_KEY}, name)
    try:
        lab.write("shared.ipynb", _CELLS)
        yield lab
    finally:
        lab.end_sessions()
        lab.stop()


def settled(page: NotebookPage, index: int) -> str:
    """Return what a cell shows once its reply has ended."""
    found = page.output(index).locator(".nbstream-settled, .nbstream-live")
    wait_for(lambda: "tok/s" in " ".join(found.all_inner_texts()), 60)
    return str(page.output(index).inner_text())


def replies_in(lab: Lab, index: int) -> list[Any]:
    """Return the outputs of a cell in the file."""
    found: list[Any] = lab.saved("shared.ipynb").cells[index].outputs
    return found


@needs("collaboration")
def test_two_pages_of_a_shared_document(browser: BrowserContext, slow_simulator: Simulator, tmp_path: Path) -> None:
    with serving("collaboration", tmp_path / "lab", slow_simulator) as lab:
        first = NotebookPage(browser.new_page(), lab, "shared.ipynb")
        first.wait_for_kernel()
        second = NotebookPage(browser.new_page(), lab, "shared.ipynb")
        first.page.bring_to_front()
        first.run_and_wait(0)
        first.run(1)
        first.output(1).locator(".nbstream-live").wait_for()
        # The page that did not run the cell draws no widget of others that it does not trust.
        wait_for(
            lambda: "had not ended" in second.output(1).inner_text() or second.output(1).locator(".nbstream").count()
        )
        first.page.screenshot(path="/tmp/fronts/rtc-1.png")
        second.page.screenshot(path="/tmp/fronts/rtc-2.png")
        assert "median" in settled(first, 1)
        wait_for(lambda: "median" in second.output(1).inner_text())
        for page in (first, second):
            assert page.output(1).locator(".nbstream-settled").count() == 1
            assert page.output(1).locator(".nbstream-live").count() == 0

        def has_one_output() -> bool:
            outputs = replies_in(lab, 1)
            return [each.data.keys() >= {"text/html", "text/markdown"} for each in outputs] == [True]

        wait_for(has_one_output, 30)
        first.run(2)
        first.output(2).get_by_role("button", name="Allow once").click()
        assert "sunny" in settled(first, 2)
        wait_for(lambda: "sunny" in second.output(2).inner_text())
        for page in (first, second):
            page.page.close(run_before_unload=False)


@needs("server-documents")
def test_a_document_that_the_server_keeps(browser: BrowserContext, slow_simulator: Simulator, tmp_path: Path) -> None:
    with serving("server-documents", tmp_path / "lab", slow_simulator) as lab:
        page = NotebookPage(browser.new_page(), lab, "shared.ipynb")
        # The server has the kernel's connection, so `wait_for_kernel` would wait for ever.
        page.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first.wait_for(timeout=60_000)
        page.run_and_wait(0)
        page.run(1)
        # Static output, again and again, as its page draws no widget.
        page.output(1).get_by_text("stops it").wait_for()
        page.page.screenshot(path="/tmp/fronts/jsd-1.png")
        assert "median" in settled(page, 1)
        assert page.output(1).locator(".nbstream-settled").count() == 1
        # Nobody can be asked there: the call is denied, and the reply says so.
        page.run_and_wait(2)
        assert "nobody" in settled(page, 2)
        page.run_and_wait(3)
        assert "ran []" in page.output(3).inner_text()
        page.page.screenshot(path="/tmp/fronts/jsd-2.png")
        page.page.close(run_before_unload=False)
