"""Reading while a reply grows: nothing moves, and the reader's choices stay.

Everything is noted by the page after each frame it paints.
"""

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
    from playwright.sync_api import Locator

    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import Lab, NotebookPage

pytestmark = pytest.mark.browser

LOAD = "%load_ext nbstream"
TALL = "print('\\n'.join(f'line {number}' for number in range(40)))"
MEDIAN = "%%deepseek\nWhy does the median resist outliers?"
#: The places of the cells in `_between`: the reply, and the one right below it.
REPLY, BELOW = 3, 4
_SCROLLER = "document.querySelector('.jp-Notebook .jp-WindowedPanel-outer')"
_SETTLED = "document.querySelector('.nbstream-settled') !== null"


@pytest.mark.parametrize("place", ["head", "above"])
def test_the_notebook_is_never_scrolled(place: str, open_notebook: OpenNotebook) -> None:
    notebook = _between(open_notebook, f"{MEDIAN} [simulate: normal tokens=500 rate=120 first-token=2]")
    # The reader looks at the reply's head in the middle of the page, or at the output above it.
    _scroll_to(notebook, REPLY, 250 if place == "head" else 1_000)
    seen = _watched(notebook, f"{_SCROLLER}.scrollTop")
    assert {each["top"] for each in seen} == {seen[0]["top"]}


def test_what_is_read_below_a_reply_does_not_move(open_notebook: OpenNotebook) -> None:
    notebook = _between(open_notebook, f"{MEDIAN} [simulate: normal tokens=500 rate=120 first-token=3]")
    _scroll_to(notebook, BELOW, -20)
    notebook.page.wait_for_timeout(500)
    below = f"""document.querySelector('[data-windowed-list-index="{BELOW}"] .jp-Cell-outputArea')"""
    seen = _watched(notebook, f"{below}.getBoundingClientRect().top")
    tops = [each["top"] for each in seen]
    moves = [(before, after) for before, after in itertools.pairwise(seen) if abs(after["top"] - before["top"]) > 1]
    assert max(tops) - min(tops) <= 1, moves


def test_what_is_read_far_below_a_reply_does_not_move_where_cells_out_of_sight_have_no_height(
    open_notebook: OpenNotebook, lab: Lab
) -> None:
    question = f"{MEDIAN} [simulate: normal tokens=400 rate=150 first-token=3]"
    notebook = _open(open_notebook, question.replace("%%deepseek", "%%deepseek --background"), *[TALL] * 6)
    for index in range(2, 8):
        notebook.run_and_wait(index)
    notebook.save()
    lab.configure("@jupyterlab/notebook-extension:tracker", {"windowingMode": "full"})
    try:
        notebook.page.reload()
        notebook.wait_for_kernel()
        notebook.run(1)
        expect(notebook.output(1).locator(".nbstream-live")).to_have_count(1)
        notebook.page.evaluate(f"{_SCROLLER}.scrollTop = {_SCROLLER}.scrollHeight")
        notebook.page.wait_for_timeout(500)
        assert notebook.page.evaluate("document.querySelector('.nbstream-live').closest('.jp-Cell').offsetHeight") == 0
        last = """document.querySelector('[data-windowed-list-index="7"] .jp-Cell-outputArea')"""
        sample(notebook.page, f"() => [{last}.getBoundingClientRect().top, {_SETTLED}]")
        _wait_until_settled(notebook)
        seen = sampled(notebook.page)
    finally:
        lab.configure("@jupyterlab/notebook-extension:tracker", {})
    assert {settled for _, settled in seen} == {True, False}
    tops = [top for top, _ in seen]
    assert max(tops) - min(tops) <= 1


def test_the_parts_of_a_long_reply_do_not_show(open_notebook: OpenNotebook) -> None:
    notebook = _open(open_notebook, f"{MEDIAN} [simulate: normal tokens=20000 rate=1500]")
    notebook.run(1)
    notebook.page.wait_for_function(
        "document.querySelectorAll('.nbstream-answer .nbstream-resting').length > 2", timeout=60_000
    )
    # The same blocks without parts, in the same place: each stands where it would, whether it rests
    # or not.
    count, moved = notebook.page.evaluate(
        """() => {
          const answer = document.querySelector(".nbstream-answer");
          const flat = answer.cloneNode(false);
          flat.append(...[...answer.children].flatMap((part) => [...part.cloneNode(true).childNodes]));
          const places = (root, blocks) => {
            const top = root.getBoundingClientRect().top;
            return blocks.map((block) => [block.tagName, block.getBoundingClientRect().top - top]);
          };
          const before = places(answer, [...answer.children].flatMap((part) => [...part.children]));
          answer.replaceWith(flat);
          const after = places(flat, [...flat.children]);
          flat.replaceWith(answer);
          return [before.length, before.filter(([, top], at) => Math.abs(top - after[at][1]) > 0.5)];
        }"""
    )
    assert count > 72
    assert moved == []


def test_thoughts_show_their_end_until_their_reader_goes_elsewhere(open_notebook: OpenNotebook) -> None:
    notebook = _open(open_notebook, f"{MEDIAN} [simulate: normal tokens=40 rate=45]")
    notebook.run(1)
    page = notebook.page
    box = notebook.output(1).locator(".nbstream-thoughts")
    places = """() => {
      const box = document.querySelector(".nbstream-live[data-status=reasoning] .nbstream-thoughts");
      if (box === null || box.scrollHeight <= box.clientHeight) return null;
      return { top: box.scrollTop, size: box.scrollHeight, left: box.scrollHeight - box.clientHeight - box.scrollTop };
    }"""
    wait_for(lambda: box.evaluate("box => box.scrollHeight > box.clientHeight + 40"))

    def watched(growth: int) -> list[Any]:
        """Watch until the text has grown by so many pixels."""
        size = box.evaluate("box => box.scrollHeight")
        sample(page, places)
        wait_for(lambda: box.evaluate("box => box.scrollHeight") >= size + growth)
        return sampled(page)

    assert all(each["left"] <= 1 for each in watched(40))

    box.hover()
    page.mouse.wheel(0, -30)
    wait_for(lambda: box.evaluate("box => box.scrollHeight - box.clientHeight - box.scrollTop") > 20)
    page.wait_for_timeout(500)  # for the wheel to come to rest
    seen = watched(40)
    assert len({each["top"] for each in seen}) == 1
    assert seen[-1]["left"] > seen[0]["left"]

    box.evaluate("box => { box.scrollTop = box.scrollHeight - box.clientHeight - 1; }")
    page.wait_for_timeout(200)
    assert all(each["left"] <= 1 for each in watched(40))


def test_closed_while_thinking_it_stays_closed(open_notebook: OpenNotebook) -> None:
    notebook = _open(open_notebook, f"{MEDIAN} [simulate: normal tokens=250 rate=100]")
    notebook.run(1)
    output = notebook.output(1)
    button = output.locator(".nbstream-disclosure")
    expect(button).to_have_attribute("aria-expanded", "true", timeout=15_000)
    button.click()
    _stays(notebook, is_open=False)


def test_opened_again_after_it_closed_it_stays_open(open_notebook: OpenNotebook) -> None:
    notebook = _open(open_notebook, f"{MEDIAN} [simulate: normal tokens=400 rate=100]")
    notebook.run(1)
    button = notebook.output(1).get_by_role("button", name=re.compile("^Thought for"))
    expect(button).to_have_attribute("aria-expanded", "false", timeout=15_000)
    button.click()
    _stays(notebook, is_open=True)


def test_opened_while_thinking_it_stays_open(open_notebook: OpenNotebook) -> None:
    notebook = _open(open_notebook, f"{MEDIAN} [simulate: normal tokens=250 rate=100]")
    notebook.run(1)
    button = notebook.output(1).locator(".nbstream-disclosure")
    expect(button).to_have_attribute("aria-expanded", "true", timeout=15_000)
    button.click()
    button.click()
    expect(button).to_have_text(re.compile("^Thinking"))
    _stays(notebook, is_open=True)


def test_the_panel_stays_a_moment_after_reasoning_ended(open_notebook: OpenNotebook) -> None:
    notebook = _open(open_notebook, f"{MEDIAN} [simulate: normal tokens=400 rate=150]")
    notebook.page.evaluate(
        """() => {
          const noted = (window.instants = {});
          new MutationObserver(records => {
            for (const { target, attributeName } of records) {
              const status = target.closest(".nbstream-live")?.dataset.status;
              if (attributeName === "data-status" && status === "answering") noted.ended ??= performance.now();
              if (attributeName === "aria-expanded" && noted.ended && target.ariaExpanded === "false") {
                noted.closed ??= performance.now();
              }
            }
          }).observe(document.body, { subtree: true, attributeFilter: ["data-status", "aria-expanded"] });
        }"""
    )
    notebook.run(1)
    instants = wait_for(lambda: (found := notebook.page.evaluate("window.instants")).get("closed") and found)
    # Never sooner; how much later depends on what else the machine does.
    assert 600 <= instants["closed"] - instants["ended"] < 2_000


def test_a_selection_in_a_finished_paragraph_survives(open_notebook: OpenNotebook) -> None:
    text = "\n\n".join(f"Paragraph {number} has *some* words in it." for number in range(25))
    notebook = _open(open_notebook, f"%%deepseek --no-think\n{text}\n\n[simulate: echo rate=60]")
    notebook.run(1)
    answer = notebook.output(1).locator(".nbstream-answer")
    expect(answer).to_contain_text("Paragraph 4 has", timeout=15_000)
    _drag_over(notebook, answer.locator("p", has_text="Paragraph 2 has"))
    seen = _selections(notebook)
    live = {each["words"] for each in seen if each["live"]}
    assert live == {"Paragraph 2 has some words in it."}
    assert sum(each["live"] for each in seen) > 20
    _still_selected(notebook, "Paragraph 2 has some words in it.")


def test_a_selection_with_formulas_before_and_in_it_survives_settling(open_notebook: OpenNotebook) -> None:
    text = "With $a^2$ first.\n\nThen $x^2$ and\n\n$$y = \\frac{1}{2}$$\n\nat the end."
    more = "\n\n".join(f"Paragraph {number}." for number in range(12))
    notebook = _open(open_notebook, f"%%deepseek --no-think\n{text}\n\n{more}\n\n[simulate: echo rate=60]")
    notebook.run(1)
    answer = notebook.output(1).locator(".nbstream-answer")
    expect(answer).to_contain_text("Paragraph 4.", timeout=15_000)
    select = """() => {
      const [first, last] = ["Then", "at the"].map((words) =>
        [...document.querySelectorAll(".nbstream-answer p")].find((p) => p.textContent.startsWith(words)).firstChild);
      getSelection().setBaseAndExtent(first, 2, last, 6);
    }"""
    notebook.page.evaluate(select)
    _wait_until_settled(notebook)
    expect(notebook.output(1).locator(".nbstream-settled mjx-container")).to_have_count(3, timeout=15_000)
    ends = """() => {
      const { anchorNode: a, anchorOffset, focusNode: b, focusOffset } = getSelection();
      const isSettled = a.parentElement.closest(".nbstream-settled") !== null;
      return [a.data.slice(anchorOffset), b.data.slice(0, focusOffset), isSettled];
    }"""
    assert notebook.page.evaluate(ends) == ["en ", "at the", True]
    copy = """() => {
      const clipboardData = new DataTransfer();
      document.querySelector(".nbstream-settled").dispatchEvent(
        new ClipboardEvent("copy", { clipboardData, bubbles: true, cancelable: true }));
      return ["text/plain", "text/html"].map((type) => clipboardData.getData(type));
    }"""
    plain, html = notebook.page.evaluate(copy)
    assert " ".join(plain.split()) == r"en \(x^2\) and \[y = \frac{1}{2}\] at the"
    assert "mjx" not in html
    assert notebook.page.evaluate(ends) == ["en ", "at the", True]
    # A formula is copied as a whole.
    notebook.page.evaluate(
        """() => {
          const [formula] = document.querySelectorAll(".nbstream-settled mjx-container");
          getSelection().setBaseAndExtent(formula.closest("p").firstChild, 0, formula.querySelector("mjx-mi"), 0);
        }"""
    )
    assert notebook.page.evaluate(copy)[0] == r"With \(a^2\)"


def test_a_selection_in_code_survives_its_colours(open_notebook: OpenNotebook) -> None:
    code = "\n".join(f"first_{number} = second_{number} + {number}  # third" for number in range(12))
    more = "\n\n".join(f"Paragraph {number}." for number in range(20))
    notebook = _open(
        open_notebook, f"%%deepseek --no-think\n```python\n{code}\n```\n\n{more}\n\n[simulate: echo rate=60]"
    )
    notebook.run(1)
    answer = notebook.output(1).locator(".nbstream-answer")
    expect(answer).to_contain_text("first_3 =", timeout=15_000)
    expect(answer.locator("pre span")).to_have_count(0)
    notebook.page.evaluate(
        """() => {
          const text = document.createTreeWalker(document.querySelector(".nbstream-answer pre"), 4).nextNode();
          getSelection().setBaseAndExtent(text, 3, text, 15);
        }"""
    )
    seen = _selections(notebook, "document.querySelector('.nbstream-answer pre span') !== null")
    assert {each["words"] for each in seen if each["live"]} == {"st_0 = secon"}
    assert {each["more"] for each in seen if each["live"]} == {True, False}
    _still_selected(notebook, "st_0 = secon")


def _still_selected(notebook: NotebookPage, words: str) -> None:
    """Check the selection in the settled output."""
    expect(notebook.output(1).get_by_role("button", name="Copy answer")).to_have_count(1)
    assert notebook.page.evaluate("getSelection().toString().trim()") == words
    assert notebook.page.evaluate("getSelection().anchorNode.parentElement.closest('.nbstream-settled') !== null")


def _watched(notebook: NotebookPage, top: str) -> list[Any]:
    """Return what the JavaScript expression `top` was in each frame until the reply has settled."""
    sample(
        notebook.page,
        f"""() => ({{
          top: {top},
          size: {_SCROLLER}.scrollHeight,
          settled: {_SETTLED},
          expanded: document.querySelector('.nbstream-disclosure')?.getAttribute('aria-expanded'),
        }})""",
    )
    _wait_until_settled(notebook)
    seen = sampled(notebook.page)
    _has_seen_everything(seen)
    assert seen[-1]["size"] > seen[0]["size"] + 500, "the reply was not long"
    return seen


def _open(open_notebook: OpenNotebook, *cells: str) -> NotebookPage:
    notebook = open_notebook("reading.ipynb", [LOAD, *cells], kernels.NEWEST)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    return notebook


def _between(open_notebook: OpenNotebook, question: str) -> NotebookPage:
    """Open a notebook in which the question is between tall outputs, and run it."""
    notebook = _open(open_notebook, TALL, TALL, question, TALL, TALL)
    for index in (1, 2, 4, 5):
        notebook.run_and_wait(index)
    notebook.run(REPLY)
    expect(notebook.output(REPLY).locator(".nbstream-live")).to_have_count(1)
    return notebook


def _scroll_to(notebook: NotebookPage, index: int, place: int) -> None:
    """Scroll until a cell begins so many pixels below the top of the notebook."""
    notebook.page.evaluate(
        f"""([index, place]) => {{
          const scroller = {_SCROLLER};
          for (let times = 0; times < 3; times += 1) {{
            const cell = scroller.querySelector(`[data-windowed-list-index="${{index}}"]`).getBoundingClientRect();
            scroller.scrollTop += cell.top - scroller.getBoundingClientRect().top - place;
          }}
        }}""",
        [index, place],
    )
    notebook.page.wait_for_timeout(300)


def _wait_until_settled(notebook: NotebookPage) -> None:
    notebook.page.locator(".nbstream-settled").wait_for(state="attached", timeout=25_000)
    notebook.page.wait_for_timeout(700)


def _has_seen_everything(seen: list[Any]) -> None:
    """Assert that the panel was seen open, closed by itself, and gone for the settled output."""
    states = [(each["expanded"], each["settled"]) for each in seen]
    assert {("true", False), ("false", False), (None, True)} <= set(states)


def _stays(notebook: NotebookPage, *, is_open: bool) -> None:
    """Assert that the panel stays so until the reply has settled, and then as well."""
    sample(
        notebook.page,
        """() => {
          const live = document.querySelector(".nbstream-disclosure");
          const settled = document.querySelector(".nbstream-settled details");
          if (live === null && settled === null) return null;
          return [live ? "live" : "settled", live ? live.ariaExpanded === "true" : settled.open];
        }""",
    )
    _wait_until_settled(notebook)
    seen = sampled(notebook.page)
    assert {tuple(each) for each in seen} == {("live", is_open), ("settled", is_open)}


def _drag_over(notebook: NotebookPage, line: Locator) -> None:
    """Select a line with the mouse."""
    line.scroll_into_view_if_needed()
    box = line.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    notebook.page.mouse.move(box["x"] + 1, middle)
    notebook.page.mouse.down()
    notebook.page.mouse.move(box["x"] + box["width"] - 2, middle, steps=5)
    notebook.page.mouse.up()


def _selections(notebook: NotebookPage, more: str = "null") -> list[Any]:
    """Return the selection after each frame until the reply has settled."""
    sample(
        notebook.page,
        f"""() => ({{
          words: getSelection().toString(),
          live: document.querySelector(".nbstream-live") !== null,
          more: {more},
        }})""",
    )
    _wait_until_settled(notebook)
    return sampled(notebook.page)
