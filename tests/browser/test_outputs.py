"""Replies where a front end does not bring its messages by itself.

Inside `ipywidgets.Output` no update of an output arrives. A widget whose code took over two seconds
to load, because the page was busy, gets no message from anywidget at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels

if TYPE_CHECKING:
    from tests.browser.conftest import OpenNotebook

pytestmark = [pytest.mark.browser, pytest.mark.patient]

LOAD = """\
%load_ext nbstream
import ipywidgets, nbstream
from IPython.display import display
def ask(text, rate=150):
    return nbstream.ask(f"{text} [simulate: echo rate={rate}]", thinking=False).status
"""
SEVERAL = """\
out = ipywidgets.Output()
display(out)
@out.capture()
def captured():
    ask("Third.")
with out:
    print("printed first")
    ask("First.")
    print("printed between")
    ask("Second.")
captured()
"""
NESTED = """\
inner, outer = ipywidgets.Output(), ipywidgets.Output()
display(outer)
with outer:
    display(inner)
    with inner:
        ask("Cleared.")
        inner.clear_output()
        ask("Kept.")
"""
INTERACT = "ipywidgets.interact(lambda n: ask(f'Number {n}.'), n=(0, 3));"
BUTTON = """\
button = ipywidgets.Button(description="Ask it")
button.on_click(lambda _: ask("Clicked."))
display(button)
"""
EIGHT = "for number in range(9): ask(f'Later {number}.', 0)"
#: Blocks the page for longer than anywidget waits when a widget's code is loaded.
BLOCK = """
const create = URL.createObjectURL;
URL.createObjectURL = (blob) => {
  const until = performance.now() + (window.blocks && blob.type === "text/javascript" ? 2600 : 0);
  while (performance.now() < until);
  return create.call(URL, blob);
};
"""


@pytest.mark.parametrize(("front_end", "kernel"), [("lab", kernels.NEWEST), ("notebook", "ipykernel-6.29")])
def test_the_settled_output_takes_its_place_in_output_widgets(
    front_end: str, kernel: str, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook("outputs.ipynb", [LOAD, SEVERAL, NESTED, INTERACT, BUTTON, EIGHT], kernel, front_end)
    notebook.wait_for_kernel()

    def check() -> None:
        for cell, parts in ((1, "printed first|First.|printed between|Second.|Third."), (2, "Kept."), (3, "Number 1.")):
            output = notebook.output(cell)
            replies = [part for part in parts.split("|") if part.endswith(".")]
            expect(output.locator(".nbstream-settled .nbstream-answer")).to_have_count(len(replies), timeout=20_000)
            expect(output.locator(".nbstream-live")).to_have_count(0)
            words = output.inner_text()
            places = [words.index(part) for part in parts.split("|")]
            assert places == sorted(places)
            assert "Cleared." not in words
            assert "not found" not in words

    for index in range(6):
        notebook.run_and_wait(index)
    check()
    # Its reply is in the cell that made the button, though others ran since then.
    notebook.output(4).get_by_role("button", name="Ask it").click()
    expect(notebook.output(4).locator(".nbstream-settled")).to_contain_text("Clicked.", timeout=20_000)
    expect(notebook.output(5).locator(".nbstream-settled")).to_have_count(9)
    notebook.save()
    notebook.page.reload()
    check()


def test_a_page_that_was_busy_when_a_reply_began_shows_it_all_the_same(open_notebook: OpenNotebook) -> None:
    words = " ".join(f"word{number}" for number in range(80))
    cells = [LOAD, f"ask('{words}', 20)"]
    notebook = open_notebook("busy.ipynb", cells, kernels.NEWEST, script=BLOCK)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.page.evaluate("window.blocks = true")
    notebook.run(1)
    answer = notebook.output(1).locator(".nbstream-live .nbstream-answer")
    expect(answer).to_contain_text("word3 ", timeout=15_000)
    expect(answer).to_contain_text("word40 ", timeout=15_000)
    notebook.output(1).get_by_role("button", name="Stop", exact=True).click()
    expect(notebook.output(1).locator(".nbstream-settled")).to_contain_text("Stopped after", timeout=15_000)
