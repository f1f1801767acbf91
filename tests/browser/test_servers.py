"""`%deepseek models` and `%deepseek key` in a page: a table, and a field that hides a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from nbstream.simulator.log import key_digest
from tests import kernels
from tests.browser.conftest import CANARY_KEY

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.patient]

CELLS = [
    "%load_ext nbstream",
    "%deepseek models",
    "%deepseek config",
    "%deepseek key",
    "%%deepseek --no-think\nhello [simulate: normal tokens=5 rate=0]",
]
TYPED = "canary-typed-in-a-page-5521"


@pytest.mark.parametrize("front_end", ["lab", "notebook"])
def test_a_table_is_shown_and_a_key_is_typed_unseen(
    front_end: str, open_notebook: OpenNotebook, lab: Lab, slow_simulator: Simulator
) -> None:
    notebook = open_notebook("servers.ipynb", CELLS, kernels.NEWEST, front_end)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run_and_wait(1)
    table = notebook.output(1).locator("table")
    expect(table.locator("tr")).to_have_count(3)
    expect(table.locator("tr").nth(1).locator("td")).to_have_text(["→", "deepseek-flash", "1,048,576"])
    # The page's own alignment of tables does not undo ours.
    expect(table.locator("tr").nth(1).locator("td").nth(2)).to_have_css("text-align", "right")
    notebook.run_and_wait(2)
    expect(notebook.output(2)).to_contain_text("DEEPSEEK_BASE_URL")

    notebook.run(3)
    field = notebook.cell(3).locator("input[type=password]")
    expect(field).to_be_visible()
    field.fill(TYPED)
    field.press("Enter")
    notebook.wait_until_ran(3)
    expect(notebook.output(3)).to_contain_text("is kept until this kernel ends")
    notebook.run_and_wait(4)
    assert slow_simulator.log()[-1]["key_digest"] == key_digest(TYPED)
    notebook.save()
    text = json.dumps(lab.saved("servers.ipynb"))
    assert TYPED not in text
    assert CANARY_KEY not in text
