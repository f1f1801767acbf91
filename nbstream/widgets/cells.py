"""The cell in which a widget's callback shows its reply.

A callback, such as that of a Button, runs for a message of its page and not for a cell, so a front
end shows nothing of what it displays, unless an Output widget takes it. But a front end takes
output for any cell that it has run. So a callback displays in the name of the cell that made it.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from IPython import get_ipython, version_info

from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from collections.abc import Iterator

#: As many cells are remembered, by the file name of their code, with the header of their request.
_MOST = 1000

_requests: dict[str, dict[str, Any]] = {}
#: The ids that front ends give to these cells, by the ids of their requests.
_ids: dict[str, str] = {}
#: By the id of a cell: its last execution number.
_numbers: dict[str, int] = {}


def remember() -> None:
    """Remember each cell from now on, and the one that runs now; only in a kernel."""
    shell = get_ipython()
    if getattr(shell, "kernel", None) is not None:
        shell.events.register("pre_run_cell", _on_run)
        _note("", shell)


@contextmanager
def displaying() -> Iterator[list[str]]:
    """Display where it is seen; yield the ids of the Output widgets that may take it."""
    from nbstream.widgets import output_widgets  # noqa: PLC0415  (ipywidgets, only where it is used)

    shell = get_ipython()
    publisher = getattr(shell, "display_pub", None)
    parent = getattr(publisher, "parent_header", None) or {}
    outputs = output_widgets.capturing(str(parent.get("msg_id", "")))
    cell = None if outputs or parent.get("msg_type") != "comm_msg" else _calling()
    if cell is None or publisher is None:
        yield outputs
        return
    publisher.set_parent({"header": cell})
    try:
        yield outputs
    finally:
        publisher.set_parent({"header": parent})


def calling_id() -> str:
    """Return the id of the cell whose code runs as a callback; "" if it is not known."""
    return _ids.get((_calling() or {}).get("msg_id", ""), "")


def number_of(cell: str) -> int | None:
    """Return the number with which a cell was run last in this kernel, by its id; else None."""
    return _numbers.get(cell)


def beginning_number(info: Any, shell: Any) -> int:
    """Return the execution number of a cell that begins.

    Args:
        info: what IPython tells of it with the event `pre_run_cell`.
        shell: IPython's shell.
    """
    # Since 9.8 IPython counts a cell before it runs, and not after it.
    is_counted = version_info >= (9, 8) and info.store_history
    count: int = shell.execution_count
    return count - 1 if is_counted else count


def take_output() -> None:
    """Let other threads and child processes write to the latest cell again.

    The handler of a message of the page calls it. ipykernel gives what they write to the latest
    message of any subshell, which here is the page's, and no front end shows that.
    """
    shell, header = get_ipython(), _requests.get("")
    if shell is None or header is None:
        return
    for each in (sys.stdout, sys.stderr, getattr(shell, "display_pub", None), getattr(shell, "displayhook", None)):
        set_parent = getattr(each, "set_parent", None)
        if set_parent is not None:
            set_parent({"header": header})


def _on_run(info: Any) -> None:
    shell = get_ipython()
    if shell is not None and info.raw_cell:
        _note(shell.compile.get_code_name(info.raw_cell, info.raw_cell, shell.execution_count), shell)
        if cell := front_ends.cell_id(shell.kernel):
            _numbers[cell] = beginning_number(info, shell)


def _note(name: str, shell: Any) -> None:
    header = shell.kernel.get_parent("shell").get("header", {})
    if header.get("msg_type") != "execute_request":
        return
    for each in (name, ""):
        # Moved to the end, and the newest one under no name.
        _requests.pop(each, None)
        _requests[each] = header
    _ids[header.get("msg_id", "")] = front_ends.cell_id(shell.kernel) or ""
    if len(_requests) > _MOST:
        del _requests[next(iter(_requests))]
    if len(_ids) > _MOST:
        del _ids[next(iter(_ids))]


def _calling() -> dict[str, Any] | None:
    """Return the header of the cell whose code was called first, or else of the last cell."""
    header, frame = _requests.get(""), sys._getframe()  # noqa: SLF001  (`inspect` reads files)
    while frame.f_back is not None:
        frame = frame.f_back
        header = _requests.get(frame.f_code.co_filename, header)
    return header
