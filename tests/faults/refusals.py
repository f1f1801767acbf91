"""Every known HTTP error in every form, instead of a stream and within a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbstream
from nbstream.output.failure_words import message
from nbstream.simulator import tokens
from nbstream.simulator.server import Simulator
from tests.faults.findings import Findings, ended_requests, final_reply, record_exceptions, use_settings
from tests.hints import hint_of

if TYPE_CHECKING:
    from nbstream.client.run import Run

#: HTTP status: whether the request is repeated, the server's message, a part of the hint.
ROWS = {
    400: (False, "The simulator answers 400", "not accepted as it is"),
    401: (False, "Authentication Fails", "given as api_key="),
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
#: Bodies of a refusal. `endless` has no end, `broken` breaks before its end.
BODIES = ("json", "string", "message", "html", "octet", "empty", "endless", "broken")
#: Forms of an error in the stream, and whether each has the status as a code.
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
_IN_BAND_MESSAGES = {
    "html": "The server reported an error: {status}.",
    "text": "The server reported an error: {status}: The server had an error while processing your request.",
    "empty": "The server reported an error: without a message.",
    "openrouter": "The server reported an error: Provider disconnected unexpectedly.",
}
_DEFAULT_MESSAGE = "The server reported an error: The server had an error while processing your request."
_AFTER = 5
_MAX_LENGTH = 400


def refuse(status: int) -> Findings:
    """Receive `status` in every form: instead of a stream, before the first delta, after five."""
    findings = Findings()
    with record_exceptions(findings), Simulator(port=0, rate=0, first_token=0) as simulator, use_settings(retries=1):

        def ask(scenario: str) -> Run:
            asked = {"simulate": scenario}
            return nbstream.stream("hello", base_url=simulator.url, api_key="simulated", extra_body=asked)

        reasoning = tokens.split(final_reply(ask("normal")).reasoning)
        instead = {body: (text := f"{status} retry-after=0 body={body}", ask(text)) for body in BODIES}
        within = {
            (shape, after): (text := f"error-in-band after={after} status={status} shape={shape}", ask(text))
            for shape in SHAPES
            for after in (0, _AFTER)
        }
        for body, (scenario, run) in instead.items():
            _check_refusal(findings, status, body, run)
            findings.expect(f"requests of {scenario}", len(ended_requests(simulator, scenario)), 1 + ROWS[status][0])
        for (shape, after), (scenario, run) in within.items():
            reply = _check_in_band(findings, status, shape, run)
            findings.expect(f"text of {scenario}", (reply.reasoning, reply.answer), ("".join(reasoning[:after]), ""))
            again = after == 0 and SHAPES[shape] and ROWS[status][0]
            findings.expect(f"requests of {scenario}", len(ended_requests(simulator, scenario)), 1 + again)
    return findings


def _check_refusal(findings: Findings, status: int, body: str, run: Run) -> None:
    reply = final_reply(run)
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
    findings.expect(f"message of {where}: {message(error)}", said in message(error), expected=True)
    findings.expect(f"hint of {where}: {hint_of(reply)}", hint in hint_of(reply), expected=True)
    findings.expect(f"length of {where}", "\n" not in str(error) and len(str(error)) < _MAX_LENGTH, expected=True)


def _check_in_band(findings: Findings, status: int, shape: str, run: Run) -> nbstream.Reply:
    reply = final_reply(run)
    findings.tried += 1
    where = f"{status} in the stream as {shape}"
    findings.expect(f"status of {where}", reply.status, "failed")
    if (error := reply.error) is None:
        findings.expect(f"error of {where}", None, "one")
        return reply
    says = _IN_BAND_MESSAGES.get(shape, _DEFAULT_MESSAGE).format(status=status)
    code = status if SHAPES[shape] else None
    findings.expect(f"kind of {where}", (error.kind, error.status_code), ("in_band", code))
    findings.expect(f"message of {where}", message(error), says)
    kept = "What arrived is kept" if reply.reasoning else "Nothing of it had arrived"
    hint = ROWS[status][2] if code is not None else kept
    findings.expect(f"hint of {where}: {hint_of(reply)}", hint in hint_of(reply), expected=True)
    findings.expect(
        f"what {where} kept: {hint_of(reply)}",
        "is kept" in hint_of(reply),
        expected=bool(reply.reasoning),
    )
    return reply
