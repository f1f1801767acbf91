"""Real Voilà in real Chromium: replies of cells and of callbacks, a chat's panel, and its limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests import kernels
from tests.browser.conftest import CANARY_KEY
from tests.browser.servers import Server, needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page

    from nbstream.simulator.server import Simulator

    Open = Callable[..., Page]

pytestmark = [pytest.mark.browser, pytest.mark.patient, needs("voila")]

_CELLS = [
    "%load_ext nbstream\nimport ipywidgets, nbstream",
    "%%deepseek\n[simulate: echo] Of a cell, $x^2$ and $5 or $6.",
    (
        "button, out = ipywidgets.Button(description='Ask'), ipywidgets.Output()\n"
        "@out.capture()\n"
        "def ask(_):\n"
        "    nbstream.ask('[simulate: normal topic=en-median tokens=3000 rate=40] Of a callback')\n"
        "button.on_click(ask)\n"
        "ipywidgets.VBox([button, out])"
    ),
    "nbstream.ChatPanel(nbstream.Chat('talk'))",
]


@pytest.fixture
def open_voila(browser: BrowserContext, slow_simulator: Simulator, tmp_path: Path) -> Iterator[Open]:
    """Give a function that serves a notebook and opens its page."""
    servers: list[Server] = []
    pages: list[Page] = []

    def open_it(cells: list[str], **environment: str) -> Page:
        notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
        name = kernels.NEWEST
        notebook.metadata["kernelspec"] = {"name": name, "display_name": name, "language": "python"}
        nbformat.write(notebook, tmp_path / "page.ipynb")
        arguments = [
            "-m",
            "voila",
            str(tmp_path / "page.ipynb"),
            "--port={port}",
            "--no-browser",
            "--Voila.ip=127.0.0.1",
        ]
        asked = {"DEEPSEEK_BASE_URL": slow_simulator.url, "DEEPSEEK_API_KEY": CANARY_KEY}
        # Without a page it answers only when all cells have run.
        servers.append(Server("voila", arguments, tmp_path, {**asked, **environment}, path="voila/static/"))
        page = browser.new_page()
        pages.append(page)
        page.goto(servers[-1].url, timeout=90_000)
        return page

    yield open_it
    for page in pages:
        page.close(run_before_unload=False)
    for server in servers:
        server.stop()


def test_replies_of_cells_and_of_callbacks(open_voila: Open) -> None:
    page = open_voila(_CELLS, NBSTREAM_REQUESTS_PER_VISIT="3")
    settled = page.locator(".nbstream-settled").first
    settled.wait_for(timeout=60_000)
    assert "Of a cell" in settled.inner_text()

    page.get_by_role("button", name="Ask", exact=True).click()
    live = page.locator(".nbstream-live:has-text('median')").first
    live.get_by_role("button", name="Stop").click()
    page.get_by_text("topped").first.wait_for(timeout=20_000)
    field = page.locator("textarea").last
    field.fill("[simulate: echo] Of a panel.")
    field.press("Enter")
    page.locator(".nbstream-live:has-text('Of a panel.')").first.wait_for(timeout=20_000)
    # The third request was the last one that a visitor may send.
    field.fill("[simulate: echo] One too many.")
    page.get_by_role("button", name="Send").wait_for()
    field.press("Enter")
    page.get_by_text("this visit has used its 3 requests").wait_for(timeout=20_000)


def test_without_a_number_nothing_is_sent(open_voila: Open, slow_simulator: Simulator) -> None:
    before = len(slow_simulator.log())
    page = open_voila(_CELLS[:2])
    page.get_by_text("every visitor spends the money of the key's owner").wait_for(timeout=60_000)
    assert len(slow_simulator.log()) == before
