"""`%deepseek request` in JupyterLab and Notebook: the text on the page, and the copied text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

    from tests.browser.conftest import OpenNotebook

pytestmark = [pytest.mark.browser, pytest.mark.patient]

PROMPT = (
    'Explain `${x}`, "y" and C:\\new:\n\n\tthree\u00a0spaces \u2028 👩\u200d👧 提示\n'
    + "and a long line that stands alone\n" * 3
)


@pytest.mark.parametrize("front_end", ["lab", "notebook"])
def test_a_program_is_coloured_and_copied_exactly(
    front_end: str, open_notebook: OpenNotebook, browser: BrowserContext
) -> None:
    browser.grant_permissions(["clipboard-read", "clipboard-write"])
    ask = f"nbstream.ask({PROMPT!r} + '[simulate: tokens=9]', thinking=False);"
    forms = ["python", "curl", "node", "json"]
    cells = ["%load_ext nbstream\nimport nbstream", ask, *(f"%deepseek request {form}" for form in forms)]
    write = "print(nbstream.last.request.python(), end='')"
    notebook = open_notebook("request.ipynb", [*cells, "%deepseek request", write], kernels.NEWEST, front_end)
    notebook.wait_for_kernel()
    for index in range(len(cells) + 2):
        notebook.run_and_wait(index)
    for index, form in enumerate(forms, 2):
        code = notebook.output(index).locator(".nbstream-code")
        expect(code).to_have_count(1)
        plain = code.locator("pre").evaluate("each => getComputedStyle(each).color")
        texts = code.locator("span.s2, span.s1, span.sb").first
        assert texts.evaluate("each => getComputedStyle(each).color") != plain, form
        copy = code.get_by_role("button", name="Copy code")
        copy.click()
        expect(code.get_by_role("button", name="Copied")).to_be_visible()
        copied = notebook.page.evaluate("navigator.clipboard.readText()")
        assert copied == code.locator("pre").text_content()
        if form == "python":
            assert copied == notebook.output(len(cells) + 1).inner_text()
    account = notebook.output(len(cells))
    expect(account).to_contain_text("1 · user · ")
    expect(account).to_contain_text("three\u00a0spaces")
    summary = account.locator("summary").first
    summary.click()
    expect(account.get_by_text("three\u00a0spaces")).to_be_hidden()
