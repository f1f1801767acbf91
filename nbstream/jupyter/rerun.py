"""Ends what a cell has begun when it is run again: running it again means replacing that.

A background reply is stopped, and kept as any other is: `%deepseek show 2` shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.jupyter import cell_ids
from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.client.run import Run

#: By the id of a cell: whether something of it has ended by itself, and what ends it.
_begun: dict[str, list[tuple[Callable[[], bool], Callable[[], object]]]] = {}
_watched: set[int] = set()


def replace_when_rerun(run: Run, cell: str | None) -> None:
    """Cancel `run` when the cell that shows it is run again."""
    # No reference to the run, which is cancelled when nobody has one.
    receiver = run.receiver
    when_rerun(cell, receiver.cancel, lambda: receiver.done)


def when_rerun(cell: str | None, end: Callable[[], object], has_ended: Callable[[], bool] = lambda: False) -> None:
    """Call `end` when a cell is run again, unless `has_ended` returns True by then.

    Nothing happens where the front end does not name its cells.
    """
    kernel = front_ends.running_kernel()
    if cell is None or kernel is None:
        return
    _begun[cell] = [each for each in _begun.get(cell, ()) if not each[0]()] + [(has_ended, end)]
    if id(kernel) not in _watched:
        _watched.add(id(kernel))
        kernel.shell.events.register("pre_run_cell", lambda _info: _on_run(kernel))


def _on_run(kernel: Any) -> None:
    for has_ended, end in _begun.pop(cell_ids.running(kernel) or "", ()):
        if not has_ended():
            end()
