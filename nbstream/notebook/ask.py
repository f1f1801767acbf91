"""`nbstream.ask`: the magic as a function, for a cell, a script and a terminal.

This module must not know sinks or sources.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, ParamSpec

from nbstream.client import api
from nbstream.notebook.display import watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.client.run import Run
    from nbstream.core.reply import Reply

_Arguments = ParamSpec("_Arguments")


def _watching(stream: Callable[_Arguments, Run]) -> Callable[_Arguments, Reply]:
    def ask(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> Reply:
        """Ask, show the reply while it arrives, and return it when it has ended.

        Takes the same arguments as `nbstream.stream`. In a notebook the reply is shown in the cell's output, in a
        script or a terminal it is written to standard output.

        Raises:
            RequestError: if the request cannot be made as asked.
            KeyboardInterrupt: if it was interrupted; what had arrived is in `nbstream.last`.
        """
        return watch(lambda: stream(*arguments, **options))

    # One list of arguments, and completion in a cell shows it.
    signature = inspect.signature(stream).replace(return_annotation="Reply")
    vars(ask)["__signature__"] = signature
    ask.__qualname__ = "ask"
    return ask


ask = _watching(api.stream)
