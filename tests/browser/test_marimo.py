"""Real marimo in real Chromium: a reply is an element, which arrives, stops, asks and settles."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import nbstream
from tests import kernels
from tests.browser.conftest import CANARY_KEY
from tests.browser.servers import Server, needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page

    from nbstream.billing.ledger.entry import Entry
    from nbstream.simulator.server import Simulator

    Open = Callable[..., Page]

pytestmark = [pytest.mark.browser, pytest.mark.patient, needs("marimo")]

_CONFIGURATION = '[tool.marimo.runtime]\nauto_instantiate = true\n[tool.marimo.display]\ntheme = "{}"\n'
_HEAD = """
import marimo
app = marimo.App()

@app.cell
def _():
    import marimo as mo
    import nbstream
    return mo, nbstream
"""
_REPLIES = r'''
@app.cell
def _(nbstream):
    reply = nbstream.ask("""[simulate: echo] So $e^{i\\pi}+1=0$, at $5 or $6:

```python
for each in range(3):
    print(each)  # said
```

<img src=x onerror="window.harmed = true"> <marimo-tex>||(harm||)</marimo-tex>
""")
    return (reply,)

@app.cell
async def _(mo, reply):
    whole = await reply
    mo.md(f"awaited: {whole.status}")
    return

@app.cell
def _(nbstream):
    waited = nbstream.ask("[simulate: echo] waited for").answer
    print("said", len(waited))
    return

@app.cell
def _(nbstream):
    nbstream.ask("[simulate: normal topic=en-median tokens=3000 rate=30] Be stopped.")
    return

@app.cell
def _(mo, nbstream):
    added = []

    def add(a: int, b: int) -> int:
        """Add two numbers."""
        added.append((a, b))
        return a + b

    mo.vstack([nbstream.ask('[simulate: call] add {"a": 1, "b": 2}', tools=[add]), mo.md("below")])
    return (added,)
'''
_EXPORTED = """
@app.cell
def _(nbstream):
    said = nbstream.ask("[simulate: echo] kept $x^2$")
    return

@app.cell
def _(nbstream):
    replies = nbstream.map(["[simulate: echo] one", "[simulate: echo] two"])
    return
"""
_APP = """
@app.cell
def _(mo, nbstream):
    chat = nbstream.Chat("plan")
    is_alone = nbstream.last is None and len(chat) == 0 and nbstream.settings.model == "flash"
    nbstream.settings.model = "pro"
    said = chat.ask("[simulate: echo] a visitor's secret")
    mo.vstack([mo.md(f"alone: {is_alone}"), said])
    return (said,)

@app.cell
async def _(mo, nbstream, said):
    ended = await said
    mo.md(f"asked {ended.request.model}, turns {len(nbstream.Chat('plan'))}, last {nbstream.last is ended}")
    return
"""


@pytest.fixture(scope="module")
def environment(slow_simulator: Simulator) -> dict[str, str]:
    return {"DEEPSEEK_BASE_URL": slow_simulator.url, "DEEPSEEK_API_KEY": CANARY_KEY}


@pytest.fixture
def open_notebook_of_marimo(browser: BrowserContext, environment: dict[str, str], tmp_path: Path) -> Iterator[Open]:
    """Give a function that opens a notebook in the editor, or an app."""
    servers: list[Server] = []
    pages: list[Page] = []

    def open_it(cells: str, command: str = "edit", theme: str = "light") -> Page:
        if not servers:
            notebook = write(tmp_path, cells, theme)
            arguments = ["-m", "marimo", "-q", command, str(notebook), "--headless", "--no-token", "--port={port}"]
            servers.append(Server("marimo", arguments, tmp_path, environment))
        page = browser.new_page()
        page.set_viewport_size({"width": 1200, "height": 1600})
        pages.append(page)
        page.goto(servers[0].url)
        return page

    yield open_it
    for page in pages:
        page.close(run_before_unload=False)
    for server in servers:
        server.stop()


def write(folder: Path, cells: str, theme: str = "light") -> Path:
    (folder / "pyproject.toml").write_text(_CONFIGURATION.format(theme))
    notebook = folder / "notebook.py"
    notebook.write_text(f"{_HEAD}{cells}\n")
    return notebook


def test_replies_in_the_editor(open_notebook_of_marimo: Open, slow_simulator: Simulator) -> None:
    page = open_notebook_of_marimo(_REPLIES)
    # While the cell that awaits runs, the live view of the first one is drawn already.
    page.locator(".nbstream-live .nbstream-head").first.wait_for(timeout=60_000)
    page.get_by_text("awaited: complete").wait_for(timeout=60_000)

    # The settled output has marimo's own formulas and colours, and nothing of the widget.
    settled = page.locator(".nbstream:not(.nbstream-live)").first
    settled.locator(".katex").first.wait_for()
    assert settled.locator(".katex").count() == 1
    assert "at $5 or $6" in settled.inner_text()
    assert "<img src=x" in settled.inner_text()
    assert page.evaluate("window.harmed") is None
    assert "deepseek-flash" in settled.inner_text()

    stopped = page.locator("[id^=cell-]").filter(has_text="Be stopped.")
    stopped.get_by_role("button", name="Stop").click()
    stopped.locator(".nbstream:not(.nbstream-live):has-text('topped')").wait_for(timeout=20_000)

    # The call of a tool is asked about in its card, between other things of its cell.
    page.get_by_role("button", name="Allow once").click()
    page.get_by_text("below", exact=True).wait_for()
    page.locator(".nbstream-live:has-text('3')").first.wait_for()
    page.get_by_text(re.compile(r"^said \d+")).first.wait_for(timeout=20_000)


def rows_of(folder: Path) -> list[Entry]:
    """Return the rows of the ledger for the notebook in a folder."""
    return [row for row in nbstream.ledger().rows if row.notebook.startswith(f"{folder}{os.sep}")]


def test_visitors_of_an_app_share_nothing(open_notebook_of_marimo: Open, tmp_path: Path) -> None:
    for _ in range(2):
        page = open_notebook_of_marimo(_APP, "run")
        page.get_by_text("alone: True").wait_for(timeout=60_000)
        expect(page.get_by_text("asked deepseek-v4-pro, turns 1, last True")).to_be_visible(timeout=60_000)
    first, second = rows_of(tmp_path)
    assert (first.visitor, second.visitor) == (True, True)
    assert first.cell == second.cell != ""


def test_an_export_holds_answer_and_job(environment: dict[str, str], tmp_path: Path) -> None:
    notebook, exported = write(tmp_path, _EXPORTED), tmp_path / "exported.html"
    command = [str(kernels.python("marimo")), "-m", "marimo", "-q", "export", "html", str(notebook)]
    subprocess.run([*command, "-o", str(exported)], env={**os.environ, **environment}, check=True, timeout=100)
    html = exported.read_text()
    assert "Simulated: no model was called." in html
    assert "marimo-tex" in html
    assert "2 prompts" in html
    assert CANARY_KEY not in html
    rows = rows_of(tmp_path)
    assert [row.visitor for row in rows] == [False] * 3
    assert len({row.cell for row in rows} - {""}) == 2
