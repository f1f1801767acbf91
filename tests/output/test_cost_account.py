"""The sum of a cost, written out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.billing.prices import breakdown_of, cost_of
from nbstream.model.events import Answer, Ended, Started, UsageReported
from nbstream.model.recorded import Recorded
from nbstream.model.reply import SIMULATED_FINGERPRINT, Reply
from nbstream.model.request import Request
from nbstream.model.usage import Usage
from nbstream.output.cost_account import cost_account, total_of_steps
from tests.billing import days
from tests.model.test_continued import TRUNCATED, USED, joined
from tests.wire.test_invariants import reply_of

FLASH = Request("deepseek-flash", "https://api.deepseek.com")
OFF_PEAK = datetime(2026, 11, 26, 5, 52, tzinfo=UTC).timestamp()
PEAK = datetime(2026, 11, 26, 6, 0, tzinfo=UTC).timestamp()


def asked(usage: Usage | None, at: float = OFF_PEAK, request: Request = FLASH) -> Reply:
    reported = [UsageReported(1, usage)] if usage is not None else []
    reply = reply_of([Started(0, request, at), *reported, Ended(2, "served")])
    return replace(reply, cost=cost_of(reply))


def test_each_price_is_multiplied_out_exactly() -> None:
    account = cost_account(asked(Usage(3187, 412, 3599, 1984, 1203, 300)))
    assert account.rows == (
        ("input, from the cache", "1,984", "\xd7 $0.003/M", "$0.000005952"),
        ("input", "1,203", "\xd7 $0.15/M", "$0.00018045"),
        ("output, 300 of them reasoning", "412", "\xd7 $0.60/M", "$0.0002472"),
    )
    assert account.total == "$0.000433602"
    source, tier, saved = account.notes
    assert source == (
        "Prices of DeepSeek, valid from 2026-09-10 04:00 UTC, in nbstream's table, "
        f"compared with its page on {days.checked()}."
    )
    assert tier.startswith(
        "The request was sent off-peak: Thursday, 2026-11-26 05:52 UTC. Peak is 01:00\u201304:00 and "
    )
    assert tier.endswith("06:00\u201310:00 UTC from Monday to Friday, and costs 2 times as much.")
    assert saved == "Without the cache it would have cost $0.00072525."
    assert " 1,203   \xd7 $0.15/M   $0.00018045" in account.table().text()


def test_at_peak_the_factor_is_written_out() -> None:
    account = cost_account(asked(Usage(1203, 0, 1203, 0, 1203), PEAK))
    assert account.rows[0] == ("input", "1,203", "\xd7 $0.15/M \xd7 2", "$0.0003609")
    assert "sent at peak time" in account.notes[1]


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from([PEAK, OFF_PEAK]))
def test_the_parts_add_up_to_the_cost_of_the_reply(hit: int, miss: int, out: int, at: float) -> None:
    reply = asked(Usage(hit + miss, out, hit + miss + out, hit, miss), at)
    found = breakdown_of(reply)
    assert found is not None
    assert reply.cost == found.cost
    written = [Decimal(row[3].removeprefix("$").replace(",", "")) for row in cost_account(reply).rows]
    assert sum(written, Decimal(0)) == found.cost.amount


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (asked(None), "did not report the tokens"),
        (asked(Usage(5)), "only a part of the tokens"),
        (asked(Usage(5, 5), request=Request("m", "http://a.b")), "price of m at http://a.b is not known"),
        (
            asked(Usage(5, 5), request=Request("x/y", "https://openrouter.ai/api/v1")),
            "Its price depends on the provider",
        ),
        (reply_of([Started(0, FLASH, OFF_PEAK)]), "known when the request has ended"),
        (asked(Usage(100, 5, 105)), "upper bound, as the server did not say"),
        (asked(Usage(5, 5, 10, cost=0.5)), "reported this cost itself"),
        (replace(asked(Usage(5, 5, 10, 0, 5)), system_fingerprint=SIMULATED_FINGERPRINT), "is simulated"),
    ],
)
def test_what_is_not_certain_is_said(reply: Reply, words: str) -> None:
    assert words in " ".join(cost_account(reply).notes)


def test_a_cost_that_the_reply_kept_is_named_if_the_table_has_another() -> None:
    reply = asked(Usage(1000, 0, 1000, 0, 1000))
    assert reply.cost is not None
    kept = replace(reply, cost=replace(reply.cost, amount=Decimal("0.5")))
    assert cost_account(kept).notes[-1] == "The reply keeps $0.50, by the prices that were known when it ended."


def test_a_part_that_was_continued_is_told_apart() -> None:
    reply = joined(TRUNCATED, UsageReported(7, USED), Ended(7, "served"))
    account = cost_account(reply)
    assert account.rows[0][:3] == ("input", "1,000", "\xd7 $0.15/M \xd7 2")
    assert "What the part before it cost was $0.00021." in account.notes[-1]


def test_the_requests_of_a_reply_are_listed() -> None:
    step = asked(Usage(1000, 0, 1000, 0, 1000))
    unknown = reply_of([Answer(1, "One"), Ended(2, "cancelled")])
    assert total_of_steps([step, unknown]) == (
        "Request 1: $0.00015",
        "Request 2: not known",
        "All 2 requests: at least $0.00015",
    )


def test_of_a_replayed_reply_it_is_said_what_its_requests_cost_when_they_were_recorded() -> None:
    steps = [asked(Usage(1203, 0, 1203, 0, 1203)), asked(Usage(0, 412, 412, 0, 0))]
    replayed = [replace(step, cost=None, recorded=Recorded(OFF_PEAK, step.cost)) for step in steps]
    assert total_of_steps(replayed) == (
        "Request 1: $0.00018045",
        "Request 2: $0.0002472",
        "All 2 requests: $0.00042765",
    )
    assert total_of_steps([replayed[0], replace(replayed[1], recorded=None)])[1:] == (
        "Request 2: not known",
        "All 2 requests: at least $0.00018045",
    )
