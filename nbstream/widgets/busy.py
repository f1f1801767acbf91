"""Tells front ends that a cell still runs, after a message that was handled meanwhile.

Each control message, and each message on a subshell, ends with a status `idle`, which JupyterLab
and Notebook 7 show as the state of the kernel.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from collections.abc import Callable

_lock = ProcessLock()
#: The request of the cell that runs; None between two cells.
_cell: dict[str, Any] | None = None
_watched: set[int] = set()
_listeners: list[Callable[[], object]] = []


def watch(kernel: Any) -> None:
    """Notice when cells of `kernel` begin and end; one may be running already."""
    shell = getattr(kernel, "shell", None)
    if shell is None:
        return
    _begin(kernel)
    if id(shell) not in _watched:
        _watched.add(id(shell))
        shell.events.register("pre_run_cell", lambda _info: _begin(kernel))
        shell.events.register("post_run_cell", lambda _result: _end())


def add_listener(listener: Callable[[], object]) -> None:
    """Call `listener` when a cell begins or ends, on the main thread."""
    _listeners.append(listener)


def remove_listener(listener: Callable[[], object]) -> None:
    """Stop calling `listener`."""
    if listener in _listeners:
        _listeners.remove(listener)


def is_busy() -> bool:
    """Return whether a cell runs."""
    return _cell is not None


def request() -> dict[str, Any] | None:
    """Return the request of the cell that runs."""
    return _cell


def repeat_soon(kernel: Any) -> None:
    """Repeat `busy` once the handler of a message, which calls this, has ended."""
    with suppress(RuntimeError):
        asyncio.get_running_loop().call_soon(_repeat, kernel)


def _begin(kernel: Any) -> None:
    global _cell  # noqa: PLW0603  (a process has one kernel)
    if threading.current_thread() is not threading.main_thread():
        return
    try:
        parent = kernel.get_parent("shell")
        is_cell = parent["header"]["msg_type"] == "execute_request"
    except (AttributeError, KeyError, LookupError, TypeError):
        return
    if is_cell:
        with _lock:
            _cell = parent
        _tell()


def _end() -> None:
    global _cell  # noqa: PLW0603  (as above)
    with _lock:
        _cell = None
    _tell()


def _tell() -> None:
    for listener in [*_listeners]:
        listener()


def _repeat(kernel: Any) -> None:
    # The lock puts this message before the cell's own `idle`: a later one would stay.
    with _lock:
        if _cell is not None:
            kernel.session.send(
                kernel.iopub_socket, "status", {"execution_state": "busy"}, parent=_cell, ident=b"status"
            )
