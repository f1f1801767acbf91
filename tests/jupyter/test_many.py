"""`nbstream.map` and `--each` in real kernels: the line, Stop, ■, and what stays."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.jupyter.conftest import CANARY_KEY

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel

pytestmark = pytest.mark.kernel

SLOW = "[simulate: normal rate=5 tokens=60]"
#: The first ones are answered at once, the others go on for seconds.
MIXED = f"[f'{{at}} [simulate: normal tokens=5]' if at < 6 else f'{{at}} {SLOW}' for at in range(40)]"


def settled(cell: Cell, kernel: Kernel) -> dict[str, str]:
    shown = [each["content"]["data"] for each in [*cell.outputs_of("display_data"), *kernel.updates_of(cell)]]
    found: dict[str, str] = [each for each in shown if "text/html" in each][-1]
    return found


def begin(kernel: Kernel, code: str) -> Cell:
    """Start a job, and return its cell when six prompts are answered and others are open."""
    cell = kernel.send(code)
    kernel.until(lambda: cell.view and cell.view.meta.get("note", "").startswith("6 done"), "six prompts are answered")
    return cell


def test_the_line_tells_how_far_it_is_and_stays(kernel: Kernel) -> None:
    cell = kernel.send(
        "import nbstream\n"
        "prompts = [f'{at} [simulate: normal tokens=5 first-token=0.3]' for at in range(24)]\n"
        "replies = nbstream.map(prompts, thinking=False)"
    )
    kernel.until(lambda: cell.view and "done" in cell.view.meta.get("note", ""), "the line is shown")
    view = cell.view
    assert view is not None
    assert view.meta["label"] == "Asking 24 prompts"
    assert view.meta["foreground"]
    kernel.finish(cell)
    assert cell.status == "ok"
    output = settled(cell, kernel)
    assert "24 of 24 prompts answered" in output["text/plain"]
    assert "24 of 24 prompts answered" in output["text/html"]
    assert "<script" not in output["text/html"]
    assert kernel.evaluate("[each.status for each in replies]") == ["complete"] * 24
    assert kernel.evaluate("nbstream.last_map is replies")
    # No reply of a job replaces the last one.
    assert kernel.evaluate("nbstream.last is None or 'first-token=0.3' not in str(nbstream.last.request.messages)")


@pytest.mark.parametrize("channel", ["control", "comm"])
def test_stop_ends_the_job_and_the_cell_normally(kernel: Kernel, server: Simulator, channel: str) -> None:
    cell = begin(kernel, f"import nbstream\nreplies = nbstream.map({MIXED}, thinking=False)")
    following = kernel.send("print('next')")
    view = cell.view
    assert view is not None
    if channel == "control":
        assert kernel.control(view, "cancel") == {"status": "ok", "known": True}
    else:
        kernel.comm(view, "cancel", subshell=kernel.subshell())
    kernel.finish(cell)
    assert cell.status == "ok"
    assert view.acknowledged
    assert kernel.finish(following).text("stdout") == "next\n"
    assert kernel.evaluate("sorted({each.status for each in replies})") == ["cancelled", "complete", "pending"]
    assert "Stopped after" in settled(cell, kernel)["text/plain"]
    assert "asks only the other 34" in settled(cell, kernel)["text/plain"]
    assert all(entry["outcome"] in ("served", "disconnected") for entry in server.log())


def test_interrupt_keeps_what_is_done_and_the_next_run_does_the_rest(kernel: Kernel, server: Simulator) -> None:
    code = f"import nbstream\nreplies = nbstream.map({MIXED}, thinking=False)"
    cell = begin(kernel, code)
    following = kernel.send("print('next')")
    kernel.interrupt()
    kernel.finish(cell)
    assert cell.status == "error"
    (error,) = cell.outputs_of("error")
    assert error["content"]["ename"] == "KeyboardInterrupt"
    assert "nbstream.last_map" in error["content"]["evalue"]
    assert kernel.finish(following).status == "aborted"
    assert kernel.evaluate("sum(each.status == 'complete' for each in nbstream.last_map)") == 6
    server.clear_log()
    again = kernel.send(code)
    kernel.until(lambda: again.view and "6 kept from before" in again.view.meta.get("note", ""), "six are kept")
    kernel.interrupt()
    kernel.finish(again)
    assert not any(entry["body"]["messages"][-1]["content"].startswith("1 ") for entry in server.log())


def test_interrupt_breaks_off_a_generator_that_hangs(kernel: Kernel) -> None:
    code = (
        "import nbstream, time\ndef prompts():\n    yield 'a [simulate: normal tokens=5]'\n"
        "    print('waits', flush=True)\n    time.sleep(600)\nreplies = nbstream.map(prompts(), thinking=False)"
    )
    cell = kernel.send(code)
    kernel.until(lambda: "waits" in cell.text("stdout"), "the generator waits")
    kernel.interrupt()
    kernel.finish(cell)
    assert cell.status == "error"
    assert kernel.evaluate("[each.status for each in nbstream.last_map]")[0] in ("complete", "cancelled", "pending")


def test_each_asks_once_for_each_row(kernel: Kernel, server: Simulator, tmp_path: Path) -> None:
    kernel.run("rows = [{'word': 'one'}, {'word': 'two'}, {'word': 'three'}]")
    path = tmp_path / "answers.jsonl"
    cell = kernel.run(
        f"%%deepseek --each rows -o answers --no-think --save {path} --concurrency 2\n"
        r"Say {{ word }} and \frac{1}{2}. [simulate: echo]"
    )
    assert cell.status == "ok"
    assert kernel.evaluate("[each.request.messages[-1]['content'] for each in answers]") == [
        rf"Say {word} and \frac{{1}}{{2}}. [simulate: echo]" for word in ("one", "two", "three")
    ]
    assert len(path.read_text().splitlines()) == 3
    assert CANARY_KEY not in path.read_text()
    asked = [each["body"]["messages"] for each in server.log()]
    assert len(asked) == 3, asked
    kernel.run(
        f"%%deepseek --each rows -o answers --no-think --save {path}\n"
        r"Say {{ word }} and \frac{1}{2}. [simulate: echo]"
    )
    assert len(server.log()) == 3


@pytest.mark.parametrize(
    ("line", "prompt", "said"),
    [
        ("--each rows", "{{ wrod }}", "no column wrod"),
        ("--each nothing", "{{ word }}", "there is no variable nothing"),
        ("--each rows", "no mark", "names no column"),
        ("--each rows --background", "{{ word }}", "--background cannot be used with --each"),
        ("--each rows -c plan", "{{ word }}", "-c cannot be used with --each"),
        ("--save a.jsonl", "word", "--save needs --each"),
        ("--each rows --concurrency 0", "{{ word }}", "--concurrency"),
    ],
)
def test_a_mistake_is_one_line(kernel: Kernel, server: Simulator, line: str, prompt: str, said: str) -> None:
    kernel.run("rows = [{'word': 'one'}]")
    cell = kernel.run(f"%%deepseek {line}\n{prompt}")
    assert cell.status == "error"
    assert said in cell.text("stderr") + "".join(str(each["content"]) for each in cell.outputs_of("error"))
    assert "Traceback" not in cell.text("stderr")
    assert not server.log()


def test_without_a_page_only_the_end_is_shown(kernel: Kernel) -> None:
    cell = kernel.run(
        "import nbstream\nreplies = nbstream.map(['no page [simulate: normal tokens=5]'] * 3, thinking=False)",
        allow_stdin=False,
    )
    assert cell.view is None
    (output,) = cell.outputs_of("display_data")
    assert "3 of 3 prompts answered" in output["content"]["data"]["text/plain"]


def test_a_running_event_loop_does_not_disturb_it(kernel: Kernel) -> None:
    cell = kernel.run(
        "import asyncio, nbstream\nawait asyncio.sleep(0)\n"
        "replies = nbstream.map(['a [simulate: normal tokens=5]'] * 3, thinking=False)\nprint(len(replies))"
    )
    assert cell.text("stdout") == "3\n"


def test_ctrl_c_in_a_terminal(server: Simulator) -> None:
    code = (
        "import nbstream, os\n"
        f"prompts = {MIXED}\n"
        "try:\n    nbstream.map(prompts, thinking=False)\n"
        "except KeyboardInterrupt as error:\n    print('INTERRUPTED', error)\n"
        "print('DONE', sum(each.status == 'complete' for each in nbstream.last_map))"
    )
    environ = {
        "DEEPSEEK_BASE_URL": server.url,
        "DEEPSEEK_API_KEY": CANARY_KEY,
        "TERM": "xterm",
        "PATH": "/usr/bin:/bin",
    }
    child = pexpect.spawn(sys.executable, ["-c", code], env=environ, dimensions=(24, 100), encoding="utf-8")
    child.expect("6 done", timeout=60)
    child.sendintr()
    child.expect("INTERRUPTED.*nbstream.last_map", timeout=30)
    child.expect("DONE 6", timeout=30)
    child.close()
