"""Where a request is asked: the path of the notebook and the id of the cell, for the ledger.

No front end tells a kernel both. What each of them tells was seen in JupyterLab 4.6, Notebook 7.6,
nbclient, papermill, Voilà and marimo; that of VS Code is from its source.
"""

from __future__ import annotations

import os
import sys
import threading
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from nbstream.jupyter import cell_ids
from nbstream.model.origin import Origin
from nbstream.widgets import cells, front_ends

#: VS Code sets it, and so does papermill with `--inject-paths`.
_VARIABLES = ("__vsc_ipynb_file__", "PAPERMILL_OUTPUT_PATH", "PAPERMILL_INPUT_PATH")
_SUFFIX = ".ipynb"
#: The option before the notebook that nbconvert writes.
_OUTPUT = "--output"
#: Takes the notebook to run, and then the one to write.
_PAPERMILL = "papermill"

#: The cell that started a thread, for what the thread asks later, as a panel does.
_noted: ContextVar[Origin | None] = ContextVar("nbstream_origin", default=None)


def here() -> Origin:
    """Return where this thread asks; what is not known is empty."""
    if front_ends.current().is_marimo:
        from nbstream.jupyter import marimo_notebook  # noqa: PLC0415  (marimo, only where it runs)

        cell = marimo_notebook.cell()
        return Origin(marimo_notebook.path(), "" if cell is None else cell.id)
    kernel = front_ends.running_kernel()
    if kernel is None:
        return Origin(_program())
    notebook = _notebook(kernel)
    if threading.current_thread() is threading.main_thread():
        if not cell_ids.is_of_cell(kernel):
            # The callback of a widget.
            return Origin(notebook, cells.calling_id())
        origin = Origin(notebook, cell_ids.running(kernel) or "")
        _noted.set(origin)
        return origin
    return _noted.get() or Origin(notebook, cell_ids.running(kernel) or "")


def notebook() -> str:
    """Return the path of this kernel's notebook, on any thread; "" without a kernel, or unknown."""
    kernel = front_ends.running_kernel()
    return "" if kernel is None else _notebook(kernel)


def _notebook(kernel: Any) -> str:
    variables = getattr(getattr(kernel, "shell", None), "user_ns", {})
    for name in _VARIABLES:
        if isinstance(found := variables.get(name), str) and found:
            return found
    return front_ends.session_name() or _of_command()


@cache
def _of_command() -> str:
    return notebook_in(*front_ends.starting_command())


def notebook_in(words: list[str], folder: str) -> str:
    """Return the notebook that a command runs; "" if it names none or several.

    Args:
        words: the command, as of nbconvert, papermill or Voilà.
        folder: where it runs.
    """
    pairs = zip(["", *words], words, strict=False)
    notebooks = [
        word
        for before, word in pairs
        if word.endswith(_SUFFIX) and not word.startswith("-") and not before.startswith(_OUTPUT)
    ]
    takes_two = any(_PAPERMILL in Path(word).name for word in words[:3])
    if not notebooks or (len(notebooks) > 1 and not takes_two):
        return ""
    return os.path.normpath(Path(folder, notebooks[0]))


def _program() -> str:
    """Return the file of the program; empty in an interactive Python or IPython."""
    is_interactive = "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    # The name of a program that is no file is in angle brackets.
    if is_interactive or not isinstance(file, str) or file.startswith("<"):
        return ""
    return str(Path(file).absolute())
