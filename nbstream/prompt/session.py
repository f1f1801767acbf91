"""What a prompt can take from the session it is asked in.

`import nbstream` sets both functions: they need the kernel, which this package does not import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbstream.model.notebook import CellsAbove, FailedCell, NotebookCell
    from nbstream.model.request import Inserted

#: So many cells at most.
MOST_CELLS = 500


#: Why there are no cells.
NO_CELLS = marked("`above=` needs a notebook, or IPython: a script has no cells.")


def _no_cells(_most: int) -> CellsAbove:
    raise RequestError(_(NO_CELLS))


def _no_failure() -> FailedCell | None:
    return None


#: Returns the cells above the running one, at most so many.
cells_above: Callable[[int], CellsAbove] = _no_cells
#: Returns the cell that failed last, with its exception.
last_failure: Callable[[], FailedCell | None] = _no_failure


def attached(
    above: object,
    error: object,
    known: Iterable[str] = (),
    is_turn: Callable[[NotebookCell], bool] = lambda _cell: False,
) -> tuple[Inserted, ...]:
    """Return the text to put above a prompt, as the options ask for it.

    Args:
        above: how many cells above to attach; True attaches all, None and False none.
        error: whether to attach the last exception and its cell.
        known: texts that are secret, and are removed as others that look so.
        is_turn: returns whether a cell has asked a turn of the chat, which is sent as such.

    Raises:
        RequestError: if an option is not valid, or nothing has failed.
    """
    # Only where it is used, as `import nbstream` imports this module.
    from nbstream.prompt.cells import describe_cells, describe_failure  # noqa: PLC0415
    from nbstream.prompt.redaction import Redaction  # noqa: PLC0415

    redaction = Redaction(known)
    found: list[Inserted] = []
    most = _most(above)
    failed = last_failure() if error else None
    if error and failed is None:
        raise RequestError(_("No cell of this session has failed, so there is no error to attach."))
    if most:
        found.append(describe_cells(cells_above(most), redaction, is_turn))
    if failed is not None:
        found.append(describe_failure(failed, redaction))
    return tuple(found)


def _most(above: object) -> int:
    if above is None or above is False:
        return 0
    if above is True:
        return MOST_CELLS
    if not isinstance(above, int) or above < 1:
        raise RequestError(_("`above=` is {above!r}: it must be a whole number of at least 1.", above=above))
    return min(above, MOST_CELLS)
