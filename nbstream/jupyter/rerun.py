"""Stops the background replies of a cell that is run again: running it again means replacing them.

A stopped reply is kept, as any other is: `%deepseek show 2` shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.jupyter import sinks

if TYPE_CHECKING:
    from nbstream.client.receiver import Receiver
    from nbstream.client.run import Run

#: Replies that may still arrive, by the id of their cell.
_receivers: dict[str, list[Receiver]] = {}
_watched: set[int] = set()


def replace_when_rerun(run: Run) -> None:
    """Cancel `run` when the cell that started it is run again.

    Nothing happens where the front end does not name its cells.
    """
    kernel = sinks.running_kernel()
    cell = _cell_id(kernel)
    if cell is None:
        return
    earlier = [each for each in _receivers.get(cell, ()) if not each.done]
    _receivers[cell] = [*earlier, run.receiver]
    if id(kernel) not in _watched:
        _watched.add(id(kernel))
        kernel.shell.events.register("pre_run_cell", lambda _info: _on_run(kernel))


def _on_run(kernel: Any) -> None:
    for receiver in _receivers.pop(_cell_id(kernel) or "", ()):
        receiver.cancel()


def _cell_id(kernel: Any) -> str | None:
    """Return the id that JupyterLab, VS Code or Colab gives the running cell, or None."""
    try:
        metadata = kernel.get_parent("shell")["metadata"]
    except (AttributeError, KeyError, LookupError, TypeError):
        return None
    colab = metadata.get("colab")
    found = metadata.get("cellId") or (colab.get("cell_id") if isinstance(colab, dict) else None)
    return found if isinstance(found, str) else None
