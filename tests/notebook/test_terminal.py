"""Plain text where there is no page: a script, a pipe, and a terminal IPython on a real pseudo-terminal."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pexpect
import pytest

from nbstream.client.run import Run
from nbstream.client.source import ReplaySource
from nbstream.notebook.display import pump
from nbstream.notebook.terminal import TextView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.simulator.server import Simulator

ASK = "import nbstream; reply = nbstream.ask({!r}); print('status', reply.status)"


class Screen(io.StringIO):
    """Standard output that is, or is not, a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def replay(*deltas: dict[str, str], terminal: bool = False) -> str:
    chunks = [{"choices": [{"delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})  # type: ignore[dict-item]
    data = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode()
    run = Run(ReplaySource([(0, data)], "m"))
    out = Screen(terminal=terminal)
    pump(run, TextView(run, out))
    return out.getvalue()


def test_a_pipe_gets_text_and_nothing_else() -> None:
    text = replay({"reasoning_content": "We"}, {"content": "Yes"})
    assert text.startswith("We\n\nYes\nm · ")
    assert "\x1b" not in text


def test_a_terminal_shows_reasoning_dim() -> None:
    text = replay({"reasoning_content": "We"}, {"content": "Yes"}, terminal=True)
    assert "\x1b[2mWe\x1b[0m" in text
    assert text.index("\x1b[0m") < text.index("Yes")


@pytest.mark.parametrize("terminal", [True, False])
def test_what_a_terminal_would_obey_is_not_passed_on(terminal: bool) -> None:  # noqa: FBT001
    text = replay({"content": "a\x1b]0;title\x07b\x9b31mc\rd\te\n"}, terminal=terminal)
    assert "a\ufffd]0;title\ufffdb\ufffd31mc\ufffdd\te\n" in text


def test_a_script(simulator: Simulator) -> None:
    run = subprocess.run([sys.executable, "-c", ASK.format("hello")], capture_output=True, text=True, check=True)
    assert "no model was called" in run.stdout
    assert run.stdout.endswith("status complete\n")
    assert "would cost $" in run.stdout
    assert run.stderr == ""


@pytest.fixture
def terminal(simulator: Simulator) -> Iterator[pexpect.spawn[str]]:
    """An IPython at its prompt."""
    child: pexpect.spawn[str] = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--no-banner", "--simple-prompt", "--no-confirm-exit", "--colors=NoColor"],
        encoding="utf-8",
        timeout=30,
        dimensions=(50, 120),
    )
    child.expect_exact("In [1]: ")
    child.sendline("%load_ext nbstream")
    child.expect_exact("In [2]: ")
    yield child
    child.sendline("exit")
    child.expect(pexpect.EOF)
    child.close()


@pytest.mark.kernel
def test_a_terminal_ipython_streams_and_keeps(terminal: pexpect.spawn[str]) -> None:
    terminal.sendline("get_ipython().run_cell_magic('deepseek', '-o r', 'hello')")
    terminal.expect_exact("no model was called")
    terminal.expect_exact("would cost $")
    terminal.expect(r"In \[\d+\]: ")
    terminal.sendline("print('kept', r.status)")
    terminal.expect_exact("kept complete")
    terminal.expect(r"In \[\d+\]: ")


@pytest.mark.kernel
def test_ctrl_c_stops_and_keeps(terminal: pexpect.spawn[str], simulator: Simulator) -> None:
    terminal.sendline("get_ipython().run_cell_magic('deepseek', '-o r', 'hello [simulate: silence after=12]')")
    terminal.expect(re.escape("\x1b[2m"))
    deadline = time.monotonic() + 20
    while not simulator.log() or simulator.log()[0]["deltas_sent"] < 12:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    terminal.sendintr()
    terminal.expect_exact("Stopped after")
    terminal.expect_exact("KeyboardInterrupt")
    terminal.expect(r"In \[\d+\]: ")
    terminal.sendline("print('kept', r.status, len(r.reasoning) > 0)")
    terminal.expect_exact("kept cancelled True")
    terminal.expect(r"In \[\d+\]: ")
    while simulator.log()[0]["how"] != "disconnected":
        assert time.monotonic() < deadline
        time.sleep(0.02)
