"""A chat of ten turns with three tools, in a notebook that runs without a front end.

`f` is allowed in the cell, `g` only reads, and nobody can be asked about `h`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tests import kernels
from tests.jupyter.deciding import prompt

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator

pytestmark = pytest.mark.kernel

TOOLS = """
import asyncio, nbstream
ran = []

def f(city: str, days: int = 1):
    "Forecast the weather of a city."
    print("asking for", city)
    ran.append("f")
    return {"city": city, "days": days, "sky": "<b>clear</b>"}

@nbstream.tool(consent="never")
async def g(a: float, b: float):
    "Divide two numbers."
    await asyncio.sleep(0.01)
    ran.append("g")
    return a / b

def h(path: str):
    "Delete a file."
    ran.append("h")
"""

#: The options of each turn besides the tools, the calls of its prompt, and what becomes of them.
TURNS: list[tuple[str, list[str], list[str]]] = [
    ("", ['f {"city": "Paris"}'], ["done"]),
    ("", ['f {"city": "Rome"}', 'g {"a": 1, "b": 2}'], ["done", "done"]),
    ("", ['h {"path": "notes.txt"}'], ["denied"]),
    ("--no-think", ['g {"a": 1, "b": 3}'], ["done"]),
    ("", [], []),
    ("", ['g {"a": 1, "b": 0}', '2 g {"a": 1, "b": 4}'], ["failed", "done"]),
    ("", ['f {"town": "Oslo"}', 'i {"a": 1}', 'f {"city": "Oslo'], ["invalid", "invalid", "invalid"]),
    ("--no-think", ['h {"path": "/"}', 'f {"city": "Bonn"}', '2 h {"path": "x"}'], ["denied", "done", "denied"]),
    ("--max-steps 1", ['f {"city": "Kyiv"}', '2 f {"city": "Lviv"}'], ["done"]),
    ("--effort max", ['f {"city": "Łódź", "days": 3}', '2 g {"a": 7, "b": 7}', "3 h {}"], ["done"] * 2),
]
#: The last call of the last turn lacks an argument.
TURNS[-1][2].append("invalid")

CHECK = """
import json
print(json.dumps({"ran": ran, "turns": [[
    turn.reply.status, turn.reply.answer, len(turn.reply.steps), turn.reply.finish_reason,
    [call.state for step in turn.reply.steps for call in step.tool_calls]] for turn in nbstream.Chat("plan").turns]}))
"""


def _cell(options: str, calls: list[str]) -> str:
    text = prompt(*calls, scenario="tool-call tokens=30 say=5" if calls else "normal tokens=30")
    return f"%%deepseek -c plan -T f -T g -T h --allow f {options}\n{text}"


@pytest.mark.parametrize("kernel_name", ["ipykernel-6.29", "ipykernel-7.3", kernels.NEWEST])
def test_a_chat_of_ten_turns_with_three_tools_runs_unattended(
    kernel_name: str, simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(kernels.HOME / "share"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(kernels.ROOT))
    sources = ["%load_ext nbstream", TOOLS, *(_cell(options, calls) for options, calls, _ in TURNS), CHECK]
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    NotebookClient(notebook, kernel_name=kernel_name, timeout=60).execute()
    _, _, *cells, last = notebook.cells
    found: Any = json.loads(last.outputs[0]["text"])

    assert found["turns"][0][1]
    for (_, _, states), (status, answer, steps, reason, became) in zip(TURNS, found["turns"], strict=True):
        assert (status, reason, became) == ("complete", "stop", states)
        assert answer
        assert (steps > 1) == bool(states)
    assert found["ran"] == ["f", "f", "g", "g", "g", "g", "f", "f", "f", "g"]

    for cell, (_, _, states) in zip(cells, TURNS, strict=True):
        (output,) = [each for each in cell.outputs if "data" in each]
        html, text = output["data"]["text/html"], output["data"]["text/plain"]
        assert html.count('class="nbstream-card ') == len(states), html
        assert "<b>clear</b>" not in html
        assert ("nobody could be asked" in text) == ("denied" in states)
        for stream in (each for each in cell.outputs if each["output_type"] == "stream"):
            pytest.fail(stream["text"])
    assert "widgets" not in notebook.metadata

    entries = [entry for entry in simulator.log() if entry["method"] == "POST"]
    assert {entry["status"] for entry in entries} == {200}
    assert len(entries) == sum(steps for _, _, steps, _, _ in found["turns"])
