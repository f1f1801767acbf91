"""What IPython knows of the cells that were run: sources, outputs, replies and exceptions."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from nbstream.jupyter import cell_ids, tracebacks
from nbstream.jupyter.cell_outputs import joined, output_of
from nbstream.model.exceptions import RequestError
from nbstream.model.notebook import CellOutput, CellsAbove, FailedCell, NotebookCell
from nbstream.prompt.session import NO_CELLS
from nbstream.widgets.cells import beginning_number

if TYPE_CHECKING:
    from nbstream.model.notebook import CellsOrigin
    from nbstream.model.reply import Reply

#: So many replies and errors are remembered.
_MOST = 200
_PACKAGE = str(Path(__file__).parents[1])

#: By the place of a cell in IPython's history.
_replies: dict[int, Reply] = {}
_errors: dict[int, str] = {}
#: The execution numbers of the cells that were seen to begin, by place. They differ after a cell
#: that IPython has counted and kept out of its history, or has counted twice.
_numbers: dict[int, int] = {}
_last_failure: FailedCell | None = None
#: The place of the running cell; None before the first cell that was seen to begin.
_begun: int | None = None
#: Whether a cell runs that IPython keeps in its history.
_is_running = False
_watched: set[int] = set()


def watch(shell: Any) -> None:
    """Remember exceptions of the cells of `shell` from now on."""
    if id(shell) not in _watched:
        _watched.add(id(shell))
        shell.events.register("pre_run_cell", _on_begin)
        shell.events.register("post_run_cell", _on_end)


def unwatch(shell: Any) -> None:
    """Undo `watch`."""
    if id(shell) in _watched:
        _watched.discard(id(shell))
        shell.events.unregister("pre_run_cell", _on_begin)
        shell.events.unregister("post_run_cell", _on_end)


def last_failure() -> FailedCell | None:
    """Return the cell that failed last, or None."""
    return _last_failure


def running_place() -> int:
    """Return the place of the running cell in IPython's history."""
    history = getattr(_shell(), "history_manager", None)
    # A cell is in the history while it runs.
    if _begun is not None:
        return _begun
    return len(history.input_hist_raw) - 1 if history is not None else 0


def note_reply(place: int, reply: Reply) -> None:
    """Remember the reply of the cell at this place."""
    _keep(_replies, place, reply)


def earlier_cells(most: int) -> CellsAbove:
    """Return the cells that were run before the running one, at most `most`, the oldest first.

    A cell that was run several times without a change is there once, where it was run last.

    Raises:
        RequestError: without IPython.
    """
    shell = _shell()
    history = getattr(shell, "history_manager", None)
    if history is None:
        raise RequestError(NO_CELLS)
    sources: dict[str, int] = {}
    for place, source in enumerate(history.input_hist_raw[: running_place()]):
        if source.strip():
            sources.pop(source, None)
            sources[source] = place
    places = list(sources.values())
    cells = [
        NotebookCell(
            "code",
            history.input_hist_raw[place],
            None,
            _numbers.get(place, place),
            outputs=_outputs(history, place),
            reply=_replies.get(place),
        )
        for place in places[-most:]
    ]
    origin: CellsOrigin = "terminal" if getattr(shell, "kernel", None) is None else "history"
    return CellsAbove(tuple(cells), len(places), origin)


def _shell() -> Any:
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython  # noqa: PLC0415  (only where it is running already)

    return get_ipython()


def _outputs(history: Any, place: int) -> tuple[CellOutput, ...]:
    if place in _replies:
        return (CellOutput("answer", _replies[place].answer),)
    number = _numbers.get(place, place)
    found: list[CellOutput] = []
    # IPython 9 keeps more than values, if it is not in a kernel.
    for each in getattr(history, "outputs", {}).get(number, ()):
        if each.output_type in ("out_stream", "err_stream"):
            found.append(CellOutput("printed", "".join(each.bundle.get("stream", ()))))
        else:
            found.append(output_of(each.output_type, each.bundle, list(each.bundle)))
    if not found and number in history.output_hist_reprs:
        found.append(CellOutput("value", history.output_hist_reprs[number]))
    if place in _errors:
        found.append(CellOutput("error", _errors[place]))
    return joined(found)


def _on_begin(info: Any) -> None:
    global _begun, _is_running
    shell = _shell()
    history = getattr(shell, "history_manager", None)
    if history is None or (_is_running and not info.store_history):
        # Code that runs within a cell belongs to it.
        return
    _begun, _is_running = len(history.input_hist_raw), info.store_history
    _numbers[_begun] = beginning_number(info, shell)
    # What had this place is not in the history.
    _replies.pop(_begun, None)
    _errors.pop(_begun, None)


def _on_end(result: Any) -> None:
    global _last_failure, _is_running  # noqa: PLW0603  (one for each process)
    error = result.error_before_exec or result.error_in_exec
    is_kept = result.info.store_history
    if is_kept:
        _is_running = False
    source = result.info.raw_cell
    if not source or not isinstance(error, Exception) or _is_our_own(error):
        return
    text = tracebacks.text_of(error)
    _keep(_errors, running_place(), text)
    number = result.execution_count if is_kept else None
    cell_id = cell_ids.running(getattr(_shell(), "kernel", None)) or ""
    _last_failure = FailedCell(NotebookCell("code", source, None, number), type(error).__name__, text, cell_id)


def _is_our_own(error: Exception) -> bool:
    """Return whether it is a mistake in a line for the magic, which says itself what to do."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, UsageError) and any(frame.filename.startswith(_PACKAGE) for frame in frames)


def _keep(kept: dict[int, Any], number: int, value: Any) -> None:
    kept[number] = value
    if len(kept) > _MOST:
        del kept[next(iter(kept))]
