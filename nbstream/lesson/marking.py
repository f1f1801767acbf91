"""Marks the notebooks of a class: what the files say, and what happens when they run again.

A file can be edited by whoever has it, so what it says is no proof. A run is a better one, but it
runs the code of the students, with the rights of whoever marks.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbstream.client.endpoint_facts import presets
from nbstream.language import _
from nbstream.lesson.cards import METADATA
from nbstream.lesson.course import lesson_of
from nbstream.lesson.live import OFFLINE_VARIABLE
from nbstream.lesson.offline import RATE_VARIABLE
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from nbstream.lesson.exercises import State

_START = re.compile(r"^\s*lesson\.start\(\s*(\d+)", re.MULTILINE)
_CELL_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Marked:
    """One notebook of a student.

    Attributes:
        path: its file.
        number: the lesson; 0 if the notebook is of none.
        says: what each exercise is worth by the outputs in the file.
        ran: the same after another run; None without one.
        problem: why it could not be marked, as a sentence; empty if it was.
    """

    path: Path
    number: int = 0
    says: dict[str, State] = field(default_factory=dict)
    ran: dict[str, State] | None = None
    problem: str = ""

    @property
    def solved(self) -> list[str]:
        """The exercises that are right by the file."""
        return [name for name, state in self.says.items() if state == "right"]

    @property
    def solved_in_run(self) -> list[str]:
        """The exercises that are right after another run."""
        return [name for name, state in (self.ran or {}).items() if state == "right"]

    @property
    def not_confirmed(self) -> list[str]:
        """The exercises that are right by the file, and not after another run."""
        return [] if self.ran is None else [name for name in self.solved if self.ran.get(name) != "right"]


def marked(paths: Iterable[Path], *, run: bool = False) -> Iterator[Marked]:
    """Yield what the notebooks of lessons are worth; notebooks without a lesson are passed over.

    Args:
        paths: notebooks, or folders with notebooks.
        run: whether to run each notebook again, offline, in a temporary folder.

    Raises:
        RequestError: if a run needs a package that is not installed.
    """
    for path in _files(paths):
        found = _read(path)
        if found.number or found.problem:
            yield _run_again(found) if run and not found.problem else found


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        yield from (each for each in sorted(path.rglob("*.ipynb")) if ".ipynb_checkpoints" not in each.parts)


def _read(path: Path) -> Marked:
    try:
        cells = _cells(json.loads(path.read_text("utf-8")))
    except OSError as error:
        return Marked(path, problem=f"It cannot be read: {error.strerror or error}.")
    except (ValueError, RecursionError):
        return Marked(path, problem="It is not a notebook.")
    for cell in cells:
        if start := _START.search(_text(cell.get("source"))):
            try:
                lesson = lesson_of(int(start[1]))
            except RequestError as error:
                return Marked(path, problem=str(error))
            return Marked(path, lesson.number, _states(cells, [each.name for each in lesson.exercises]))
    return Marked(path)


def _cells(document: Any) -> list[dict[str, Any]]:
    found = document["cells"] if isinstance(document, dict) and "cells" in document else None
    if not isinstance(found, list):
        raise ValueError  # noqa: TRY004  (any JSON that is no notebook)
    return [cell for cell in found if isinstance(cell, dict) and cell.get("cell_type") == "code"]


def _text(source: Any) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source or "")


def _states(cells: Iterable[dict[str, Any]], names: Iterable[str]) -> dict[str, State]:
    """Return what the last output about each exercise says."""
    found: dict[str, State] = dict.fromkeys(names, "open")
    for cell in cells:
        for output in cell.get("outputs") or ():
            metadata = output.get("metadata") if isinstance(output, dict) else None
            told = metadata.get(METADATA) if isinstance(metadata, dict) else None
            if isinstance(told, dict) and told.get("kind") == "exercise" and told.get("name") in found:
                state = told.get("state")
                found[told["name"]] = state if state in ("right", "wrong") else "open"
    return found


def _run_again(before: Marked) -> Marked:
    try:
        import nbformat  # noqa: PLC0415  (in the extra `demo`)
        from nbclient import NotebookClient  # noqa: PLC0415  (in the extra `demo`)
        from nbclient.exceptions import CellTimeoutError, DeadKernelError  # noqa: PLC0415  (as above)
    except ImportError:
        raise RequestError(_("To run notebooks, nbclient is needed. Run: pip install 'nbstream[demo]'")) from None
    content: Any = nbformat.read(before.path, as_version=4)
    for cell in content.cells:
        # Without what they said before, only the run speaks.
        if cell.cell_type == "code":
            cell.outputs = []
    # The notebook asks no server, so it gets no key.
    keys = {facts.key_variable for facts in presets().values()}
    environment = {name: value for name, value in os.environ.items() if name not in keys}
    environment |= {OFFLINE_VARIABLE: "1", RATE_VARIABLE: "0", "NBSTREAM_LEDGER": "off"}
    with tempfile.TemporaryDirectory(prefix="nbstream-mark-", ignore_cleanup_errors=True) as folder:
        client = NotebookClient(
            content,
            timeout=_CELL_SECONDS,
            allow_errors=True,
            resources={"metadata": {"path": folder}},
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )
        problem = ""
        try:
            client.execute(env=environment)
        except (CellTimeoutError, DeadKernelError) as error:
            problem = f"Its run ended early: {type(error).__name__}."
    ran = _states(content.cells, before.says)
    return Marked(before.path, before.number, before.says, ran, problem)
