"""Every error that a server is known to give, in every shape: instead of a stream or within it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbstream
from nbstream.output.sentences import message
from nbstream.simulator import tokens
from nbstream.simulator.server import Simulator
from tests.faults.findings import Findings, chosen, end_of, over, watched
from tests.hints import hint_of

if TYPE_CHECKING:
    from nbstream.client.run import Run

#: HTTP status: whether it is tried again before the first delta, what the server says, what the hint is about.
ROWS = {
    400: (False, "The simulator answers 400", "not accepted as it is"),
    401: (False, "Authentication Fails", "DEEPSEEK_API_KEY"),
    402: (False, "Insufficient Balance", "Top up"),
    403: (False, "The simulator answers 403", "may not use"),
    404: (False, "The simulator answers 404", "/v1"),
    408: (True, "The simulator answers 408", "run the cell again"),
    409: (True, "The simulator answers 409", "run the cell again"),
    413: (False, "The simulator answers 413", "larger"),
    422: (False, "Invalid Parameters", "out of the range"),
    429: (True, "Rate Limit Reached", "wait"),
    500: (True, "The server encountered an issue", "server's side"),
    502: (True, "The simulator answers 502", "server's side"),
    503: (True, "Service is too busy", "server's side"),
    504: (True, "The simulator answers 504", "server's side"),
}
#: Bodies of a refusal. The last two never end, and break before their end.
BODIES = ("json", "string", "message", "html", "octet", "empty", "endless", "broken")
#: Errors in the stream, and whether they say their status in a code.
SHAPES = {
    "object": True,
    "message": True,
    "openrouter": True,
    "event": True,
    "string": False,
    "html": False,
    "text": False,
    "empty": False,
}
_IN_BAND_SAYS = {
    "html": "The server reported an error: {status}.",
    "text": "The server reported an error: {status}: The server had an error while processing your request.",
    "empty": "The server reported an error: without a message.",
    "openrouter": "The server reported an error: Provider disconnected unexpectedly.",
}
_PLAINLY = "The server reported an error: The server had an error while processing your request."
_AFTER = 5
_LONGEST = 400


def refuse(status: int) -> Findings:
    """Be answered with `status` in every shape, instead of a stream, before its first delta, and after a few."""
    findings = Findings()
    with watched(findings), Simulator(port=0, rate=0, first_token=0) as simulator, chosen(retries=1):

        def ask(scenario: str) -> Run:
            asked = {"simulate": scenario}
            return nbstream.stream("hello", base_url=simulator.url, api_key="simulated", extra_body=asked)

        thought = tokens.split(end_of(ask("normal")).reasoning)
        instead = {body: (text := f"{status} retry-after=0 body={body}", ask(text)) for body in BODIES}
        within = {
            (shape, after): (text := f"error-in-band after={after} status={status} shape={shape}", ask(text))
            for shape in SHAPES
            for after in (0, _AFTER)
        }
        for body, (scenario, run) in instead.items():
            _judge_refusal(findings, status, body, run)
            findings.expect(f"requests of {scenario}", len(over(simulator, scenario)), 1 + ROWS[status][0])
        for (shape, after), (scenario, run) in within.items():
            reply = _judge_in_band(findings, status, shape, run)
            findings.expect(f"text of {scenario}", (reply.reasoning, reply.answer), ("".join(thought[:after]), ""))
            again = after == 0 and SHAPES[shape] and ROWS[status][0]
            findings.expect(f"requests of {scenario}", len(over(simulator, scenario)), 1 + again)
    return findings


def _judge_refusal(findings: Findings, status: int, body: str, run: Run) -> None:
    reply = end_of(run)
    findings.tried += 1
    where = f"{status} {body}"
    findings.expect(f"status of {where}", (reply.status, reply.reasoning, reply.answer), ("failed", "", ""))
    if (error := reply.error) is None:
        findings.expect(f"error of {where}", None, "one")
        return
    _, says, hint = ROWS[status]
    said = {"html": f"answered {status}: {status}.", "empty": f"answered {status}."}.get(
        body, f"answered {status}: {says}"
    )
    findings.expect(f"kind of {where}", (error.kind, error.status_code), ("refused", status))
    findings.expect(f"message of {where}: {message(error)}", said in message(error), wanted=True)
    findings.expect(f"hint of {where}: {hint_of(reply)}", hint in hint_of(reply), wanted=True)
    findings.expect(f"length of {where}", "\n" not in str(error) and len(str(error)) < _LONGEST, wanted=True)


def _judge_in_band(findings: Findings, status: int, shape: str, run: Run) -> nbstream.Reply:
    reply = end_of(run)
    findings.tried += 1
    where = f"{status} in the stream as {shape}"
    findings.expect(f"status of {where}", reply.status, "failed")
    if (error := reply.error) is None:
        findings.expect(f"error of {where}", None, "one")
        return reply
    says = _IN_BAND_SAYS.get(shape, _PLAINLY).format(status=status)
    code = status if SHAPES[shape] else None
    findings.expect(f"kind of {where}", (error.kind, error.status_code), ("in_band", code))
    findings.expect(f"message of {where}", message(error), says)
    kept = "What arrived is kept" if reply.reasoning else "Nothing of it had arrived"
    hint = ROWS[status][2] if code is not None else kept
    findings.expect(f"hint of {where}: {hint_of(reply)}", hint in hint_of(reply), wanted=True)
    findings.expect(
        f"what {where} kept: {hint_of(reply)}",
        "is kept" in hint_of(reply),
        wanted=bool(reply.reasoning),
    )
    return reply
