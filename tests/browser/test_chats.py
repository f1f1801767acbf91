"""Chats in real JupyterLab: cells that are run again, moved, deleted, and brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import kernels

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.browser.conftest import OpenNotebook
    from tests.browser.lab import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.patient]

#: The simulator begins each echo with it.
MARK = "*Simulated: no model was called.*\n\n"


def question(word: str) -> str:
    return f"%%deepseek -c plan --no-think\n[simulate: echo rate=0] {word}"


def sent(simulator: Simulator) -> list[str]:
    """Return the texts of the last request without the simulator's own words."""
    messages = [each["body"] for each in simulator.log() if each["method"] == "POST"][-1]["messages"]
    return [each["content"].removeprefix("[simulate: echo rate=0] ").removeprefix(MARK) for each in messages]


def press(notebook: NotebookPage, index: int, *keys: str) -> None:
    """Select a cell, and press keys of the command mode."""
    notebook.cell(index).locator(".jp-InputPrompt").click()
    notebook.page.keyboard.press("Escape")
    for key in keys:
        notebook.page.keyboard.press(key)


@pytest.mark.parametrize("front_end", ["lab", "notebook"])
def test_a_turn_follows_its_cell(front_end: str, open_notebook: OpenNotebook, slow_simulator: Simulator) -> None:
    words = ["one", "two", "three"]
    cells = ["%load_ext nbstream", *map(question, words), "1"]
    notebook = open_notebook("chats.ipynb", cells, kernels.NEWEST, front_end)
    notebook.wait_for_kernel()
    for index in range(4):
        notebook.run_and_wait(index)
    assert sent(slow_simulator) == ["one", "one", "two", "two", "three"]
    expect(notebook.output(3)).to_contain_text("turn 3")

    # Run again: its own turn, after the turns before it.
    notebook.cell(2).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+End")
    notebook.page.keyboard.type("!")
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("version 2")
    assert sent(slow_simulator) == ["one", "one", "two!"]
    # The turn after it says so in its own output, until it is run again.
    expect(notebook.output(3)).to_contain_text("answered an earlier version")
    notebook.run(3)
    expect(notebook.output(3)).to_contain_text("version 2")
    expect(notebook.output(3)).not_to_contain_text("answered an earlier version")

    # Moved below the third: it stays its turn.
    press(notebook, 2, "Control+Shift+ArrowDown")
    expect(notebook.cell(3)).to_contain_text("two!")
    # JupyterLab undoes two changes in one step that were made within half a second.
    notebook.page.wait_for_timeout(600)
    notebook.run(3)
    expect(notebook.output(3)).to_contain_text("turn 2, version 3")
    assert sent(slow_simulator) == ["one", "one", "two!"]
    # At the end of a cell JupyterLab forgets which cells were deleted, also while the cell ran.
    notebook.wait_until_ran(3)

    # Deleted: the next cell says so once, and sends it no more.
    press(notebook, 1, "d", "d")
    notebook.run(1)
    expect(notebook.output(1)).to_contain_text("Turn 1 of the chat plan is set aside")
    expect(notebook.output(1)).to_contain_text("version 3")
    assert sent(slow_simulator) == ["two!", "two!", "three"]

    # Its deletion is undone: run again, it is back in its place.
    press(notebook, 1, "z")
    expect(notebook.cell(1)).to_contain_text("one")
    notebook.run(1)
    expect(notebook.output(1)).to_contain_text("turn 1, version 2")
    assert sent(slow_simulator) == ["one"]
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("turn 3, version 4")
    assert sent(slow_simulator) == ["one", "one", "two!", "two!", "three"]
