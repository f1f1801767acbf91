"""A reply as the value of a cell, on real ipykernels and in IPython's terminal."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel

SHORT = "hello [simulate: normal tokens=20]"


def values(cell: Cell) -> list[dict[str, str]]:
    """Return the data of the cell's value and of what it displayed, without the live view."""
    return [each["content"]["data"] for each in cell.outputs_of("execute_result", "display_data")]


@pytest.mark.kernel
def test_a_reply_shows_itself_once(kernel: Kernel) -> None:
    asked = kernel.run(f"reply = nbstream.ask('{SHORT}', thinking=False)\nreply")
    assert asked.outputs_of("execute_result") == []
    assert kernel.run(f"nbstream.ask('{SHORT}', thinking=False)").outputs_of("execute_result") == []

    later = kernel.run("reply")
    (value,) = values(later)
    assert "Simulated" in value["text/html"]
    assert "nbstream-settled" in value["text/html"]
    assert "Simulated" in value["text/markdown"]
    (result,) = later.outputs_of("execute_result")
    assert result["content"]["metadata"]["nbstream"]["answer"]

    # Whoever asks for the reply gets it, also in the cell that has just shown it.
    shown = kernel.run(f"reply = nbstream.ask('{SHORT}', thinking=False)\ndisplay(reply)\ndisplay(reply)")
    assert sum("text/html" in value for value in values(shown)) == 2
    (listed,) = values(kernel.run("[reply]"))
    assert listed["text/plain"].startswith("[<Reply complete from ")
    assert kernel.run("print(reply)").text("stdout").startswith("<Reply complete from ")


@pytest.mark.kernel
def test_a_reply_that_nothing_showed_shows_itself(kernel: Kernel) -> None:
    (value,) = values(kernel.run(f"nbstream.stream('{SHORT}').result(20)"))
    assert "Simulated" in value["text/html"]
    (value,) = values(kernel.run("run = nbstream.stream('x [simulate: silence after=5]'); run.reply"))
    assert list(value) == ["text/plain"]
    kernel.run("run.cancel(); run.result(20)")


def test_in_a_terminal_a_reply_is_its_text(simulator: Simulator) -> None:
    cells = [
        f"import nbstream; reply = nbstream.stream({SHORT!r}).result(20)",
        "reply",
        f"nbstream.ask({SHORT!r}, thinking=False)",
    ]
    code = (
        "from IPython.terminal.interactiveshell import TerminalInteractiveShell\n"
        "shell = TerminalInteractiveShell.instance()\n"
        f"for cell in {cells!r}: shell.run_cell(cell, store_history=True)\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout
    *above, last = shown.rstrip().splitlines()
    assert above.count("*Simulated: no model was called.*") == 2
    assert last.startswith("Out[3]: <Reply complete from deepseek-flash")
