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
        #: Whether a thread was asked to do the next piece of work and has not begun to.
        self._is_passed = False

    @property
    def is_passed(self) -> bool:
        """Whether a thread was asked to do the next piece of work, and has not come to it yet."""
        return self._is_passed

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

    def pass_to(self, call_later: Callable[[Callable[[], object]], object] | None) -> None:
        """Let another thread do the next piece of work as soon as it is idle.

        The work waits here until then: that thread may be in a cell that goes on to wait for the
        reply, and then does the work there. In the thread's queue, it would never be done.

        Args:
            call_later: calls a function on that thread; None to do the work on this one.
        """
        with self._changed:
            if self._is_passed or not self._waiting:
                return
            self._is_passed = True
        (call_later or _call)(self._work_on)

    def _work_on(self) -> None:
        with self._changed:
            self._is_passed = False
        job = self.take()
        if job is not None:
            job.run()


def _call(function: Callable[[], object]) -> None:
    function()
