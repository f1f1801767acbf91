"""Too much data: replies, deltas, lines and calls without an end, and endless white space.

`python -m tests.faults.floods URL MAX_BYTES SCENARIO…` makes a request for each scenario and prints
its peak memory as JSON. It is a separate process because the peak of a process never goes down.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbstream
from nbstream.model.events import Answer, Reasoning, ToolCallDelta
from nbstream.output.failure_words import message
from nbstream.simulator.server import Simulator
from nbstream.wire.size_guard import MOST_CALLS, MOST_SPACE
from tests.faults.findings import Findings, ended_requests, final_reply, record_exceptions, use_settings
from tests.hints import hint_of

if TYPE_CHECKING:
    from nbstream.client.run import Run

_ROOT = Path(__file__).parents[2]
_MIB = 1 << 20
#: Peak memory above that of an ordinary reply, as a multiple of the limit on a reply: there are the
#: pieces of the reply, the text in the events, and the joined text.
MAX_MEMORY = 16
_MAX_EVENTS = 150
#: One delta of 50 MB, then the end of an answer.
ONE_LARGE_DELTA = f"flood size={50 * _MIB} times=1"
#: Scenario: a part of the failure's message, and whether the reply is as long as the limit.
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
    """Receive each flood: the run ends, explains why, keeps the text and closes the connection.

    Args:
        max_bytes: the limit on a reply, in bytes.
        floods: keys of `FLOODS`.
    """
    findings = Findings()
    with (
        record_exceptions(findings),
        Simulator(port=0, rate=0, first_token=0) as simulator,
        use_settings(max_bytes=max_bytes, retries=0),
    ):
        plain = final_reply(_stream(simulator.url, "normal"))
        for scenario in floods:
            findings.tried += 1
            run = _stream(simulator.url, scenario)
            reply = final_reply(run)
            says, full = FLOODS[scenario]
            findings.expect(
                f"server's log of {scenario}", ended_requests(simulator, scenario)[0]["outcome"], "disconnected"
            )
            findings.expect(f"status of {scenario}", reply.status, "failed")
            if reply.error is not None:
                findings.expect(f"kind of {scenario}", reply.error.kind, "too_large")
                findings.expect(f"{reply.error} of {scenario}", says in message(reply.error), expected=True)
                findings.expect(f"hint of {scenario}", "is kept" in hint_of(reply), expected=True)
            findings.expect(f"reasoning before {scenario}", reply.reasoning.startswith(plain.reasoning), expected=True)
            findings.expect(f"answer before {scenario}", reply.answer.startswith(plain.answer), expected=True)
            size = _reply_bytes(reply)
            findings.expect(f"text in the events of {scenario}", _event_bytes(run), size)
            findings.expect(f"{size} of {scenario}", max_bytes * full < size <= max_bytes + 8192, expected=True)
    return findings


def memory(max_bytes: int = _MIB, floods: tuple[str, ...] = (ONE_LARGE_DELTA, "flood size=40")) -> Findings:
    """Receive floods in a separate process and compare its peak memory with an ordinary reply's.

    Args:
        max_bytes: the limit on a reply, in bytes.
        floods: keys of `FLOODS`, sorted by the memory they need, because the peak never goes down.
    """
    findings = Findings()
    with Simulator(port=0, rate=0, first_token=0) as simulator:
        command = [sys.executable, "-m", "tests.faults.floods", simulator.url, str(max_bytes), "normal", *floods]
        output = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
        plain, *flooded = json.loads(output.stdout)
        for scenario, found in zip(floods, flooded, strict=True):
            findings.tried += 1
            findings.exceptions += found["exceptions"]
            findings.expect(f"kind of {scenario}", found["kind"], "too_large")
            limits = (found["peak"] - plain["peak"]) / max_bytes
            findings.seen[f"peak memory of {scenario!r} in limits"] = round(limits, 1)
            findings.expect(f"{limits} limits of memory of {scenario}", limits < MAX_MEMORY, expected=True)
    return findings


def keep_alives_at_once() -> Findings:
    """Receive keep-alives as fast as possible: few become events, and none is kept."""
    findings = Findings()
    with record_exceptions(findings), Simulator(port=0, rate=0, first_token=0) as simulator, use_settings():
        for scenario in ("queue seconds=0.5 every=0", "flood kind=comment size=10 times=5000"):
            findings.tried += 1
            run = _stream(simulator.url, scenario)
            findings.expect(f"status of {scenario}", final_reply(run).status, "complete")
            events = len(run.receiver.wait(0).events)
            findings.seen[f"events of {scenario!r}"] = events
            findings.expect(f"{events} events of {scenario}", events < _MAX_EVENTS, expected=True)
    return findings


def white_space() -> Findings:
    """Receive endless line breaks, as from a model in a loop."""
    findings = Findings()
    with record_exceptions(findings), Simulator(port=0, rate=0, first_token=0) as simulator, use_settings():
        for stream in (True, False):
            findings.tried += 1
            asked: dict[str, object] = {
                "simulate": "whitespace",
                "thinking": {"type": "disabled"},
                "stream": stream,
                # More than fits into the buffers between both, so that the server notices the
                # close.
                "max_tokens": 100_000 if stream else 8_000,
            }
            run = nbstream.stream("a list of rivers", base_url=simulator.url, api_key="simulated", extra_body=asked)
            reply = final_reply(run)
            findings.expect("status", reply.status, "failed" if stream else "truncated")
            if not stream:
                # It came in one piece, so there was nothing to stop; the limit on tokens ended it.
                continue
            findings.expect("kind", reply.error and reply.error.kind, "white_space")
            findings.expect("kept", MOST_SPACE < len(reply.message["content"]) <= MOST_SPACE + 8, expected=True)
            findings.expect("nothing else kept", reply.answer, "")
            findings.expect("server's log", ended_requests(simulator, "whitespace")[0]["outcome"], "disconnected")
    return findings


def _stream(url: str, scenario: str) -> Run:
    asked = {"simulate": scenario}
    return nbstream.stream("hello", base_url=url, api_key="simulated", extra_body=asked, max_tokens=1000)


def _reply_bytes(reply: nbstream.Reply) -> int:
    texts = [reply.reasoning, reply.answer, *(call.arguments for call in reply.tool_calls)]
    return sum(len(text.encode()) for text in texts)


def _event_bytes(run: Run) -> int:
    """Return the number of bytes of text in the events of `run`."""
    size = 0
    for event in run.receiver.wait(0).events:
        match event:
            case Reasoning() | Answer():
                size += len(event.text.encode())
            case ToolCallDelta():
                size += len(event.arguments.encode())
    return size


def _peak() -> int:
    """Return the most bytes of memory that this process had at once; only on Linux."""
    # Not getrusage: a process begins with the peak of the one that started it (`man 2 getrusage`,
    # ru_maxrss).
    status = Path("/proc/self/status").read_text("utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _measure(url: str, max_bytes: int, scenario: str) -> dict[str, Any]:
    findings = Findings()
    with record_exceptions(findings), use_settings(max_bytes=max_bytes, retries=0):
        run = _stream(url, scenario)
        reply = final_reply(run)
        # A view of the reply reads all of it, too.
        _event_bytes(run), _reply_bytes(reply)
    return {
        "kind": reply.error.kind if reply.error else None,
        "exceptions": findings.exceptions,
        "peak": _peak(),
    }


if __name__ == "__main__":
    _, at, most, *wanted = sys.argv
    sys.stdout.write(json.dumps([_measure(at, int(most), each) for each in wanted]))
