"""More than anybody asked for: replies, deltas, lines and calls without an end, and white space.

`python -m tests.faults.floods URL MAX_BYTES SCENARIO…` makes a request for each scenario and prints as JSON what it
needed, since the peak of a process's memory never goes down again.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbstream
from nbstream.model.events import Answer, Reasoning, ToolCallDelta
from nbstream.simulator.server import Simulator
from nbstream.wire.size_guard import MOST_CALLS, MOST_SPACE
from tests.faults.findings import Findings, chosen, end_of, over, watched

if TYPE_CHECKING:
    from nbstream.client.run import Run

_ROOT = Path(__file__).parents[2]
_MIB = 1 << 20
#: Memory beyond that of an ordinary reply, in limits: the reply's pieces, the events' text, and once more joined.
MOST_MEMORY = 16
_FEW_EVENTS = 150
#: A delta of 50 MB, and then all the rest of an answer.
ONE_LARGE_DELTA = f"flood size={50 * _MIB} times=1"
#: Scenario, how the failure's message goes on, and whether the reply is as long as the limit.
FLOODS = {
    "flood size=4096": ("grew beyond", True),
    "flood size=4096 kind=reasoning": ("grew beyond", True),
    "flood size=4096 kind=call": ("grew beyond", True),
    "flood size=40": ("grew beyond", True),
    "flood kind=calls size=1": (f"more than {MOST_CALLS:,} tool calls", False),
    "flood kind=line": ("a single piece of more than", False),
    ONE_LARGE_DELTA: ("a single piece of more than", False),
}


def flood(max_bytes: int = _MIB // 4, floods: tuple[str, ...] = tuple(FLOODS)) -> Findings:
    """Be flooded in every way: it ends, says why, keeps what arrived, and closes the connection.

    Args:
        max_bytes: the limit on a reply.
        floods: of `FLOODS`.
    """
    findings = Findings()
    with (
        watched(findings),
        Simulator(port=0, rate=0, first_token=0) as simulator,
        chosen(max_bytes=max_bytes, retries=0),
    ):
        plain = end_of(_stream(simulator.url, "normal"))
        for scenario in floods:
            findings.tried += 1
            run = _stream(simulator.url, scenario)
            reply = end_of(run)
            says, full = FLOODS[scenario]
            findings.expect(f"server's log of {scenario}", over(simulator, scenario)[0]["outcome"], "disconnected")
            findings.expect(f"status of {scenario}", reply.status, "failed")
            if reply.error is not None:
                findings.expect(f"kind of {scenario}", reply.error.kind, "too_large")
                findings.expect(f"{reply.error} of {scenario}", says in reply.error.message, wanted=True)
                findings.expect(f"hint of {scenario}", "is kept" in reply.error.hint, wanted=True)
            findings.expect(f"reasoning before {scenario}", reply.reasoning.startswith(plain.reasoning), wanted=True)
            findings.expect(f"answer before {scenario}", reply.answer.startswith(plain.answer), wanted=True)
            size = _size(reply)
            findings.expect(f"text in the events of {scenario}", _told(run), size)
            findings.expect(f"{size} of {scenario}", max_bytes * full < size <= max_bytes + 8192, wanted=True)
    return findings


def memory(max_bytes: int = _MIB, floods: tuple[str, ...] = (ONE_LARGE_DELTA, "flood size=40")) -> Findings:
    """Be flooded in a process of its own, and see how much more memory that needs than an ordinary reply.

    Args:
        max_bytes: the limit on a reply.
        floods: of `FLOODS`, those that need least first: the peak of a process never goes down.
    """
    findings = Findings()
    with Simulator(port=0, rate=0, first_token=0) as simulator:
        command = [sys.executable, "-m", "tests.faults.floods", simulator.url, str(max_bytes), "normal", *floods]
        told = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
        plain, *flooded = json.loads(told.stdout)
        for scenario, found in zip(floods, flooded, strict=True):
            findings.tried += 1
            findings.exceptions += found["exceptions"]
            findings.expect(f"kind of {scenario}", found["kind"], "too_large")
            limits = (found["peak"] - plain["peak"]) / max_bytes
            findings.seen[f"peak memory of {scenario!r} in limits"] = round(limits, 1)
            findings.expect(f"{limits} limits of memory of {scenario}", limits < MOST_MEMORY, wanted=True)
    return findings


def keep_alives_at_once() -> Findings:
    """Be sent keep-alives as fast as they come, before an answer and after it: few are handed on, and none is kept."""
    findings = Findings()
    with watched(findings), Simulator(port=0, rate=0, first_token=0) as simulator, chosen():
        for scenario in ("queue seconds=0.5 every=0", "flood kind=comment size=10 times=5000"):
            findings.tried += 1
            run = _stream(simulator.url, scenario)
            findings.expect(f"status of {scenario}", end_of(run).status, "complete")
            events = len(run.wait(0))
            findings.seen[f"events of {scenario!r}"] = events
            findings.expect(f"{events} events of {scenario}", events < _FEW_EVENTS, wanted=True)
    return findings


def white_space() -> Findings:
    """Ask for JSON without the word in any message, as DeepSeek answers with white space without an end."""
    findings = Findings()
    with watched(findings), Simulator(port=0, rate=0, first_token=0) as simulator, chosen():
        for stream in (True, False):
            findings.tried += 1
            asked: dict[str, object] = {
                "response_format": {"type": "json_object"},
                "thinking": {"type": "disabled"},
                "stream": stream,
                # More than fits on the way between the two, so that the server sees it closed.
                "max_tokens": 100_000 if stream else 8_000,
            }
            run = nbstream.stream("a list of rivers", base_url=simulator.url, api_key="simulated", extra_body=asked)
            reply = end_of(run)
            findings.expect("status", reply.status, "failed" if stream else "truncated")
            if not stream:
                # It came whole, so there is nothing to stop; the limit of tokens ended it.
                continue
            findings.expect("kind", reply.error and reply.error.kind, "white_space")
            findings.expect("the hint's word", "json" in str(reply.error and reply.error.hint), wanted=True)
            findings.expect("kept", MOST_SPACE < len(reply.answer) <= MOST_SPACE + 8, wanted=True)
            findings.expect("nothing else kept", reply.answer.strip(), "")
            findings.expect("server's log", over(simulator, "normal")[0]["outcome"], "disconnected")
        asked = {"response_format": {"type": "json_object"}}
        run = nbstream.stream("rivers, as json", base_url=simulator.url, api_key="simulated", extra_body=asked)
        findings.expect("status with the word", end_of(run).status, "complete")
    return findings


def _stream(url: str, scenario: str) -> Run:
    asked = {"simulate": scenario}
    return nbstream.stream("hello", base_url=url, api_key="simulated", extra_body=asked, max_tokens=1000)


def _size(reply: nbstream.Reply) -> int:
    texts = [reply.reasoning, reply.answer, *(call.arguments for call in reply.tool_calls)]
    return sum(len(text.encode()) for text in texts)


def _told(run: Run) -> int:
    """Return the bytes of text in the events that `run` handed on."""
    size = 0
    for event in run.wait(0):
        match event:
            case Reasoning() | Answer():
                size += len(event.text.encode())
            case ToolCallDelta():
                size += len(event.arguments.encode())
    return size


def _peak() -> int:
    """Return the most bytes of memory that this process had at once."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: a process begins with the peak of the one that started it (`man 2 getrusage`, ru_maxrss).
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _measure(url: str, max_bytes: int, scenario: str) -> dict[str, Any]:
    findings = Findings()
    with watched(findings), chosen(max_bytes=max_bytes, retries=0):
        run = _stream(url, scenario)
        reply = end_of(run)
        # As what shows a reply does.
        _told(run), _size(reply)
    return {
        "kind": reply.error.kind if reply.error else None,
        "exceptions": findings.exceptions,
        "peak": _peak(),
    }


if __name__ == "__main__":
    _, at, most, *wanted = sys.argv
    sys.stdout.write(json.dumps([_measure(at, int(most), each) for each in wanted]))
