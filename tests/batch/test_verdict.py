"""What the end of a reply means for its job."""

from __future__ import annotations

from typing import Any

import pytest

from nbstream.batch.verdict import is_whole, verdict_on
from nbstream.model.failure import Failure
from nbstream.model.reply import Reply


@pytest.mark.parametrize(
    ("failure", "verdict"),
    [
        (Failure("refused", "rate", status_code=429), "busy"),
        (Failure("refused", status_code=503), "busy"),
        (Failure("refused", status_code=529), "busy"),
        (Failure("in_band", "rate"), "busy"),
        (Failure("refused", "loading", status_code=500), "busy"),
        (Failure("unreachable", "loopback"), "busy"),
        (Failure("refused", status_code=500), "again"),
        (Failure("refused", status_code=408), "again"),
        (Failure("disconnected", "connection"), "again"),
        (Failure("stalled", "no_byte"), "again"),
        (Failure("worker"), "again"),
        # Gateways say with other statuses that there is no money.
        (Failure("refused", "balance", status_code=429), "hopeless"),
        (Failure("refused", "balance", status_code=500), "hopeless"),
        (Failure("refused", "key", status_code=401), "hopeless"),
        (Failure("refused", "model", status_code=400), "hopeless"),
        (Failure("unreachable", "untrusted"), "hopeless"),
        (Failure("worker", "executor"), "hopeless"),
        (Failure("unsent", "key"), "hopeless"),
        (Failure("refused", "context", status_code=400), "failed"),
        (Failure("refused", "content", status_code=400), "failed"),
        (Failure("refused", status_code=422), "failed"),
        (Failure("unsent"), "failed"),
        (Failure("too_large", "reply"), "failed"),
        (Failure("internal"), "failed"),
    ],
)
def test_a_failure(failure: Failure, verdict: str) -> None:
    reply = Reply(status="failed", error=failure)
    assert verdict_on(reply) == verdict
    assert not is_whole(reply)


@pytest.mark.parametrize(
    ("fields", "whole"),
    [
        ({"status": "complete", "finish_reason": "stop"}, True),
        ({"status": "complete"}, True),
        # To ask again would end at the same limit, or in the same refusal.
        ({"status": "truncated", "finish_reason": "length"}, True),
        ({"status": "truncated", "finish_reason": "content_filter"}, True),
        # A part of the stream could not be read.
        ({"status": "truncated", "finish_reason": "stop"}, False),
        ({"status": "truncated"}, False),
        ({"status": "truncated", "finish_reason": "aborted"}, False),
        ({"status": "cancelled"}, False),
        ({"status": "pending"}, False),
    ],
)
def test_whether_a_reply_is_whole(fields: Any, *, whole: bool) -> None:
    assert is_whole(Reply(**fields)) is whole
