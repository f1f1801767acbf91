"""The ids that front ends give to cells."""

from __future__ import annotations

from typing import Any


def running(kernel: Any) -> str | None:
    """Return the id that JupyterLab, VS Code or Colab gives the running cell, or None."""
    metadata = metadata_of(kernel)
    colab = metadata.get("colab")
    found = metadata.get("cellId") or (colab.get("cell_id") if isinstance(colab, dict) else None)
    return found if isinstance(found, str) else None


def are_of_jupyter(kernel: Any) -> bool:
    """Return whether JupyterLab or Notebook runs the cell, and neither VS Code nor Colab."""
    return "colab" not in metadata_of(kernel) and not (running(kernel) or "").startswith("vscode")


def deleted(kernel: Any) -> list[str]:
    """Return the ids of the cells that JupyterLab says were deleted since the last execution."""
    found = metadata_of(kernel).get("deletedCells")
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def execution(kernel: Any) -> str:
    """Return an id that differs between two executions of cells; empty if there is none."""
    try:
        return str(kernel.get_parent("shell")["header"]["msg_id"])
    except (AttributeError, KeyError, LookupError, TypeError):
        return ""


def metadata_of(kernel: Any) -> dict[str, Any]:
    """Return the metadata of the request that the main shell executes; empty without any."""
    try:
        metadata = kernel.get_parent("shell")["metadata"]
    except (AttributeError, KeyError, LookupError, TypeError):
        return {}
    return metadata if isinstance(metadata, dict) else {}
