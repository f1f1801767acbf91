"""Cells of a notebook as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from nbstream.model.reply import Reply

#: Where cells come from.
CellsOrigin: TypeAlias = Literal[
    "page",  # the page that shows the notebook
    "history",  # IPython's history, as no page answered
    "terminal",  # IPython's history, as there is no notebook
]


@dataclass(frozen=True, slots=True)
class CellOutput:
    """An output of a cell, as far as it is text.

    Attributes:
        kind: what a cell printed, displayed or had as its value, the traceback of its exception, or
            the answer of a model.
        text: the text; empty if there is none.
        left_out: how many characters were left out already in the middle of the text.
        media: the MIME types of what it shows besides the text, such as an image.
    """

    kind: Literal["printed", "value", "error", "answer"]
    text: str
    left_out: int = 0
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotebookCell:
    """A cell of a notebook.

    Attributes:
        kind: code, markdown or raw.
        source: its source as it stands in the notebook.
        place: its place in the notebook, counted from 1; None if it comes from the history.
        number: its execution number; None if it was not run.
        edited: whether its code was changed since it was run.
        outputs: its outputs in their order.
        id: the id that the front end gives it; empty if that is not known.
        reply: the reply that it has shown, if the history tells.
    """

    kind: str
    source: str
    place: int | None = None
    number: int | None = None
    edited: bool = False
    outputs: tuple[CellOutput, ...] = ()
    id: str = ""
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class CellsAbove:
    """The cells above the running one.

    Attributes:
        cells: the cells, the topmost first.
        above: how many there are in all; `cells` may be the nearest of them.
        origin: where they come from.
    """

    cells: tuple[NotebookCell, ...]
    above: int
    origin: CellsOrigin


@dataclass(frozen=True, slots=True)
class FailedCell:
    """A cell that raised an exception.

    Attributes:
        cell: the cell, with what it had printed, if that is known.
        error: the name of the exception's class.
        traceback: the exception with its traceback, as plain text.
        cell_id: the id that the front end gives the cell; empty if it gives none.
    """

    cell: NotebookCell
    error: str
    traceback: str
    cell_id: str = ""
