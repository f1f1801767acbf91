"""The cells above the running one: from the page, or else from IPython's history."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbstream.jupyter import cell_ids, interrupts, session_history
from nbstream.jupyter.cell_outputs import joined, output_of
from nbstream.language import _
from nbstream.model.notebook import CellsAbove, NotebookCell
from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from nbstream.model.notebook import CellOutput, FailedCell


def cells_above(most: int) -> CellsAbove:
    """Return the cells above the running one, at most `most`.

    Raises:
        RequestError: in a script.
        KeyboardInterrupt: if ■ was pressed meanwhile.
    """
    kernel = front_ends.running_kernel()
    cell_id = cell_ids.running(kernel)
    found = _from_page(kernel, cell_id, most) if cell_id is not None else None
    return found if found is not None else session_history.earlier_cells(most)


def last_failure() -> FailedCell | None:
    """Return the cell that failed last, with what it had printed, if a page tells it; or None.

    Raises:
        KeyboardInterrupt: if ■ was pressed meanwhile.
    """
    failed = session_history.last_failure()
    if failed is None or not failed.cell_id:
        return failed
    found = _from_page(front_ends.running_kernel(), failed.cell_id, None)
    shown = found.cells[0] if found is not None and found.cells else None
    if shown is None or shown.number != failed.cell.number:
        # It was run again since, or deleted.
        return failed
    printed = tuple(output for output in shown.outputs if output.kind != "error")
    return replace(failed, cell=replace(failed.cell, place=shown.place, outputs=printed))


def _from_page(kernel: Any, cell_id: str, most: int | None) -> CellsAbove | None:
    if front_ends.current().shows != "widget":
        return None
    # The widget, only where it is used.
    from nbstream.widgets import channels, comm_reader  # noqa: PLC0415
    from nbstream.widgets.cells_question import CellsQuestion  # noqa: PLC0415

    client = kernel.get_parent("shell").get("header", {}).get("session", "")
    with interrupts.interrupts_call(lambda: None) as interrupt:
        question = CellsQuestion(kernel, cell_id, client, most)
        try:
            with comm_reader.opened(kernel, channels.overhear, question.wake) as reader:
                read = interrupt.holding(reader.read) if reader is not None else None
                answer = question.wait(lambda: interrupt.seen, read)
        finally:
            question.close()
    if interrupt.seen:
        raise interrupts.keyboard_interrupt(_("stopped before anything was sent"))
    if answer is None or answer["cells"] is None:
        return None
    cells = tuple(map(_cell, answer["cells"]))
    return CellsAbove(cells, max(answer["above"], len(cells)), "page")


def _cell(content: Any) -> NotebookCell:
    place, number = content.get("place"), content.get("number")
    return NotebookCell(
        str(content.get("kind", "code")),
        str(content.get("source", "")),
        place if isinstance(place, int) else None,
        number if isinstance(number, int) else None,
        content.get("edited") is True,
        joined([_output(each) for each in content.get("outputs", ()) if isinstance(each, dict)]),
        str(content.get("id", "")),
    )


def _output(content: Any) -> CellOutput:
    left_out = content.get("left_out")
    return output_of(
        str(content.get("kind", "")),
        content["data"] if isinstance(content.get("data"), dict) else {},
        [str(each) for each in content.get("types", ())],
        left_out if isinstance(left_out, int) else 0,
        content.get("answer"),
    )
