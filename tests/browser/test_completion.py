"""Tab completion of the magic's line by the keyboard, in real JupyterLab and Notebook 7."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.lab import wait_for

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.browser.conftest import OpenNotebook

pytestmark = [pytest.mark.browser, pytest.mark.patient]


@pytest.mark.parametrize("kernel", ["ipykernel-6.29", kernels.NEWEST])
@pytest.mark.parametrize("front_end", ["lab", "notebook"])
def test_the_line_is_completed_by_the_keyboard(
    front_end: str, kernel: str, open_notebook: OpenNotebook, slow_simulator: Simulator
) -> None:
    cells = ["%load_ext nbstream\ncompleted_here = [1, 2]", ""]
    notebook = open_notebook("completion.ipynb", cells, kernel, front_end)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    page, cell = notebook.page, notebook.cell(1)
    editor = cell.locator(".jp-InputArea-editor .cm-content")
    items = page.locator(".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item")

    def line(text: str) -> None:
        wait_for(lambda: (editor.inner_text().split("\n")[0]).rstrip() == text)

    editor.click()
    page.keyboard.type("%%deepseek --no-t")
    page.keyboard.press("Tab")
    expect(items).to_have_count(1)
    page.keyboard.press("Enter")
    line("%%deepseek --no-think")
    # Several are offered in their order; one is chosen by typing on and Enter.
    page.keyboard.type(" --effort ")
    page.keyboard.press("Tab")
    expect(items.first).to_contain_text("none")
    page.keyboard.type("hi")
    # JupyterLab adds words of the cell that are like it, further down.
    expect(items.first).to_contain_text("high")
    page.keyboard.press("Enter")
    line("%%deepseek --no-think --effort high")
    page.keyboard.type(" -v compl")
    page.keyboard.press("Tab")
    expect(items.first).to_contain_text("completed_here")
    page.keyboard.press("Enter")
    line("%%deepseek --no-think --effort high -v completed_here")
    # Nothing is offered in free text.
    page.keyboard.type(' -s "Be br')
    page.keyboard.press("Tab")
    page.wait_for_timeout(1_000)
    expect(items).to_have_count(0)
    page.keyboard.type('ief."')
    page.keyboard.press("Enter")
    page.keyboard.type("A prompt [simulate: normal tokens=5 rate=0]")
    before = len(slow_simulator.log())
    page.keyboard.press("Control+Enter")
    wait_for(lambda: len(slow_simulator.log()) > before)
    body = slow_simulator.log()[-1]["body"]
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert body["reasoning_effort"] == "high"
    assert "[1, 2]" in body["messages"][1]["content"]
