"""Failures as facts: a refused request or a lost connection is a normal outcome.

`output.failure_words` and `output.remedies` turn the facts into words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

FailureKind: TypeAlias = Literal[
    "not_recorded",  # a recording has no response to the request, which was not sent; `server` is its file
    "budget",  # a budget forbids the request, or its reply reached the line
    "unsent",  # the request is not valid, so it was not sent; `said` is the reason
    "refused",  # an HTTP status that is not 2xx
    "in_band",  # an error object in the stream
    "unreachable",  # there was no connection, or it broke before the response began
    "disconnected",  # the stream ended without a finish reason
    "stalled",  # the server was silent for longer than a limit allows
    "too_large",  # the server sent more than a limit allows
    "white_space",  # the answer is endless white space
    "not_a_stream",  # a 200 answer that is neither a stream nor a completion
    "kernel_ended",  # the process that received the reply was killed
    "worker",  # a worker of an executor failed
    "internal",  # a defect of nbstream
]

#: Distinguishes failures of one kind.
FailureCause: TypeAlias = Literal[
    "",
    "differs",  # not_recorded: `said` is the first field that differs, recorded and asked
    "line",  # budget: the reply reached it while it arrived; `said` is the budget
    "unpriced",  # budget: nobody knows the price, so `said`, the budget, cannot be held
    "allowance",  # unsent: a visitor may send no request
    "policy",  # unsent: a rule of a file forbids the request
    "redirect",  # refused: `said` is the address of the redirect
    # Of an error that the server reports, by what it says (`wire.error_causes`):
    "balance",  # there is no money, or no quota that a wait would renew
    "rate",  # there are too many requests at the moment
    "key",  # the key is missing or wrong
    "key_budget",  # a proxy's budget for this key is used up
    "key_model",  # a proxy does not let this key use the model
    "upstream_key",  # a proxy's own key for its provider is wrong
    "upstream_balance",  # a proxy's own account at its provider has no money
    "model",  # the server does not have the model, or no more
    "context",  # the prompt does not fit into the model's context
    "output_limit",  # `max_tokens` is out of range
    "round_trip",  # an earlier turn lacks its reasoning
    "json_word",  # JSON mode, but no message has the word JSON
    "response_format",  # the server or model does not take the `response_format`
    "no_thinking",  # the model cannot think
    "unknown_field",  # the server does not know a field of the request
    "path",  # the base URL lacks a part, such as /v1
    "other_path",  # the base URL is not right, though it ends in /v1
    "scheme",  # the base URL begins with http://, and the server wants https://
    "region",  # the server does not serve this country
    "content",  # a content filter refuses the prompt
    "loading",  # the server still loads the model
    "loopback",  # unreachable: the server is on this machine
    "untrusted",  # unreachable: this machine does not trust the issuer of the server's certificate
    "certificate",  # unreachable: the server's certificate is out of date or for another name
    "not_tls",  # unreachable: the server does not speak TLS
    "unreadable",  # disconnected: `said` is an event that is not a chunk
    "connection",  # disconnected: the connection broke, and `said` is the reason
    "no_byte",  # stalled: no byte arrived at all
    "no_data",  # stalled: only comments arrived
    "executor",  # worker: the whole executor does not work any more
    "reply",  # too_large: the text of the reply
    "answer",  # too_large: the answer to a question that is no prompt
    "event",  # too_large: a single event
    "tool_calls",  # too_large: the number of tool calls
    "page",  # refused, not_a_stream: a web page, and `said` is its title
    "empty",  # not_a_stream: an empty body
    "not_json",  # not_a_stream: an answer that should be JSON and is not
    "no_list",  # not_a_stream: JSON of another kind than the list that was asked for
    "other_api",  # not_a_stream: events of another API, and `said` is the type of the first one
]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a reply is incomplete.

    Attributes:
        kind: the kind of failure.
        cause: distinguishes failures of one kind; may be empty.
        server: the server's name in a sentence; empty if unknown.
        said: one line, the reason that the server or the operating system gave.
        status_code: the HTTP status, or the numeric code of an in-band error.
        code: the server's own code, such as `invalid_request_error`; where that is only a number,
            its type. Of a budget, its scope, as "notebook", or "rule" for one that others made.
        limit: the limit that was exceeded, in seconds, bytes, characters or tool calls.
        retry_after: the seconds that the server asks to wait.
    """

    kind: FailureKind
    cause: FailureCause = ""
    server: str = ""
    said: str = ""
    status_code: int | None = None
    code: str | None = None
    limit: float | None = None
    retry_after: float | None = None

    def __str__(self) -> str:
        """Return the facts in one line: `refused, status 402, by DeepSeek: No balance`."""
        facts = [self.kind.replace("_", " "), self.cause.replace("_", " ")]
        facts += [f"status {self.status_code}"] if self.status_code is not None else []
        line = ", ".join(filter(None, [*facts, f"by {self.server}" if self.server else ""]))
        return f"{line}: {self.said}" if self.said else line
