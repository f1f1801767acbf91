"""Retry-After, and error bodies that are not read to their end."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

import nbstream
from nbstream.client import connections
from nbstream.client.sources.failures import _retry_after
from nbstream.output.failure_words import message

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.simulator.server import Simulator


@pytest.mark.parametrize(
    "form",
    [
        lambda at: formatdate(at, usegmt=True),
        lambda at: time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(at)),
        lambda at: time.asctime(time.gmtime(at)),
    ],
    ids=["IMF-fixdate", "RFC 850", "asctime"],
)
def test_a_date_is_read_in_all_formats_of_the_standard(
    set_zone: Callable[[str], None], form: Callable[[float], str]
) -> None:
    set_zone("Asia/Shanghai")
    # RFC 9110, 5.6.7: a recipient must accept all three.
    asked = _retry_after(None, form(time.time() + 500))
    assert asked == pytest.approx(500, abs=60)
    assert _retry_after(None, form(time.time() - 500)) == 0


@pytest.mark.parametrize(
    ("milliseconds", "value", "seconds"),
    [
        (None, "2", 2.0),
        (None, "0.5", 0.5),
        ("1500", "9", 1.5),
        (None, "-3", 0.0),
        (None, "soon", None),
        (None, "", None),
        (None, None, None),
        (None, "Sat, 99 Nov 2026 00:00:00 GMT", None),
        ("soon", "2", None),
    ],
)
def test_seconds_are_read_and_invalid_values_ignored(
    milliseconds: str | None, value: str | None, seconds: float | None
) -> None:
    assert _retry_after(milliseconds, value) == seconds


def test_an_endless_error_body_is_read_up_to_a_limit(simulator: Simulator) -> None:
    reply = nbstream.stream("hello [simulate: 402 body=endless]").result(20)
    assert reply.error is not None
    assert message(reply.error).endswith("answered 402: Insufficient Balance.")


def test_a_slow_error_body_is_read_up_to_a_time_limit(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_ERROR_BODY_SECONDS", 0.2)
    reply = nbstream.stream("hello [simulate: 402 body=stalled]").result(20)
    assert reply.error is not None
    assert "Insufficient Balance" in message(reply.error)
