"""`nbstream.ask`: the magic as a function, for a cell, a script and a terminal.

This module must not know sinks or sources.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from nbstream.client import api
from nbstream.notebook.display import watch

if TYPE_CHECKING:
    from nbstream.core.reply import Reply


@wraps(api.stream, assigned=("__annotations__", "__type_params__"))
def ask(prompt: str | None = None, **options: Any) -> Reply:
    """Ask, show the reply while it arrives, and return it when it has ended.

    Takes the same arguments as `nbstream.stream`. In a notebook the reply is shown in the cell's output, in a script or
    a terminal it is written to standard output.

    Raises:
        RequestError: if the request cannot be made as asked.
        KeyboardInterrupt: if it was interrupted; what had arrived is in `nbstream.last`.
    """
    return watch(lambda: api.stream(prompt, **options))
