"""What was read stands: while an answer grows, no text of it moves, and none changes its size.

Each frame of the corpus of answers, and of the blocks below, is laid out by Chromium with the style
sheets of JupyterLab, and the place of each text is compared with the frame before.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nbstream.widgets.markdown_document import MarkdownDocument
from tests.browser.test_pictures import _page as page_around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.patient]

ANSWERS = sorted((Path(__file__).parents[1] / "data" / "answers").glob("*.md"))

BLOCKS = {
    "a list with a late blank line": "- a\n- b\n- c\n\n- d\n- e\n",
    "a loose list": "1. one\n\n2. two\n\n3. three\n",
    "a list that turns tight": "1. one\n\n2. two\n3. three\n",
    "headed sublists": "1. **One**\n   - a\n   - b\n\n2. **Two**\n   - c\n\n3. **Three**\n   - d\n",
    "sublists after blank lines": "- one\n\n  - a\n\n  - b\n- two\n",
    "paragraphs in items": "- a\n- b\n\n  more of b\n- c\n\n  more of c\n\n- d\n",
    "code in items": "1. Run:\n   ```sh\n   ls\n   ```\n2. Then:\n\n   ```sh\n   pwd\n   ```\n\n3. Done.\n",
    "a quote in an item": "- a\n  > b\n\n  c\n- d\n",
    "tasks": "- [ ] a\n- [x] b\n\n- [ ] c\n",
    "bullets": "Both:\n• one\n• two\n\n• three\n  ◦ four\n",
    "any first number": "So:\n2. two\n3. three\n",
    "a number alone": "a\n\n1.\n2. b\n",
    "a dash alone": "a\n-\n\nb\n- c\n-\n- d\n",
    "an item without text": "- a\n-\n- b\n",
    "a table": "| a | b |\n|---|:-:|\n| 1 | 2 |\n| long words here | x |\n\nend\n",
    "a table without outer bars": "a | b\n--|--\n1 | 2\n\nend\n",
    "a table after a text": "Here:\n| a | b |\n|---|---|\n| `x|y` | $|z|$ |\n",
    "a row with too many cells": "|a|b|\n|-|-|\n|1|2|3|4|\n|5|\n",
    "a rule after a text": "a\n\n---\n\nb\n***\nc\n",
    "headings": "# a\n## b\ntext\n### c\n",
    "indented code": "a\n\n    code\n    more\n\nb\n",
    "code": "a\n```py\nx = 1\n\ny = 2\n```\nb\n",
    "code with fences": "```markdown\n# A\n\n```sh\nls\n```\n\nB\n```\nafter\n",
    "a glued fence": "before\n\nExample:```py\nx\n```\nafter\n",
    "tildes": "~~~\na\n~~~\nb\n",
    "a quote": "> a\n> b\n>\n> - c\n> - d\n>\n> - e\n\nf\n",
    "a lazy quote": "> a\nb\n\nc\n",
    "a formula": "a\n\n$$\nx^2\n$$\n\nb \\(y\\) c\n\n\\[\nz\n\\]\n",
    "footnotes": "a[^1]\n\n[^1]: b\n\n    c\n\nd\n",
    "tags": "a<br>b\n\n<div>\nc\n</div>\n\nd\n",
    "a comment": "<!-- a -->\n\nb\n",
    "a definition": "[a]: http://x.y\n\nb [a] c\n",
    "an image": "a\n\n![b](http://x.y/z.png)\n\nc\n",
    "line ends": "a\nb\nc\n\nd\n",
    "emphasis": "**a** b\n**c\nd** e\n\n*f*\n",
    "nested lists": "- a\n  - b\n    - c\n\n    - d\n\n  - e\n- f\n",
    "two lists": "- a\n- b\n* c\n* d\n1. e\n2. f\n",
    "a list and a text": "- a\n- b\n\nc\n\n- d\n\n- e\n",
    "an item on two lines": "- a\n  b\n- c\nd\n",
    "right to left": "- שלום\n- עולם\n\n- עוד\n",
}

# Lays the frames out one after another, and returns the texts that moved: each with its place
# before and after. Only text that stands still is compared, except with the last frame: not the
# last line, which signs above and below it make up to 14 pixels higher, nor a growing table, whose
# columns a browser balances with each row, so that cells may wrap anew.
_MOVES = """htmls => {
  const answer = document.querySelector(".nbstream-answer");
  const whole = "pre, math, .nbstream-math";
  const placesOf = (html) => {
    answer.innerHTML = html;
    const walker = document.createTreeWalker(answer, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) => {
      if (node.nodeType === 1) {
        if (node.matches(whole)) return NodeFilter.FILTER_ACCEPT;
        return node.closest(whole) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP;
      }
      const isText = node.data.trim() && !node.parentElement.closest(whole);
      return isText ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP;
    });
    const places = [];
    const tables = [...answer.querySelectorAll("table")];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const range = document.createRange();
      if (node.nodeType === 1) range.selectNode(node);
      else range.setStart(node, node.data.search(/\\S/)), range.setEnd(node, node.data.search(/\\S/) + 1);
      const { top, height } = range.getBoundingClientRect();
      const words = node.nodeType === 1 ? node.localName : node.data.trim().slice(0, 40);
      const table = tables.findIndex((each) => each.contains(node));
      places.push({ table, words, top: Math.round(top), height: node.nodeType === 1 ? 0 : Math.round(height) });
    }
    return places;
  };
  const standing = (places) => {
    const last = places.at(-1);
    return places.filter(({ table, top }) => top < last.top - 14 && (table < 0 || table !== last.table));
  };
  const found = [];
  let before = [];
  for (const [at, html] of htmls.entries()) {
    const after = placesOf(html);
    for (const [index, old] of (at < htmls.length - 1 ? standing(before) : before).entries()) {
      const now = after[index];
      if (now && (old.top !== now.top || old.height !== now.height)) found.push([old, now]);
    }
    before = after;
  }
  return found;
}"""


@pytest.fixture(scope="module")
def page(chromium_profile: BrowserContext) -> Iterator[Page]:
    """A page with JupyterLab's style of a Markdown cell, and ours."""
    page = chromium_profile.new_page()
    page.set_content(page_around("light", ""))
    page.locator("#reply").evaluate(
        """reply => { reply.innerHTML = "<div class='nbstream nbstream-live'><div class='nbstream-answer" +
          " jp-RenderedHTMLCommon jp-RenderedMarkdown'></div></div>" }"""
    )
    yield page
    page.close()


def moves(page: Page, text: str, step: int = 3) -> list[Any]:
    """Return the texts that moved while `text` grew: each with its place before and after."""
    growing = MarkdownDocument()
    frames: list[str] = []
    for at in range(0, len(text), step):
        growing.feed(text[at : at + step])
        growing.frame()
        # What is as before is where it was.
        if growing.html not in frames[-1:]:
            frames.append(growing.html)
    growing.finish()
    found: list[Any] = page.evaluate(_MOVES, [*frames, growing.html])
    return found


@pytest.mark.parametrize("text", BLOCKS.values(), ids=BLOCKS)
def test_no_text_moves_while_a_block_grows(text: str, page: Page) -> None:
    assert moves(page, f"Before.\n\n{text}\nAfter.\n", step=1) == []


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_no_text_moves_while_an_answer_grows(path: Path, page: Page) -> None:
    assert moves(page, path.read_text("utf-8")) == []


def test_a_text_that_moves_is_seen(page: Page) -> None:
    """A line of dashes makes a heading of the text above it; nothing tells that in advance."""
    assert moves(page, "Before.\n\na line of text\nand another\nand a third\n---\nmore\n") != []
