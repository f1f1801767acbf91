"""A saved notebook, reopened: the reply is complete without a kernel and untrusted."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from playwright.sync_api import expect

import nbstream
from tests import kernels
from tests.browser.conftest import CANARY_KEY
from tests.browser.lab import NotebookPage

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Route

    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.patient]

LOAD = "%load_ext nbstream"
QUESTION = "%%deepseek --meta\nWhy does the median resist outliers? [simulate: normal tokens=350 rate=0]"
MIMES = {"text/html", "text/markdown", "text/plain"}


@pytest.mark.parametrize("front_end", ["lab", "notebook"])
def test_a_saved_reply_reads_the_same_on_another_day(
    front_end: str, open_notebook: OpenNotebook, browser: BrowserContext, lab: Lab
) -> None:
    notebook = open_notebook("saved.ipynb", [LOAD, QUESTION], kernels.NEWEST, front_end)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run_and_wait(1)
    expect(notebook.output(1).locator(".nbstream-settled")).to_have_count(1)
    notebook.leave()

    saved = lab.saved("saved.ipynb")
    (output,) = saved.cells[1].outputs
    assert set(output["data"]) == MIMES
    _says_what_it_is_made_of(saved.cells[1])
    assert "widgets" not in saved.metadata
    text = json.dumps(saved)
    assert CANARY_KEY not in text
    assert "widget" not in text
    assert "model_id" not in text

    page = browser.new_page()
    page.route(re.compile("/api/sessions"), _start_no_kernel)
    try:
        alone = NotebookPage(page, lab, "saved.ipynb", front_end)
        for answer in ("Ok", "No Kernel"):  # to "Error Starting Kernel" and to "Select Kernel"
            page.locator("dialog.jp-Dialog button", has_text=answer).click()
        _is_all_there(alone)
    finally:
        page.close(run_before_unload=False)

    # Changed by somebody else, it is not trusted here any more.
    saved.cells[0].source = "# Sent by a friend."
    saved.metadata["kernelspec"]["name"] = "ipykernel-6.29"
    nbformat.write(saved, lab.notebooks / "friend.ipynb")
    page = browser.new_page()
    try:
        friend = NotebookPage(page, lab, "friend.ipynb", front_end)
        friend.wait_for_kernel()
        _is_all_there(friend)
    finally:
        page.close(run_before_unload=False)


def _says_what_it_is_made_of(cell: Any) -> None:
    """Assert that the metadata of the cell has it, and the ledger a row that names the cell."""
    found = cell.metadata["nbstream"]
    assert (found["model"], found["status"], found["server"][:9]) == ("deepseek-flash", "complete", "127.0.0.1")
    assert found == cell.outputs[0].metadata["nbstream"]["provenance"]
    assert "outliers" not in json.dumps(found)
    (row,) = [row for row in nbstream.ledger().rows if row.cell == cell.id]
    assert row.notebook.endswith("/saved.ipynb")
    assert row.completion == found["usage"]["completion_tokens"]


def _start_no_kernel(route: Route) -> None:
    if route.request.method == "POST":
        route.abort()
    else:
        route.continue_()


def _is_all_there(notebook: NotebookPage) -> None:
    output = notebook.output(1)
    expect(output.locator(".nbstream-settled")).to_have_count(1, timeout=15_000)
    notebook.page.wait_for_timeout(1_000)  # what MathJax or a widget would do, it has done by then
    answer = output.locator(".nbstream-answer")
    expect(answer).to_be_visible()
    expect(answer).to_contain_text("$5, $6, $7, $8 and $9. Mean and median agree on $7.")
    expect(answer.locator("table tr")).to_have_count(5)
    details = output.locator("details")
    assert details.get_attribute("open") is None
    thought = details.get_by_text("tug of war in which nobody")
    expect(thought).not_to_be_visible()
    output.locator("summary").click()
    expect(thought).to_be_visible()
    expect(output.locator(".nbstream-settled .nbstream-footer")).to_have_text(
        re.compile(r"deepseek.* ·\ssimulated ·\s.*out \d+")
    )
    expect(output.locator("mjx-container, .MathJax, button, .jupyter-widgets")).to_have_count(0)
    words = notebook.page.locator(".jp-Notebook").inner_text()
    assert "Loading widget" not in words
    assert "displaying widget" not in words
