"""`--above` in real JupyterLab and Notebook 7: the cells of the page are in the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels
from tests.browser.lab import wait_for

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.patient]

LOAD = "%load_ext nbstream"
ASK = "%%deepseek --no-think {options}\nWhat is above? [simulate: normal tokens=5 rate=0]"


def sent(simulator: Simulator) -> str:
    """Return the prompt of the latest request."""
    messages = simulator.log()[-1]["body"]["messages"]
    return str(messages[-1]["content"])


def replace_source(notebook: NotebookPage, index: int, source: str) -> None:
    """Type other code into a cell, and do not run it."""
    notebook.cell(index).locator(".jp-InputArea-editor .cm-content").click()
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.type(source)


@pytest.mark.parametrize("kernel", ["ipykernel-6.29", kernels.NEWEST])
@pytest.mark.parametrize("front_end", ["lab", "notebook"])
def test_the_cells_are_sent_as_the_notebook_shows_them(
    front_end: str, kernel: str, open_notebook: OpenNotebook, slow_simulator: Simulator
) -> None:
    cells = [
        LOAD,
        "# placeholder for Markdown",
        "print('as it was run')",
        "7 * 6",
        "never = 'run'",
        ASK.format(options="--above"),
        "below = 1",
    ]
    notebook = open_notebook("above.ipynb", cells, kernel, front_end)
    notebook.wait_for_kernel()
    page = notebook.page
    for index in (0, 2, 3):
        notebook.run_and_wait(index)
    # A code cell becomes a Markdown cell with another text.
    replace_source(notebook, 1, "# A title of mine")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    # A cell is edited after its run, and another one before any.
    replace_source(notebook, 2, "print('as it stands now')")
    replace_source(notebook, 4, "typed = 'just now'")
    notebook.run_and_wait(5)
    output = notebook.output(5)
    expect(output.locator(".nbstream-settled")).to_contain_text("5 cells above")
    text = sent(slow_simulator)
    assert text.endswith(ASK.format(options="").split("\n", 1)[1])
    assert "Cell 2 (Markdown):\n```markdown\n# A title of mine\n```" in text
    assert "changed since it was run as [2]" in text
    assert "print('as it stands now')" in text
    assert "It printed:\n```text\nas it was run\n```" in text
    assert "Its output:\n```text\n42\n```" in text
    assert "Cell 5 (code, not run):\n```python\ntyped = 'just now'\n```" in text
    assert "below = 1" not in text
    assert "--above" not in text
    assert "session" not in output.inner_text()

    # The output of the print is cleared, its cell is moved down, and only two cells are asked for.
    notebook.cell(2).locator(".jp-InputPrompt").click()
    menu(notebook, "Edit", "Clear Cell Output")
    expect(notebook.cell(2)).not_to_contain_text("as it was run")
    page.keyboard.press("Control+Shift+ArrowDown")
    expect(notebook.cell(2)).to_contain_text("7 * 6")
    replace_source(notebook, 5, ASK.format(options="--above 2"))
    before = len(slow_simulator.log())
    notebook.run(5)
    wait_for(lambda: len(slow_simulator.log()) > before)
    expect(output.locator(".nbstream-settled")).to_contain_text("2 cells above")
    text = sent(slow_simulator)
    assert "7 * 6" not in text
    assert "It printed" not in text
    assert text.index("Cell 4 (") < text.index("as it stands now") < text.index("Cell 5 (")


@pytest.mark.parametrize("kernel", ["ipykernel-6.29", kernels.NEWEST])
def test_answers_and_failures_are_sent_with_what_the_page_shows(
    kernel: str, open_notebook: OpenNotebook, slow_simulator: Simulator
) -> None:
    question = ASK.format(options="")
    notebook = open_notebook("answers.ipynb", [LOAD, question, ASK.format(options="--above 1"), "", ""], kernel)
    notebook.wait_for_kernel()
    for index in (0, 1, 2):
        notebook.run_and_wait(index)
    # A cell that asked is sent as its prompt and the answer, without the footer.
    text = sent(slow_simulator)
    assert f"Cell 2 (prompt to a model, run as [2]):\n```text\n{question}\n```" in text
    assert "The model's answer:\n```markdown\n" in text
    assert "Simulated: no model was called." in text
    assert "first token" not in text

    # The last exception is sent with what its cell had printed.
    replace_source(notebook, 3, "print('a hint')\n1 / 0")
    notebook.run_and_wait(3)
    replace_source(notebook, 4, "%deepseek fix --no-think")
    before = len(slow_simulator.log())
    notebook.run(4)
    wait_for(lambda: len(slow_simulator.log()) > before)
    text = sent(slow_simulator)
    assert "Cell 4 (code, run as [" in text
    assert "It printed:\n```text\na hint\n```" in text
    assert "ZeroDivisionError: division by zero" in text


def menu(notebook: NotebookPage, *path: str) -> None:
    """Click an item of the menu bar."""
    notebook.page.locator(".lm-MenuBar-item", has_text=path[0]).first.click()
    notebook.page.locator(".lm-Menu-item", has_text=path[1]).first.click()


@pytest.mark.parametrize("kernel", ["ipykernel-6.29", kernels.NEWEST])
def test_what_threads_print_beside_the_question_stays_in_its_cell(kernel: str, open_notebook: OpenNotebook) -> None:
    thread = (
        "import threading, time\nfrom nbstream.prompt import session\n"
        "def work():\n    for n in range(40):\n        print('thread', n)\n        time.sleep(0.05)\n"
        "started = threading.Thread(target=work)\nstarted.start()\n"
        "found = session.cells_above(5)\n"
        "started.join()\nprint(found.origin, len(found.cells), 'end', end='.')"
    )
    notebook = open_notebook("beside.ipynb", [LOAD, thread], kernel)
    notebook.wait_for_kernel()
    notebook.run_and_wait(0)
    notebook.run_and_wait(1)
    expect(notebook.output(1)).to_contain_text("page 1 end.")
    shown = notebook.output(1).inner_text()
    assert [f"thread {n}" in shown for n in range(40)] == [True] * 40
