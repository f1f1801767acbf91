"""Pages that were reloaded in mid-stream, saved or not, and second tabs.

Whatever the page did, the whole reply ends up in the notebook, as the settled output, or one
command brings it back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.lab import NotebookPage, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator

    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.patient]

LOAD = "%load_ext nbstream"
QUESTION = "%%deepseek -o reply\nWhy does the median resist outliers? [simulate: normal tokens=600 rate=150]"
ANSWER = "print(reply.status, reply.answer[-40:])"


def settled(output: Locator) -> str:
    """Wait for the settled output, and return its words."""
    expect(output.locator(".nbstream-settled .nbstream-answer")).to_have_count(1, timeout=60_000)
    expect(output.locator(".nbstream-live")).to_have_count(0)
    # The buttons, whose words are read as well, come a moment later.
    expect(output.get_by_role("button", name="Copy answer")).to_have_count(1)
    return " ".join((output.locator(".nbstream-answer").text_content() or "").split())


def in_file(notebook: NotebookPage) -> str:
    """Return the reply's output in the saved notebook."""
    (output,) = [each for each in notebook.lab.saved(notebook.name).cells[1].outputs if each.output_type != "stream"]
    assert "application/vnd.jupyter.widget-view+json" not in output.data
    html = "".join(output.data["text/html"])
    assert output.metadata["nbstream"]["answer"]
    return html


@pytest.mark.parametrize(("front_end", "kernel"), [("lab", kernels.NEWEST), ("notebook", "ipykernel-6.29")])
def test_reloaded_in_mid_stream(front_end: str, kernel: str, open_notebook: OpenNotebook) -> None:
    endless = QUESTION.replace("tokens=600", "tokens=20000")
    notebook = open_notebook("reloaded.ipynb", [LOAD, endless, ANSWER], kernel, front_end)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run(1)
    expect(notebook.output(1).locator(".nbstream-answer")).to_contain_text("Simulated", timeout=60_000)
    notebook.save()
    notebook.page.reload()
    # While the cell runs, the page draws the text so far, and the text that comes.
    live = notebook.output(1).locator(".nbstream-live .nbstream-answer")
    expect(live).to_have_count(1, timeout=20_000)
    length = len(live.inner_text())
    wait_for(lambda: len(live.inner_text()) > length + 200)
    notebook.output(1).get_by_role("button", name="Stop", exact=True).click()
    whole = settled(notebook.output(1))
    notebook.run_and_wait(2)
    last = notebook.output(2).inner_text()
    assert last.startswith("cancelled ")
    end = re.sub(r"\W", "", last.removeprefix("cancelled "))
    # The stop may be within a code block, below its buttons.
    assert re.sub(r"\W", "", re.sub("Copy|Insert as cell", "", whole)).endswith(end)
    # Once more, before it was saved: the file still holds the widget alone.
    notebook.page.reload()
    assert settled(notebook.output(1)) == whole
    notebook.save()
    assert "nbstream-settled" in in_file(notebook)


def test_two_tabs(open_notebook: OpenNotebook, browser: BrowserContext, lab: Lab) -> None:
    endless = QUESTION.replace("tokens=600", "tokens=20000")
    first = open_notebook("tabs.ipynb", [LOAD, endless, ANSWER], kernels.NEWEST, "notebook")
    first.wait_for_kernel()
    first.run_and_wait(0)
    first.run(1)
    expect(first.output(1).locator(".nbstream-answer")).to_contain_text("Simulated", timeout=60_000)
    first.save()
    page = browser.new_page()
    second = NotebookPage(page, lab, "tabs.ipynb", "notebook")
    expect(second.output(1).locator(".nbstream-live")).to_have_count(1, timeout=60_000)
    first.page.bring_to_front()
    first.output(1).get_by_role("button", name="Stop", exact=True).click()
    whole = settled(first.output(1))
    assert settled(second.output(1)) == whole
    second.page.bring_to_front()
    second.save()
    assert "nbstream-settled" in in_file(second)
    second.run(2)
    wait_for(lambda: "cancelled" in second.output(2).inner_text())
    page.close(run_before_unload=False)


def test_reloaded_before_it_was_saved(open_notebook: OpenNotebook) -> None:
    # The kernel tells of it when the page has had the time to ask: five seconds after the end of
    # the reply.
    pause = "import time\ntime.sleep(6)"
    cells = [LOAD, QUESTION, pause, "%%deepseek --no-think\n[simulate: echo] another", "%deepseek show 2"]
    notebook = open_notebook("unsaved.ipynb", cells, kernels.NEWEST, "notebook")
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.save()
    notebook.run(1)
    expect(notebook.output(1).locator(".nbstream-answer")).to_contain_text("Simulated", timeout=60_000)
    notebook.page.reload()
    notebook.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    notebook.wait_for_kernel()
    expect(notebook.output(1).locator(".nbstream-answer")).to_have_count(0)
    notebook.run_and_wait(2)
    notebook.run_and_wait(3)
    expect(notebook.page.locator(".nbstream-notice")).to_contain_text("%deepseek show 2 shows it again")
    notebook.run_and_wait(4)
    assert "median" in settled(notebook.output(4))
