"""Replies in the language of the page, or in the one that was set, with a real kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.jupyter.test_kernels import begin, settled_output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel

pytestmark = pytest.mark.kernel

_SILENT = "silence after=5"
_FORGET = """
from nbstream.language import current
current._told.set(current._Told())
nbstream.settings.language = 'auto'
"""


@pytest.fixture(autouse=True)
def other_tests_are_english(kernel: Kernel) -> Iterator[None]:
    """Let the kernel forget the language after each test."""
    yield
    kernel.reset()
    assert kernel.run(_FORGET).status == "ok"


def test_a_reply_is_settled_in_the_language_that_the_page_tells(kernel: Kernel, server: Simulator) -> None:
    cell, view = begin(kernel, server, _SILENT)
    assert view.meta["label"] in ("", "Waiting for deepseek-flash")
    kernel.control(view, "hello", page="one", seq=len(view.numbers), language="zh-CN")
    kernel.control(view, "cancel")
    kernel.finish(cell)
    assert cell.status == "ok", cell.outputs_of("error")[0]["content"]["traceback"][-6:]
    kernel.until(lambda: cell.outputs_of("update_display_data"), "the reply is settled")
    data = settled_output(cell)
    for mime in ("text/html", "text/markdown", "text/plain"):
        assert "已停止" in data[mime]
        assert "Stopped" not in data[mime]
        assert "模拟" in data[mime]
    # The next page is an English one; what is settled stays as it is.
    cell, view = begin(kernel, server, _SILENT)
    kernel.control(view, "hello", page="two", seq=len(view.numbers), language="en")
    kernel.control(view, "cancel")
    kernel.finish(cell)
    kernel.until(lambda: cell.outputs_of("update_display_data"), "the reply is settled")
    assert "Stopped after" in settled_output(cell)["text/html"]


def test_the_setting_counts_more_than_the_page(kernel: Kernel) -> None:
    assert kernel.run("%config DeepSeekMagics.language = 'zh'").status == "ok"
    cell = kernel.run("%%deepseek\n[simulate: truncate after=3] What is a median?")
    html = settled_output(cell)["text/html"]
    assert "思考已用完" in html
    assert cell.view is not None
    assert "思考已用完" in cell.view.meta["alert"]
    assert "首个 token" in " ".join(cell.view.meta["footer"])
    # Options stay as they are typed, and a model's words as they are written.
    failed = kernel.run("%%deepseek --max-tokens 0\nhello")
    assert "--max-tokens" in failed.text("stderr")
    assert "必须是不小于 1 的整数" in failed.text("stderr")
    assert "让模型先思考" in kernel.run("%deepseek help --think").text("stdout")
    assert kernel.run("%config DeepSeekMagics.language = 'en'").status == "ok"
    html = settled_output(kernel.run("%%deepseek\n[simulate: truncate after=3] What is a median?"))["text/html"]
    assert "Thinking used up" in html
    # Another language has no catalogue.
    assert kernel.run("nbstream.settings.language = 'xx'").status == "error"
