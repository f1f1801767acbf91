"""Values of which each session has its own: one visitor must not see what another one has asked.

A Jupyter kernel is one session. `marimo run` serves all visitors of an app in one process, each on
a thread of its own, and they share every module.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: The values of one session, by what keeps them. It lives as long as the session.
Store: TypeAlias = "dict[object, Any]"


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.store: Store = {}


_only: Store = {}
_of_thread = _OfThread()
#: The session that the current task works for. A task on the loop of the requests has it from the
#: thread that started it.
_bound: ContextVar[Store | None] = ContextVar("nbstream_session", default=None)
_has_several = False
_lock = ProcessLock()


def _none() -> Store | None:
    return None


#: Returns the store of the session on whose thread it is called; None if the front end knows of
#: none. `import nbstream` sets it.
of_front_end: Callable[[], Store | None] = _none


class PerSession(Generic[T]):
    """A value that each session has for itself.

    Args:
        make: makes the value of a new session.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make

    def get(self) -> T:
        """Return the value of the current session."""
        store = _current()
        with _lock:
            if self not in store:
                store[self] = self._make()
            return cast("T", store[self])

    def set(self, value: T) -> None:
        """Make this the value of the current session."""
        store = _current()
        with _lock:
            store[self] = value


def _current() -> Store:
    global _has_several  # noqa: PLW0603  (of this process)
    found = of_front_end()
    if found is not None:
        _has_several = True
        _bound.set(found)
        return found
    if (bound := _bound.get()) is not None:
        return bound
    # A thread that a visitor's code started by itself belongs to nobody that is known, so it shares
    # nothing.
    return _of_thread.store if _has_several else _only
