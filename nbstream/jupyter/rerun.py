"""Stops the background replies of a cell that is run again: running it again means replacing them.

A stopped reply is kept, as any other is: `%deepseek show 2` shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.jupyter import cell_ids
from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from nbstream.client.receiver import Receiver
    from nbstream.client.run import Run

#: Replies that may still arrive, by the id of their cell.
_receivers: dict[str, list[Receiver]] = {}
_watched: set[int] = set()


def replace_when_rerun(run: Run, cell: str | None) -> None:
    """Cancel `run` when the cell that shows it is run again.

    Nothing happens where the front end does not name its cells.
    """
    kernel = front_ends.running_kernel()
    if cell is None or kernel is None:
        return
    earlier = [each for each in _receivers.get(cell, ()) if not each.done]
    _receivers[cell] = [*earlier, run.receiver]
    if id(kernel) not in _watched:
        _watched.add(id(kernel))
        kernel.shell.events.register("pre_run_cell", lambda _info: _on_run(kernel))


def _on_run(kernel: Any) -> None:
    for receiver in _receivers.pop(cell_ids.running(kernel) or "", ()):
        receiver.cancel()
