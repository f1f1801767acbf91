"""Which process this is, and whether another one still runs: by its number and its start."""

from __future__ import annotations

import os
import platform
from functools import cache
from typing import NamedTuple


class Process(NamedTuple):
    """A process.

    Attributes:
        machine: the name of its machine.
        number: its number there.
        began: when it began, in seconds since the Unix epoch; numbers are used again.
    """

    machine: str
    number: int
    began: float


def current() -> Process:
    """Return this process."""
    return _current(os.getpid())


def is_running(process: Process) -> bool | None:
    """Return whether a process still runs; None if it is one of another machine."""
    import psutil  # noqa: PLC0415  (at its first use)

    if process.machine != platform.node():
        return None
    try:
        return abs(psutil.Process(process.number).create_time() - process.began) < 1
    except (psutil.Error, ValueError):
        return False


@cache
def _current(number: int) -> Process:
    import psutil  # noqa: PLC0415  (at its first use)

    return Process(platform.node(), number, psutil.Process(number).create_time())
