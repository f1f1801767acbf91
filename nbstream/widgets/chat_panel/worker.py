"""Does what pages ask for, one thing after another, on a thread beside the kernel's own."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections import deque
from typing import TYPE_CHECKING

from nbstream.client import metering

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("nbstream")


class Worker:
    """Runs jobs in their order. Its thread exists only while there are any."""

    def __init__(self) -> None:
        self._jobs: deque[Callable[[], object]] = deque()
        self._lock = threading.Lock()
        self._is_running = False
        # The context carries the cell and the session that the panel belongs to.
        metering.origin_here()
        self._context = contextvars.copy_context()

    @property
    def is_busy(self) -> bool:
        """Whether a job runs or waits."""
        return self._is_running

    def put(self, job: Callable[[], object]) -> None:
        """Run `job` after those before it; any thread may call this."""
        with self._lock:
            self._jobs.append(job)
            if not self._is_running:
                self._is_running = True
                work = threading.Thread(
                    target=self._context.copy().run, args=(self._work,), name="nbstream-panel", daemon=True
                )
                work.start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._is_running = False
                    return
                job = self._jobs.popleft()
            try:
                job()
            except Exception:  # noqa: BLE001  (one job must not end the others)
                _log.exception("nbstream: the panel could not do what was asked for")
