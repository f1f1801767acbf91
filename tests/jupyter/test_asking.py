"""Questions that are asked by `input()`: in a terminal, and nowhere that nobody can type."""

from __future__ import annotations

import codecs
import json
import os
import select
import signal
import struct
import subprocess
import sys
import time

import pytest

from nbstream.exchange import front_end
from nbstream.jupyter import asking
from nbstream.model.decision import Decision
from nbstream.model.tool_call import ToolCall
from tests import kernels

if sys.platform == "win32":
    pytest.skip("a terminal of its own is only to be had where there is `pty`", allow_module_level=True)

import fcntl
import pty
import termios

ARGUMENTS = {"path": "a\u202etxt", "note": "one\n  path = /safe", "count": 2**70}
CALL = ToolCall("call_0", "write\u200b_file", json.dumps(ARGUMENTS), "asking", reason="the rule raised\nKeyError")
SCRIPT = f"""
import sys
import time
import nbstream
from nbstream.exchange import front_end
from nbstream.model.tool_call import ToolCall
call = ToolCall("call_0", {CALL.name!r}, {CALL.arguments!r}, "asking", reason={CALL.reason!r})
print("soon")
while "late" in sys.argv and not __import__("select").select([0], [], [], 0.1)[0]:
    pass
try:
    print("decided:", front_end.ask(call), end="!")
except KeyboardInterrupt:
    print("interrupted")
"""
_TIMEOUT_SECONDS = 20
#: Rows and columns, and the same in pixels.
_SIZE = struct.pack("HHHH", 50, 400, 0, 0)


class Terminal:
    """A script in a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self._process, self._master = pty.fork()
        if not self._process:
            environ = {**os.environ, "TERM": "xterm", "PYTHONPATH": str(kernels.ROOT)}
            os.execve(sys.executable, [sys.executable, "-c", SCRIPT, *arguments], environ)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, _SIZE)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.shown = ""

    def wait_for(self, text: str) -> None:
        """Read until `text` is shown after what was read before."""
        deadline, start = time.monotonic() + _TIMEOUT_SECONDS, len(self.shown)
        while text not in self.shown[start:]:
            assert time.monotonic() < deadline, self.shown
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    self.shown += self._decoder.decode(os.read(self._master, 65_536))
                except OSError:
                    break
        assert text in self.shown[start:], self.shown

    def wait_for_silence(self) -> None:
        """Read until nothing more is shown."""
        while select.select([self._master], [], [], 0.5)[0]:
            self.shown += self._decoder.decode(os.read(self._master, 65_536))

    def type(self, text: str) -> None:
        """Type `text`."""
        os.write(self._master, text.encode())

    def close(self) -> None:
        """End the script."""
        os.close(self._master)
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)


def test_import_nbstream_lets_the_exchange_ask() -> None:
    import nbstream  # noqa: F401  (its import sets it)

    assert front_end.ask(CALL) == Decision("deny", by="nobody")


@pytest.mark.parametrize(
    ("typed", "decided"),
    [
        (["y\n"], "Decision(action='allow', edited=None, reason='', by='user')"),
        ([" A\n"], "Decision(action='allow_all', edited=None, reason='', by='user')"),
        (["n\n", "not today\n"], "Decision(action='deny', edited=None, reason='not today', by='user')"),
        (["n\n", "\n"], "Decision(action='deny', edited=None, reason='', by='user')"),
        (["\n", "yes\n", "y\n"], "Decision(action='allow', edited=None"),
        # What was typed there before is removed.
        (["e\n", "\x15[1]\n", "\x15{\n", '\x15{"a": 1}\n'], "Decision(action='allow', edited='{\"a\": 1}'"),
        (["e\n", "\x15\n", "y\n"], "Decision(action='allow', edited=None"),
        (["\x04"], "Decision(action='deny', edited=None, reason='', by='nobody')"),
        (["e\n", "\x15\x04"], "by='nobody')"),
        (["\x03"], "interrupted"),
    ],
    ids=str,
)
def test_the_choices_in_a_terminal(typed: list[str], decided: str) -> None:
    terminal = Terminal()
    try:
        terminal.wait_for("deny > ")
        for text in typed:
            # Python's own `input()` misses a Ctrl-C that comes just before it reads.
            terminal.wait_for_silence()
            terminal.type(text)
        terminal.wait_for("!" if decided != "interrupted" else decided)
        assert decided in terminal.shown
    finally:
        terminal.close()


def test_a_terminal_shows_all_of_the_arguments_and_nothing_invisible() -> None:
    terminal = Terminal()
    try:
        terminal.wait_for("deny > ")
        shown = terminal.shown.replace("\r", "")
        assert shown.startswith(
            "soon\nThe model asks to run write\\u200b_file:\n"
            "  path = a\\u202etxt\n"
            "  note = one\n"
            "  |   path = /safe\n"
            f"  count = {2**70}\n"
            "the rule raised KeyError\n"
            "The name of the tool has letters that may look like others: \\u200b (U+200B, ZERO WIDTH SPACE).\n"
        )
        assert not {"\u202e", "\u200b"} & set(shown)
        terminal.type("e\n")
        terminal.wait_for("}")
        assert '"path": "a\\u202etxt"' in terminal.shown
    finally:
        terminal.close()


def test_what_was_typed_before_the_question_does_not_answer_it() -> None:
    terminal = Terminal("late")
    try:
        terminal.wait_for("soon")
        terminal.type("y\n")
        terminal.wait_for("deny > ")
        terminal.type("n\n")
        terminal.wait_for("empty > ")
        terminal.type("\n")
        terminal.wait_for("!")
        assert "action='deny'" in terminal.shown
    finally:
        terminal.close()


@pytest.mark.parametrize("stdin", [subprocess.DEVNULL, subprocess.PIPE])
def test_nobody_is_asked_where_nobody_can_type(stdin: int) -> None:
    command = [sys.executable, "-c", SCRIPT]
    environ = {**os.environ, "PYTHONPATH": str(kernels.ROOT)}
    given = {"input": "y\n"} if stdin == subprocess.PIPE else {"stdin": stdin}
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=60, **given)
    assert result.stdout == "soon\ndecided: Decision(action='deny', edited=None, reason='', by='nobody')!"


def test_a_thread_without_a_cell_asks_nobody() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(asking.ask, CALL).result() == Decision("deny", by="nobody")
