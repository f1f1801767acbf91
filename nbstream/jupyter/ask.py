"""`nbstream.ask`: the magic as a function, for a cell, a script and a terminal.

This module must not know sinks or sources.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from nbstream.client.start import stream
from nbstream.jupyter.display import watch

if TYPE_CHECKING:
    from nbstream.model.reply import Reply


def ask(prompt: str | None = None, *, reasoning: str | None = None, **options: Any) -> Reply:
    """Ask, show the reply while it arrives, and return it when it has ended.

    Takes the same arguments as `nbstream.stream`, and `reasoning`. In a notebook the reply is shown in the cell's
    output, in a script or a terminal it is written to standard output.

    Args:
        prompt: what to ask; taken literally.
        reasoning: how reasoning is shown: auto (open while it streams), open, closed, or hidden; the default is
            `%config DeepSeekMagics.reasoning`.
        **options: what `nbstream.stream` takes.

    Raises:
        RequestError: if the request cannot be made as asked.
        KeyboardInterrupt: if it was interrupted; what had arrived is in `nbstream.last`.
    """
    return watch(lambda: stream(prompt, **options), reasoning=reasoning)


def _with_options_of_stream() -> inspect.Signature:
    """Return the signature that completion in a cell shows: one list of arguments, kept in one place."""
    own, streams = inspect.signature(ask), inspect.signature(stream)
    return own.replace(parameters=[*streams.parameters.values(), own.parameters["reasoning"]])


vars(ask)["__signature__"] = _with_options_of_stream()
