"""`nbstream.ReplyView`: in layouts, reloaded, shown twice, and restarted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.test_accessibility import faults

if TYPE_CHECKING:
    from tests.browser.conftest import OpenNotebook

pytestmark = [pytest.mark.browser, pytest.mark.patient]

LOAD = "%load_ext nbstream\nimport nbstream, ipywidgets as w"
LAYOUTS = [
    LOAD,
    """\
view = nbstream.ReplyView(nbstream.stream('Layouts of a view [simulate: normal tokens=20000 rate=100]'))
status = w.Label(); w.jslink((view, 'status'), (status, 'value'))
w.HBox([view, w.VBox([status, view.parts.stop, view.parts.usage])])""",
    "tab = w.Tab([w.Label('first'), view]); tab",
]


def test_in_layouts_in_parts_drawn_late_and_in_a_second_view(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook("layouts.ipynb", LAYOUTS, kernels.NEWEST)
    notebook.wait_for_kernel()
    for index in range(3):
        notebook.run_and_wait(index)
    page, row = notebook.page, notebook.output(1)
    expect(row.locator(".nbstream-answer").first).to_contain_text("Simulated", timeout=60_000)
    # It has what the widget beside it leaves of the row.
    box, beside = row.locator(".nbstream-live").first.bounding_box(), row.locator(".widget-vbox").bounding_box()
    whole = row.locator(".widget-hbox").bounding_box()
    assert None not in (box, beside, whole)
    assert box["width"] + beside["width"] > 0.9 * whole["width"]  # type: ignore[index]
    expect(row.locator(".widget-label").first).to_have_text("answering")
    assert faults(page, row.locator(".jp-OutputArea-output")) == []

    late = notebook.output(2)
    expect(late.locator(".nbstream-answer")).not_to_be_visible()
    late.locator(".lm-TabBar-tab").nth(1).click()
    expect(late.locator(".nbstream-answer")).to_contain_text("Simulated")

    row.locator(".jp-OutputArea-output").click(button="right", position={"x": 5, "y": 5})
    page.get_by_text("Create New View for Cell Output").click()
    second = page.locator(".jp-LinkedOutputView")
    expect(second.locator(".nbstream-answer").first).to_contain_text("Simulated")

    # The part, which stands beside the view, stops it in all views.
    row.locator('[data-parts="stop"]').get_by_role("button", name="Stop").click()
    expect(row.locator(".widget-label").first).to_have_text("cancelled")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)
    expect(row.locator('[data-parts="usage"] .nbstream-footer')).to_contain_text("simulated")


def test_reloaded_while_the_kernel_is_busy_and_restarted(open_notebook: OpenNotebook) -> None:
    cells = [
        LOAD,
        "view = nbstream.ReplyView(nbstream.stream('What stays of a view [simulate: normal tokens=40]'))\nview",
        "%%deepseek\nKeeps the kernel busy [simulate: normal tokens=20000 rate=100]",
    ]
    notebook = open_notebook("stays.ipynb", cells, "ipykernel-6.29", "notebook")
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run_and_wait(1)
    page, output = notebook.page, notebook.output(1)
    live, transcript = output.locator(".nbstream-live .nbstream-answer"), output.locator(".nbstream-transcript")
    expect(live).to_contain_text("Simulated", timeout=60_000)
    expect(output.locator(".nbstream-live .nbstream-footer")).to_contain_text("simulated")
    # It is renewed when the reply has ended, and is not seen beside the view.
    expect(transcript.locator(".nbstream-answer")).to_contain_text("Simulated")
    expect(transcript).not_to_be_visible()
    notebook.run(2)
    expect(notebook.output(2).locator(".nbstream-answer")).to_contain_text("Simulated", timeout=60_000)
    notebook.save()
    page.reload()
    # The page has no code and asks for it, while a cell runs.
    expect(live).to_contain_text("Simulated", timeout=60_000)
    expect(transcript).not_to_be_visible()
    notebook.output(2).get_by_role("button", name="Stop", exact=True).click()

    page.locator(".jp-NotebookPanel-toolbar [data-jp-item-name='restart'] jp-button").click()
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    expect(transcript).to_be_visible(timeout=20_000)
    expect(live).not_to_be_visible()

    # The server does not end a kernel that is being restarted.
    notebook.wait_for_kernel()
