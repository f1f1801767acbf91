"""Tools that run in real kernels: what they print, display and draw goes into their outcome."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests import kernels
from tests.jupyter.kernel import Kernel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.jupyter.kernel import Cell

pytestmark = pytest.mark.kernel

_SETUP = """
import os, subprocess, sys, threading, time, warnings
from dataclasses import asdict
from IPython.display import HTML, Markdown, Image, display, clear_output
from nbstream.tools.running import run_call
from nbstream.tools.tool import tool_of
"""


@pytest.fixture
def newest(kernel: Kernel) -> Kernel:
    """The kernel whose environment has matplotlib and pandas."""
    if kernel.name != kernels.NEWEST:
        pytest.skip("matplotlib and pandas are in the newest environment only")
    return kernel


def _call(kernel: Kernel, body: str, *, allow_stdin: bool = True) -> tuple[Cell, dict[str, Any]]:
    """Run a tool with this body in a cell; return the cell, and what came of the call."""
    indented = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    code = f"{_SETUP}\ndef tried():\n{indented}\noutcome = asdict(run_call(tool_of(tried), ''))\nprint('the cell')"
    cell = kernel.run(code, allow_stdin=allow_stdin)
    assert cell.text("stdout").endswith("the cell\n"), cell.outputs
    return cell, kernel.evaluate("outcome")


def test_nothing_that_a_tool_prints_reaches_the_cell(kernel: Kernel) -> None:
    cell, outcome = _call(
        kernel,
        """
print('print')
print('error', file=sys.stderr)
os.system('echo child')
subprocess.run(['/bin/echo', 'program'])
get_ipython().system('echo shell')
os.write(1, b'descriptor\\n')
warnings.warn('careful')
thread = threading.Thread(target=print, args=('thread',)); thread.start(); thread.join()
return 'done'
""",
    )
    assert outcome["content"] == "done"
    for word in ("print", "error", "child", "program", "shell", "descriptor", "UserWarning: careful", "thread"):
        assert f"{word}\n" in outcome["printed"]["head"], outcome["printed"]
    assert cell.text("stdout") == "the cell\n"
    assert cell.text("stderr") == ""


def test_displayed_values_go_into_the_card(kernel: Kernel) -> None:
    cell, outcome = _call(
        kernel,
        """
display({'a': 1})
display(Markdown('**bold**'))
display(HTML('<script>alert(1)</script>'))
handle = display('first', display_id=True)
handle.update('second')
display(Image(data=b'\\x89PNG\\r\\n\\x1a\\n' + bytes(20), format='png'))
return 1
""",
    )
    shown = [(each["kind"], each["language"], each["text"]) for each in outcome["shown"]]
    assert shown == [
        ("text", "", "{'a': 1}"),
        ("text", "markdown", "**bold**"),
        ("text", "html", "<script>alert(1)</script>"),
        ("text", "", "'second'"),
        ("image", "", ""),
    ]
    assert {each["origin"] for each in outcome["shown"]} == {"displayed"}
    assert cell.outputs_of("display_data", "update_display_data") == []


def test_a_tool_clears_only_its_own_output(kernel: Kernel) -> None:
    cell, outcome = _call(
        kernel, "print('before')\ndisplay(1)\nclear_output()\nprint('after')\nclear_output(wait=True)\nprint('last')"
    )
    assert outcome["printed"]["head"] == "last\n"
    assert outcome["shown"] == []
    assert [message for message in kernel.messages if message["msg_type"] == "clear_output"] == []
    assert cell.status == "ok"


def test_a_tool_may_ask_the_user(kernel: Kernel) -> None:
    code = f"{_SETUP}\ndef ask():\n    return input('Your name? ')\noutcome = asdict(run_call(tool_of(ask), ''))"
    cell = kernel.send(code)
    kernel.until(lambda: any(each["msg_type"] == "input_request" for each in kernel.messages), "it asks")
    kernel.post("stdin", "input_reply", {"value": "Ada"})
    kernel.finish(cell)
    assert kernel.evaluate("outcome")["content"] == "Ada"
    _, outcome = _call(kernel, "return input('Your name? ')", allow_stdin=False)
    assert outcome["error"].startswith("StdinNotImplementedError")


def test_the_kernel_is_as_before(kernel: Kernel) -> None:
    kernel.run(f"{_SETUP}\nbefore = [sys.stdout, sys.stderr, os.getcwd(), get_ipython().display_pub.publish]")
    _call(kernel, "os.chdir('/')\nsys.stdout.close()\nsys.stdout = None\nos.close(1)\ndisplay(1)\nraise SystemExit")
    cell = kernel.run(
        "print(before == [sys.stdout, sys.stderr, os.getcwd(), get_ipython().display_pub.publish])\n"
        "os.system('echo a child')\ndisplay(5)\ntime.sleep(0.3)"
    )
    kernel.until(lambda: "a child" in cell.text("stdout"), "the child's output arrives")
    assert cell.text("stdout").startswith("True\n")
    assert len(cell.outputs_of("display_data")) == 1


def test_an_interrupt_ends_only_the_tool(kernel: Kernel, tmp_path: Path) -> None:
    bodies = ("time.sleep(30)", "while True:\n    print('x')", "subprocess.run(['/bin/sleep', '30'])")
    for number, body in enumerate(bodies):
        begun = tmp_path / str(number)
        code = (
            f"{_SETUP}\ndef hang():\n    open({str(begun)!r}, 'w').close()\n    "
            + body.replace("\n", "\n    ")
            + "\noutcome = asdict(run_call(tool_of(hang), ''))\nprint('the cell')"
        )
        cell = kernel.send(code)
        kernel.until(begun.exists, "the tool runs")
        kernel.pause(0.1)
        kernel.interrupt()
        kernel.finish(cell)
        assert cell.text("stdout") == "the cell\n"
        assert cell.status == "ok"
        outcome = kernel.evaluate("outcome")
        assert (outcome["outcome"], outcome["interrupted"]) == ("interrupted", True)


def test_the_child_of_a_fork_is_gone(kernel: Kernel) -> None:
    cell, outcome = _call(
        kernel,
        """
child = os.fork()
if child == 0:
    print('from the child')
    return 'child'
os.waitpid(child, 0)
return 'parent'
""",
    )
    assert outcome["content"] == "parent"
    assert outcome["printed"]["head"] == "from the child\n"
    assert cell.text("stdout") == "the cell\n"


def test_a_thread_that_goes_on_prints_into_the_cell(kernel: Kernel) -> None:
    _, outcome = _call(
        kernel, "def late():\n    time.sleep(0.3)\n    print('late')\nthreading.Thread(target=late).start()"
    )
    cell = kernel.run("time.sleep(0.6)")
    printed = [each["content"]["text"] for each in kernel.messages if each["msg_type"] == "stream"]
    assert "late" in "".join(printed), cell.outputs
    assert outcome["printed"]["head"] == ""


def test_an_asynchronous_tool_runs_while_the_cell_waits(kernel: Kernel, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    code = (
        f"{_SETUP}\nimport asyncio\nasync def wait(seconds: float):\n    print('waiting')\n    display(7)\n"
        f"    if seconds > 1: open({str(begun)!r}, 'w').close()\n"
        "    await asyncio.sleep(seconds)\n    return 'waited'\n"
        "outcome = asdict(run_call(tool_of(wait), '{\"seconds\": 0.05}'))"
    )
    cell = kernel.run(code)
    outcome = kernel.evaluate("outcome")
    assert (outcome["content"], outcome["printed"]["head"]) == ("waited", "waiting\n")
    assert outcome["shown"][0]["text"] == "7"
    assert cell.outputs == []
    cell = kernel.send(code.replace("0.05", "30"))
    kernel.until(begun.exists, "the tool runs")
    kernel.pause(0.1)
    kernel.interrupt()
    kernel.finish(cell)
    assert kernel.evaluate("outcome")["outcome"] == "interrupted"


def test_figures_are_shown_once_and_in_the_card(newest: Kernel) -> None:
    body = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\n"
    for end, count in (
        ("", 1),
        ("plt.show()", 1),
        ("plt.show()\nplt.figure(); plt.plot([3])", 2),
        ("return plt.gcf()", 1),
    ):
        cell, outcome = _call(newest, body + end)
        assert [each["kind"] for each in outcome["shown"]] == ["image"] * count, outcome
        assert cell.outputs_of("display_data", "execute_result") == []


def test_frames_are_of_the_users_cells(newest: Kernel) -> None:
    _, outcome = _call(newest, "return 1 / 0")
    assert outcome["traceback"].startswith("Cell In[")
    assert outcome["traceback"].endswith("in tried\n    return 1 / 0")
    _, outcome = _call(newest, "import pandas\nreturn pandas.DataFrame({'a': [1]})['b']")
    assert outcome["content"] == "KeyError: 'b'"
    assert "pandas" not in outcome["traceback"].split("\n")[0]


def test_rich_values_are_shown_as_a_notebook_shows_them(newest: Kernel) -> None:
    _, outcome = _call(
        newest,
        """
class Formula:
    def _repr_latex_(self):
        return '$x^2$'
    def __repr__(self):
        return 'x squared'
return Formula()
""",
    )
    assert "x squared" in outcome["content"]
    assert [(each["language"], each["text"]) for each in outcome["shown"]] == [("latex", "$x^2$")]


def test_a_server_of_mcp_serves_the_cell_and_ends_with_the_kernel(tmp_path: Path) -> None:
    program = kernels.ROOT / "tests" / "tools" / "mcp_server.py"
    for ends_well in (True, False):
        with Kernel(kernels.NEWEST, {"IPYTHONDIR": str(tmp_path)}) as kernel:
            cell = kernel.run(
                f"{_SETUP}\nimport nbstream\nserver = nbstream.mcp(sys.executable, {str(program)!r})\n"
                "tools = {each.name: each for each in server}\n"
                "process = run_call(tools['process'], '').content\n"
            )
            assert cell.outputs == []
            process = json.loads(kernel.evaluate("process"))["id"]
            code = "outcome = asdict(run_call(tools['wait'], '{\"seconds\": 60}'))"
            cell = kernel.send(code)
            kernel.until(lambda cell=cell: cell.begun, "the cell runs")  # type: ignore[misc]
            kernel.pause(0.5)
            kernel.interrupt()
            kernel.finish(cell)
            outcome = kernel.evaluate("outcome")
            assert outcome["outcome"] == "interrupted"
            assert outcome["printed"]["head"] == "1 of 2: half <i>done</i>\n"
            assert cell.outputs == []
            # The interrupt did not reach the server.
            kernel.run("added = run_call(tools['add'], '{\"a\": 1}').content")
            assert kernel.evaluate("added") == "2"
            if ends_well:
                kernel.request("control", "shutdown_request", {"restart": False})
            else:
                kernel.kill()
            _wait_for_end(process)


def _wait_for_end(process: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the server goes on")
