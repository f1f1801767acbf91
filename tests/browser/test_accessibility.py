"""Accessibility in JupyterLab: axe-core, announcements, keyboard and reduced motion."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.lab import wait_for
from tests.browser.watching import sample, sampled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Locator, Page

    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import Lab, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.patient]

AXE = kernels.ROOT / "js" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}

LOAD = "%load_ext nbstream"
MEDIAN = "Why does the median resist outliers?"
#: One of each thing that an answer can hold.
RICH = """\
# A heading

Text with **bold**, `code`, [a link](https://example.org/), ~~struck~~ and $x^2$, says a note.[^1]

[^1]: The footnote.

> Somebody said so.

1. One
   - nested
2. Two

- [x] done
- [ ] to do

| left | right |
|:-----|------:|
| 1    | 2     |

$$\\sum_{i=1}^n i = \\frac{n(n+1)}{2}$$

```python
# A comment, then the rest of the colours.
@decorate
def double(number: int = 1) -> str:
    return f"{number * 2:03d}" if not None else 'text'
```

![a cat](https://images.example.org/cat.png)

All of it."""
WORDS = " ".join(["and so on"] * 150)


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest, lab: Lab, browser: BrowserContext) -> Iterator[str]:
    """Open notebooks in one theme after the other."""
    address = f"http://127.0.0.1:{lab.port}/lab/api/settings/@jupyterlab/apputils-extension:themes"
    headers = {"Authorization": f"token {lab.token}"}
    name: str = request.param

    def choose(settings: str) -> None:
        assert browser.request.put(address, headers=headers, data={"raw": settings}).ok

    choose(f'{{"theme": "JupyterLab {name.title()}"}}')
    yield name
    choose("{}")


def test_axe_finds_nothing_grave(theme: str, open_notebook: OpenNotebook) -> None:
    cells = [
        LOAD,
        f"%%deepseek\n{MEDIAN} [simulate: silence after=200 rate=0]",
        f"%%deepseek --effort low\n{RICH}\n\n{WORDS}\n\n[simulate: echo silence after=450 rate=0]",
        f"%%deepseek\n{RICH}\n\n[simulate: echo rate=0]",
        f"%%deepseek\n{MEDIAN} [simulate: error-in-band after=500 rate=0]",
    ]
    notebook = open_notebook("axe.ipynb", cells, kernels.NEWEST)
    page = notebook.page
    page.set_viewport_size({"width": 1200, "height": 2_400})  # axe checks the colours of visible content
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", str(theme == "light").lower())
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)

    notebook.run(1)
    live = notebook.output(1).locator(".nbstream-live")
    expect(live.get_by_role("button", name=re.compile("^Thinking"))).to_have_attribute("aria-expanded", "true")
    expect(live).to_contain_text("What is the reason behind it?")
    assert faults(page, live) == []
    page.keyboard.press("Tab")
    live.get_by_role("button", name="Stop").click()
    notebook.wait_until_ran(1)

    notebook.run(2)
    live = notebook.output(2).locator(".nbstream-live")
    expect(live).to_contain_text("All of it.")
    expect(live).to_contain_text("and so on")
    expect(live.locator(".nbstream-disclosure")).to_have_attribute("aria-expanded", "false")
    expect(live.locator("table, pre span, math, a.nbstream-image, sup")).not_to_have_count(0)
    assert faults(page, live) == []
    live.locator(".nbstream-code").hover()
    live.locator(".nbstream-disclosure").click()
    page.wait_for_timeout(400)  # the panel and the buttons appear
    assert faults(page, live) == []
    live.get_by_role("button", name="Stop").click()
    notebook.wait_until_ran(2)

    for index in (3, 4):
        notebook.run_and_wait(index)
        settled = notebook.output(index).locator(".nbstream-settled")
        settled.locator("summary").click()
        expect(settled.get_by_role("button", name="Copy answer")).to_be_visible()
        if index == 4:
            expect(settled.locator(".nbstream-alert")).to_be_visible()
        assert faults(page, settled) == []


def test_one_status_says_what_happens(open_notebook: OpenNotebook) -> None:
    notebook = _open(open_notebook, f"%%deepseek\n{MEDIAN} [simulate: normal tokens=300 rate=150 first-token=1]")
    sample(
        notebook.page,
        """() => {
          const root = document.querySelector(".nbstream-live");
          const all = (selector, what) => [...root.querySelectorAll(selector)].map(what);
          return {
            page: [...document.querySelectorAll("body > [role=status]")].map(each => each.textContent),
            live: root && {
              said: all("[role=status]", each => each.textContent),
              regions: all("[aria-live]", each => [each.role, each.ariaLive]),
              logs: all("[role=log]", each => each.className).length,
              panel: all(".nbstream-reasoning", each => [each.id, !each.inert]),
              button: all(".nbstream-disclosure", each => [
                each.getAttribute("aria-controls"), each.ariaExpanded === "true",
              ]),
            },
          };
        }""",
    )
    notebook.run_and_wait(1)
    notebook.page.locator(".nbstream-settled").wait_for()
    notebook.page.wait_for_timeout(500)
    seen = sampled(notebook.page)
    live = [each["live"] for each in seen if each["live"] is not None]
    said = [said for said, _ in itertools.groupby(each["said"] for each in live) if said != [""]]
    assert said == [["Connecting"], ["Waiting for deepseek-flash"], ["Thinking"], ["Answering"]]
    for each in live:
        assert each["regions"] == [["log", "off"]]
        assert each["logs"] == 1
        assert each["panel"] == each["button"]  # names it, and a closed panel is inert
    assert {each["button"][0][1] for each in live} == {True, False}
    # The end is said by the page, as the view has gone by then.
    assert {len(each["page"]) for each in seen if each["live"]} == {1}
    (end,) = {each["page"][0] for each in seen if any(each["page"])}
    assert re.fullmatch(r"Finished, [\d,]+ tokens", end)


def test_by_keyboard_alone(open_notebook: OpenNotebook) -> None:
    notebook = _open(open_notebook, f"%%deepseek\n{MEDIAN} [simulate: silence after=200 rate=0]", "print('last')")
    keyboard = notebook.page.keyboard
    keyboard.press("ArrowDown")
    keyboard.press("Control+Enter")
    output = notebook.output(1)
    button = output.get_by_role("button", name=re.compile("^Thinking"))
    expect(button).to_have_attribute("aria-expanded", "true")
    box = output.get_by_role("region", name="Reasoning")
    wait_for(lambda: box.evaluate("box => box.scrollTop") > 0)

    for _ in range(5):  # past the cell's own toolbar
        keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    expect(button).to_be_focused()
    for key, expanded in (("Enter", "false"), ("Enter", "true"), ("Space", "false"), ("Space", "true")):
        keyboard.press(key)
        expect(button).to_have_attribute("aria-expanded", expanded)
        expect(button).to_be_focused()

    stop = output.get_by_role("button", name="Stop")
    keyboard.press("Tab")
    expect(stop).to_be_focused()
    keyboard.press("Tab")
    expect(box).to_be_focused()
    keyboard.press("Home")
    wait_for(lambda: box.evaluate("box => box.scrollTop") == 0)
    keyboard.press("End")
    wait_for(lambda: box.evaluate("box => box.scrollTop") > 0)
    keyboard.press("Shift+Tab")
    keyboard.press("Enter")
    notebook.wait_until_ran(1)
    expect(output.locator(".nbstream-settled .nbstream-footer")).to_have_text(re.compile("^Stopped after"))
    expect(notebook.page.locator(".jp-Notebook.jp-mod-editMode")).to_have_count(0)
    keyboard.press("ArrowDown")  # the notebook has its keys back
    keyboard.press("Control+Enter")
    expect(notebook.output(2)).to_contain_text("last")


def test_nothing_moves_for_who_wants_no_motion(open_notebook: OpenNotebook) -> None:
    notebook = _open(open_notebook, f"%%deepseek\n{MEDIAN} [simulate: normal tokens=400 rate=150 first-token=1]")
    look = """() => {
      const root = document.querySelector(".nbstream-live");
      if (root === null) return null;
      const moving = document.getAnimations().filter(each => root.contains(each.effect.target));
      return [root.dataset.status, root.querySelector(".nbstream-disclosure").ariaExpanded, moving.length];
    }"""
    seen: dict[str, list[Any]] = {}
    for motion in ("no-preference", "reduce"):
        notebook.page.emulate_media(reduced_motion="reduce" if motion == "reduce" else "no-preference")
        sample(notebook.page, look)
        notebook.run_and_wait(1)
        notebook.page.locator(".nbstream-settled").wait_for()
        seen[motion] = sampled(notebook.page)
    assert any(moving for *_, moving in seen["no-preference"])
    assert {("reasoning", "true"), ("answering", "true"), ("answering", "false")} <= {
        (status, expanded) for status, expanded, _ in seen["reduce"]
    }
    assert not any(moving for *_, moving in seen["reduce"])


def _open(open_notebook: OpenNotebook, *cells: str) -> NotebookPage:
    notebook = open_notebook("everybody.ipynb", [LOAD, *cells], kernels.NEWEST)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    return notebook


def faults(page: Page, root: Locator) -> list[str]:
    """Return what axe-core finds to be grave in one reply."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
        # JupyterLab's body is empty as boxes go and hides what overflows: axe would judge the
        # colours of nothing in it.
        page.add_style_tag(content="body { height: 100vh }")
    found: dict[str, Any] = root.evaluate("root => { root.scrollIntoView(); return axe.run(root); }")
    assert "color-contrast" in {each["id"] for each in found["passes"]}
    return [
        f"{each['id']}: {node['html']}: {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]
