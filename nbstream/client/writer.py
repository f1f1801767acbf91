"""A thread that writes files in the background, one for the process, so that no reply waits."""

from __future__ import annotations

import concurrent.futures
import os
from typing import TYPE_CHECKING, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")

_writer: concurrent.futures.ThreadPoolExecutor | None = None


def _reset_after_fork() -> None:
    """Forget the thread in a forked child, where it does not run."""
    global _writer  # noqa: PLW0603
    _writer = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def submit(function: Callable[_P, None], *arguments: _P.args, **keywords: _P.kwargs) -> concurrent.futures.Future[None]:
    """Call a function on the thread, after those that were submitted before."""
    global _writer  # noqa: PLW0603  (one for the process)
    if _writer is None:
        _writer = concurrent.futures.ThreadPoolExecutor(1, "nbstream-writer")
    return _writer.submit(function, *arguments, **keywords)
