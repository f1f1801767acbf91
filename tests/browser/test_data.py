"""Data in prompts in real JupyterLab: the footer says what went out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.browser.conftest import OpenNotebook

pytestmark = [pytest.mark.browser, pytest.mark.patient]

PREPARE = """\
%load_ext nbstream
rows = [{"town": "Bonn", "rent": 9.5}] * 5_000
log = "GET /reports 200\\n" * 5_000
open("notes.txt", "w").write("It is <b>quiet</b> & cheap.")
"""
DIRECTIVE = "[simulate: normal tokens=30 rate=0]"
ASK = f'%%deepseek -v rows -v rows[0]["town"] -v log --file notes.txt --no-think\n{DIRECTIVE} Which town?'


@pytest.mark.parametrize("front_end", ["lab", "notebook"])
def test_the_footer_says_what_went_with_the_prompt(
    front_end: str, open_notebook: OpenNotebook, slow_simulator: Simulator
) -> None:
    slow_simulator.clear_log()
    notebook = open_notebook(
        "data.ipynb", [PREPARE, ASK, ASK.replace("-v log", "-v password")], kernels.NEWEST, front_end
    )
    notebook.wait_for_kernel()
    for index in range(3):
        notebook.run_and_wait(index)
    footer = notebook.output(1).locator(".nbstream-footer")
    for item in ("of 5,000 items", 'rows[0]["town"]', "log: first 8,000 of 85,000 characters", "notes.txt: 1 line"):
        expect(footer).to_contain_text(item)
    expect(notebook.output(2)).to_contain_text("-v password: there is no variable password, so nothing was sent.")
    posts = [entry for entry in slow_simulator.log() if entry["method"] == "POST"]
    assert len(posts) == 1
    assert "It is <b>quiet</b> & cheap." in posts[0]["body"]["messages"][-1]["content"]
