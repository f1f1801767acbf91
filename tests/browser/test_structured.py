"""Structured answers in real JupyterLab: JSON grows in colours, and settles with a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels

if TYPE_CHECKING:
    from tests.browser.conftest import OpenNotebook

pytestmark = [pytest.mark.browser, pytest.mark.patient]

HOSTILE = '<img src=x onerror="window.hacked=1">'
ITEM = {
    "type": "object",
    "properties": {"name": {"enum": [HOSTILE]}, "text": {"enum": ["many words " * 40]}},
    "required": ["name", "text"],
}
ROWS = (
    f"%%deepseek --no-think -o rows --schema '{json.dumps({'type': 'array', 'items': ITEM})}'\n"
    "[simulate: structured rows=3 rate=25] Rows."
)
AGAIN = "%%deepseek --no-think -o one --schema 'age int'\n[simulate: structured wrong=fields rate=0] One."
LIVE = """() => {
    const code = document.querySelector("code.language-json");
    const colours = code && [...code.querySelectorAll("span.nt, span.s2")].map((each) => each.textContent);
    return colours && colours[0] === '"items"' && colours.length > 3 && !document.querySelector(".jp-OutputArea table");
}"""
NARROW = 480


def test_json_grows_in_colours_and_settles_with_a_table(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook("structured.ipynb", ["%load_ext nbstream", ROWS, AGAIN, "rows.data[0]"], kernels.NEWEST)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run(1)
    output = notebook.output(1)
    code = output.locator("code.language-json")
    # While it arrives, keys and strings have their colours, and there is no table yet.
    notebook.page.wait_for_function(LIVE, timeout=60_000)
    notebook.wait_until_ran(1)
    expect(output.locator(".nbstream-settled")).to_have_count(1)
    expect(output.locator("td", has_text="<img src=x").first).to_be_visible()
    expect(output.locator("tr")).to_have_count(4)
    assert code.inner_text().startswith('{\n  "items": [\n    {\n      "name": ')
    assert notebook.page.evaluate("window.hacked") is None
    # Long strings break between words, and the table scrolls in its own box.
    notebook.page.set_viewport_size({"width": NARROW, "height": 900})
    for each in (output, code):
        assert each.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
    notebook.page.set_viewport_size({"width": 1200, "height": 900})
    notebook.run_and_wait(2)
    again = notebook.output(2)
    expect(again).to_contain_text("asked for once more")
    expect(again).to_contain_text('"age": 3')
    notebook.run_and_wait(3)
    expect(notebook.output(3)).to_contain_text("onerror")
