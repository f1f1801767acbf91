"""What the end of one reply means for the job that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from nbstream.model.failure import Failure
    from nbstream.model.reply import Reply

Verdict: TypeAlias = Literal[
    "answered",  # the server ended the reply
    "failed",  # the prompt was refused, and would be again
    "again",  # the prompt may be answered if it is asked again, a few times
    "busy",  # the server is busy or cannot be reached: the whole job has to wait
    "hopeless",  # every other prompt would fail for the same reason
    "cancelled",  # the job was stopped
]

#: What no other prompt would change.
_HOPELESS = frozenset(
    {
        *("balance", "key", "upstream_key", "model", "region", "redirect", "scheme", "path", "other_path"),
        *("key_budget", "key_model", "upstream_balance", "policy"),
    }
    | {"untrusted", "certificate", "not_tls", "no_thinking", "unknown_field", "output_limit", "other_api"}
)
#: 425 is for early data, 529 is Anthropic's "overloaded".
_BUSY_STATUS = frozenset({425, 429, 502, 503, 504, 529})
_SERVER_ERROR = 500
_TIMED_OUT = (408, 409)
#: The server ended the answer for a reason of its own.
_PASSING_REASONS = frozenset({"insufficient_system_resource", "aborted"})


def verdict_on(reply: Reply) -> Verdict:
    """Return what `reply`, which has ended, means for its job."""
    if reply.status == "cancelled":
        return "cancelled"
    if reply.error is not None:
        if reply.error.kind == "unsent" and reply.request.caching is not None:
            # Without a key, the cache may still have the answers to other prompts.
            return "failed"
        return _of_failure(reply.error)
    if reply.status == "failed":
        return "failed"
    return "again" if reply.finish_reason in _PASSING_REASONS else "answered"


def is_whole(reply: Reply) -> bool:
    """Return whether a reply needs no other attempt: to ask again would bring nothing else.

    A structured answer that does not fit is not whole.

    An answer that was cut off at the limit of tokens is as whole as the request allows.
    """
    if not reply.ended or verdict_on(reply) != "answered" or _is_damaged(reply):
        return False
    return reply.request.structure is None or not reply.problems


def _is_damaged(reply: Reply) -> bool:
    return reply.status == "truncated" and reply.finish_reason in (None, "stop")


def _of_failure(failure: Failure) -> Verdict:
    status, kind, cause = failure.status_code, failure.kind, failure.cause
    if cause in _HOPELESS or kind == "budget":
        return "hopeless"
    if kind == "worker":
        return "hopeless" if cause == "executor" else "again"
    if cause in ("rate", "loading") or kind == "unreachable" or status in _BUSY_STATUS:
        return "busy"
    if kind in ("disconnected", "stalled") or status in _TIMED_OUT or (status or 0) >= _SERVER_ERROR:
        return "again"
    return "failed"
