"""Endings that are neither a cut nor a refusal: broken HTTP, no HTTP at all, and finish reasons of every kind."""

from __future__ import annotations

import nbstream
from nbstream.output import sentences
from nbstream.output.sentences import message
from nbstream.simulator.server import Simulator
from tests.faults.findings import Findings, chosen, end_of, over, watched
from tests.hints import hint_of

#: What the server does: kind of the failure, what its message says, whether something arrived before.
BROKEN = {
    "garbage": ("unreachable", "could not be reached: illegal status line", False),
    "close ending=wrong after=5": ("disconnected", "broke: illegal chunk header", True),
    "close ending=wrong after=0": ("disconnected", "broke: illegal chunk header", False),
    # Content-Length promises more than comes.
    "json close ending=cut": ("disconnected", "broke: peer closed connection", False),
    "html": ("not_a_stream", "a web page titled “Sign in”", False),
    "close ending=cut after=5": ("disconnected", "broke: peer closed connection", True),
}
#: Finish reason: status, and what the reader is told.
REASONS = {
    "stop": ("complete", ""),
    "tool_calls": ("complete", ""),
    "length": ("truncated", "--max-tokens"),
    "content_filter": ("truncated", "content filter"),
    "insufficient_system_resource": ("truncated", "ran out of resources"),
    "aborted": ("truncated", "aborted"),
    "eldritch": ("complete", "a reason that nbstream does not know: eldritch"),
}


def broken_http() -> Findings:
    """Be answered with what is no HTTP, or breaks it."""
    findings = Findings()
    with watched(findings), Simulator(port=0, rate=0, first_token=0) as simulator, chosen(retries=0):
        for scenario, (kind, says, some) in BROKEN.items():
            findings.tried += 1
            asked = {"simulate": scenario}
            run = nbstream.stream("hello", base_url=simulator.url, api_key="simulated", extra_body=asked)
            _judge(findings, scenario, end_of(run), kind, says, some=some)
            over(simulator, scenario)
        findings.tried += 1
        url = simulator.url.replace("http:", "https:")
        reply = end_of(nbstream.stream("hello", base_url=url, api_key="simulated"))
        _judge(findings, "TLS", reply, "unreachable", "could not be reached: [SSL", some=False)
    return findings


def finish_reasons() -> Findings:
    """Be given every finish reason after a few deltas: what arrived is kept, and the reader is told what it means."""
    findings = Findings()
    with watched(findings), Simulator(port=0, rate=0, first_token=0) as simulator, chosen():

        def ask(scenario: str, max_tokens: int | None = None) -> nbstream.Reply:
            asked = {"simulate": scenario, "thinking": {"type": "disabled"}}
            return end_of(
                nbstream.stream(
                    "hello", base_url=simulator.url, api_key="simulated", max_tokens=max_tokens, extra_body=asked
                )
            )

        whole = ask("normal").answer
        cases = {reason: ask(f"finish reason={reason} after=20") for reason in REASONS}
        cases["length "] = ask("normal", max_tokens=20)
        for reason, reply in cases.items():
            findings.tried += 1
            status, says = REASONS[reason.strip()]
            findings.expect(f"status of {reason}", (reply.status, reply.error), (status, None))
            findings.expect(f"answer of {reason}", (reply.answer, whole.startswith(reply.answer)), (reply.answer, True))
            findings.expect(f"tokens of {reason}", reply.usage and reply.usage.completion_tokens, 20)
            told = sentences.alert(reply, "cell")
            findings.expect(f"{told!r} of {reason}", bool(told) == bool(says) and says in told, wanted=True)
    return findings


def _judge(findings: Findings, scenario: str, reply: nbstream.Reply, kind: str, says: str, *, some: bool) -> None:
    findings.expect(f"status of {scenario}", reply.status, "failed")
    findings.expect(f"text of {scenario}", bool(reply.reasoning), some)
    if reply.error is not None:
        findings.expect(f"kind of {scenario}: {reply.error}", reply.error.kind, kind)
        findings.expect(f"{reply.error} of {scenario}", says in message(reply.error), wanted=True)
        findings.expect(f"kept of {scenario}: {reply.error}", "is kept" in hint_of(reply), wanted=some)
        findings.expect(f"a hint of {scenario}", bool(hint_of(reply)), wanted=True)
