"""Hands the events of a run to a sink until it ends, and does the run's work in between.

The thread that waits does all the sending, so that output lands in the cell that asked for it.
While a tool keeps it busy, another thread shows what is new, where the sink can be used from there.
"""

from __future__ import annotations

import contextvars
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from nbstream.jupyter.interrupts import Interrupt

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.client.jobs import InUserCode, Job
    from nbstream.client.run import Run
    from nbstream.jupyter.sinks import Sink

#: While nothing arrives, a sink gets a tick this often, and messages of the page are read this
#: often.
_TICK_SECONDS = 0.25
_READ_SECONDS = 0.02
#: While a tool runs, what is new is shown this often.
_FRAME_SECONDS = 0.03
#: After a frame that took longer, the next one waits for twice as long: drawing takes a third of
#: the time at most.
_CHEAP_SECONDS = 0.01


class Pump:
    """Hands the events of `run` to `sink`."""

    def __init__(self, run: Run, sink: Sink) -> None:
        self._run = run
        self._sink = sink
        self._seen = 0
        self._acknowledged = False
        self._has_ended = False

    def work_here(self, interrupt: Interrupt | None = None, read: Callable[[], object] | None = None) -> None:
        """Show the run until it ends, and run its tools on this thread.

        Args:
            interrupt: notes ■; a tool that ■ broke off ends the reply.
            read: reads messages of pages.
        """
        interrupt = Interrupt() if interrupt is None else interrupt
        while not self._has_ended:
            self._step(_READ_SECONDS if read else _TICK_SECONDS)
            if read:
                read()
            # Not `|=`: a signal that comes during the work sets it as well.
            if (job := self._run.receiver.jobs.take()) is not None and self._work(job, interrupt.in_user_code):
                interrupt.seen = True
        self._sink.settle(self._run.reply)

    def work_elsewhere(self, kernel: Any) -> None:
        """Show the run until it ends, and let the main thread run its tools when it is idle."""
        # No cell waits, so `input()` would block the kernel without a field to type in.
        self._run.receiver.questions.has_cell = False
        while not self._has_ended:
            self._step(_TICK_SECONDS)
            if (job := self._run.receiver.jobs.take()) is not None:
                loop = getattr(kernel, "io_loop", None)
                if loop is None:
                    job.run()
                else:
                    loop.add_callback(job.run)
        self._sink.settle(self._run.reply)

    def _work(self, job: Job, in_user_code: InUserCode) -> bool:
        """Do work, and return whether ■ broke it off."""
        if not self._sink.is_for_any_thread:
            return job.run(in_user_code)
        finished = threading.Event()

        def show() -> None:
            while not finished.wait(_FRAME_SECONDS):
                self._step(0)

        # The context carries the cell that the output belongs to, on ipykernel 7.
        thread = threading.Thread(target=contextvars.copy_context().run, args=(show,), name="nbstream-show")
        thread.start()
        try:
            return job.run(in_user_code)
        finally:
            finished.set()
            thread.join()

    def _step(self, timeout: float) -> None:
        """Wait for events, and hand them over."""
        run, sink = self._run, self._sink
        ended = run.done
        events, reply = run.receiver.wait(self._seen, cancelling=self._acknowledged, timeout=timeout)
        self._seen += len(events)
        if run.receiver.cancelling and not self._acknowledged:
            self._acknowledged = True
            sink.acknowledge()
        if events:
            began = time.monotonic()
            sink.update(events, reply)
            cost = time.monotonic() - began
            if cost > _CHEAP_SECONDS:
                # A very long paragraph is rendered anew in every frame: then there are fewer
                # frames.
                run.receiver.wait(sys.maxsize, cancelling=self._acknowledged, timeout=2 * cost)
        elif ended:
            self._has_ended = True
        else:
            sink.tick()
