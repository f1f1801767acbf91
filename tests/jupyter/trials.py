"""Trials in a real kernel: interrupts and Stop at random moments, and many cells at once.

The tests run a few trials of each kind, `benchmarks/reliability.py` runs hundreds. A fault is
recorded and does not end the series.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.faults.findings import Findings
from tests.widgets import page_state

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel, View

#: Scenarios that do not end by themselves. The value is the longest delay before the interrupt or
#: Stop, in seconds.
ENDLESS_MOMENTS = {
    "headers-late seconds=inf": 0.2,
    "queue seconds=inf every=0.05": 0.3,
    "silence after=20": 0.3,
    "normal tokens=20000 rate=400": 0.5,
}
MOMENTS = ENDLESS_MOMENTS | {
    # These end by themselves, perhaps at the moment of the interrupt or Stop.
    "normal tokens=60 rate=400": 0.3,
    "429 times=1 retry-after=0.1": 0.3,
}
#: A scenario in which the interrupt can come while the output settles.
_SETTLING = ("normal tokens=1500 rate=0", 0.4)

#: Code for the kernel. It counts the resources that exist after every reply has ended. One
#: connection may stay open for the next request.
_REMAINING = """(lambda asyncio, threading, loop, process: {
    "threads": sorted(
        # Four stay, one of each in a process: the clients of asynchronous tools are bound to the
        # loop of theirs; the others write recordings and to the ledger, and reserve in it.
        t.name for t in threading.enumerate() if t.name.startswith("nbstream")
        and t.name not in ("nbstream-tools", "nbstream-ledger", "nbstream-budgets_0", "nbstream-writer_0")
    ),
    "tasks": len(asyncio.all_tasks(loop.background_loop())),
    # psutil before 6.0 calls it otherwise.
    "connections": len([each for each in (getattr(process, "net_connections", None) or process.connections)("tcp")
                        if each.raddr and each.raddr.port == PORT and each.status == "ESTABLISHED"]),
    "receivers": len(__import__("nbstream.widgets.channels", fromlist=["x"])._receivers),
    "kept": len(__import__("nbstream.widgets.kept_views", fromlist=["x"])._kept),
})(__import__("asyncio"), __import__("threading"), __import__("nbstream.client.loop", fromlist=["x"]),
   __import__("psutil").Process())"""


#: Heading of trials that interrupted ipykernel's own code. They are counted separately, because the
#: code of a cell can not prevent them.
IN_IPYKERNEL = "in ipykernel's own code"


@dataclass
class Tally(Findings):
    """The results of trials.

    Attributes:
        milliseconds: for each Stop, the time until the server noticed the disconnect.
    """

    milliseconds: list[float] = field(default_factory=list)

    def check(self, correct: object, fault: str) -> None:
        """Record `fault` unless `correct` is true."""
        if not correct:
            self.wrong.append(fault)


def remaining(kernel: Kernel, server: Simulator) -> dict[str, Any]:
    """Return the resources of earlier replies that still exist in the kernel."""
    found: dict[str, Any] = kernel.evaluate(_REMAINING.replace("PORT", server.url.rpartition(":")[2]))
    return found


def interrupts(kernel: Kernel, server: Simulator, tries: int, seed: int) -> Tally:
    """Interrupt a cell at random moments while another cell is queued."""
    source = random.Random(seed)
    tally = Tally()
    for _ in range(tries):
        scenario, longest = source.choice([*MOMENTS.items(), _SETTLING])
        moment = source.uniform(0, longest)
        where = f"{kernel.name}: {scenario}, ■ after {1000 * moment:.0f} ms"
        cell, following = _send_two_cells(kernel, server, scenario)
        kernel.pause(moment)
        kernel.interrupt()
        _check_end(kernel, cell, following, where, tally)
        if cell.status == "error":
            tally.check(cell.reply and cell.reply["content"]["ename"] == "KeyboardInterrupt", f"{where}: another error")
            tally.check(following.status in ("aborted", None), f"{where}: the queued cell was {following.status}")
        else:
            # The cell had already ended, so the interrupt hit the queued cell or none.
            has_ended = kernel.evaluate("nbstream.last is None or nbstream.last.ended")
            tally.check(has_ended, f"{where}: the interrupt had no effect")
    return tally


def stops(
    kernel: Kernel,
    server: Simulator,
    tries: int,
    seed: int,
    ways: tuple[str, ...],
    *,
    moments: dict[str, float] = MOMENTS,
) -> Tally:
    """Stop a cell at random moments while another cell is queued.

    Args:
        kernel: runs the cells.
        server: the simulator that the kernel uses.
        tries: number of trials.
        seed: for the random choices.
        ways: how Stop may be sent: "control" (control message), "main" (comm on the main shell),
            "subshell" (comm on a subshell, if the kernel supports it).
        moments: scenarios with the longest delay before Stop, in seconds.
    """
    source = random.Random(seed)
    tally = Tally()
    subshell = kernel.subshell() if "subshell" in ways else None
    ways = tuple(way for way in ways if way != "subshell" or subshell)
    for _ in range(tries):
        scenario, longest = source.choice(list(moments.items()))
        way = source.choice(ways)
        moment = source.uniform(0, longest)
        where = f"{kernel.name}: {scenario}, Stop by {way} after {1000 * moment:.0f} ms"
        cell, following = _send_two_cells(kernel, server, scenario)
        kernel.until(lambda cell=cell: cell.view or cell.ended, "the view is there")  # type: ignore[misc]
        kernel.pause(moment)
        if (view := cell.view) is not None:
            asked = time.time()
            if way == "control":
                kernel.control(view, "cancel")
            else:
                kernel.comm(view, "cancel", subshell=subshell if way == "subshell" else None)
            _check_end(kernel, cell, following, where, tally)
            _record_stop_time(server, asked, tally)
        tally.check(cell.status == "ok", f"{where}: the cell was {cell.status}")
        tally.check(following.text("stdout") == "next\n", f"{where}: the queued cell did not run")
    return tally


def background_stops(kernel: Kernel, server: Simulator, tries: int, seed: int) -> Tally:
    """Stop replies that stream in the background while another cell computes in pure Python."""
    source = random.Random(seed)
    tally = Tally()
    for _ in range(tries):
        kernel.reset()
        server.clear_log()
        cell = kernel.run("%%deepseek --background\n[simulate: normal tokens=20000 rate=400] Why?")
        view = cell.view
        computing = kernel.send("while not nbstream.last.ended: sum(range(1000))")
        kernel.until(lambda view=view: view and view.meta.get("status") == "reasoning", "it streams")  # type: ignore[misc]
        assert view is not None
        kernel.pause(source.uniform(0, 0.3))
        asked = time.time()
        kernel.control(view, "cancel")
        kernel.finish(computing)
        tally.tried += 1
        tally.check(computing.status == "ok", f"{kernel.name}: the other cell was {computing.status}")
        kernel.until(lambda cell=cell: kernel.updates_of(cell), "it settles")  # type: ignore[misc]
        _record_stop_time(server, asked, tally)
    return tally


def crowd(kernel: Kernel, server: Simulator, cells: int, seed: int) -> Tally:
    """Stream `cells` cells at once in the background and stop half of them."""
    source = random.Random(seed)
    tally = Tally()
    kernel.reset()
    server.clear_log()
    # Long enough that the first cell still streams when the last one starts.
    words = 100 + 5 * cells
    sent = [
        kernel.send(
            f"%%deepseek --background --no-think -o reply{number}\n"
            f"[simulate: echo rate=60] {number} " + f"word{number} " * words
        )
        for number in range(cells)
    ]
    for cell in sent:
        kernel.finish(cell)
    views: list[View] = [cell.view for cell in sent if cell.view is not None]
    kernel.until(lambda: all(page_state.html_of(view.answer) for view in views), "every cell streams")
    stopped = source.sample(range(cells), cells // 2)
    for number in stopped:
        kernel.pause(source.uniform(0, 0.02))
        kernel.control(views[number], "cancel")

    kernel.until(lambda: all(kernel.updates_of(cell) for cell in sent), "every cell settles")
    cancelled = 0
    for number, cell in enumerate(sent):
        tally.tried += 1
        where = f"{kernel.name}: cell {number} of {cells}"
        kernel.until(lambda number=number: kernel.evaluate(f"reply{number}.ended"), "the variable is set")  # type: ignore[misc]
        status, answer = kernel.evaluate(f"[reply{number}.status, reply{number}.answer]")
        (update,) = kernel.updates_of(cell)
        html = update["content"]["data"]["text/html"]
        cancelled += status == "cancelled"
        # On a loaded machine it may have ended before it was stopped.
        tally.check(status == "complete" or (status == "cancelled" and number in stopped), f"{where}: {status}")
        others = [other for other in range(cells) if other != number and f"word{other} " in html]
        tally.check(not others, f"{where}: words of {others}")
        if status == "complete":
            tally.check(answer.count(f"word{number} ") >= words - 1, f"{where}: not the whole answer")
        tally.check(views[number].numbers == list(range(1, len(views[number].numbers) + 1)), f"{where}: frames lost")
        tally.check(not cell.outputs_of("stream", "error"), f"{where}: other output")
    tally.check(2 * cancelled >= len(stopped), f"{kernel.name}: only {cancelled} of {len(stopped)} were stopped")
    return tally


def _send_two_cells(kernel: Kernel, server: Simulator, scenario: str) -> tuple[Cell, Cell]:
    """Send two cells and wait until the first one runs."""
    kernel.reset()
    server.clear_log()
    assert kernel.run("nbstream.client.history._replies.get().clear()").status == "ok"
    cell = kernel.send(f"%%deepseek -o reply\n[simulate: {scenario}] Why, {random.random()}?")
    following = kernel.send("print('next')")
    kernel.until(lambda: cell.begun, "the cell runs")
    return cell, following


def _check_end(kernel: Kernel, cell: Cell, following: Cell, where: str, tally: Tally) -> None:
    """Check everything that must hold after any kind of end."""
    tally.tried += 1
    kernel.until(lambda: cell.idle and following.idle, where)
    if cell.reply is None or following.reply is None:
        # Replies come on another socket than the idle status.
        kernel.pause(0.2)
    if cell.reply is None or following.reply is None:
        # The interrupt came before or after the cell's own code. Then ipykernel logs
        # "KeyboardInterrupt caught in kernel" and sends no reply.
        tally.seen[IN_IPYKERNEL] = tally.seen.get(IN_IPYKERNEL, 0) + 1
    if cell.outputs_of("display_data"):
        tally.check(len(cell.outputs_of("update_display_data")) == 1, f"{where}: not settled")
        tally.check(kernel.evaluate("nbstream.last.ended"), f"{where}: the reply has not ended")
    again = kernel.run("print('again')")
    is_usable = again.text("stdout") == "again\n"
    tally.check(is_usable, f"{where}: the kernel is not usable: {again.status}, {again.outputs}")


def _record_stop_time(server: Simulator, asked: float, tally: Tally) -> None:
    """Record the time from `asked` until the server noticed the disconnect."""
    entries = [entry for entry in server.log() if entry["outcome"] == "disconnected"]
    tally.milliseconds += [1000 * (entry["ended"] - asked) for entry in entries[-1:] if entry["ended"] > asked]
