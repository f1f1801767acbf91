"""Recordings in notebooks and terminals: footers, and a whole notebook offline."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

from nbstream.simulator.server import Simulator
from tests.priced import SUM

if TYPE_CHECKING:
    from pathlib import Path


TOOL = "def add(a: int, b: int) -> int:\n    'Add two numbers.'\n    return a + b"
CELLS = [
    "%load_ext nbstream\nimport nbstream",
    TOOL,
    "%%deepseek{}\n[simulate: tokens=20] The first cell.",
    "%%deepseek{} -c lesson\n[simulate: tokens=20] The first turn.",
    "%%deepseek{} -c lesson --no-think\n[simulate: tokens=20] The second turn.",
    '%%deepseek{} -T add --allow add\n[simulate: call] add {{"a": 2, "b": 3}}\nAdd.',
    "rows = ['one', 'two', 'three']",
    "%%deepseek{} --each rows -o replies\n[simulate: tokens=9] Say {{{{ row }}}}.",
    "%%deepseek{}\n[simulate: 503] The server is too busy.",
    "print(replies.status if hasattr(replies, 'status') else len(replies), nbstream.last.status)",
]


def run(cells: list[str], folder: Path) -> Any:
    made: Any = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    NotebookClient(made, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return made


def texts(notebook: Any) -> list[str]:
    """Return what each cell shows as text, without what a replay shows differently."""
    found = []
    for cell in notebook.cells:
        text = "".join(
            each.get("text", "") + each.get("data", {}).get("text/plain", "") for each in cell.get("outputs", ())
        )
        found.append("\n".join(line for line in text.splitlines() if " · " not in line))
    return found


@pytest.mark.kernel
def test_a_notebook_that_was_recorded_runs_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "configuration"))
    with Simulator(port=0, rate=0, first_token=0) as started:
        monkeypatch.setenv("DEEPSEEK_BASE_URL", started.url)
        monkeypatch.setenv("DEEPSEEK_API_KEY", "canary-key-0123456789")
        live = run([each.format(" --record lesson.jsonl") for each in CELLS], tmp_path)
    monkeypatch.delenv("DEEPSEEK_API_KEY")
    monkeypatch.setenv("DEEPSEEK_BASE_URL", "replay:lesson.jsonl?speed=max")
    replayed = run([each.format("") for each in CELLS], tmp_path)
    assert texts(replayed) == texts(live)
    assert "canary-key" not in (tmp_path / "lesson.jsonl").read_text() + nbformat.writes(replayed)
    shown = next(cell for cell in replayed.cells if cell.source.startswith("%%deepseek")).outputs[-1].data
    assert re.search(rf"replayed from \d+ \w+ 20\d\d, \$0 \(then it would have cost {SUM}0\.\d+\)", shown["text/html"])
    assert "replayed from" in shown["text/plain"]
    assert "prices of" not in shown["text/html"]
    # What was not recorded goes nowhere.
    other = run(["%load_ext nbstream", "%%deepseek\nThe first cell?", "%deepseek config"], tmp_path)
    said = other.cells[1].outputs[-1].data["text/plain"]
    assert "lesson.jsonl has no response to this request, so nothing was sent." in said
    assert 'The nearest recorded request differs in messages[0].content: recorded "' in said
    config = other.cells[2].outputs[-1].data["text/plain"]
    assert re.search(r"base_url +replay:lesson\.jsonl\?speed=max +the environment", config)


def test_a_script_in_a_terminal(path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys, nbstream\n"
        "with nbstream.{}(sys.argv[1]):\n"
        "    reply = nbstream.ask('[simulate: tokens=12] in a script', thinking=False)\n"
        "print(reply.status, reply.cost)\n"
    )

    def told(function: str) -> str:
        command = [sys.executable, "-c", code.format(function), str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    live = told("record")
    monkeypatch.delenv("DEEPSEEK_API_KEY")
    replayed = told("replay")
    assert len(simulator.log()) == 1
    assert [line for line in replayed.splitlines() if " · " not in line][:-1] == [
        line for line in live.splitlines() if " · " not in line
    ][:-1]
    assert "replayed from" in replayed
    assert replayed.endswith("complete $0\n")
