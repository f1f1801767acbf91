"""Odd first lines of a cell, captured output, and cells that a server runs for a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import kernels
from tests.jupyter.conftest import CANARY_KEY
from tests.jupyter.kernel import Kernel
from tests.jupyter.test_commands import error_of

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator

pytestmark = pytest.mark.kernel

#: Cells that must end with one line, and a part of that line.
ODD = {
    "%%deepseek": "The prompt is empty",
    "%%deepseek\n": "The prompt is empty",
    "%%deepseek\n \n\n": "The prompt is empty",
    "%%deepseek -m pro": "The prompt is empty",
    "%%deepseek What's entropy?": "The prompt goes on the lines below",
    "%%deepseek What is entropy?": "What is entropy?",
    "%%deepseek What is entropy?\nHi": "What is entropy?",
    "%%deepseek 什么是熵\nHi": "什么是熵",
    "%%deepseek 🦉\nHi": "🦉",
    "%%deepseek -s You're terse\nHi": "double quotes",
    '%%deepseek -s "You are terse\nHi': "double quotes",
    "%%deepseek -s Be very brief\nHi": "very brief",
    "%%deepseek -s\nHi": "expected one argument",
    "%%deepseek -o\nHi": "expected one argument",
    "%%deepseek -o 1x\nHi": "identifier",
    "%%deepseek -o class\nHi": "identifier",
    "%%deepseek --bogus\nHi": "has no option --bogus",
    "%%deepseek --bogus=1 -z\nHi": "has no option",
    "%%deepseek -t hot\nHi": "invalid float",
    "%%deepseek --max-tokens many\nHi": "invalid int",
    "%%deepseek --reasoning maybe\nHi": "invalid choice",
    "%%deepseek --raw-body {\nHi": "not JSON",
    "%%deepseek --raw-body [1]\nHi": "JSON object",
    "%%deepseek \\\nHi": "double quotes",
    "# why\n%%deepseek\nHi you": "must be the first line",
    "\n# why\n\n%%deepseek -m pro\nIt's 5 o'clock": "must be the first line",
    "#\n%%deepseek": "must be the first line",
    "%deepseek What is this?": "is no command",
    "%deepseek what's this": "is no command",
    "%deepseek show me": "there is no such reply",
    "%deepseek show 1 2": "is no command",
    "%deepseek code one two": "is no command",
    "%deepseek -m pro": "is no command",
    "%deepseek {": "is no command",
}


def test_an_odd_first_line_ends_with_one_line_and_no_request(kernel: Kernel, server: Simulator) -> None:
    for code, part in ODD.items():
        cell = kernel.run(code)
        assert part in error_of(cell), code
    for code in ("%deepseek", "%deepseek --help", "%deepseek -h", "%%deepseek --help\nHi", "%%deepseek help\nHi"):
        cell = kernel.run(code)
        assert cell.text("stdout").startswith("usage: %%deepseek ["), code
        assert error_of(cell) == ""
    assert server.log() == []
    # The documentation that `%deepseek?` shows is the help, without reStructuredText.
    assert (
        kernel.evaluate("get_ipython().magics_manager.magics['cell']['deepseek'].__doc__[:18]") == "usage: %%deepseek "
    )


@pytest.mark.parametrize("options", ["", "--background"])
def test_captured_output_holds_the_settled_reply(kernel: Kernel, options: str) -> None:
    magic = f"get_ipython().run_cell_magic('deepseek', {options!r}, 'Why?')"
    collecting = f"from IPython.utils.capture import capture_output\nwith capture_output() as kept:\n    {magic}"
    for code in (f"%%capture kept\n{magic}", collecting, "%%capture kept\nimport nbstream; nbstream.ask('Why?')"):
        cell = kernel.run(code)
        assert cell.outputs == [], code
        assert kernel.views == {}
        shown = kernel.evaluate("[sorted(each.data) for each in kept.outputs]")
        assert shown[0] == ["text/html", "text/markdown", "text/plain"], code
    # What only replaces `sys.stdout` does not catch displays: the reply stays in the cell.
    cell = kernel.run(f"import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n    {magic}")
    kernel.until(lambda: kernel.updates_of(cell), "it settles")
    assert cell.status == "ok"


def test_a_page_whose_server_runs_the_cells_sees_the_reply_live(server: Simulator, tmp_path: Path) -> None:
    environ = {"DEEPSEEK_BASE_URL": server.url, "DEEPSEEK_API_KEY": CANARY_KEY, "IPYTHONDIR": str(tmp_path)}
    # As a Jupyter server does, and not nbclient.
    with Kernel(kernels.NEWEST, environ | {"JPY_SESSION_NAME": "one.ipynb"}) as kernel:
        kernel.run("%load_ext nbstream")
        # It draws no widget, so the reply so far is static output.
        cell = kernel.run("%%deepseek\nWhy? [simulate: normal tokens=60 rate=200]", allow_stdin=False)
        assert cell.view is None
        first, *growing, last = [each["content"]["data"] for each in cell.outputs_of("display_data")]
        assert first["text/plain"].endswith("■ stops it.")
        assert growing
        assert all("■ stops it." in data["text/html"] for data in growing)
        assert "■" not in last["text/html"]
        assert "nbstream-settled" in last["text/html"]
        # Another cell may show more, which must not be cleared.
        (shown,) = kernel.run("import nbstream; _ = nbstream.ask('Why?')", allow_stdin=False).outputs
        assert "nbstream-settled" in shown["content"]["data"]["text/html"]
        # nbclient in a process that a notebook started: the name is the outer notebook's.
        kernel.run("import nbstream.widgets.front_ends as front_ends")
        kernel.run("front_ends._of_parent = lambda _: 'one.ipynb'")
        (shown,) = kernel.run("%%deepseek\nWhy?", allow_stdin=False).outputs
        assert "nbstream-settled" in shown["content"]["data"]["text/html"]
