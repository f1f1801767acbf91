"""The notebooks of a class are marked: by what they say, and by another run."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from nbstream import cli
from nbstream.lesson.cards import METADATA

if TYPE_CHECKING:
    from collections.abc import Sequence

_START = "%load_ext nbstream\nimport nbstream\nfrom nbstream import lesson\nlesson.start(1, live=True)"
_OWN = 'mine = nbstream.ask("What is a standard deviation?")\nlesson.check("own", mine)'


def _says(name: str, state: str) -> Any:
    told = {METADATA: {"kind": "exercise", "name": name, "state": state}}
    return new_output("display_data", {"text/plain": "✓ Right"}, metadata=told)


def _write(path: Path, cells: Sequence[tuple[str, Any]]) -> None:
    made = [new_code_cell(source, outputs=[output] if output else []) for source, output in cells]
    nbformat.write(new_notebook(cells=made), path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ann solved an exercise, and has tried before; Bob's file only says so; Eve's is broken."""
    _write(
        tmp_path / "ann.ipynb",
        [(_START, None), ('lesson.check("own", 3)', _says("own", "wrong")), (_OWN, _says("own", "right"))],
    )
    _write(tmp_path / "bob.ipynb", [(_START, None), ('lesson.check("own", ...)', _says("own", "right"))])
    (tmp_path / "eve.ipynb").write_text("{", "utf-8")
    _write(tmp_path / "notes.ipynb", [("1 + 1", None)])
    return tmp_path


def _rows(text: str) -> list[dict[str, str]]:
    return [row for row in csv.DictReader(io.StringIO(text)) if row["exercise"] in ("own", "share", "")]


def test_what_the_files_say(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["lesson", "mark", str(folder)]) == 1
    out = capsys.readouterr().out
    lines = {Path(line.split()[0]).name: line for line in out.splitlines() if ".ipynb" in line}
    assert "1 of 4" in lines["ann.ipynb"]
    assert "share" in lines["ann.ipynb"]
    assert "It is not a notebook." in lines["eve.ipynb"]
    assert "notes.ipynb" not in lines
    # It does not pass for more than it is.
    assert "a file can be edited" in out
    assert cli.main(["lesson", "mark", str(folder / "ann.ipynb"), "--csv"]) == 0
    found = {row["exercise"]: row["in_the_file"] for row in _rows(capsys.readouterr().out)}
    assert found == {"share": "open", "own": "right"}


def test_no_notebook_of_a_lesson_is_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["lesson", "mark", str(folder / "notes.ipynb")]) == 1
    assert "no notebook of a lesson" in capsys.readouterr().err


@pytest.mark.kernel
def test_a_run_confirms_what_was_solved_and_sends_nothing_to_a_real_server(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing listens there: a request that went live would fail.
    monkeypatch.setenv("DEEPSEEK_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("DEEPSEEK_API_KEY", "canary-key-4711")
    (folder / "eve.ipynb").unlink()
    assert cli.main(["lesson", "mark", str(folder), "--run", "--csv"]) == 0
    found = {
        Path(row["notebook"]).name: (row["in_the_file"], row["in_a_run"])
        for row in _rows(capsys.readouterr().out)
        if row["exercise"] == "own"
    }
    assert found == {"ann.ipynb": ("right", "right"), "bob.ipynb": ("right", "open")}
