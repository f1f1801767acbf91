"""The line of a job in real JupyterLab and Notebook: it counts, Stop works, and what stays."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels

if TYPE_CHECKING:
    from tests.browser.conftest import OpenNotebook

pytestmark = [pytest.mark.browser, pytest.mark.patient]

ROWS = "%load_ext nbstream\nrows = [{'word': f'no. {at}'} for at in range(60)]"
EACH = "%%deepseek --each rows -o answers --no-think\nSay {{ word }}. [simulate: normal rate=20 tokens=30]"
NEXT = "sum(each.status == 'complete' for each in answers)"


@pytest.mark.parametrize("front_end", ["lab", "notebook"])
def test_stop_ends_a_job_whose_line_counts(front_end: str, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook("many.ipynb", [ROWS, EACH, NEXT], kernels.NEWEST, front_end)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run(1)
    line = notebook.output(1).locator(".nbstream-label")
    expect(line).to_contain_text("Asking 60 prompts", timeout=20_000)
    expect(line).to_contain_text("left", timeout=30_000)
    # A screen reader hears what is done once, and no numbers.
    expect(notebook.output(1).get_by_role("status")).to_have_text("Asking 60 prompts")
    _picture(notebook.page, f"{front_end}-live")
    notebook.output(1).get_by_role("button", name="Stop").click()
    expect(notebook.output(1)).to_contain_text("Stopped after", timeout=20_000)
    expect(notebook.output(1)).to_contain_text("of 60 prompts answered")
    expect(notebook.output(1)).to_contain_text("Running the cell again".lower())
    expect(notebook.output(1).locator(".nbstream-live")).to_have_count(0)
    _picture(notebook.page, f"{front_end}-stopped")
    # The cell has ended normally, so the next one runs; the file holds the line and no widget.
    notebook.run_and_wait(2)
    count = int(notebook.output(2).inner_text().split()[-1])
    assert 0 < count < 60
    notebook.save()
    (output,) = json.loads(notebook.path.read_text("utf-8"))["cells"][1]["outputs"]
    assert "Stopped after" in "".join(output["data"]["text/plain"])
    assert not [name for name in output["data"] if "widget" in name]


def _picture(page: object, name: str) -> None:
    """Write a picture, where somebody wants to look at it."""
    if folder := os.environ.get("NBSTREAM_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")  # type: ignore[attr-defined]
