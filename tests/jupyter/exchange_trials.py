"""Trials in a real kernel: ■ and Stop at random moments while a model calls tools.

The tests run a few, `benchmarks/reliability.py` runs two hundred. A fault is recorded and does not
end the series.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

from nbstream.markdown.rendering import to_html
from tests.jupyter.deciding import ALLOW, ALLOW_ALL, DENY, User, post, prompt
from tests.jupyter.trials import IN_IPYKERNEL, Tally, remaining
from tests.widgets import page_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell, Kernel, Message, View

_TOOLS = """
import asyncio, subprocess, time, nbstream
ran = []

@nbstream.tool(consent="never")
def reads(key: int) -> str:
    ran.append("reads")
    return f"value {key}"

def sleeps(seconds: float) -> str:
    ran.append("sleeps")
    for second in range(3):
        print("slept", second)
        time.sleep(seconds / 3)
    return "slept"

async def waits(seconds: float) -> str:
    ran.append("waits")
    await asyncio.sleep(seconds)
    return "waited"

def starts(seconds: str) -> str:
    ran.append("starts")
    return subprocess.run(["sleep", seconds], check=True, capture_output=True).stdout.decode()
"""
_OPTIONS = "-T reads -T sleeps -T waits -T starts --allow sleeps -o reply"
_CALLS = (
    'reads {"key": 1}',
    'sleeps {"seconds": 0.2}',
    'waits {"seconds": 0.15}',
    '2 starts {"seconds": "0.2"}',
    '2 reads {"key": 2}',
    '3 waits {"seconds": 0.1}',
)
_SCENARIO = "tool-call tokens=60 say=6 rate=1500"
#: What the page shows when the moment's random delay begins, and the longest delay in seconds.
_MOMENTS: dict[str, tuple[Callable[[View], object], float]] = {
    "at the beginning": (lambda _: True, 0.15),
    "while it thinks": (lambda view: view.meta.get("status") == "reasoning", 0.2),
    "while calls arrive": (lambda view: any(card["state"] == "arriving" for card in view.cards), 0.05),
    "while it asks": (lambda view: any(card["question"] for card in view.cards), 0.3),
    "while a tool runs": (lambda view: any(card["state"] == "running" for card in view.cards), 0.3),
    "after the first step": (lambda view: view.earlier and page_state.html_of(view.earlier), 1.0),
    "at any time": (lambda _: True, 3.0),
}
_WAYS = ("■", "interrupt_request", "Stop")
#: States in which a call cannot be once its reply has ended.
_OPEN = ("open", "asking", "running", "stopping")
_RAN = ("done", "failed", "interrupted")
#: Heading of trials in which the reply was complete before the moment came.
ENDED_BEFORE = "the reply was complete"
#: So many characters at the end of a text that grows may be drawn otherwise once there are more.
_UNSTABLE = 80


def moments(kernel: Kernel, server: Simulator, tries: int, seed: int) -> Tally:
    """Interrupt or stop an exchange at random moments while another cell is queued.

    `Tally.seen` counts the moments.
    """
    chance = random.Random(seed)
    tally = Tally()
    kernel.reset()
    kernel.run(_TOOLS)
    for number in range(tries):
        _try(kernel, server, chance, f"seed{seed}n{number}", tally)
    return tally


def _try(kernel: Kernel, server: Simulator, chance: random.Random, name: str, tally: Tally) -> None:
    moment, way = chance.choice(list(_MOMENTS)), chance.choice(_WAYS)
    when, longest = _MOMENTS[moment]
    delay = chance.uniform(0, longest)
    where = f"{kernel.name}, {name}: {way} {moment} + {1000 * delay:.0f} ms"
    kernel.reset()
    server.clear_log()
    kernel.run("ran.clear()")
    cell = kernel.send(f"%%deepseek -c {name} {_OPTIONS}\n{prompt(*_CALLS, scenario=_SCENARIO)}")
    following = kernel.send("print('next')")
    answers = True
    # A question that the page shows is not asked by `input()`, however long it stays open.
    user = User(kernel, lambda _: chance.choice([ALLOW, ALLOW, ALLOW_ALL, DENY]) if answers else None)

    def is_moment() -> bool:
        if cell.view is None:
            return cell.ended
        if not when(cell.view):
            user.answer(cell.view)
            return cell.ended
        return True

    kernel.until(is_moment, f"{where}: the moment")
    answers = chance.random() < 0.5
    for _ in range(10):
        kernel.pause(delay / 10)
        user.answer(cell.view)
    shown = _shown(cell.view)
    if way == "■":
        kernel.interrupt()
    elif way == "interrupt_request":
        kernel.post("control", "interrupt_request", {})
    elif cell.view is not None:
        post(kernel, cell.view, "cancel")

    kernel.until(lambda: cell.idle and following.idle, f"{where}: the end")
    if cell.reply is None or following.reply is None:
        kernel.pause(0.2)
    tally.tried += 1
    tally.seen[f"{way}, {moment}"] = tally.seen.get(f"{way}, {moment}", 0) + 1
    if cell.reply is None or following.reply is None:
        tally.seen[IN_IPYKERNEL] = tally.seen.get(IN_IPYKERNEL, 0) + 1
    _check_cell(kernel, (cell, following), way, where, tally)
    _check_reply(kernel, cell, shown, where, tally)
    _check_next(kernel, server, name, where, tally)


def _check_cell(kernel: Kernel, cells: tuple[Cell, Cell], way: str, where: str, tally: Tally) -> None:
    """Check how the cells ended, and that the kernel can be used."""
    cell, following = cells
    if way == "Stop":
        tally.check(cell.status == "ok", f"{where}: the cell was {cell.status}")
        tally.check(not cell.outputs_of("error"), f"{where}: {cell.outputs_of('error')}")
        tally.check(following.text("stdout") == "next\n", f"{where}: the queued cell did not run")
    elif cell.status == "error":
        (error,) = cell.outputs_of("error")
        tally.check(error["content"]["ename"] == "KeyboardInterrupt", f"{where}: {error['content']['ename']}")
        tally.check(len(error["content"]["traceback"]) == 1, f"{where}: {error['content']['traceback']}")
        tally.check(following.status in ("aborted", None), f"{where}: the queued cell was {following.status}")
    tally.check(not cell.text("stderr"), f"{where}: {cell.text('stderr')[:500]}")
    tally.check(not cell.text("stdout"), f"{where}: {cell.text('stdout')[:500]}")
    tally.check(kernel.run("print('again')").text("stdout") == "again\n", f"{where}: the kernel is not usable")


def _check_reply(kernel: Kernel, cell: Cell, shown: Message, where: str, tally: Tally) -> None:
    """Check that all that had arrived is in the reply, and that the output is settled."""
    if not cell.outputs_of("display_data"):
        return
    updates = cell.outputs_of("update_display_data")
    expected = "ok" if "Stop" in where else "error"
    tally.check(len(updates) == 1, f"{where}: settled {len(updates)} times")
    status, steps, ran = kernel.evaluate(
        "[reply.status, [[step.reasoning, step.answer, [call.state for call in step.tool_calls]]"
        " for step in reply.steps], ran]"
    )
    states = [state for _, _, calls in steps for state in calls]
    tally.check(status in ("cancelled", "complete"), f"{where}: the reply is {status}")
    if status == "complete":
        tally.seen[ENDED_BEFORE] = tally.seen.get(ENDED_BEFORE, 0) + 1
    tally.check(status == "complete" or cell.status == expected, f"{where}: the cell was {cell.status}")
    tally.check(not set(states) & set(_OPEN), f"{where}: calls are {states}")
    # A tool that was interrupted at its very beginning has not noted that it ran.
    least, most = sum(state in ("done", "failed") for state in states), sum(state in _RAN for state in states)
    tally.check(least <= len(ran) <= most, f"{where}: {ran} ran, calls are {states}")
    kept = [_text(to_html(text)) for reasoning, answer, _ in steps for text in (reasoning, answer)]
    for text in shown["texts"]:
        stable = text[:-_UNSTABLE]
        tally.check(any(each.startswith(stable) for each in kept), f"{where}: lost {stable[-200:]!r}")
    lost = [state for state in shown["done"] if state not in states]
    tally.check(not lost, f"{where}: lost calls that were {shown['done']}, they are {states}")
    if updates:
        html = updates[0]["content"]["data"]["text/html"]
        tally.check("nbstream-settled" in html, f"{where}: not settled")
        tally.check(html.count('class="nbstream-card ') == len(states), f"{where}: cards of {states} are missing")


def _check_next(kernel: Kernel, server: Simulator, name: str, where: str, tally: Tally) -> None:
    """Check that the chat's next request is accepted, and that nothing goes on."""
    server.clear_log()
    code = f"%%deepseek -c {name} {_OPTIONS}\n[simulate: normal tokens=5 rate=0] And now?"
    following = kernel.run(code)
    status, turns = kernel.evaluate(f"[reply.status, len(nbstream.Chat({name!r}))]")
    statuses = [entry["status"] for entry in server.log()]
    tally.check((following.status, status, statuses) == ("ok", "complete", [200]), f"{where}: then {status} {statuses}")
    tally.check(turns in (1, 2), f"{where}: the chat has {turns} turns")
    threads = remaining(kernel, server)["threads"]
    extra = [each for each in threads if each not in ("nbstream", "nbstream-tools", "nbstream-preload")]
    tally.check(not extra, f"{where}: threads {extra}")


def _shown(view: View | None) -> dict[str, Any]:
    """Return the texts that a view shows now, and the states of calls that have ended."""
    if view is None:
        return {"texts": [], "done": []}
    texts = [_text(page_state.html_of(each)) for each in (view.reasoning, view.answer)]
    return {"texts": texts, "done": [card["state"] for card in view.cards if card["state"] in _RAN]}


def _text(html: str) -> str:
    """Return the text of HTML, without its blanks."""
    return re.sub(r"\s+", "", re.sub("<[^>]*>", "", html))
