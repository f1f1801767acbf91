"""Work for the thread that waits for a reply: a tool runs where the user's own code does."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from nbstream.model.tool_result import ToolOutcome

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from contextlib import AbstractContextManager

T = TypeVar("T")


class InterruptedWorkError(Exception):
    """■ or Ctrl-C broke off the work."""


#: Returns a context within which ■ and Ctrl-C raise a KeyboardInterrupt on the waiting thread.
InUserCode: TypeAlias = "Callable[[], AbstractContextManager[None]]"


class Job:
    """One piece of work.

    Attributes:
        future: holds its result.
    """

    def __init__(self, work: Callable[[InUserCode], Any]) -> None:
        self.future: Future[Any] = Future()
        self._work = work

    def run(self, in_user_code: InUserCode = nullcontext) -> bool:
        """Do the work on this thread, unless it was cancelled; return whether ■ was pressed."""
        if not self.future.set_running_or_notify_cancel():
            return False
        try:
            result = self._work(in_user_code)
        except Exception as error:  # noqa: BLE001  (the one who submitted it decides)
            self.future.set_exception(error)
            return False
        except BaseException:  # noqa: BLE001  (■; in the background loop, this would end the loop)
            self.future.set_exception(InterruptedWorkError())
            return True
        self.future.set_result(result)
        # A tool may have handled it.
        return isinstance(result, ToolOutcome) and result.interrupted


class Jobs:
    """The work that nobody has begun, in its order.

    Args:
        changed: is notified when there is new work; its lock guards the list.
    """

    def __init__(self, changed: threading.Condition) -> None:
        self._changed = changed
        self._waiting: deque[Job] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def submit(self, work: Callable[[InUserCode], T]) -> Future[T]:
        """Add work, and return the future of its result."""
        job = Job(work)
        with self._changed:
            self._waiting.append(job)
            self._changed.notify_all()
        return job.future

    def take(self) -> Job | None:
        """Return the next piece of work, which the caller runs; None if there is none."""
        with self._changed:
            return self._waiting.popleft() if self._waiting else None
