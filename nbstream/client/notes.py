"""Remarks on a request, for whoever made it: as warnings, or for a panel that takes them."""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from nbstream.model.exceptions import NbstreamWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = str(Path(__file__).parents[1])
_taken: ContextVar[list[str] | None] = ContextVar("taken", default=None)


@contextmanager
def taken() -> Iterator[list[str]]:
    """Yield a list that takes every remark of the context, instead of warnings and output.

    Python's `warnings.catch_warnings` is for the whole process, so a thread beside a cell cannot
    use it.
    """
    found: list[str] = []
    token = _taken.set(found)
    try:
        yield found
    finally:
        _taken.reset(token)


def warn(sentence: str) -> None:
    """Warn each time, at the line outside of nbstream that made the request."""
    if (found := _taken.get()) is not None:
        found.append(sentence)
        return
    frame = sys._getframe(1)  # noqa: SLF001  (as `warnings` itself finds the line)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    module = frame.f_globals.get("__name__", "__main__")
    # With an empty registry, as the usual one shows a warning only once for each line.
    warnings.warn_explicit(sentence, NbstreamWarning, frame.f_code.co_filename, frame.f_lineno, module, {})


def say(sentence: str) -> None:
    """Say what came of something that the user did."""
    if (found := _taken.get()) is not None:
        found.append(sentence)
    else:
        sys.stdout.write(f"{sentence}\n")
