"""Where a request was asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request was asked; each is empty if it is not known.

    Attributes:
        notebook: the path of the notebook.
        cell: the id of the cell.
    """

    notebook: str = ""
    cell: str = ""
