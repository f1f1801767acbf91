"""Locks that a forked process does not inherit in a locked state."""

from __future__ import annotations

import os
import threading


class ProcessLock:
    """A lock for all threads of this process, which the thread that holds it may take again.

    In a forked process it is free: a fork copies a lock as it is, but not the thread that holds it,
    so that nobody could release it. Locks are never forgotten: they belong to modules.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _all.append(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_exception: object) -> None:
        self._lock.release()

    def renew(self) -> None:
        """Be free, in a process that was just forked."""
        self._lock = threading.RLock()


_all: list[ProcessLock] = []


def _renew_all() -> None:
    for each in _all:
        each.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
