"""The cache in notebooks that run twice: on one machine, on another one, and in one kernel."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

from nbstream.simulator.server import Simulator
from tests import kernels
from tests.priced import SUM

if TYPE_CHECKING:
    from pathlib import Path

    from tests.jupyter.kernel import Kernel

pytestmark = pytest.mark.kernel

CELLS = [
    "%load_ext nbstream\nimport nbstream\n%config DeepSeekMagics.cache = True",
    "%%deepseek\n[simulate: tokens=20] The first cell.",
    "%%deepseek -c lesson\n[simulate: tokens=20] The first turn.",
    "import os; os.mkdir('elsewhere'); os.chdir('elsewhere')",
    "%%deepseek -c lesson --no-think\n[simulate: tokens=20] The second turn.",
    "%%deepseek --schema '[name, age int]'\n[simulate: structured]People.",
    "rows = ['one', 'two', 'two']",
    "%%deepseek --each rows -o replies\n[simulate: tokens=9] Say {{ row }}.",
    "nbstream.ask('[simulate: tokens=9] In Python.').answer",
    "%deepseek cache",
]


def run(folder: Path) -> Any:
    made: Any = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in CELLS])
    NotebookClient(made, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    shutil.rmtree(folder / "elsewhere")
    return made


def texts(notebook: Any) -> list[str]:
    """Return what each cell shows as text, without footers and times."""
    found = []
    for cell in notebook.cells[:-1]:
        text = "".join(
            each.get("text", "") + each.get("data", {}).get("text/plain", "") for each in cell.get("outputs", ())
        )
        lines = [re.sub("^Thought for .*", "Thought", line) for line in text.splitlines() if " · " not in line]
        found.append("\n".join(lines))
    return found


def test_run_all_of_a_course_costs_nothing_the_second_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "configuration"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    teacher, student = tmp_path / "teacher", tmp_path / "student"
    teacher.mkdir()
    with Simulator(port=0, rate=0, first_token=0) as started:
        monkeypatch.setenv("DEEPSEEK_BASE_URL", started.url)
        monkeypatch.setenv("DEEPSEEK_API_KEY", "canary-key-0123456789")
        live = run(teacher)
        assert len(started.log()) == 8
        again = run(teacher)
        assert len(started.log()) == 8
    assert texts(again) == texts(live)
    files = [*(teacher / "nbstream_cache").iterdir()]
    assert len(files) == 8
    assert not any("canary" in each.read_text() for each in files)
    # A clone on a machine of other line ends, without a key, and without a network.
    shutil.copytree(teacher, student)
    for each in (student / "nbstream_cache").iterdir():
        each.write_bytes(each.read_bytes().replace(b"\n", b"\r\n"))
    monkeypatch.delenv("DEEPSEEK_API_KEY")
    cloned = run(student)
    assert texts(cloned) == texts(live)
    shown = cloned.cells[1].outputs[-1].data
    footer = rf"from \d+ \w+ 20\d\d, cached, \$0 \(then it would have cost {SUM}0\.\d+\)"
    assert re.search(footer, shown["text/html"])
    assert re.search(footer, shown["text/plain"])
    assert "prices of" not in shown["text/html"]
    table = cloned.cells[-1].outputs[-1].data["text/plain"]
    assert re.search(rf"folder +{student / 'nbstream_cache'}\n", table)
    assert re.search(r"replies +8, 8 used by this kernel\n", table)


@pytest.mark.parametrize("shared_kernel", [kernels.NEWEST], indirect=True)
def test_flags_and_the_command(kernel: Kernel, server: Simulator, tmp_path: Path) -> None:
    folder = tmp_path / "answers"
    for number, flags in enumerate(["", "", "--fresh", "--sample 2", "--sample 2"]):
        kernel.run(f"%%deepseek --cache {folder} {flags} -o reply{number}\n[simulate: tokens=9] flags of the cache")
    kernel.run("from nbstream.client.cache import files")
    hits = "[each.recorded is not None for each in (reply0, reply1, reply2, reply3, reply4)]"
    assert kernel.evaluate(hits) == [False, True, False, False, True]
    assert kernel.evaluate("reply3.id == reply4.id != reply2.id") is True
    assert len(server.log()) == 3
    kernel.run("%deepseek retry -o again")
    assert kernel.evaluate("(again.recorded, again.id != reply3.id)") == [None, True]
    assert len(server.log()) == 4
    assert "The last request was to be sent anew." in kernel.run("%deepseek cache why").text("stdout")
    kernel.run(f"%%deepseek --cache {folder} --max-tokens 900\n[simulate: tokens=9] flags of the cache")
    said = kernel.run("%deepseek cache why").text("stdout")
    assert said == "The nearest request in the cache differs in max_tokens: kept nothing, asked 900\n"
    kernel.run("%%deepseek --no-cache\n[simulate: tokens=9] flags of the cache")
    assert "did not use the cache" in kernel.run("%deepseek cache why").text("stdout")
    for flags, words in {
        "--fresh": "--fresh needs the cache, which is off: give --cache as well.",
        "--cache --sample 0": "--sample is 0: it must be a whole number of at least 1.",
    }.items():
        assert words in kernel.run(f"%%deepseek {flags}\nhello").text("stderr")
    assert "takes nothing, clear, clear --unused, or why" in kernel.run("%deepseek cache away").text("stderr")
    (folder / "notes.txt").write_text("mine")
    (folder / f"{'0' * 64}.jsonl").write_text("damaged")
    (shown,) = kernel.run("%deepseek cache").outputs_of("display_data")
    said = shown["content"]["data"]["text/plain"]
    assert f"cannot be used  {'0' * 64}.jsonl" in said
    kernel.run("files.used.clear()")
    assert "has used the cache yet" in kernel.run("%deepseek cache clear --unused").text("stderr")
    kernel.run(f"%%deepseek --cache {folder} --sample 2\n[simulate: tokens=9] flags of the cache")
    kernel.run("import os\nfor each in os.scandir(files.used.copy().pop().parent): os.utime(each, (0, 0))")
    assert f"3 replies deleted from {folder}." in kernel.run("%deepseek cache clear --unused").text("stdout")
    assert f"1 reply deleted from {folder}." in kernel.run("%deepseek cache clear").text("stdout")
    assert [each.name for each in folder.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("shared_kernel", [kernels.NEWEST], indirect=True)
def test_a_full_disk_is_told_in_the_cell(kernel: Kernel, server: Simulator, tmp_path: Path) -> None:
    folder = tmp_path / "answers"
    kernel.run(f"%%deepseek --cache {folder}\n[simulate: tokens=9] before")
    # As a disk that is full when the file is written.
    kernel.run(
        "import errno, pathlib\nwhole = pathlib.Path.write_bytes\n"
        "def full(*_):\n    raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "pathlib.Path.write_bytes = full"
    )
    cell = kernel.run(f"%%deepseek --cache {folder}\n[simulate: tokens=9] while it is full")
    kernel.run("pathlib.Path.write_bytes = whole")
    assert cell.status == "ok"
    assert "Note: A reply could not be kept in answers: No space left on device.\n" in cell.text("stderr")
    assert len(server.log()) == 2
    assert [each.suffix for each in folder.iterdir()] == [".jsonl"]
