"""Outputs cleared, cells deleted, notebooks closed and kernels restarted while a reply arrives.

The rule is Jupyter's own for any cell: none of it stops the reply, which goes on to its end and is
there in Python. What stops it is Stop, the kernel's interrupt, `%deepseek cancel`, and the end of
the kernel. Nothing is left behind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.lab import NotebookPage, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

    from nbstream.simulator.server import Simulator
    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.patient]

LEFT = """
import asyncio, threading
from nbstream.client.loop import background_loop
print("left:", [each.name for each in threading.enumerate()
      if each.name.startswith("nbstream") and each.name not in ("nbstream-ledger", "nbstream-budgets_0")],
      len(asyncio.all_tasks(background_loop())), [r.status for r in (one, two, three)])
"""


def test_cleared_deleted_and_closed(
    open_notebook: OpenNotebook, browser: BrowserContext, lab: Lab, slow_simulator: Simulator
) -> None:
    cells = [
        "%load_ext nbstream",
        *(
            f"%%deepseek --background -o {name}\nGone {name} [simulate: normal tokens=500 rate=100]"
            for name in ("one", "two", "three")
        ),
        LEFT,
    ]
    notebook = open_notebook("gone.ipynb", cells, kernels.NEWEST, "notebook")
    notebook.wait_for_kernel()
    for index in range(4):
        notebook.run_and_wait(index)
    for index in (1, 2, 3):
        expect(notebook.output(index).get_by_role("button", name="Stop", exact=True)).to_be_visible(timeout=20_000)
    notebook.save()

    page = notebook.page
    notebook.cell(1).locator(".jp-InputPrompt").click()
    page.get_by_text("Edit", exact=True).click()
    page.get_by_text("Clear Cell Output", exact=True).click()
    expect(notebook.output(1).locator(".nbstream")).to_have_count(0)
    notebook.cell(2).locator(".jp-InputPrompt").click()
    page.keyboard.press("d")
    page.keyboard.press("d")
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(4)
    notebook.save()
    page.close(run_before_unload=False)

    def fates() -> set[str]:
        return {entry["outcome"] for entry in slow_simulator.log() if "Gone " in str(entry["body"])}

    wait_for(lambda: fates() == {"served"}, 40)
    again = NotebookPage(browser.new_page(), lab, "gone.ipynb", "notebook")
    again.wait_for_kernel()
    again.run_and_wait(3)
    expect(again.output(3)).to_contain_text(
        re.compile(r"left: \['nbstream'\] 0 \['complete', 'complete', 'complete'\]"), timeout=20_000
    )
    # The third one's view was saved while it arrived.
    expect(again.output(2).locator(".nbstream-settled")).to_have_count(1, timeout=20_000)
    again.page.close(run_before_unload=False)


@pytest.mark.parametrize("front_end", ["lab", "notebook"])
def test_restarted(open_notebook: OpenNotebook, front_end: str) -> None:
    """The kernel is interrupted first and settles the reply, but the page ignores its outputs."""
    reply = "%%deepseek\nRestarted [simulate: normal tokens=2000 rate=60]"
    notebook = open_notebook(
        f"restarted-{front_end}.ipynb",
        ["%load_ext nbstream", reply, "%deepseek show --recover"],
        kernels.NEWEST,
        front_end,
    )
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run(1)
    reasoning = notebook.output(1).locator(".nbstream-reasoning")
    expect(reasoning).to_contain_text("median", timeout=20_000)
    seen = reasoning.inner_text().split("\n")[-1][:40]
    page = notebook.page
    page.locator(".jp-NotebookPanel-toolbar [data-jp-item-name='restart'] jp-button").click()
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    page.wait_for_timeout(1_000)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run_and_wait(2)
    shown = notebook.output(2).locator(".nbstream-settled")
    expect(shown).to_contain_text("Stopped after")
    assert seen in shown.inner_text()
