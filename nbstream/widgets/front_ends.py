"""The front ends: what shows what a cell displays, and what each of them can do.

This is the one place that tells them apart. Elsewhere their abilities count, and not their names.
docs/front-ends.md says which of them were seen at work.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """What a front end can do.

    Attributes:
        name: its name.
        shows: how it shows a reply that arrives: as text in a terminal; settled, at its end only;
            as static output, again and again; by a widget; or by an element that `ask` returns at
            once, as the page is heard only between two cells.
        has_page: whether somebody sees what a cell displays while it runs.
        updates_later: whether an output can be replaced after the end of its cell.
        goes_on: whether the page makes buttons that go on with a reply in its place.
        is_heard: whether the page reaches the kernel while a cell runs, by the control channel.
        has_visitors: whether others than the owner of the key can start requests.
        needs_number: whether these are refused until the owner names a number of requests.
        hides_errors: whether the page shows neither exceptions nor what is written to stderr.
        is_marimo: whether the notebook is one of marimo.
    """

    name: str
    shows: Literal["text", "settled", "static", "widget", "element"]
    has_page: bool = True
    updates_later: bool = True
    goes_on: bool = False
    is_heard: bool = True
    has_visitors: bool = False
    needs_number: bool = False
    hides_errors: bool = False
    is_marimo: bool = False

    @property
    def draws(self) -> bool:
        """Whether it draws widgets, or shows something in their place that is not kept."""
        return self.shows in ("text", "widget", "element")


#: Names the notebook in the environment of a kernel that a Jupyter server started.
_NOTEBOOK = "JPY_SESSION_NAME"

TERMINAL = FrontEnd("a terminal", "text", has_page=False)
#: nbclient, nbconvert and papermill, and a cell whose output is captured.
NOBODY = FrontEnd("nobody", "settled", has_page=False)
#: JupyterLab and Notebook 7.
JUPYTER = FrontEnd("Jupyter", "widget", goes_on=True)
#: The server runs the cells, and the page shows the text of a widget in its place.
SERVER_DOCUMENTS = FrontEnd("jupyter-server-documents", "static")
VSCODE = FrontEnd("VS Code", "widget", is_heard=False)
COLAB = FrontEnd("Colab", "widget", is_heard=False)
VOILA = FrontEnd(
    "Voilà", "widget", updates_later=False, is_heard=False, has_visitors=True, needs_number=True, hides_errors=True
)
MARIMO = FrontEnd("marimo", "element", is_heard=False, is_marimo=True)
#: All visitors share one process.
MARIMO_RUN = FrontEnd("marimo run", "element", is_heard=False, has_visitors=True, is_marimo=True)
#: `marimo export`, which ends when the last cell has ended.
MARIMO_EXPORT = FrontEnd("marimo export", "settled", has_page=False, is_marimo=True)

_OF_MARIMO = {"edit": MARIMO, "run": MARIMO_RUN, "export": MARIMO_EXPORT}


def _no_marimo() -> Literal["edit", "run", "export"] | None:
    return None


#: Returns how marimo runs the notebook of this thread; None elsewhere. `import nbstream` sets it.
mode_of_marimo: Callable[[], Literal["edit", "run", "export"] | None] = _no_marimo


def current() -> FrontEnd:
    """Return the front end of the running cell."""
    if (mode := mode_of_marimo()) is not None:
        return _OF_MARIMO[mode]
    kernel = running_kernel()
    if kernel is None:
        return TERMINAL
    if _is_captured(kernel):
        return NOBODY
    if _is_voila():
        # It takes no input although somebody watches.
        return VOILA
    if not _takes_input(kernel):
        return SERVER_DOCUMENTS if _belongs_to_server() else NOBODY
    metadata = metadata_of(kernel)
    if "colab" in metadata:
        return COLAB
    return VSCODE if str(metadata.get("cellId", "")).startswith("vscode") else JUPYTER


def visited() -> FrontEnd | None:
    """Return the front end whose visitors can start requests; None elsewhere.

    They can also where the output of a cell is captured.
    """
    mode = mode_of_marimo()
    found = _OF_MARIMO[mode] if mode is not None else VOILA if running_kernel() is not None and _is_voila() else None
    return found if found is not None and found.has_visitors else None


def _is_voila() -> bool:
    return "VOILA_PREHEAT" in os.environ


def metadata_of(kernel: Any) -> dict[str, Any]:
    """Return the metadata of the request that the main shell executes; empty without any."""
    try:
        metadata = kernel.get_parent("shell")["metadata"]
    except (AttributeError, KeyError, LookupError, TypeError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def cell_id(kernel: Any) -> str | None:
    """Return the id that JupyterLab, VS Code or Colab gives the running cell, or None."""
    metadata = metadata_of(kernel)
    colab = metadata.get("colab")
    found = metadata.get("cellId") or (colab.get("cell_id") if isinstance(colab, dict) else None)
    return found if isinstance(found, str) else None


def running_kernel() -> Any:
    """Return the ipykernel that this process is, or None in a terminal, a script and marimo."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython  # noqa: PLC0415  (only where it is running already)

    return getattr(get_ipython(), "kernel", None)


def takes_input() -> bool:
    """Return whether the user of the running cell can answer `input()`."""
    kernel = running_kernel()
    return kernel is not None and _takes_input(kernel) and not _is_captured(kernel)


def _takes_input(kernel: Any) -> bool:
    """Return what the front end says in its request.

    nbclient takes no input, and with it nbconvert, papermill and Voilà. A server that runs the
    cells of a page itself, as jupyter-server-documents does, takes none either.
    """
    try:
        return bool(kernel.get_parent("shell")["content"].get("allow_stdin", True))
    except (AttributeError, KeyError, LookupError, TypeError):
        return True


def _is_captured(kernel: Any) -> bool:
    """Return whether `%%capture` or `capture_output` collects the output of the cell."""
    from IPython.core.displaypub import CapturingDisplayPublisher  # noqa: PLC0415  (a script has no IPython)

    return isinstance(getattr(getattr(kernel, "shell", None), "display_pub", None), CapturingDisplayPublisher)


def _belongs_to_server() -> bool:
    """Return whether a Jupyter server started this kernel for a notebook of a page.

    The server names the notebook in the kernel's environment. A papermill that was started in a
    notebook hands the name on, but has it in its own environment, too.
    """
    name = os.environ.get(_NOTEBOOK)
    return bool(name) and name != _of_parent(_NOTEBOOK)


def session_name() -> str:
    """Return the path of the notebook for which a Jupyter server started this kernel, or ""."""
    return os.environ.get(_NOTEBOOK, "") if _belongs_to_server() else ""


def starting_command() -> tuple[list[str], str]:
    """Return the command that started this process, as words, and the folder it runs in."""
    return _asked_of_parent(lambda parent: (parent.cmdline(), parent.cwd()), ([], ""))


@cache
def _of_parent(variable: str) -> str | None:
    """Return a variable in the environment of the process that started this one.

    It is "" if the process does not have it, and that of this process if that is not known.
    """
    return _asked_of_parent(lambda parent: parent.environ().get(variable, ""), os.environ.get(variable))


def _asked_of_parent(question: Callable[[Any], _T], unknown: _T) -> _T:
    """Return what is asked of the process that started this one, or `unknown`."""
    import psutil  # noqa: PLC0415  (ipykernel has loaded it; a script may not have it)

    try:
        process = psutil.Process()
        parent = process.parent()
        # On Windows, the Python of a virtual environment starts another one with its arguments.
        while parent is not None and parent.cmdline()[1:] == process.cmdline()[1:]:
            parent = parent.parent()
        return unknown if parent is None else question(parent)
    except (psutil.Error, OSError):
        return unknown
