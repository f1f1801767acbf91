"""A comparison in real JupyterLab: layout, keyboard, blind choice, differences, and what stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.lab import wait_for
from tests.browser.test_accessibility import faults

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.conftest import OpenNotebook

pytestmark = [pytest.mark.browser, pytest.mark.patient]

HOSTILE = "<img src=x onerror=window.evil=1><script>window.evil=1</script>"
BLIND = f"""\
specs = [
    {{"model": "pro", "prompt": "One cat. [simulate: echo rate=40]"}},
    {{"name": {HOSTILE!r}, "prompt": "One dog. " + {HOSTILE!r} + " [simulate: echo rate=40]"}},
]
blind = nbstream.Compare(None, specs, blind=True, thinking=False)
blind"""
CELLS = [
    "%load_ext nbstream\nimport nbstream",
    BLIND,
    "%%deepseek --compare flash,pro -o result --no-think\nTell. [simulate: normal rate=30 tokens=600]",
]


def test_a_comparison_is_read_chosen_stopped_and_kept(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook("compare.ipynb", CELLS, kernels.NEWEST)
    page = notebook.page
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)

    # Blind: letters, and nothing that tells.
    notebook.run(1)
    view = notebook.output(1).locator(".nbstream-compare")
    expect(view.get_by_role("button", name="Stop all")).to_be_visible(timeout=20_000)
    buttons = view.get_by_role("group", name="Which answer is better?").get_by_role("button")
    expect(buttons).to_have_text(["A", "B", "Tie", "Neither"], timeout=30_000)
    shown = notebook.output(1).evaluate("element => element.outerHTML")
    assert not any(word in shown for word in ("deepseek-", ">pro", "onerror=window.evil=1><", "tok/s"))
    assert faults(page, view) == []

    # By the keyboard. In command mode, B would insert a cell.
    count = page.locator(".jp-Notebook .jp-Cell").count()
    buttons.first.focus()
    page.keyboard.press("b")
    expect(view.locator(".nbstream-verdict")).to_contain_text("Chosen: B · ", timeout=10_000)
    expect(view.locator(".nbstream-verdict")).to_be_focused()
    assert page.locator(".jp-Notebook .jp-Cell").count() == count
    expect(view.locator(".nbstream-column-name")).to_contain_text(["A · ", "B · "])
    expect(view.locator(".nbstream-figure").first).to_contain_text("first token")

    # Differences: by lines as well as by colours.
    toggle = view.get_by_role("button", name="Show differences")
    toggle.focus()
    page.keyboard.press("Enter")
    expect(view.locator("del").nth(1)).to_be_visible(timeout=10_000)
    lines = [
        view.locator(f"{tag} >> nth=1").evaluate("element => getComputedStyle(element).textDecorationLine")
        for tag in ("del", "ins")
    ]
    assert lines == ["line-through", "underline"]
    assert faults(page, view) == []
    assert page.evaluate("window.evil") is None

    # Beside each other, and below each other where it is narrow.
    notebook.run(2)
    view = notebook.output(2).locator(".nbstream-compare")
    columns = view.locator(".nbstream-column")
    expect(columns).to_have_count(2, timeout=20_000)
    expect(columns.nth(1).locator(".nbstream-answer")).to_be_visible(timeout=20_000)
    assert tops(columns)[0] == tops(columns)[1]
    page.set_viewport_size({"width": 400, "height": 900})
    wait_for(lambda: tops(columns)[0] < tops(columns)[1])
    assert page.evaluate("document.querySelector('.nbstream-compare').scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1200, "height": 900})

    # One Stop each: Esc in a column, and one for all.
    columns.nth(0).locator(".nbstream-answer").click()
    page.keyboard.press("Escape")
    expect(columns.nth(0).locator(".nbstream-stop")).to_be_hidden(timeout=20_000)
    expect(columns.nth(1).locator(".nbstream-stop")).to_be_visible()
    view.get_by_role("button", name="Stop all").click()
    notebook.wait_until_ran(2)
    expect(view.get_by_role("button", name="Stop all")).to_be_hidden()

    # The file has the tables, and no state of a widget.
    wait_for(lambda: "stopped" in transcript_of(notebook.output(2)))
    notebook.save()
    outputs = json.loads(notebook.path.read_text("utf-8"))["cells"][2]["outputs"]
    assert "stopped" in "".join(outputs[-1]["data"]["text/plain"])
    assert "<table" in "".join(outputs[-1]["data"]["text/html"])


def tops(columns: Locator) -> list[float]:
    boxes = [each.bounding_box() for each in columns.all()]
    return [box["y"] for box in boxes if box is not None]


def transcript_of(output: Locator) -> str:
    return str(output.locator(".nbstream-transcript").last.text_content())
