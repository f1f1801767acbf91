"""A reply as text: in a script, in a pipe, and in IPython on a real pseudo-terminal."""

from __future__ import annotations

import io
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import pexpect
import pyte
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from nbstream.client.run import Run
from nbstream.jupyter.pumping import Pump
from nbstream.model.events import Answer, Ended, Reasoning
from nbstream.model.presentation import Presentation
from nbstream.model.reduction import reduced
from nbstream.model.reply import Reply
from nbstream.output.card_lines import card_lines
from nbstream.output.terminal.formatted import FormattedWriter
from nbstream.output.terminal.view import TextView, write
from nbstream.simulator.log import key_digest
from tests.output.emulator import EmulatedTerminal, Output
from tests.output.exchanges import ALL, CALLS, FIRST, WHOLE
from tests.output.test_cards import CALLS as ANY_CALL
from tests.output.test_cards import CONTROL
from tests.pieces import PiecesSource
from tests.priced import SUM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbstream.model.events import Event
    from nbstream.model.presentation import ReasoningDisplay
    from nbstream.model.tool_call import ToolCall
    from nbstream.simulator.server import Simulator

ASK = "import nbstream; reply = nbstream.ask({!r}); print('status', reply.status)"
STYLE = re.compile(r"\x1b\[[0-9;]*m")
DURATION = "Thought for less than a second"
#: The beginning of the text in a pipe, for the reasoning "We" and the answer "*Yes*".
SECTIONS = f"--- Reasoning ---\n\nWe\n\n{DURATION}\n\n--- Answer ---\n\n*Yes*\nm · "

REASONING = "Some words that are reasoned, and 中文字符、以及标点。\r\n\nAnother paragraph.\n\n"
# rich counts two columns for a flag, and pyte four; real terminals differ as well.
ANSWER = """## Title

A paragraph with **bold** words, `code` and 中文字符、以及标点。 It takes more than one row in any terminal.
FLAGS

1. one
   - nested
2. two
3. three

| a | b |
|---|--:|
| 1 | 2 |

```python
def f(x):
    return x + 1

print(f(1), f(2), f(3), f(4), f(5))  # a line that is wider than the smallest terminal
print(f(2))
print(f(3))
```
> a quote

The end.""".replace("FLAGS", "🇩🇪" * 12)


@pytest.fixture(autouse=True)
def colour_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment of a terminal with colours."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def replay(*deltas: dict[str, str], terminal: bool = False) -> str:
    """Return what a view writes for an answer in these deltas."""
    out = Output(terminal=terminal)
    run = ended(*deltas)
    Pump(run, TextView(run, Presentation(), out)).work_here()
    return out.getvalue()


def ended(*deltas: dict[str, str]) -> Run:
    """Return a run that has received these deltas and ended."""
    chunks: list[Any] = [{"choices": [{"delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    data = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode()
    run = Run(PiecesSource([(0, data)], "m"))
    run.result()
    return run


def show(view: TextView, text: str, kind: type[Reasoning | Answer], chance: random.Random | None) -> Iterator[None]:
    """Give the view `text` as events: one event, or pieces of sizes that `chance` chooses.

    Yields after each event.
    """
    at = 0
    while at < len(text):
        size = chance.choice([1, 2, 5, 30, 90]) if chance else len(text)
        view.update([kind(0, text[at : at + size])], view._reply)
        at += size
        yield


def test_a_pipe_receives_plain_markdown() -> None:
    text = replay({"content": "*Yes*"}, {"content": "\n\n# No"})
    assert text.startswith("*Yes*\n\n# No\nm · ")
    assert "\x1b" not in text


def test_a_pipe_receives_no_blank_lines_around_an_answer() -> None:
    text = replay({"content": "\n\n"}, {"content": "\n    *Yes*\n"}, {"content": " "}, {"content": "\nNo\n\n"})
    assert text.startswith("    *Yes*\n \nNo\nm · ")


def test_a_pipe_receives_a_heading_once_the_thoughts_turn_out_to_be_thoughts() -> None:
    text = replay({"content": "We"}, {"content": "</think>\n\n*Yes*"})
    assert text.startswith(f"We\n\n{DURATION}\n\n--- Answer ---\n\n*Yes*\nm · ")


def test_a_terminal_keeps_what_was_written_before_it_turned_out_to_be_thoughts() -> None:
    text = replay({"content": "We **think**.\n\nSo"}, {"content": " it is.\n</think>\n\n*Yes*"}, terminal=True)
    assert all(text.count(words) == 1 for words in ("We", "think", "So it is.", DURATION))
    assert text.index("So it is.") < text.index(DURATION) < text.index("Yes")


def test_a_pipe_receives_headings_for_reasoning_and_answer() -> None:
    text = replay({"reasoning_content": "We"}, {"content": "*Yes*"})
    assert text.startswith(SECTIONS)
    assert "\x1b" not in text


def test_a_pipe_receives_no_answer_heading_without_an_answer() -> None:
    text = replay({"reasoning_content": "We"})
    assert text.startswith(
        f"--- Reasoning ---\n\nWe\n\n{DURATION}\nThe answer is empty: the model ended while thinking."
    )


def test_a_pipe_receives_no_headings_with_hidden_reasoning() -> None:
    out = Output(terminal=False)
    run = ended({"reasoning_content": "We"}, {"content": "*Yes*"})
    Pump(run, TextView(run, Presentation(reasoning="hidden"), out)).work_here()
    assert out.getvalue().startswith("*Yes*\nm · ")


@pytest.mark.parametrize(
    ("reasoning", "begins"),
    [("auto", f"{DURATION}\n\n*Yes*\nm · "), ("open", SECTIONS), ("hidden", f"{DURATION}\n\n*Yes*\nm · ")],
)
def test_an_ended_reply_is_written_in_the_same_form_as_a_live_one(reasoning: ReasoningDisplay, begins: str) -> None:
    out = Output(terminal=False)
    write(ended({"reasoning_content": "We"}, {"content": "*Yes*"}).reply, Presentation(reasoning=reasoning), out)
    assert out.getvalue().startswith(begins)


@pytest.mark.parametrize("deltas", [(), ({"content": "*Yes*"},), ({"reasoning_content": "We"},)])
@pytest.mark.parametrize("reasoning", ["auto", "open"])
def test_an_ended_reply_has_no_heading_for_a_missing_part(
    reasoning: ReasoningDisplay, deltas: tuple[dict[str, str], ...]
) -> None:
    out = Output(terminal=False)
    write(ended(*deltas).reply, Presentation(reasoning=reasoning), out)
    text = out.getvalue()
    assert "--- Answer ---" not in text
    assert ("--- Reasoning ---" in text) == (reasoning == "open" and "reasoning_content" in str(deltas))
    assert text[0] != "\n"


@pytest.mark.parametrize("reasoning", ["auto", "open"])
def test_an_ended_reply_is_formatted_for_a_terminal(
    reasoning: ReasoningDisplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = EmulatedTerminal(monkeypatch)
    write(ended({"reasoning_content": "We"}, {"content": "# Yes"}).reply, Presentation(reasoning=reasoning), out)
    rows = [DURATION, "", "Yes", ""]
    assert out.rows[:-1] == (["We", "", *rows] if reasoning == "open" else rows)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_without_styles_receives_the_text_of_a_pipe(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    text = replay({"reasoning_content": "We"}, {"content": "*Yes*"}, terminal=True)
    assert text.startswith(SECTIONS)
    assert "\x1b" not in text


def test_a_character_outside_the_encoding_is_replaced() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    run = ended({"content": "a 🌊"})
    Pump(run, TextView(run, Presentation(), out)).work_here()
    out.seek(0)
    assert out.read().startswith("a ?\n")


def test_a_terminal_shows_dim_reasoning_before_the_answer() -> None:
    text = replay({"reasoning_content": "We"}, {"content": "Yes"}, terminal=True)
    assert "\x1b[2mWe\x1b[0m" in text
    assert text.index("\x1b[0m") < text.index("Yes")


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("field", ["content", "reasoning_content"])
def test_control_characters_of_a_reply_are_replaced(terminal: bool, field: str) -> None:  # noqa: FBT001
    text = replay({field: "a\x1b]0;title\x07b\x9b31m\u202ec\x08d"}, {field: "e\n\nf\x1b[2J"}, terminal=terminal)
    assert "a\ufffd]0;title\ufffdb\ufffd31m\ufffdc\ufffdde" in text
    assert "f\ufffd[2J" in text


def test_a_terminal_shows_reasoning_duration_answer_and_footer_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    out = EmulatedTerminal(monkeypatch)
    run = ended({"reasoning_content": "We\n"}, {"content": "# Yes"})
    Pump(run, TextView(run, Presentation(), out)).work_here()
    assert out.rows[:6] == ["We", "", "Thought for less than a second", "", "Yes", ""]
    assert out.rows[6].startswith("m · ")
    assert len(out.rows) == 7


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 8), (120, 5), (24, 3)])
@pytest.mark.parametrize("seed", range(4))
def test_the_final_screen_does_not_depend_on_the_pieces_and_only_finished_rows_scroll_off(
    columns: int, lines: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ended({"content": "x"})

    def screen(chance: random.Random | None) -> tuple[list[str], list[list[str]]]:
        out = EmulatedTerminal(monkeypatch, columns, lines)
        view = TextView(run, Presentation(), out)
        arriving = chain(show(view, REASONING, Reasoning, chance), show(view, ANSWER, Answer, chance))
        scrolled = [out.scrolled for _ in arriving]
        view.settle(run.reply)
        return out.rows, scrolled

    whole, _ = screen(None)
    rows, scrolled = screen(random.Random(seed))
    assert rows == whole
    assert any("def f(x):" in row for row in rows)
    for each in scrolled:
        assert each == whole[: len(each)]


def test_the_block_in_progress_is_formatted_and_only_changes_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    out = EmulatedTerminal(monkeypatch, 40)
    view = TextView(ended(), Presentation(), out)
    view.update([Answer(0, "# Title\n\nSome words, **bold wo")], view._reply)
    assert out.rows == ["Title", "", "Some words, bold wo"]
    size = len(out.getvalue())
    view.update([Answer(0, "rds** and `x")], view._reply)
    assert out.rows == ["Title", "", "Some words, bold words and x"]
    assert "Title" not in out.getvalue()[size:]
    size = len(out.getvalue())
    view.update([Answer(0, "")], view._reply)
    assert len(out.getvalue()) == size


def test_a_block_taller_than_the_screen_shows_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    out = EmulatedTerminal(monkeypatch, 40, 6)
    view = TextView(ended(), Presentation(), out)
    view.update([Answer(0, "before\n\n")], view._reply)
    view.update([Answer(0, "```\n" + "".join(f"{line}\n" for line in range(50)))], view._reply)
    assert out.rows == ["before", "…", "47", "48", "49", "─" * 38]
    view.update([Answer(0, "```\n")], view._reply)
    assert out.rows == ["before", "", "─" * 38, *map(str, range(50)), "─" * 38]


@pytest.mark.parametrize(("columns", "lines"), [(30, 10), (40, 6), (60, 20)])
def test_a_resized_terminal_loses_no_text(columns: int, lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    out = EmulatedTerminal(monkeypatch, 40, 10)
    run = ended()
    view = TextView(run, Presentation(), out)
    view.update([Answer(0, "first\n\n" + "word " * 12)], view._reply)
    out.resize(columns, lines)
    size = len(out.getvalue())
    view.update([Answer(0, "more\n\nafter")], view._reply)
    # In a terminal that became smaller the position of the rows in progress is not known.
    moves_up = re.search(r"\x1b\[\d+A", out.getvalue()[size:]) is not None
    assert moves_up == (columns >= 40 and lines >= 10)
    view.settle(run.reply)
    text = " ".join(out.rows)
    assert "first" in text
    assert text.count("word") >= 12
    assert re.search("word more +after", text)


def test_another_thread_prints_only_finished_rows_and_moves_no_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    out = EmulatedTerminal(monkeypatch, 40)
    run = ended({"reasoning_content": "We think. " * 20}, {"content": ANSWER})
    view = TextView(run, Presentation(), out)

    def work() -> None:
        view.tick()
        for _ in show(view, ANSWER, Answer, random.Random(0)):
            pass
        view.settle(run.reply)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "\x1b" not in STYLE.sub("", out.getvalue())
    assert out.rows[0] == "Title"
    assert any("The end." in row for row in out.rows)


def test_the_waiting_row_is_replaced_by_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    out = EmulatedTerminal(monkeypatch)
    run = ended({"content": "Yes"})
    view = TextView(run, Presentation(), out)
    view.tick()
    assert re.fullmatch(r"\d+\.\d s", out.rows[0])
    view.update([Answer(0, "Yes")], view._reply)
    assert out.rows == ["Yes"]


def test_ask_in_a_script_prints_reasoning_answer_and_cost(simulator: Simulator) -> None:
    run = subprocess.run([sys.executable, "-c", ASK.format("hello")], capture_output=True, text=True, check=True)
    assert "no model was called" in run.stdout
    assert run.stdout.endswith("status complete\n")
    assert run.stdout.startswith("--- Reasoning ---\n\n")
    assert re.search(r"\n\nThought for .*\n\n--- Answer ---\n\n", run.stdout)
    assert re.search(f"would cost {SUM}", run.stdout)
    assert run.stderr == ""


@pytest.fixture
def terminal(simulator: Simulator) -> Iterator[pexpect.spawn[str]]:
    """Start a terminal IPython with the extension loaded."""
    child: pexpect.spawn[str] = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--no-banner", "--simple-prompt", "--no-confirm-exit", "--colors=NoColor"],
        encoding="utf-8",
        timeout=30,
        dimensions=(50, 120),
        env={**os.environ, "PROMPT_TOOLKIT_NO_CPR": "1"},
    )
    child.expect_exact("In [1]: ")
    child.sendline("%load_ext nbstream")
    child.expect_exact("In [2]: ")
    yield child
    child.sendline("exit")
    child.expect(pexpect.EOF)
    child.close()


@pytest.mark.kernel
def test_ipython_streams_a_reply_and_keeps_it_in_a_variable(terminal: pexpect.spawn[str]) -> None:
    terminal.sendline("get_ipython().run_cell_magic('deepseek', '-o r', 'hello')")
    terminal.expect_exact("no model was called")
    terminal.expect(f"would cost {SUM}")
    terminal.expect(r"In \[\d+\]: ")
    terminal.sendline("print('kept', r.status)")
    terminal.expect_exact("kept complete")
    terminal.expect(r"In \[\d+\]: ")


@pytest.mark.kernel
def test_ctrl_c_stops_a_reply_and_keeps_the_partial_text(terminal: pexpect.spawn[str], simulator: Simulator) -> None:
    terminal.sendline("get_ipython().run_cell_magic('deepseek', '-o r', 'hello [simulate: silence after=12]')")
    terminal.expect(re.escape("\x1b[2mSomebody says"))
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
    while simulator.log()[0]["outcome"] != "disconnected":
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.kernel
def test_a_key_is_typed_without_an_echo(terminal: pexpect.spawn[str], simulator: Simulator) -> None:
    key = "canary-terminal-key-41d0"
    terminal.sendline("%deepseek key deepseek")
    terminal.expect_exact(f"API key for {simulator.url.removeprefix('http://')}: ")
    terminal.waitnoecho()
    terminal.sendline(key)
    terminal.expect_exact("is kept until this kernel ends")
    assert key not in str(terminal.before)
    terminal.expect(r"In \[\d+\]: ")
    terminal.sendline("get_ipython().run_cell_magic('deepseek', '-o r', 'hello')")
    terminal.expect(f"would cost {SUM}")
    assert simulator.log()[-1]["key_digest"] == key_digest(key)
    terminal.sendline("%deepseek models")
    terminal.expect_exact("→  deepseek-flash   1,048,576")
    terminal.sendline("%history")
    terminal.expect(r"In \[\d+\]: ")
    assert key not in str(terminal.before)


class TerminalSession(pyte.Screen):
    """IPython with its full prompt on a pseudo-terminal, drawn by a terminal emulator."""

    def __init__(self, columns: int, lines: int, home: Path) -> None:
        super().__init__(columns, lines)
        self._stream = pyte.Stream(self)
        self._child: pexpect.spawn[str] = pexpect.spawn(
            sys.executable,
            ["-m", "IPython", "--no-banner", "--no-confirm-exit", "--no-autoindent"],
            encoding="utf-8",
            dimensions=(lines, columns),
            env={**os.environ, "IPYTHONDIR": str(home)},
        )

    def write_process_input(self, data: str) -> None:
        """Send the replies to terminal queries, such as the cursor position. Called by pyte."""
        self._child.send(data)

    def type(self, text: str) -> None:
        self._child.send(text)

    def wait_for(self, pattern: str) -> str:
        """Wait until the screen shows `pattern`, and return the screen."""
        deadline = time.monotonic() + 30
        while not re.search(pattern, shown := "\n".join(row.rstrip() for row in self.display)):
            assert time.monotonic() < deadline, shown
            try:
                self._stream.feed(self._child.read_nonblocking(65536, timeout=0.1))
            except pexpect.TIMEOUT:
                continue
        return shown

    def close(self) -> None:
        self.type("exit\r")
        self._child.expect(pexpect.EOF)
        self._child.close()


@pytest.mark.kernel
def test_an_ipython_session_shows_the_reply_and_inserts_its_code(simulator: Simulator, tmp_path: Path) -> None:
    session = TerminalSession(50, 40, tmp_path)
    session.wait_for(r"In \[1\]:\s*$")
    session.type("%load_ext nbstream\r")
    session.wait_for(r"In \[2\]:\s*$")
    prompt = r"[simulate: echo] # Title\n\nSome **bold** words.\n\n```python\nx = 1\nif x:\n    x = 2\n```\n"
    session.type(f"import nbstream; r = nbstream.ask('{prompt}', thinking=False)\r")
    shown = session.wait_for(r"In \[3\]:\s*$")
    rule = "─" * 48
    block = f"── python {rule[10:]}\nx = 1\nif x:\n    x = 2\n{rule}\n"
    assert f"\nSimulated: no model was called.\n\nTitle\n\nSome bold words.\n\n{block}\ndeepseek" in shown
    session.type("%deepseek code\r")
    shown = session.wait_for(r"x = 2\s*$")
    assert re.search(r"In \[4\]: x = 1\n +\.\.\.: if x:\n +\.\.\.:     x = 2\n*$", shown)
    # Esc, Enter runs the inserted cell, as it runs a typed one.
    session.type("\x1b\r")
    session.wait_for(r"In \[5\]:\s*$")
    session.type("x\r")
    session.wait_for(r"Out\[5\]: 2\n")
    session.close()


@pytest.mark.kernel
def test_tab_completes_the_magics_line(simulator: Simulator, tmp_path: Path) -> None:
    session = TerminalSession(80, 40, tmp_path)
    session.wait_for(r"In \[1\]:\s*$")
    session.type("%load_ext nbstream\r")
    session.wait_for(r"In \[2\]:\s*$")
    session.type("completed_here = 1\r")
    session.wait_for(r"In \[3\]:\s*$")
    # One completion is inserted; of several, a menu is shown.
    session.type("%%deepseek --eff\t")
    session.wait_for(r"In \[3\]: %%deepseek --effort\b")
    session.type(" hi\t")
    session.wait_for(r"%%deepseek --effort high\b")
    session.type(" -v completed\t")
    session.wait_for(r"--effort high -v completed_here\b")
    session.type(" --no-t\t")
    session.wait_for(r"completed_here --no-think\b")
    session.type("\x03")
    session.wait_for(r"In \[3\]:\s*$")
    session.type("%deepseek cha\t")
    shown = session.wait_for(r"chats\b")
    assert "param" not in shown.split("In [3]:")[0]
    # Ctrl-U: the first one closes the menu, if it is open.
    session.type("\x15\x15")
    session.wait_for(r"In \[3\]:\s*$")
    session.close()
    assert simulator.log() == []


@pytest.mark.kernel
def test_the_cells_of_a_terminal_are_those_that_were_run(simulator: Simulator, tmp_path: Path) -> None:
    session = TerminalSession(80, 40, tmp_path)
    session.wait_for(r"In \[1\]:\s*$")
    for number, line in enumerate(["%load_ext nbstream", "print('printed', 1)", "6 * 7", "1 / 0"], 1):
        session.type(f"{line}\r")
        session.wait_for(rf"In \[{number + 1}\]:\s*$")
    session.type("get_ipython().run_cell_magic('deepseek', '--above --no-think', 'What is above?')\r")
    shown = session.wait_for(r"In \[6\]:\s*$")
    assert "4 cells of this session" in shown
    assert "Note:" not in shown
    (entry,) = simulator.log()
    text = entry["body"]["messages"][-1]["content"]
    assert "print('printed', 1)\n```" in text
    assert "It printed:\n```text\nprinted 1\n```" in text
    assert "Its output:\n```text\n42\n```" in text
    assert "ZeroDivisionError: division by zero" in text
    assert "run_cell_magic" not in text
    simulator.clear_log()
    session.type("%deepseek fix --no-think\r")
    session.wait_for(r"In \[7\]:\s*$")
    (entry,) = simulator.log()
    assert "1 / 0\n```" in entry["body"]["messages"][-1]["content"]
    session.close()


EXCHANGE = f"""--- Reasoning ---

Look it up.

{DURATION}

--- Answer ---

I look.

weather · ran 1.0 s · allowed by the user
    city (changed): Bonn am Rhein
    The arguments that the model wrote:
        city: Bonn
    Printed: asking the station
    matplotlib Figure
    pandas DataFrame, 3 rows, 2 columns · 2 of 3 rows:
           city          degrees
        0  Bonn             17.5
        1  Paris | Lyon       21
    Read by the model: sunny

clock · denied by the user · “not now”

--- Reasoning ---

Once more.

Thought for 1 s

weather · failed after 0.5 s · allowed by the user for this reply
    city: Rom
    ValueError: no such town
    cell 3, line 2

It is **sunny** in Bonn.
m-1 · 3 requests · server 6.0 s"""


def view_events(view: TextView, frames: list[list[Event]]) -> None:
    """Show events in frames, each with the reply after it, and settle the reply."""
    reply = Reply()
    for frame in frames:
        reply = reduced(frame, reply)
        view.update(frame, reply)
        view.tick()
    view.settle(reply)


def frames_of(events: list[Event], chance: random.Random | None) -> list[list[Event]]:
    """Return events in frames: each alone, or as many as `chance` chooses."""
    frames: list[list[Event]] = []
    at = 0
    while at < len(events):
        size = chance.randint(1, 9) if chance else 1
        frames.append(events[at : at + size])
        at += size
    return frames


@pytest.mark.parametrize("seed", [None, 1, 2, 3, 4, 5])
def test_a_pipe_receives_every_request_and_card_in_order(seed: int | None) -> None:
    out = Output(terminal=False)
    frames = frames_of(ALL, None if seed is None else random.Random(seed))
    view_events(TextView(ended({"content": ""}), Presentation(), out), frames)
    assert out.getvalue().startswith(EXCHANGE)


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_a_terminal_shows_the_same_cards_however_they_come(
    columns: int, seed: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "100")
    texts = []
    for frames in (frames_of(ALL, None if seed is None else random.Random(seed)), [ALL]):
        out = Output(terminal=True)
        view_events(TextView(ended({"content": ""}), Presentation(), out), frames)
        screen = pyte.Screen(columns, 100)
        pyte.Stream(screen).feed(out.getvalue().replace("\n", "\r\n"))
        texts.append("\n".join(row.rstrip() for row in screen.display).strip())
    assert texts[0] == texts[1]
    words = ["Look it up.", "I look.", "weather · ran 1.0 s", "sunny", "clock · denied", "Once more.", "failed after"]
    places = [texts[0].index(each) for each in words]
    assert places == sorted(places)
    assert not any(status in texts[0] for status in ("Running", "Waiting", "Calling"))


def test_an_ended_exchange_is_written_like_a_live_one() -> None:
    out = Output(terminal=False)
    write(WHOLE, Presentation(reasoning="open"), out)
    assert out.getvalue().startswith(EXCHANGE)


def test_the_row_of_a_question_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    out = EmulatedTerminal(monkeypatch)
    view = TextView(ended({"content": ""}), Presentation(), out)
    reply = reduced(FIRST)
    view.update(FIRST, reply)
    view.tick()
    assert any("Calling weather, clock" in row for row in out.rows)
    reply = reduced(CALLS[:2], reply)
    view.update(CALLS[:2], reply)
    view.tick()
    assert not any("Waiting" in row or "Calling" in row for row in out.rows)


CODES = re.compile(r"\x1b\[(?:\?7[hl]|[0-9;]*[mAJK])|[\r\n]")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(call=ANY_CALL, wide=st.text(alphabet="中文、。👩\u200d👧é\u0301 a", max_size=80), columns=st.integers(8, 60))
def test_a_card_fits_a_terminal_and_does_not_control_it(
    call: ToolCall, wide: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "30")
    out = Output(terminal=True)
    writer = FormattedWriter(out)
    writer.begin("calls", "")
    writer.wait(wide)
    writer.card(card_lines(replace(call, name=call.name + wide, reason=wide), ended=True))
    writer.begin("end", "")
    writer.end([], "", ["m"])
    written = CODES.sub("\n", out.getvalue())
    assert not CONTROL.search(written.replace("\n", ""))
    assert max(map(cell_len, written.split("\n"))) <= columns


@pytest.mark.parametrize("terminal", [False, True])
def test_an_exchange_may_end_at_any_moment(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    monkeypatch.setenv("COLUMNS", "80")
    for size in range(1, len(ALL)):
        events = [*ALL[:size], Ended(20.0, "cancelled")]
        out = Output(terminal=terminal)
        view_events(TextView(ended({"content": ""}), Presentation(), out), frames_of(events, None))
        text = STYLE.sub("", out.getvalue())
        reply = reduced(events)
        names = [call.name for step in reply.steps for call in step.tool_calls]
        heads = [line for line in text.split("\n") if line.split(" · ")[0] in ("weather", "clock")]
        assert [head.split(" · ")[0] for head in heads] == names
        assert text.count("Stopped after") == (reply.status == "cancelled")
