r"""A saved reply where it is read: untrusted, exported, printed, on GitHub.

One reply has all of them. What must hold everywhere: exactly its formulas are typeset, money stays
money, and the order is reasoning, answer, footer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from markdown_it import MarkdownIt
from nbconvert.exporters import HTMLExporter, MarkdownExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import expect

from nbstream.model.events import Answer, Ended, Finished, Reasoning, UsageReported
from nbstream.model.presentation import Presentation
from nbstream.model.usage import Usage
from nbstream.output.settled import bundle
from tests import kernels
from tests.browser.hosts import Bare, open_html
from tests.browser.lab import NotebookPage
from tests.browser.states import reply_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Locator, Page

    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.patient]

_LONG = "result = " + " + ".join(f"value_{number}" for number in range(30))
TEXT = rf"""
It costs $5 and $6, or $7{chr(0x2013)}$8 with `$HOME`; **$9** is money too.

Both $x^2$ and \(\frac{{a}}{{b}}\) are formulas, and so is

$$\sum_{{i=1}}^{{n}} i = \frac{{n(n+1)}}{{2}}$$

```python
def price(count: int) -> str:
    return f"${{count}} and $6"


{_LONG}
```

- [x] done for $3
- [ ] open for $4

| what | price |
|:-----|------:|
| $x_1$ | $1 |
"""
FORMULAS = 4
MONEY = ("$5 and $6, or $7\u2013$8 with $HOME; $9 is money too.", "done for $3", "open for $4")
REPLY = reply_of(
    [
        Reasoning(
            0.5,
            "Is $y^2$ worth $5 or $6?\n\n```python\nassert sum(prices.values()) == total, 'it costs $5 and $6'\n```\n",
        ),
        Answer(2.5, TEXT),
        Finished(4, "stop"),
        UsageReported(4, Usage(100, 200, 300)),
        Ended(4, "served"),
    ]
)


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def notebook_of() -> Any:
    """Return a notebook as it is saved once the reply has settled."""
    data, metadata = bundle(REPLY, Presentation())
    cell = new_code_cell("%%deepseek\nHow much?", outputs=[new_output("display_data", data, metadata=metadata)])
    return new_notebook(cells=[cell])


def test_jupyterlab_trusted_untrusted_and_printed(
    open_notebook: OpenNotebook, browser: BrowserContext, lab: Lab
) -> None:
    question = f"%%deepseek\n{TEXT}\n[simulate: echo rate=0]"
    notebook = open_notebook("export.ipynb", ["%load_ext nbstream", question], kernels.NEWEST)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run_and_wait(1)
    settled = notebook.output(1).locator(".nbstream-settled")
    expect(settled.locator(".nbstream-answer mjx-container")).to_have_count(FORMULAS, timeout=15_000)
    _reads_right(settled.locator(".nbstream-answer"))

    notebook.page.emulate_media(media="print")
    expect(settled.locator("button:visible")).to_have_count(0)
    assert not _is_cut_off(settled.locator("pre").last)
    notebook.page.emulate_media(media="screen")
    assert _is_cut_off(settled.locator("pre").last)  # it scrolls

    notebook.save()
    saved = lab.saved("export.ipynb")
    saved.cells[0].source = "# Sent by a friend."
    nbformat.write(saved, lab.notebooks / "untrusted.ipynb")
    page = browser.new_page()
    try:
        settled = NotebookPage(page, lab, "untrusted.ipynb").output(1).locator(".nbstream-settled")
        expect(settled.locator(".nbstream-answer mjx-container")).to_have_count(FORMULAS, timeout=15_000)
        _reads_right(settled.locator(".nbstream-answer"))
        expect(settled.locator("button")).to_have_count(0)
    finally:
        page.close(run_before_unload=False)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nbconvert_html(theme: str, page: Page) -> None:
    body, _ = HTMLExporter(theme=theme).from_notebook_node(notebook_of())  # type: ignore[no-untyped-call]
    foreign = open_html(page, body)
    settled = page.locator(".nbstream-settled")
    answer = settled.locator(".nbstream-answer")
    expect(answer.locator(".MathJax_CHTML, .MathJax")).to_have_count(FORMULAS, timeout=15_000)
    expect(page.locator(".MathJax_Error, .MathJax_Processing")).to_have_count(0)
    _reads_right(answer)
    settled.locator("summary").click()
    expect(settled.locator("details")).to_contain_text("worth $5 or $6?")
    expect(settled.locator("details").locator(".MathJax_CHTML, .MathJax")).to_have_count(1)
    assert foreign == []

    code = answer.locator("pre")
    colours = code.locator("span").evaluate_all("all => all.map((each) => getComputedStyle(each).color)")
    assert len(set(colours)) >= 3
    text = answer.locator("p, td, th, li, pre, .nbstream-language")
    assert not [found for found in text.evaluate_all(_CONTRASTS) if found[0] < 4.5]
    # An operator's violet is Jupyter's own, also in its cells.
    assert not [found for found in code.locator("span").evaluate_all(_CONTRASTS) if found[0] < 3]
    assert (_luminance(page) > 0.9) == (theme == "light")

    page.emulate_media(media="print")
    expect(settled.locator("button")).to_have_count(0)
    for part in (
        answer.get_by_text("done for $3"),
        settled.get_by_text("worth $5"),
        settled.locator(".nbstream-footer"),
    ):
        expect(part).to_be_visible()
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 between margins of 1 cm, at 96 dpi
    assert not _is_cut_off(settled.locator("details pre"))


def test_nbconvert_html_sanitised() -> None:
    body, _ = HTMLExporter(sanitize_html=True).from_notebook_node(notebook_of())  # type: ignore[no-untyped-call]
    # It shows tags that it does not know as text, also those of Markdown cells: so they are short.
    # The group of rows is its own.
    shown = {tag for tag in re.findall(r"&lt;.*?&gt;", body) if not tag.startswith("&lt;/")}
    assert shown == {f"&lt;{tag}&gt;" for tag in ("details", "summary", "p", "th", "tbody")}
    assert MONEY[1] in body


def test_nbconvert_markdown() -> None:
    body, _ = MarkdownExporter().from_notebook_node(notebook_of())  # type: ignore[no-untyped-call]
    tokens = MarkdownIt("commonmark").parse(body)
    (block,) = [token.content for token in tokens if "nbstream-settled" in token.content]
    (parsed,) = [token.type for token in tokens if token.content == block]
    assert parsed == "html_block"
    html, _ = bundle(REPLY, Presentation())
    assert block.split() == html["text/html"].split()
    _has_structure(Bare(block))


def test_github_without_styles_classes_and_scripts(page: Page) -> None:
    html, _ = bundle(REPLY, Presentation())
    bare = Bare(html["text/html"])
    assert not re.search(r"style=|class=| id=|script", bare.html)
    _has_structure(bare)
    foreign = open_html(page, f'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">{bare.html}')
    page.locator("summary").click()
    words = " ".join(page.locator("body").inner_text().split())
    places = [words.index(part) for part in ("Thought for 2 s", "worth $5 or $6?", MONEY[0], "deepseek-v4-pro · 4.0 s")]
    assert places == sorted(places)
    assert r"Both \(x^2\) and \(\frac{a}{b}\) are formulas" in words
    expect(page.locator("pre").last).to_have_text(re.compile(r'count\} and \$6"\n\n\nresult = value_0 '))
    assert page.locator("pre").last.evaluate("(pre) => getComputedStyle(pre).whiteSpace").startswith("pre")
    expect(page.locator("table tr")).to_have_count(2)
    expect(page.locator("table th").first).to_have_text("what")
    assert foreign == []


def _reads_right(answer: Locator) -> None:
    """Check texts that are no formulas."""
    for money in MONEY:
        expect(answer).to_contain_text(money)
    expect(answer.locator("pre")).to_contain_text('return f"${count} and $6"')
    expect(answer.locator("table tr")).to_have_count(2)
    expect(answer.locator("td").last).to_have_text("$1")
    expect(answer.locator("pre :is(mjx-container, .MathJax)")).to_have_count(0)


def _has_structure(bare: Bare) -> None:
    places = [bare.html.index(part) for part in ("<details>", "<summary>", "</details>", "<table>")]
    assert places == sorted(places)
    assert bare.html.count("<pre>") == 2
    assert bare.html.count("<li>") == 2


def _is_cut_off(element: Locator) -> bool:
    cut: bool = element.evaluate("(e) => e.scrollWidth > e.clientWidth")
    return cut


def _luminance(page: Page) -> Any:
    """Return how light the page's background is, from 0 to 1."""
    return page.evaluate(
        "Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)) / 255"
    )


# Colours as the browser paints them: those of all backgrounds beneath, mixed, and opacity counts.
_CONTRASTS = """(elements) => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const painted = (colours) => {
    canvas.globalAlpha = 1;
    canvas.fillStyle = "#fff";
    canvas.fillRect(0, 0, 1, 1);
    for (const [colour, alpha] of colours) {
      canvas.globalAlpha = alpha;
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
      .map((value) => value / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
  };
  return elements.map((element) => {
    const backgrounds = [];
    let alpha = 1;
    for (let each = element; each !== null; each = each.parentElement) {
      alpha *= Number(getComputedStyle(each).opacity);
      backgrounds.unshift([getComputedStyle(each).backgroundColor, 1]);
    }
    const below = painted(backgrounds);
    const above = painted([...backgrounds, [getComputedStyle(element).color, alpha]]);
    return [Math.max(below, above) / Math.min(below, above), element.className, element.textContent.slice(0, 30)];
  });
}"""
