"""The controls in live and settled replies: each one works, or is absent."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.lab import NotebookPage, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Route

    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.patient]
front_ends = pytest.mark.parametrize("front_end", ["lab", "notebook"])

LOAD = "%load_ext nbstream"
CODE = "for name in names:\n    print(f'{name} 🚀')\n\nprint('done')"
IMAGE = "https://images.example.org/cat.png"
_PIXEL = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="40"><rect width="90" height="40" fill="teal"/></svg>'
)


def _echo(text: str, options: str = "--no-think", rate: int = 0) -> str:
    """Return a cell whose answer is `text` after the line that says that it is simulated."""
    return f"%%deepseek {options}\n{text}\n\n[simulate: echo rate={rate}]"


@front_ends
def test_code_is_copied_and_inserted_live_and_settled(
    front_end: str, open_notebook: OpenNotebook, browser: BrowserContext
) -> None:
    browser.grant_permissions(["clipboard-read", "clipboard-write"])
    more = "\n\n".join(f"Paragraph {number} 🎉 of many." for number in range(70))
    question = _echo(f"Run this:\n\n```python\n{CODE}\n```\n\nOr:\n\n    indented\n\n{more}", rate=45)
    notebook = open_notebook("controls.ipynb", [LOAD, question, "print('last')"], kernels.NEWEST, front_end)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run(1)

    live = notebook.output(1).locator(".nbstream-live")
    expect(live).to_contain_text("Paragraph 3", timeout=15_000)
    block = live.locator(".nbstream-code").first
    assert _covers_nothing(block)
    copy = block.get_by_role("button", name="Copy code")
    copy.click()
    expect(copy).to_have_count(0)  # its name is what it did, for a moment
    expect(block.get_by_role("button", name="Copied")).to_be_visible()
    assert _clipboard(notebook) == CODE
    expect(copy).to_be_visible(timeout=3_000)
    block.get_by_role("button", name="Insert as cell").click()
    _has_source(notebook, 2, CODE)
    expect(live).to_have_count(1)  # it goes on

    settled = notebook.output(1).locator(".nbstream-settled")
    expect(settled).to_have_count(1, timeout=30_000)
    second = settled.locator(".nbstream-code").nth(1)
    assert _covers_nothing(second)
    second.get_by_role("button", name="Insert as cell").click()
    _has_source(notebook, 2, "indented")
    _has_source(notebook, 3, CODE)
    settled.locator(".nbstream-code").first.get_by_role("button", name="Copy code").click()
    wait_for(lambda: _clipboard(notebook) == CODE)

    # The model is asked at the click, so a reply that has moved since is found all the same.
    notebook.cell(0).locator(".jp-InputPrompt").first.click()
    notebook.page.keyboard.press("b")
    settled = notebook.output(2).locator(".nbstream-settled")
    settled.get_by_role("button", name="Copy answer").click()
    wait_for(lambda: _clipboard(notebook).startswith("*Simulated: no model was called.*"))
    assert f"```python\n{CODE}\n```" in _clipboard(notebook)
    assert more in _clipboard(notebook)
    assert "deepseek" not in _clipboard(notebook)  # that is the footer
    settled.locator(".nbstream-code").first.get_by_role("button", name="Insert as cell").click()
    _has_source(notebook, 3, CODE)

    notebook.save()
    saved = _saved(notebook)
    assert "nbstream-settled" in saved
    assert "nbstream-tools" not in saved
    assert "<button" not in saved


@front_ends
def test_replies_of_another_day_get_their_controls_from_the_first_live_one(
    front_end: str, open_notebook: OpenNotebook, lab: Lab, browser: BrowserContext
) -> None:
    browser.grant_permissions(["clipboard-read", "clipboard-write"])
    cells = [LOAD, _echo(f"```python\n{CODE}\n```"), _echo("Second.")]
    notebook = open_notebook("old.ipynb", cells, kernels.NEWEST, front_end)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run_and_wait(1)
    expect(notebook.output(1).locator(".nbstream-settled")).to_have_count(1)
    notebook.leave()

    page = browser.new_page()
    try:
        again = NotebookPage(page, lab, "old.ipynb", front_end)
        again.wait_for_kernel()
        old = again.output(1).locator(".nbstream-settled")
        expect(old).to_have_count(1, timeout=15_000)
        expect(old.locator("button")).to_have_count(0)
        again.run_and_wait(0)
        again.run_and_wait(2)
        old.get_by_role("button", name="Copy answer").click()
        wait_for(lambda: CODE in _clipboard(again))
        old.locator(".nbstream-code").hover()
        old.get_by_role("button", name="Insert as cell").click()
        _has_source(again, 2, CODE)
    finally:
        page.close(run_before_unload=False)


def test_copy_works_on_a_page_without_a_clipboard(open_notebook: OpenNotebook, browser: BrowserContext) -> None:
    browser.grant_permissions(["clipboard-read", "clipboard-write"])
    notebook = open_notebook("http.ipynb", [LOAD, _echo(f"```\n{CODE}\n```")], kernels.NEWEST)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run_and_wait(1)
    notebook.page.evaluate(
        "() => { window.clipboard = navigator.clipboard; Object.defineProperty(navigator, 'clipboard', {}); }"
    )
    code = notebook.output(1).locator(".nbstream-settled .nbstream-code")
    code.get_by_role("button", name="Copy code").click()
    expect(code.get_by_role("button", name="Copied")).to_be_visible()
    assert notebook.page.evaluate("window.clipboard.readText()") == CODE
    # With the keyboard the focus is on the button, and there it stays.
    expect(code.get_by_role("button", name="Copy code")).to_be_visible(timeout=3_000)
    code.get_by_role("button", name="Copy code").press("Enter")
    expect(code.get_by_role("button", name="Copied")).to_be_focused()
    notebook.page.evaluate("document.execCommand = () => false")
    expect(code.get_by_role("button", name="Copy code")).to_be_visible(timeout=3_000)
    code.get_by_role("button", name="Copy code").click()
    expect(code.get_by_role("button", name="Could not copy")).to_be_visible()


@front_ends
def test_controls_by_keyboard(front_end: str, open_notebook: OpenNotebook, browser: BrowserContext) -> None:
    browser.grant_permissions(["clipboard-read", "clipboard-write"])
    question = _echo(f"```python\n{CODE}\n```", options="")
    notebook = open_notebook("keys.ipynb", [LOAD, question, "print(1)"], kernels.NEWEST, front_end)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run_and_wait(1)
    output = notebook.output(1)
    settled = output.locator(".nbstream-settled")
    summary = settled.locator("summary")
    summary.focus()
    notebook.page.keyboard.press("Enter")
    expect(settled.locator("details")).to_have_attribute("open", "")
    notebook.page.keyboard.press("Enter")
    for name in ("Copy code", "Insert as cell", "Copy answer"):
        notebook.page.keyboard.press("Tab")
        button = settled.get_by_role("button", name=name)
        expect(button).to_be_focused()
        expect(button).to_have_css("opacity", "1")
        notebook.page.keyboard.press("Enter" if name == "Copy code" else "Space")
        expect(button).to_have_count(0)
        expect(notebook.page.locator(".jp-Notebook.jp-mod-editMode")).to_have_count(0)
    _has_source(notebook, 2, CODE)


@front_ends
def test_an_image_is_fetched_when_it_is_clicked_and_not_before(
    front_end: str, open_notebook: OpenNotebook, browser: BrowserContext
) -> None:
    requests: list[Any] = []

    def serve(route: Route) -> None:
        if "broken" in route.request.url:
            route.fulfill(status=404)
        else:
            route.fulfill(status=200, body=_PIXEL, content_type="image/svg+xml")

    def note(request: Any) -> None:
        if urlsplit(request.url).hostname == "images.example.org":
            requests.append(request)

    browser.on("request", note)
    browser.route("https://images.example.org/**", serve)
    more = "\n\n".join(f"Paragraph {number}." for number in range(20))
    question = _echo(f"See ![a cat]({IMAGE}) and ![a dog](https://images.example.org/broken.png).\n\n{more}", rate=60)
    try:
        notebook = open_notebook("images.ipynb", [LOAD, question], kernels.NEWEST, front_end)
        notebook.wait_for_kernel()
        notebook.run_and_wait(0)
        notebook.run(1)
        live = notebook.output(1).locator(".nbstream-live")
        expect(live).to_contain_text("Paragraph 2", timeout=15_000)
        assert requests == []
        live.get_by_text("Image from images.example.org not loaded: a cat").click()
        image = notebook.output(1).get_by_role("img", name="a cat")
        wait_for(lambda: image.evaluate("image => image.naturalWidth") == 90)
        assert [request.url for request in requests] == [IMAGE]
        assert "referer" not in requests[0].headers
        # The words' box goes with them.
        expect(image.locator("..")).to_have_css("border-top-width", "0px")

        settled = notebook.output(1).locator(".nbstream-settled")
        expect(settled).to_have_count(1, timeout=30_000)
        wait_for(lambda: image.evaluate("image => image.naturalWidth") == 90)
        assert {request.url for request in requests} == {IMAGE}
        settled.get_by_text("not loaded: a dog").click()
        expect(settled).to_contain_text("Image from images.example.org could not be loaded: a dog")
        assert len(browser.pages) == len({page.url for page in browser.pages}), "a click opened a page"
        with browser.expect_page() as opened:
            settled.get_by_text("could not be loaded: a dog").click(modifiers=["ControlOrMeta"])
        opened.value.close()
    finally:
        browser.remove_listener("request", note)
        browser.unroute("https://images.example.org/**")


def test_hidden_reasoning_is_nowhere_until_it_is_asked_for(open_notebook: OpenNotebook) -> None:
    question = "Why does the median resist outliers? [simulate: normal tokens=250 rate=120]"
    cells = [
        LOAD,
        f"%%deepseek --reasoning hidden\n{question}",
        "import nbstream; print(len(nbstream.last.reasoning))",
        "nbstream.show(reasoning='open')",
        '%config DeepSeekMagics.reasoning = "hidden"',
        "nbstream.show()",
        "%%deepseek --reasoning wrong\nWhat?",
        "nbstream.ask('What?', reasoning='wrong')",
    ]
    notebook = open_notebook("hidden.ipynb", cells, kernels.NEWEST)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run(1)
    live = notebook.output(1).locator(".nbstream-live")
    expect(live.locator(".nbstream-label")).to_have_text(re.compile(r"^Thinking…"), timeout=15_000)
    expect(live.locator(".nbstream-label")).to_have_text(re.compile(r"^Thought for \d+ s$"), timeout=15_000)
    assert "tug of war" not in (live.text_content() or "")
    expect(live.locator(".nbstream-disclosure")).to_be_hidden()
    notebook.wait_until_ran(1)
    expect(notebook.output(1).locator(".nbstream-settled")).to_have_count(1)
    notebook.run_and_wait(2)
    assert int(notebook.output(2).inner_text()) > 100
    notebook.save()
    assert "tug of war" not in _saved(notebook)
    notebook.run_and_wait(3)
    expect(notebook.output(3).get_by_text("tug of war")).to_be_visible()
    for index in (4, 5, 6, 7):
        notebook.run_and_wait(index)
    assert "tug of war" not in (notebook.output(5).text_content() or "")
    assert "auto, open, closed, hidden" in notebook.output(6).inner_text().replace("'", "")
    assert "must be one of auto, open, closed, hidden" in notebook.output(7).inner_text()


@pytest.mark.parametrize("way", ["open", "closed"])
def test_reasoning_is_shown_as_set(way: str, open_notebook: OpenNotebook) -> None:
    question = (
        f"%%deepseek --reasoning {way}\nWhy does the median resist outliers? [simulate: normal tokens=400 rate=60]"
    )
    notebook = open_notebook("shown.ipynb", [LOAD, question], kernels.NEWEST)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run(1)
    output = notebook.output(1)
    expanded = "true" if way == "open" else "false"
    thinking = output.get_by_role("button", name=re.compile("^Thinking"))
    expect(thinking).to_have_attribute("aria-expanded", expanded, timeout=15_000)
    preview = output.locator(".nbstream-preview")
    if way == "closed":
        expect(preview).to_have_text(re.compile(r"\w.*[.!?]$"))
    else:
        expect(preview).to_be_hidden()
    expect(output.locator(".nbstream-answer")).to_contain_text("Five friends", timeout=15_000)
    notebook.page.wait_for_timeout(1_500)
    thought = output.get_by_role("button", name=re.compile("^Thought"))
    expect(thought).to_have_attribute("aria-expanded", expanded)
    notebook.wait_until_ran(1)
    expect(output.locator(".nbstream-settled")).to_have_count(1)
    assert (output.locator("details").get_attribute("open") is not None) == (way == "open")


def _covers_nothing(block: Locator) -> bool:
    """Return whether the buttons of a block of code stand clear of the code."""
    return (
        block.evaluate(
            """block => {
             const bottom = block.querySelector(".nbstream-tools").getBoundingClientRect().bottom;
             return bottom <= block.querySelector("pre").getBoundingClientRect().top + 0.5;
           }"""
        )
        is True
    )


def _clipboard(notebook: NotebookPage) -> str:
    text: str = notebook.page.evaluate("navigator.clipboard.readText()")
    return text


def _saved(notebook: NotebookPage) -> str:
    """Return the notebook's file, once it is written to its end."""
    path = notebook.lab.notebooks / notebook.name

    def whole() -> str:
        text = path.read_text("utf-8")
        return text if text.endswith(("}\n", "}")) else ""

    text: str = wait_for(whole)
    json.loads(text)
    return text


def _has_source(notebook: NotebookPage, index: int, source: str) -> None:
    lines = notebook.cell(index).locator(".cm-line")
    wait_for(lambda: "\n".join(lines.all_text_contents()) == source)
