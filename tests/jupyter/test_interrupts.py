"""■ and Ctrl-C while a reply is shown."""

from __future__ import annotations

import signal

from nbstream.client.run import Run
from nbstream.client.sources.replay import ReplaySource
from nbstream.jupyter import interrupts
from nbstream.jupyter.pumping import Pump
from nbstream.model.presentation import Presentation
from nbstream.output.terminal.view import TextView
from tests.output.emulator import Output


def test_an_interrupt_between_two_tools_is_noted() -> None:
    """The signal comes while the waiting thread works, and the work does not see it itself."""
    run = Run(ReplaySource([(0, b": nothing\n\n"), (60, b"")], "m"))
    run.receiver.jobs.submit(lambda _: signal.raise_signal(signal.SIGINT))
    with interrupts.interrupts_call(run.cancel) as interrupt:
        Pump(run, TextView(run, Presentation(), Output(terminal=False))).work_here(interrupt)
    assert run.reply.status == "cancelled"
    assert interrupt.seen
