"""The cells that ask the turns of chats: running a cell again, and deleting it."""

from __future__ import annotations

import sys
from typing import Any

from nbstream.chat.front_end import Cell
from nbstream.jupyter import cell_ids, outdated
from nbstream.widgets import front_ends

_watched: set[int] = set()


def running() -> Cell | None:
    """Return the running cell, and see to it that its end and its deletion are noticed.

    It is None where the front end does not name its cells: then each prompt is a new turn.
    """
    if front_ends.current().is_marimo:
        from nbstream.jupyter import marimo_notebook  # noqa: PLC0415  (marimo, only where it runs)

        return marimo_notebook.cell()
    kernel = front_ends.running_kernel()
    cell = _cell(kernel)
    if cell is not None and id(kernel) not in _watched:
        _watched.add(id(kernel))
        kernel.shell.events.register("pre_run_cell", lambda _info: _on_run(kernel))
        kernel.shell.events.register("post_run_cell", lambda result: _on_end(kernel, result))
    return cell


def _cell(kernel: Any) -> Cell | None:
    found = cell_ids.running(kernel)
    return None if found is None else Cell(found, cell_ids.execution(kernel))


def _on_run(kernel: Any) -> None:
    if deleted := cell_ids.deleted(kernel):
        for chat in _chats():
            # The cell that runs is there: its deletion was undone.
            chat.set_aside(set(deleted) - {cell_ids.running(kernel)})


def _on_end(kernel: Any, result: Any) -> None:
    cell = _cell(kernel)
    # A cell that was stopped or failed may not have come to its other turns.
    if cell is not None and getattr(result, "success", False):
        for chat in _chats():
            chat.end_cell(cell)
    outdated.refresh(_chats())


def _chats() -> list[Any]:
    # Without chats, their module is not loaded.
    module = sys.modules.get("nbstream.chat.conversation")
    return list(module.chats().values()) if module else []
