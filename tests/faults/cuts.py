"""Cuts one recorded stream at its bytes: in the decoder alone, and over real sockets.

`python -m tests.faults.cuts` cuts it at every byte over sockets, which takes some minutes.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import nbstream
from nbstream.model.events import Started
from nbstream.model.failure import Failure
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.output.failure_words import message
from nbstream.simulator.server import Simulator
from nbstream.wire.response import ResponseDecoder
from tests.faults import recording
from tests.faults.findings import Findings, final_reply, record_exceptions, use_settings, wait_until
from tests.hints import hint_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbstream.client.run import Run
    from tests.faults.recording import Recording

#: For each way to cut: the scenario, the outcome in the server's log, and the start of nbstream's
#: message.
WAYS = {
    "reset": ("reset", "reset", "The connection to"),
    "clean": ("close ending=clean", "closed", "{server} ended the stream"),
    "cut": ("close ending=cut", "closed", "The connection to"),
}
_PARALLEL = 16
#: The simulator's log keeps 2,000 requests.
_BATCH = 400
_RESET = Failure("disconnected", "connection", "The server", "reset")


def decode_everywhere(record: Recording, *, both: bool = True) -> Findings:
    """Cut the recording at every byte and decode the bytes before the cut.

    Args:
        record: the recording.
        both: whether to try each byte with a reset and with a clean end; if False, the two
            alternate.
    """
    findings = Findings()
    decoder = ResponseDecoder()
    before = reduce(Reply(), Started(0, Request("m")))
    # What was decoded of whole chunks is not decoded again for each byte of the next one.
    for start, end in zip([0, *record.ends], [*record.ends, len(record.body) + 1], strict=True):
        frozen = pickle.dumps(decoder)
        for byte in range(start, min(end, len(record.body) + 1)):
            for failure in (None, _RESET) if both else ((None, _RESET)[byte % 2],):
                tried: ResponseDecoder = pickle.loads(frozen)
                reply = before
                for event in [*tried.feed(record.body[start:byte], 0), *tried.finish(0, failure)]:
                    reply = reduce(reply, event)
                begins = "The connection to" if failure else "The server ended the stream"
                _check(findings, record, byte, reply, begins)
        for event in decoder.feed(record.body[start:end], 0):
            before = reduce(before, event)
    return findings


def cut_over_sockets(record: Recording, way: str, cuts: Iterable[int]) -> Findings:
    """Request the recording once for each of `cuts`; the simulator cuts it at that byte."""
    findings = Findings()
    scenario, outcome, begins = WAYS[way]
    remaining = deque(cuts)
    with (
        record_exceptions(findings),
        Simulator(port=0, rate=0, first_token=0, recording=record.body) as simulator,
        # With retries, a cut before the first delta would make another request; other tests cover
        # that.
        use_settings(retries=0),
    ):
        begins = begins.format(server=simulator.url.removeprefix("http://"))
        while remaining:
            batch = [remaining.popleft() for _ in range(min(_BATCH, len(remaining)))]
            waiting: deque[tuple[int, Run]] = deque()
            for byte in batch:
                if len(waiting) >= _PARALLEL:
                    _settle(findings, record, begins, *waiting.popleft())
                asked = {"simulate": f"recording {scenario} byte={byte}"}
                run = nbstream.stream("cut", base_url=simulator.url, api_key="simulated", extra_body=asked)
                waiting.append((byte, run))
            while waiting:
                _settle(findings, record, begins, *waiting.popleft())
            wait_until(lambda: all(entry["outcome"] for entry in simulator.log()))
            for entry in simulator.log():
                findings.expect(f"server's log of {entry['scenario']}", entry["outcome"], outcome)
            findings.expect("requests", len(simulator.log()), len(batch))
            simulator.clear_log()
    return findings


def cut_everywhere(ways: Sequence[str] = ("reset", "clean"), processes: int | None = None) -> Findings:
    """Cut the recording at every byte over sockets.

    Args:
        ways: keys of `WAYS`.
        processes: number of processes; the default is one for each processor.
    """
    record = recording.load()
    shares = 4 * (processes or os.cpu_count() or 1)
    findings = Findings()
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        parts = [(way, range(share, len(record.body) + 1, shares)) for way in ways for share in range(shares)]
        for part in pool.map(_cut_part, parts):
            findings.add(part)
    return findings


def spread(record: Recording, count: int) -> list[int]:
    """Return about `count` bytes to cut at: first, last, ends of chunks, and bytes between."""
    length = len(record.body)
    step = max(1, 2 * length // count)
    between = range(0, length + 1, step)
    edges = record.boundaries[:: max(1, 2 * len(record.boundaries) // count)]
    return sorted({0, 1, length - 1, length, *between, *edges})


def _cut_part(part: tuple[str, range]) -> Findings:
    way, cuts = part
    return cut_over_sockets(recording.load(), way, cuts)


def _settle(findings: Findings, record: Recording, begins: str, byte: int, run: Run) -> None:
    _check(findings, record, byte, final_reply(run), begins)


def _check(findings: Findings, record: Recording, byte: int, reply: Reply, begins: str) -> None:
    """Compare a reply with the part of the recording before `byte`."""
    findings.tried += 1
    whole = record.whole_at(byte)
    calls = tuple((call.id, call.name, call.arguments) for call in reply.tool_calls)
    found = reply.reasoning, reply.message["content"], calls
    if found != (whole.reasoning, whole.answer, whole.calls):
        held = record.deltas_in(*found)
        findings.lost += max(0, whole.deltas - held)
        findings.expect(f"deltas at byte {byte}", held, whole.deltas)
    findings.expect(f"finish reason at byte {byte}", reply.finish_reason, whole.finish_reason)
    tokens = reply.usage.prompt_tokens if reply.usage else None
    findings.expect(f"usage at byte {byte}", tokens, whole.prompt_tokens)
    if whole.finish_reason is not None:
        findings.expect(f"status at byte {byte}", (reply.status, reply.error), ("complete", None))
        return
    findings.expect(f"status at byte {byte}", reply.status, "failed")
    if reply.error is None:
        findings.expect(f"error at byte {byte}", None, "one")
        return
    hint = "What arrived is kept" if whole.deltas else "Nothing of it had arrived"
    if byte == 0 and "ended the stream" in begins:
        findings.expect(f"kind at byte {byte}", reply.error.kind, "not_a_stream")
        # Running the cell again does not help against a prompt that is too long.
        findings.expect(f"hint at byte {byte}", "shorten the prompt" in hint_of(reply), expected=True)
        return
    findings.expect(f"message at byte {byte}", message(reply.error)[: len(begins)], begins)
    findings.expect(f"kind at byte {byte}", reply.error.kind, "disconnected")
    # The simulator, like DeepSeek, goes on with an answer that has begun; a decoder alone has no
    # server to ask.
    goes_on = reply.request.endpoint and whole.answer.strip() and not whole.calls
    rest = ": %deepseek continue goes on with it, %deepseek retry asks anew." if goes_on else "; run the cell again."
    findings.expect(f"hint at byte {byte}", hint_of(reply), hint + rest)


if __name__ == "__main__":
    sys.stdout.write(f"{cut_everywhere()}\n")
