"""The notebooks of the course run: as they are, with the solutions, and wrong answers fail."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from nbstream import demo
from nbstream.lesson.cards import METADATA
from nbstream.lesson.course import LESSONS
from nbstream.lesson.offline import RATE_VARIABLE

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOLUTIONS = Path(__file__).parent / "solutions"
#: Notebooks of the course in all languages: a file is tested once it is there.
FILES = sorted(path for lesson in LESSONS for path in NOTEBOOKS.rglob(f"{lesson.number:02}_*.ipynb"))
#: Where no front end names its cells, a chat goes on although its cells run again.
_FORGET = """%reset -f
from nbstream.chat.conversation import chats
for chat in chats().values():
    chat.clear()
"""
#: Prompts of the lesson that got another text than a written one: a word may have been changed in
#: the notebook, and not in the file of its replies.
_UNWRITTEN = """
from nbstream.lesson import evidence, session
from nbstream.simulator.written import load
_texts = [each.answer.split("{{ result")[0] for path in session.current().lesson.written for each in load(path)]
_replies = {evidence.prompt_of(each): each.answer for each in evidence.replies() if each.status == "complete"}
print([
    prompt for prompt, answer in _replies.items()
    if "[simulate" not in prompt and not any(text and text in answer for text in _texts)
])
"""
#: The tag of a cell that fails on purpose; a run of all cells goes on after it.
_FAILS = "raises-exception"
_NAMED = re.compile(r"lesson\.(check|predict)\(\"([^\"]+)\"")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the simulator of a lesson stream as fast as it can, and use no files of the user."""
    monkeypatch.setenv(RATE_VARIABLE, "0")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("NBSTREAM_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.delenv("DEEPSEEK_BASE_URL", raising=False)
    monkeypatch.delenv("DEEPSEEK_API_KEY", raising=False)


@pytest.mark.kernel
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(NOTEBOOKS)))
def test_a_lesson_runs_as_it_is_and_with_its_solutions(path: Path, tmp_path: Path) -> None:
    number = int(path.name[:2])
    lesson = next(each for each in LESSONS if each.number == number)
    given = tomllib.loads((SOLUTIONS / f"{number:02}.toml").read_text("utf-8"))
    names = [each.name for each in lesson.exercises]
    predictions = [each.name for each in lesson.predictions]
    content: Any = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in content.cells)
    asked = [name for cell in content.cells for _, name in _NAMED.findall(cell.source) if cell.cell_type == "code"]
    assert sorted(asked) == sorted([*names, *predictions])
    client = NotebookClient(content, timeout=60, resources={"metadata": {"path": str(tmp_path)}})
    with client.setup_kernel():
        last = _run(client, content)
        assert last["exercises"] == dict.fromkeys(names, "open")
        assert last["predictions"] == dict.fromkeys(predictions, "open")
        # A busy kernel may send a line and its end in two outputs.
        assert "".join(output.text for output in _execute(client, _UNWRITTEN).outputs) == "[]\n"
        prose = "".join(cell.source for cell in content.cells if cell.cell_type == "markdown")
        shown = str([cell.outputs for cell in content.cells if cell.cell_type == "code"])
        shows = given.get("shows" if path.parent == NOTEBOOKS else f"shows_{path.parent.name}", ())
        assert [text for text in shows if text not in prose or text not in shown] == []
        # The second reader has a fresh namespace, in the same kernel, as a kernel takes a second.
        _execute(client, _FORGET)
        solved = nbformat.read(path, as_version=4)
        for cell in solved.cells:
            for _, name in _NAMED.findall(cell.source):
                if cell.cell_type == "code":
                    cell.source = given["solutions"][name].strip()
        last = _run(client, solved)
        assert last["exercises"] == dict.fromkeys(names, "right")
        # A solution predicts what happens.
        assert last["predictions"] == dict.fromkeys(predictions, "right")
        for name, sources in given.get("also", {}).items():
            for source in sources:
                told = _told(_execute(client, source))
                assert told[-1:] == [{"kind": "exercise", "name": name, "state": "right"}], source
        wrong = given["wrong"]
        assert sorted(wrong) == sorted(names)
        for name, sources in wrong.items():
            for source in sources:
                told = _told(_execute(client, source))
                assert told[-1:] == [{"kind": "exercise", "name": name, "state": "wrong"}], source


def _run(client: Any, content: Any) -> dict[str, Any]:
    """Run all cells in the client's kernel, and return what the last table of progress tells."""
    client.nb = content
    for index, cell in enumerate(content.cells):
        client.execute_cell(cell, index)
        for output in cell.get("outputs", []):
            # A magic that was refused says so on stderr and raises nothing.
            assert output.output_type != "error" or _FAILS in cell.metadata.get("tags", []), (cell.source, output)
            assert output.get("name") != "stderr" or output.text.startswith("Note: "), (cell.source, output.text)
    asking = [cell for cell in content.cells if cell.cell_type == "code" and cell.source.startswith("%%deepseek")]
    for cell in asking:
        found = [output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]
        assert any('<div class="nbstream ' in html for html in found), cell.source
    told = [each for cell in content.cells for each in _told(cell) if each["kind"] == "progress"]
    last: dict[str, Any] = told[-1]
    return last


def _execute(client: Any, source: str) -> Any:
    cell = nbformat.v4.new_code_cell(source)
    client.nb = nbformat.v4.new_notebook(cells=[cell])
    client.execute_cell(cell, 0)
    return cell


def _told(cell: Any) -> list[dict[str, Any]]:
    """Return what the outputs of a cell tell to programs."""
    return [found for output in cell.get("outputs", []) if (found := output.get("metadata", {}).get(METADATA))]


def test_the_index_lists_the_lessons() -> None:
    (cell,) = nbformat.read(NOTEBOOKS / "index.ipynb", as_version=4).cells
    for lesson in LESSONS:
        row = f"| {lesson.number} | [{lesson.title}]({lesson.notebook}.ipynb) | {lesson.learns} | 15 |"
        assert row in cell.source


def test_the_demo_s_copies_leave_the_work_of_a_student(tmp_path: Path) -> None:
    demo.copy_notebooks(tmp_path)
    assert (tmp_path / "pictures" / "01.png").is_file()
    solved = tmp_path / "01_first_stream.ipynb"
    solved.write_text("my work", "utf-8")
    (tmp_path / "index.ipynb").unlink()
    demo.copy_notebooks(tmp_path)
    assert solved.read_text("utf-8") == "my work"
    assert (tmp_path / "index.ipynb").is_file()
    # Every picture and notebook that a page of the course links to is there.
    for page in tmp_path.glob("*.ipynb"):
        text = page.read_text("utf-8")
        for link in re.findall(r"\]\(([\w/]+\.(?:ipynb|png))\)", text):
            assert (tmp_path / link).is_file(), (page.name, link)
