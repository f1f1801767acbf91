"""JupyterLab in Chinese, with its real language pack: nbstream has the language from the start."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.patient]

pytest.importorskip("jupyterlab_language_pack_zh_CN", reason="needs JupyterLab's language pack")

_PLUGIN = "@jupyterlab/translation-extension:plugin"
#: What stays as it is in Chinese: a model's name, and the word for its units.
_NAMES = re.compile(r"deepseek-[\w.-]+|token")
_ENGLISH = re.compile(r"[A-Za-z]{2,}")
CELLS = [
    "%load_ext nbstream\nimport nbstream",
    "%%deepseek\n中位数 [simulate: silence after=30]",
    "nbstream.ChatPanel('one')",
    "%%deepseek --max-tokens 0\n中位数",
]
#: Keeps every text that the live view has shown, even if it was there for one frame only.
_WATCH = """
window.shown = new Set();
document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  for (const each of document.querySelectorAll(".nbstream-live")) shown.add(each.innerText);
}).observe(document.body, { childList: true, subtree: true, characterData: true }));
"""


@pytest.fixture
def chinese(lab: Lab) -> Iterator[None]:
    """Set JupyterLab's language as its user does."""
    lab.configure(_PLUGIN, {"locale": "zh_CN"})
    yield
    lab.configure(_PLUGIN, {})


@pytest.mark.usefixtures("chinese")
def test_live_settled_and_in_a_widget(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook("chinese.ipynb", CELLS, kernels.NEWEST, script=_WATCH)
    page = notebook.page
    expect(page.locator(".lm-MenuBar-itemLabel").first).to_have_text("文件")
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)

    # The first reply of the kernel, in each of its frames.
    notebook.run(1)
    live = notebook.output(1).locator(".nbstream-live")
    expect(live).to_contain_text("正在思考", timeout=60_000)
    live.get_by_role("button", name="停止").click()
    settled = notebook.output(1).locator(".nbstream-settled")
    expect(settled).to_contain_text("已停止", timeout=60_000)
    texts = [_NAMES.sub("", each) for each in page.evaluate("[...shown]")]
    assert any(texts)
    assert not [each for each in texts if _ENGLISH.search(each)]
    assert not _ENGLISH.search(_NAMES.sub("", settled.inner_text()))

    # After a reload, and what has no page of its own.
    notebook.save()
    page.reload()
    notebook.wait_for_kernel()
    notebook.run_and_wait(2)
    panel = notebook.output(2).locator(".nbstream-panel")
    expect(panel.get_by_role("button", name="发送")).to_be_visible(timeout=60_000)
    notebook.run_and_wait(3)
    expect(notebook.output(3)).to_contain_text("必须是不小于 1 的整数")
