"""Other endings: broken HTTP, bytes that are not HTTP, and finish reasons of every kind."""

from __future__ import annotations

import nbstream
from nbstream.output import sentences
from nbstream.output.failure_words import message
from nbstream.simulator.server import Simulator
from tests.faults.findings import Findings, ended_requests, final_reply, record_exceptions, use_settings
from tests.hints import hint_of

#: Scenario: kind of the failure, a part of its message, whether some text arrived before.
BROKEN = {
    "garbage": ("unreachable", "could not be reached: illegal status line", False),
    "close ending=wrong after=5": ("disconnected", "broke before the reply was complete (illegal chunk header", True),
    "close ending=wrong after=0": ("disconnected", "broke before the reply was complete (illegal chunk header", False),
    # Content-Length promises more than comes.
    "json close ending=cut": ("disconnected", "broke before the reply was complete (peer closed connection", False),
    "html": ("not_a_stream", "a web page titled “Sign in”", False),
    "close ending=cut after=5": ("disconnected", "broke before the reply was complete (peer closed connection", True),
}
#: Finish reason: status, and a part of the message for the reader.
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
    """Receive bytes that are not HTTP, or invalid HTTP."""
    findings = Findings()
    with record_exceptions(findings), Simulator(port=0, rate=0, first_token=0) as simulator, use_settings(retries=0):
        for scenario, (kind, says, some) in BROKEN.items():
            findings.tried += 1
            asked = {"simulate": scenario}
            run = nbstream.stream("hello", base_url=simulator.url, api_key="simulated", extra_body=asked)
            _check(findings, scenario, final_reply(run), kind, says, some=some)
            ended_requests(simulator, scenario)
        findings.tried += 1
        url = simulator.url.replace("http:", "https:")
        reply = final_reply(nbstream.stream("hello", base_url=url, api_key="simulated"))
        _check(findings, "TLS", reply, "unreachable", "could not be reached: [SSL", some=False)
    return findings


def finish_reasons() -> Findings:
    """Receive each finish reason after a few deltas: the text is kept and the reason explained."""
    findings = Findings()
    with record_exceptions(findings), Simulator(port=0, rate=0, first_token=0) as simulator, use_settings():

        def ask(scenario: str, max_tokens: int | None = None) -> nbstream.Reply:
            asked = {"simulate": scenario, "thinking": {"type": "disabled"}}
            return final_reply(
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
            findings.expect(f"{told!r} of {reason}", bool(told) == bool(says) and says in told, expected=True)
    return findings


def _check(findings: Findings, scenario: str, reply: nbstream.Reply, kind: str, says: str, *, some: bool) -> None:
    findings.expect(f"status of {scenario}", reply.status, "failed")
    findings.expect(f"text of {scenario}", bool(reply.reasoning), some)
    if reply.error is not None:
        findings.expect(f"kind of {scenario}: {reply.error}", reply.error.kind, kind)
        findings.expect(f"{reply.error} of {scenario}", says in message(reply.error), expected=True)
        findings.expect(f"kept of {scenario}: {reply.error}", "is kept" in hint_of(reply), expected=some)
        findings.expect(f"a hint of {scenario}", bool(hint_of(reply)), expected=True)
