"""Queues, silence, and waits between attempts, with all times and limits 100 times shorter."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import nbstream
from nbstream.model.events import Retrying, Waiting
from nbstream.output.failure_words import message
from nbstream.simulator.server import Simulator
from tests.faults.findings import Findings, ended_requests, final_reply, record_exceptions, use_settings, wait_until
from tests.hints import hint_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.client.run import Run
    from nbstream.model.events import Event

#: 60 seconds in a queue take 0.6 seconds here.
SCALE = 100
_BYTES_IDLE, _PAYLOAD_IDLE = 120 / SCALE, 300 / SCALE


def _events_of(run: Run) -> list[Event]:
    async def collect() -> list[Event]:
        return [event async for event in run]

    return asyncio.run(collect())


def _ask(simulator: Simulator, scenario: str) -> Run:
    return nbstream.stream("hello", base_url=simulator.url, api_key="simulated", extra_body={"simulate": scenario})


def _until_refused(run: Run) -> None:
    wait_until(lambda: isinstance(run.reply.wait, Retrying) or run.done)


def _experiment(body: Callable[[Findings, Simulator], None], **limits: Any) -> Findings:
    findings = Findings()
    limits = {"bytes_idle": _BYTES_IDLE, "payload_idle": _PAYLOAD_IDLE} | limits
    with record_exceptions(findings), Simulator(port=0, rate=0, first_token=0) as simulator, use_settings(**limits):
        body(findings, simulator)
    return findings


def queue_then_answer() -> Findings:
    """Wait 60 s in a queue with a keep-alive each second, then get an answer."""

    def body(findings: Findings, simulator: Simulator) -> None:
        findings.tried += 1
        run = _ask(simulator, "queue seconds=0.6 every=0.01")
        waits = [event for event in _events_of(run) if isinstance(event, Waiting)]
        findings.expect("status", final_reply(run).status, "complete")
        findings.expect("what the server says", {wait.note for wait in waits}, {"keep-alive"})
        findings.seen["waits shown"] = len(waits)
        findings.expect(f"{len(waits)} waits shown, more than one", len(waits) > 1, expected=True)
        findings.expect("the last one late in the wait", waits[-1].at > waits[0].at, expected=True)

    return _experiment(body)


def silence_at_every_stage() -> Findings:
    """Receive nothing more at each stage: the time limit ends the run, and the text is kept."""
    ways = {
        "queue seconds=inf every=0.02": ("kept the connection open but sent no data for 0.6 s", 0),
        "headers-late seconds=inf": ("sent nothing for 0.6 s", 0),
        "silence after=0": ("sent nothing for 0.6 s", 0),
        "silence after=30": ("sent nothing more for 0.3 s", 30),
        "silence after=200": ("sent nothing more for 0.3 s", 200),
    }

    def body(findings: Findings, simulator: Simulator) -> None:
        runs = {scenario: _ask(simulator, scenario) for scenario in ways}
        for scenario, (says, deltas) in ways.items():
            findings.tried += 1
            reply = final_reply(runs[scenario])
            (entry,) = ended_requests(simulator, scenario)
            findings.expect(f"server's log of {scenario}", entry["outcome"], "disconnected")
            findings.expect(f"deltas sent in {scenario}", entry["deltas_sent"], deltas)
            findings.expect(f"status of {scenario}", reply.status, "failed")
            findings.expect(f"text of {scenario}", bool(reply.reasoning), expected=deltas > 0)
            if reply.error is not None:
                findings.expect(f"kind of {scenario}", reply.error.kind, "stalled")
                findings.expect(f"{message(reply.error)} of {scenario}", says in message(reply.error), expected=True)
                findings.expect(f"hint of {scenario}", "is kept" in hint_of(reply), expected=deltas > 0)

    return _experiment(body, bytes_idle=0.3, payload_idle=0.6)


def headers_late() -> Findings:
    """Receive the headers later than the limit on silence within a stream: the run goes on."""

    def body(findings: Findings, simulator: Simulator) -> None:
        findings.tried += 1
        reply = final_reply(_ask(simulator, "headers-late seconds=0.5"))
        findings.expect("status", reply.status, "complete")

    return _experiment(body, bytes_idle=0.2, payload_idle=20.0)


def connection_never_closed() -> Findings:
    """Receive a whole reply, then endless keep-alives: it is complete, the connection closed."""

    def body(findings: Findings, simulator: Simulator) -> None:
        runs = {scenario: _ask(simulator, scenario) for scenario in ("linger every=0.05", "no-done linger every=0.05")}
        for scenario, run in runs.items():
            findings.tried += 1
            findings.expect(f"status of {scenario}", final_reply(run).status, "complete")
            (entry,) = ended_requests(simulator, scenario)
            findings.expect(f"server's log of {scenario}", entry["outcome"], "disconnected")

    return _experiment(body)


def refused_then_answered() -> Findings:
    """Be refused once, with each form of Retry-After and without it, then get an answer."""
    ways = {
        "": (0.3, 0.5),
        "retry-after=0.2": (0.2, 0.2),
        "retry-after=0.2 form=milliseconds": (0.2, 0.2),
        # The date has whole seconds, so up to one of them is lost.
        "retry-after=2 form=date": (0.5, 2.0),
    }

    def body(findings: Findings, simulator: Simulator) -> None:
        runs: dict[str, tuple[Run, float, float]] = {}
        for way, delays in ways.items():
            scenario = " ".join(f"429 times=1 {way}".split())
            run = nbstream.stream(
                f"hello {way}", base_url=simulator.url, api_key="simulated", extra_body={"simulate": scenario}
            )
            runs[scenario] = run, *delays
        for scenario, (run, least, most) in runs.items():
            findings.tried += 1
            # The wait is visible while it lasts, not only afterwards.
            _until_refused(run)
            retrying = [event for event in _events_of(run) if isinstance(event, Retrying)]
            findings.expect(f"status of {scenario}", final_reply(run).status, "complete")
            findings.expect(f"attempts shown of {scenario}", len(retrying), 1)
            for event in retrying:
                findings.expect(f"reason of {scenario}", event.failure.status_code, 429)
                findings.expect(f"{event.delay} s of {scenario}", least <= event.delay <= most, expected=True)
            statuses = [entry["status"] for entry in ended_requests(simulator, scenario)]
            findings.expect(f"requests of {scenario}", statuses, [429, 200])

    return _experiment(body)


def stopped_while_waiting(times: int = 10) -> Findings:
    """Stop during the wait for the next attempt: the run ends at once and sends no request."""

    def body(findings: Findings, simulator: Simulator) -> None:
        slowest = 0.0
        for number in range(times):
            findings.tried += 1
            # The longest permitted wait: if the stop did nothing, the test would time out.
            retry_after = "retry-after=60" if number % 2 else ""
            run = _ask(simulator, f"429 {retry_after}")
            _until_refused(run)
            began = time.monotonic()
            run.cancel()
            reply = final_reply(run)
            slowest = max(slowest, time.monotonic() - began)
            findings.expect("status", (reply.status, reply.error), ("cancelled", None))
        findings.seen["slowest stop in ms"] = slowest * 1000
        findings.expect("requests", [entry["status"] for entry in simulator.log()], [429] * times)

    return _experiment(body)
