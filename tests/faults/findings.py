"""The result of an experiment with faults, and what all experiments need.

An experiment is a function that returns `Findings`. The tests and the benchmark call the same
functions.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbstream.client import settings
from nbstream.client.loop import background_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbstream.client.run import Run
    from nbstream.model.reply import Reply
    from nbstream.simulator.server import Simulator

#: At most this many findings are kept as sentences.
_MAX_KEPT = 20
_TIMEOUT_SECONDS = 60.0


@dataclass
class Findings:
    """The result of one experiment.

    Attributes:
        tried: number of attempts.
        lost: number of deltas that had arrived completely but are not in the reply.
        wrong: other differences from the expected result, as sentences.
        exceptions: uncaught exceptions, from a call, a task, a thread, a destructor or the event
            loop.
        seen: other numbers for a table.
    """

    tried: int = 0
    lost: int = 0
    wrong: list[str] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)
    seen: dict[str, float] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether there was at least one attempt and nothing is wrong."""
        return self.tried > 0 and not (self.lost or self.wrong or self.exceptions)

    def expect(self, where: str, found: object, expected: object) -> None:
        """Record it if `found` is not the expected value."""
        if found != expected and len(self.wrong) < _MAX_KEPT:
            self.wrong.append(f"{where}: {found!r} instead of {expected!r}")

    def add(self, other: Findings) -> None:
        """Add the findings of a part of this experiment."""
        self.tried += other.tried
        self.lost += other.lost
        self.wrong += other.wrong
        self.exceptions += other.exceptions
        self.seen |= other.seen


@contextmanager
def record_exceptions(findings: Findings) -> Iterator[None]:
    """Record every exception that nothing else catches while the body runs."""
    loop = background_loop()

    def note(context: dict[str, Any]) -> None:
        if len(findings.exceptions) < _MAX_KEPT:
            findings.exceptions.append(f"{context.get('message', '')} {context.get('exception')!r}".strip())

    before = threading.excepthook, sys.unraisablehook, loop.get_exception_handler()
    threading.excepthook = lambda thrown: note({"message": "in a thread:", "exception": thrown.exc_value})
    sys.unraisablehook = lambda thrown: note({"message": "in a destructor:", "exception": thrown.exc_value})
    loop.set_exception_handler(lambda _, context: note(context))
    try:
        yield
    except Exception as error:  # noqa: BLE001  (the purpose of this function)
        note({"message": "from the experiment:", "exception": error})
    finally:
        # A task with an exception that was never retrieved reports it when it is collected.
        _run_callbacks(loop)
        gc.collect()
        _run_callbacks(loop)
        threading.excepthook, sys.unraisablehook, handler = before
        loop.set_exception_handler(handler)


def _run_callbacks(loop: asyncio.AbstractEventLoop) -> None:
    """Wait until `loop` has run the callbacks that it has now."""
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), loop).result(_TIMEOUT_SECONDS)


@contextmanager
def use_settings(**values: Any) -> Iterator[None]:
    """Apply these settings, and the defaults for all others."""
    settings.use(settings.Settings(**values))
    try:
        yield
    finally:
        settings.use(None)


def final_reply(run: Run) -> Reply:
    """Wait for the end of `run` and return its reply."""
    return run.result(_TIMEOUT_SECONDS)


def wait_until(condition: Callable[[], Any]) -> None:
    """Wait until `condition` holds.

    Raises:
        TimeoutError: if it does not hold within 60 seconds.
    """
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition never held")
        time.sleep(0.002)


def ended_requests(simulator: Simulator, scenario: str) -> list[dict[str, Any]]:
    """Wait until all requests with `scenario` have ended, and return their log entries."""

    def entries() -> list[dict[str, Any]]:
        return [entry for entry in simulator.log() if entry["scenario"] == scenario]

    wait_until(lambda: (found := entries()) and all(entry["outcome"] for entry in found))
    return entries()
