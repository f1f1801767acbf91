"""The Inspector in JupyterLab: live, by the keyboard, narrow, and what stays in the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.lab import wait_for
from tests.browser.test_accessibility import AXE, GRAVE

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.patient]

TABS = ("Messages", "Request", "Stream", "Time", "Cost", "Tokens")
HOSTILE = "<img src=x onerror=window.HIT=1></script>\u202e"
CELLS = [
    "%load_ext nbstream\nimport nbstream\nhostile = " + json.dumps(HOSTILE),
    f"%%deepseek --inspect --logprobs 3 -v hostile -s '{HOSTILE}'\nmedian",
    "nbstream.Inspector(nbstream.last, tab='time')",
]


def lines(inspector: Locator) -> int:
    return int(inspector.get_by_role("slider").get_attribute("max") or 0)


def grave(page: Page) -> list[str]:
    found = page.evaluate("async () => (await axe.run('.nbstream-in')).violations")
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found if each["impact"] in GRAVE]


def test_what_a_reply_is_made_of(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook("inspector.ipynb", CELLS, kernels.NEWEST)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run(1)
    inspector = notebook.output(1).locator(".nbstream-in")
    _is_live_by_the_keyboard(notebook, inspector)
    _replays(notebook.page, inspector)
    _fits_and_can_be_used_by_everybody(notebook.page, inspector)
    # A second Inspector, of the reply that has ended.
    notebook.run_and_wait(2)
    second = notebook.output(2).locator(".nbstream-in")
    expect(second.get_by_role("img", name="Tokens a second")).to_be_visible()
    _stays_only_if_it_is_kept(notebook, second)


def _is_live_by_the_keyboard(notebook: NotebookPage, inspector: Locator) -> None:
    """The cell keeps the kernel busy meanwhile."""
    inspector.get_by_role("tab", name="Messages").focus()
    notebook.page.keyboard.press("ArrowRight")
    notebook.page.keyboard.press("ArrowRight")
    expect(inspector.get_by_role("tab", name="Stream")).to_be_focused()
    wait_for(lambda: lines(inspector) > 20)
    before = lines(inspector)
    wait_for(lambda: lines(inspector) > before + 20)
    expect(inspector).to_contain_text("· live")
    notebook.wait_until_ran(1)
    expect(inspector).not_to_contain_text("· live")


def _replays(page: Page, inspector: Locator) -> None:
    """The scrubber and the list show the same moment of the reply."""
    place = inspector.locator(".nbstream-in-place")
    replay = inspector.get_by_label("The reply at this moment")
    # The last lines arrive after the end of the cell, and only where the reader sees the Inspector.
    replay.scroll_into_view_if_needed()
    expect(replay).to_contain_text("before you summarise them")
    total = f"{lines(inspector) + 1:,}"
    expect(place).to_contain_text(f"{total}/{total}")
    inspector.get_by_role("slider").focus()
    page.keyboard.press("Home")
    expect(place).to_contain_text(f"1/{total}")
    expect(replay).to_have_text("")
    listed = inspector.get_by_role("listbox")
    listed.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(inspector.locator(".nbstream-in-detail pre")).to_contain_text('data: {"id"')
    # Of a long text the end is shown.
    expect(replay).to_contain_text("the gap is the finding")
    assert listed.get_by_role("option").count() < 40


def _fits_and_can_be_used_by_everybody(page: Page, inspector: Locator) -> None:
    page.add_script_tag(path=AXE)
    for tab in TABS:
        inspector.get_by_role("tab", name=tab).click()
        expect(inspector.get_by_role("tabpanel").locator("> *").first).not_to_be_empty()
        if tab == "Tokens":
            inspector.locator(".nbstream-in-least button").first.click()
            expect(inspector.get_by_role("cell", name="(taken)").first).to_be_visible()
        assert not grave(page), tab
        # As in a narrow window.
        inspector.evaluate("each => { each.style.width = '320px'; }")
        wait_for(lambda: inspector.evaluate("each => each.offsetWidth === 320 && each.scrollWidth <= 320"), 5)
        inspector.evaluate("each => { each.style.width = ''; }")
    inspector.get_by_role("tab", name="Messages").click()
    expect(inspector.locator("mark")).to_contain_text("hostile · text")
    expect(inspector).to_contain_text("<img src=x onerror")
    assert page.evaluate("window.HIT") is None


def _stays_only_if_it_is_kept(notebook: NotebookPage, inspector: Locator) -> None:
    notebook.save()
    saved = notebook.path.read_text()
    assert "finish_reason" not in saved
    assert "until the first token" not in saved
    inspector.get_by_role("button", name="Keep in notebook").click()
    expect(inspector.get_by_role("button", name="Kept")).to_be_visible()

    # Hidden, as the view is there.
    transcript = notebook.output(2).locator(".nbstream-transcript")
    expect(transcript).to_contain_text("until the first token")
    notebook.save()
    assert "until the first token" in notebook.path.read_text()
    kept = [output for cell in notebook.lab.saved(notebook.name).cells for output in cell.outputs]
    assert not any("<img" in str(output.get("data", {}).get("text/html")) for output in kept)
