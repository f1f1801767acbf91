"""Whether a page shows what a cell displays, and whether it draws widgets."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any


def running_kernel() -> Any:
    """Return the ipykernel that this process is, or None in a terminal or a script."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython  # noqa: PLC0415  (only where it is running already)

    return getattr(get_ipython(), "kernel", None)


def is_watched(kernel: Any) -> bool:
    """Return whether a page shows the cell's output while the cell runs.

    None does while `%%capture` or `capture_output` collects the output. nbclient, and with it
    nbconvert and papermill, takes no input. A server that runs the cells of a page itself, as
    jupyter-server-documents does, takes none either, but names the notebook.
    """
    return not is_captured(kernel) and (takes_input(kernel) or _belongs_to_server())


def draws_widgets(kernel: Any) -> bool:
    """Return whether a page that shows the cell's output draws widgets.

    With jupyter-server-documents none does. nbclient saves the state of every widget that it sees,
    even of a closed one, so it must be shown none.
    """
    return takes_input(kernel)


def takes_input(kernel: Any) -> bool:
    """Return whether the front end that runs the cell lets its user answer `input()`."""
    try:
        return bool(kernel.get_parent("shell")["content"].get("allow_stdin", True))
    except (AttributeError, KeyError, LookupError, TypeError):
        return True


def is_captured(kernel: Any) -> bool:
    """Return whether the output of the cell is being collected instead of shown."""
    from IPython.core.displaypub import CapturingDisplayPublisher  # noqa: PLC0415  (a script has no IPython)

    return isinstance(getattr(getattr(kernel, "shell", None), "display_pub", None), CapturingDisplayPublisher)


def _belongs_to_server() -> bool:
    """Return whether a Jupyter server started this kernel for a notebook of a page.

    The server names the notebook in the kernel's environment. A papermill that was started in a
    notebook hands the name on, but has it in its own environment, too.
    """
    name = os.environ.get("JPY_SESSION_NAME")
    if not name:
        return False
    try:
        parent = Path(f"/proc/{os.getppid()}/environ").read_bytes()
    except OSError:
        return False
    return os.fsencode(f"JPY_SESSION_NAME={name}") not in parent.split(b"\0")
