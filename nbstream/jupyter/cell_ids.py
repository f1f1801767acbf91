"""The ids that front ends give to cells."""

from __future__ import annotations

import sys
from typing import Any

from nbstream.widgets.front_ends import cell_id, metadata_of, running_kernel


def running(kernel: Any) -> str | None:
    """Return the id that JupyterLab, VS Code or Colab gives the running cell, or None."""
    return cell_id(kernel)


def deleted(kernel: Any) -> list[str]:
    """Return the ids of the cells that JupyterLab says were deleted since the last execution."""
    found = metadata_of(kernel).get("deletedCells")
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def is_of_cell(kernel: Any) -> bool:
    """Return whether a cell runs, and no callback of a widget."""
    try:
        return bool(kernel.get_parent("shell")["header"]["msg_type"] == "execute_request")
    except (AttributeError, KeyError, LookupError, TypeError):
        return False


def execution(kernel: Any) -> str:
    """Return an id that differs between two executions of cells; empty if there is none."""
    try:
        return str(kernel.get_parent("shell")["header"]["msg_id"])
    except (AttributeError, KeyError, LookupError, TypeError):
        return ""


def execution_here() -> str:
    """Return an id of the execution that this thread belongs to; empty outside of IPython."""
    kernel = running_kernel()
    if kernel is not None:
        return execution(kernel)
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return "" if shell is None else str(shell.execution_count)
