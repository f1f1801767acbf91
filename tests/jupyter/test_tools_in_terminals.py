"""Tools in a terminal's IPython and in plain scripts, where `input()` asks, or nobody can."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests import kernels
from tests.jupyter.deciding import prompt
from tests.priced import SUM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.simulator.server import Simulator

pytestmark = pytest.mark.kernel

_TOOL = """
import nbstream
ran = []
def note(text: str) -> str:
    "Note a text."
    ran.append(text)
    print("noting", text)
    return f"noted {text}"
"""
_TEXT = prompt('note {"text": "a"}', 'note {"text": "b"}', '2 note {"text": "c"}')
_SCRIPT = f"""{_TOOL}
try:
    reply = nbstream.ask({_TEXT!r}, tools=[note])
finally:
    reply = nbstream.last
    print("ran:", ran, reply.status, [call.state for step in reply.steps for call in step.tool_calls])
"""
_QUESTION = "n: deny > "
_ENVIRON = {**os.environ, "PROMPT_TOOLKIT_NO_CPR": "1", "PYTHONPATH": str(kernels.ROOT)}


@pytest.fixture
def ipython(simulator: Simulator) -> Iterator[pexpect.spawn[str]]:
    """A terminal's IPython with the tool."""
    del simulator
    child: pexpect.spawn[str] = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--no-banner", "--simple-prompt", "--no-confirm-exit", "--colors=NoColor"],
        encoding="utf-8",
        timeout=30,
        dimensions=(60, 140),
        env={**_ENVIRON, "DEEPSEEK_BASE_URL": os.environ["DEEPSEEK_BASE_URL"], "DEEPSEEK_API_KEY": "simulated"},
    )
    child.expect_exact("In [1]: ")
    child.sendline(f"%load_ext nbstream\nexec({_TOOL!r})")
    child.expect_exact("In [3]: ")
    yield child
    # A loaded machine takes longer than `close(force=True)` allows.
    child.kill(signal.SIGKILL)
    child.wait()
    child.close()


def _ask(child: pexpect.spawn[str]) -> None:
    child.sendline(f"get_ipython().run_cell_magic('deepseek', '-T note -o reply', {_TEXT!r})")
    child.expect_exact("The model asks to run note:")
    child.expect_exact(_QUESTION)


def _tell(child: pexpect.spawn[str]) -> str:
    """Return what ran, and what became of the calls."""
    child.sendline("print('ran:', ran, reply.status, [c.state for s in reply.steps for c in s.tool_calls], '.')")
    child.expect(r"\r\nran: (.*) \.")
    assert child.match
    return str(child.match.group(1))  # type: ignore[union-attr]


def test_a_terminal_asks_for_each_call_by_input(ipython: pexpect.spawn[str]) -> None:
    _ask(ipython)
    ipython.sendline("y")
    ipython.expect_exact("noting a")
    ipython.expect_exact(_QUESTION)
    ipython.sendline("n")
    ipython.expect_exact("Why not?")
    ipython.sendline("not b")
    ipython.expect(r"denied by the user.*not b")
    ipython.expect_exact(_QUESTION)
    ipython.sendline("e")
    ipython.expect_exact("nothing: back > ")
    ipython.sendline('\x15{"text": "changed"}')
    ipython.expect_exact("noting changed")
    ipython.expect(f"would cost {SUM}")
    ipython.expect(r"In \[\d+\]: ")
    assert _tell(ipython) == "['a', 'changed'] complete ['done', 'denied', 'done']"


def test_a_terminal_allows_a_tool_for_the_whole_reply(ipython: pexpect.spawn[str]) -> None:
    _ask(ipython)
    ipython.sendline("a")
    ipython.expect(f"would cost {SUM}")
    ipython.expect(r"In \[\d+\]: ")
    assert _tell(ipython) == "['a', 'b', 'c'] complete ['done', 'done', 'done']"
    _ask(ipython)


def test_ctrl_c_at_the_question_stops_the_reply(ipython: pexpect.spawn[str]) -> None:
    _ask(ipython)
    ipython.sendintr()
    ipython.expect_exact("KeyboardInterrupt")
    ipython.expect(r"In \[\d+\]: ")
    assert _tell(ipython) == "[] cancelled ['stopped', 'stopped']"


def test_in_a_background_reply_of_a_terminal_nobody_is_asked(ipython: pexpect.spawn[str]) -> None:
    ipython.sendline(f"get_ipython().run_cell_magic('deepseek', '--background -T note -o reply', {_TEXT!r})")
    ipython.expect(r"In \[\d+\]: ")
    assert _tell(ipython).startswith("[]")


def test_a_script_in_a_terminal_asks(simulator: Simulator) -> None:
    del simulator
    child: pexpect.spawn[str] = pexpect.spawn(
        sys.executable, ["-c", _SCRIPT], encoding="utf-8", timeout=30, dimensions=(60, 140), env=dict(os.environ)
    )
    for answer in ("y", "y", "n"):
        child.expect_exact(_QUESTION)
        child.sendline(answer)
    child.sendline("")
    child.expect(re.escape("ran: ['a', 'b'] complete ['done', 'done', 'denied']"))
    child.expect(pexpect.EOF)


@pytest.mark.parametrize("stdin", [subprocess.DEVNULL, subprocess.PIPE])
def test_a_script_without_a_terminal_denies_and_says_so(simulator: Simulator, stdin: int) -> None:
    del simulator
    given = {"input": "y\n" * 9} if stdin == subprocess.PIPE else {"stdin": stdin}
    ended = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, timeout=60, check=True, **given
    )
    assert "ran: [] complete ['denied', 'denied', 'denied']" in ended.stdout
    assert "nobody could be asked" in ended.stdout
    assert ended.stderr == ""
