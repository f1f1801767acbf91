"""A tool that prints without end fills neither the run's events nor its journal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import nbstream
from nbstream.model.events import CallChanged
from tests.exchange.conftest import calls

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator


def printed_events(run: nbstream.Run) -> list[CallChanged]:
    events = run.receiver.wait(0, timeout=0).events
    return [each for each in events if isinstance(each, CallChanged) and each.printed is not None]


def test_the_events_of_a_flood_have_only_its_end(simulator: Simulator) -> None:
    @nbstream.tool(consent="never")
    def flood() -> str:
        """Print without end."""
        until, number = time.monotonic() + 1.5, 0
        while time.monotonic() < until:
            number += 1
            print("line", number, "x" * 60)
        return "done"

    run = nbstream.stream(calls("flood {}"), tools=[flood])
    reply = run.result(30)
    shown = [each.printed for each in printed_events(run) if each.printed is not None]
    assert shown
    assert all(len(each.head) + len(each.tail) <= 2_000 for each in shown)
    assert [each.length for each in shown] == sorted(each.length for each in shown)
    # The outcome has the beginning as well.
    outcome = reply.steps[0].tool_calls[0].outcome
    assert outcome is not None
    assert outcome.printed.head.startswith("line 1 ")
    assert outcome.printed.length >= shown[-1].length


def test_a_short_output_is_shown_whole_while_the_tool_runs(simulator: Simulator) -> None:
    @nbstream.tool(consent="never")
    def speak() -> str:
        """Print a little, and go on until it is shown."""
        print("first")
        while not run.reply.tool_calls[0].printed.length:
            time.sleep(0.01)
        return "done"

    run = nbstream.stream(calls("speak {}"), tools=[speak])
    run.result(30)
    assert [each.printed.head for each in printed_events(run) if each.printed is not None] == ["first\n"]
