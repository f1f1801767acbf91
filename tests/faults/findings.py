"""What an experiment with faults counts, and a net for exceptions that would go unseen.

Each experiment is a plain function that returns `Findings`: pytest and the benchmark call the same one.
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

#: Findings are kept word by word up to so many.
_KEPT = 20
_PATIENCE = 60.0


@dataclass
class Findings:
    """The outcome of one experiment.

    Attributes:
        tried: how often something was done.
        lost: deltas that had arrived whole and are not in the reply.
        wrong: what else is not as it should be, as sentences.
        exceptions: what escaped: from a call, a task, a thread, a destructor or the loop.
        seen: whatever else is worth a number in a table.
    """

    tried: int = 0
    lost: int = 0
    wrong: list[str] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)
    seen: dict[str, float] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether everything is as it should be, and something was tried at all."""
        return self.tried > 0 and not (self.lost or self.wrong or self.exceptions)

    def expect(self, where: str, found: object, wanted: object) -> None:
        """Note a difference between what was found and what was wanted."""
        if found != wanted and len(self.wrong) < _KEPT:
            self.wrong.append(f"{where}: {found!r} instead of {wanted!r}")

    def add(self, other: Findings) -> None:
        """Take over the findings of a part of this experiment."""
        self.tried += other.tried
        self.lost += other.lost
        self.wrong += other.wrong
        self.exceptions += other.exceptions
        self.seen |= other.seen


@contextmanager
def watched(findings: Findings) -> Iterator[None]:
    """Note every exception that escapes from anywhere while the body runs, and the body's own."""
    loop = background_loop()

    def note(context: dict[str, Any]) -> None:
        if len(findings.exceptions) < _KEPT:
            findings.exceptions.append(f"{context.get('message', '')} {context.get('exception')!r}".strip())

    before = threading.excepthook, sys.unraisablehook, loop.get_exception_handler()
    threading.excepthook = lambda thrown: note({"message": "in a thread:", "exception": thrown.exc_value})
    sys.unraisablehook = lambda thrown: note({"message": "in a destructor:", "exception": thrown.exc_value})
    loop.set_exception_handler(lambda _, context: note(context))
    try:
        yield
    except Exception as error:  # noqa: BLE001 - it is what is looked for
        note({"message": "from the experiment:", "exception": error})
    finally:
        # A task whose exception nobody fetched says so when it is collected.
        _idle(loop)
        gc.collect()
        _idle(loop)
        threading.excepthook, sys.unraisablehook, handler = before
        loop.set_exception_handler(handler)


def _idle(loop: asyncio.AbstractEventLoop) -> None:
    """Let `loop` do what it has been given so far."""
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), loop).result(_PATIENCE)


@contextmanager
def chosen(**values: Any) -> Iterator[None]:
    """Put these settings in force, the others at their defaults."""
    settings.use(settings.Settings(**values))
    try:
        yield
    finally:
        settings.use(None)


def end_of(run: Run) -> Reply:
    """Return the reply of `run` once it has ended, which it must."""
    return run.result(_PATIENCE)


def until(condition: Callable[[], Any]) -> None:
    """Wait until `condition` holds.

    Raises:
        TimeoutError: if it never does.
    """
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it never came to pass")
        time.sleep(0.002)


def over(simulator: Simulator, scenario: str) -> list[dict[str, Any]]:
    """Return the log's entries of requests that played `scenario`, once all of them are over."""

    def entries() -> list[dict[str, Any]]:
        return [entry for entry in simulator.log() if entry["scenario"] == scenario]

    until(lambda: (found := entries()) and all(entry["outcome"] for entry in found))
    return entries()
