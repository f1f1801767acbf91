"""Where a cost comes from and how old its price is, in a footer and for reading."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from nbstream.billing.prices import cost_of
from nbstream.model.events import Ended, Event, Started, UsageReported
from nbstream.model.request import Request
from nbstream.model.usage import Cost, Usage
from nbstream.output import price_words, wording
from nbstream.output.cost_account import cost_account
from tests.billing import days
from tests.wire.messages import OVER, answer, read, start, stop
from tests.wire.test_invariants import reply_of

DATED = datetime(2026, 9, 10, 4, tzinfo=UTC)
CHECKED = days.checked()
TABLE = Cost(Decimal("0.1"), "USD", "", DATED, source="table", checked=CHECKED)


def written(minutes: int, hour: int) -> dict[str, Any]:
    split = {"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": hour}
    return {"cache_creation_input_tokens": minutes + hour, "cache_creation": split}


def after(count: int) -> float:
    return datetime.combine(CHECKED, time(12), UTC).timestamp() + count * 86_400


@pytest.mark.parametrize(
    ("cost", "days", "words"),
    [
        (TABLE, 60, "prices of 2026-09-10"),
        (TABLE, 61, "prices of 2026-09-10, last checked 61 days before"),
        (replace(TABLE, source="genai-prices", dated=None), 0, "prices of genai-prices"),
        (replace(TABLE, source="genai-prices"), 90, "prices of genai-prices, last checked 90 days before"),
        (replace(TABLE, source="user", checked=None), 900, "your prices of 2026-09-10"),
        (replace(TABLE, source="user", dated=None, checked=None), 0, "your prices"),
        (replace(TABLE, source="server", dated=None, checked=None), 900, "as the server says"),
        (replace(TABLE, source="several"), 0, "prices of several sources"),
        # A file of an older version.
        (replace(TABLE, source="", checked=None), 900, "prices of 2026-09-10"),
        (replace(TABLE, source="", dated=None, checked=None), 0, "as the server says"),
    ],
)
def test_the_source_of_a_cost_and_its_age(cost: Cost, days: int, words: str) -> None:
    assert price_words.source_of(cost, after(days)) == words


def test_the_footer_of_a_reply_says_that_its_price_is_old() -> None:
    request = Request("deepseek-flash", "https://api.deepseek.com")
    events: list[Event] = [
        Started(0, request, after(71)),
        UsageReported(1, Usage(10, 10, 20, 0, 10)),
        Ended(2, "served"),
    ]
    reply = reply_of(events)
    reply = replace(reply, cost=cost_of(reply))
    assert wording.footer(reply)[-1].endswith("(prices of 2026-09-10, last checked 71 days before)")


@pytest.mark.parametrize(
    ("reported", "dollars", "bound", "row"),
    [
        (
            written(1_000, 0),
            "0.00564",
            "",
            ("input, written to the cache", "1,000", "\xd7 $3.75/M", "$0.00375"),
        ),
        (
            written(0, 1_000),
            "0.00789",
            "",
            ("input, written to the cache for an hour", "1,000", "\xd7 $6/M", "$0.006"),
        ),
        (
            {"cache_creation_input_tokens": 1_000},
            "0.00564",
            "It is a lower bound, as the server did not say for how long it keeps the tokens in its cache.",
            ("input, written to the cache", "1,000", "\xd7 $3.75/M", "$0.00375"),
        ),
    ],
)
def test_what_is_written_to_anthropics_cache_has_its_price(
    reported: dict[str, Any], dollars: str, bound: str, row: tuple[str, ...]
) -> None:
    counts = {"input_tokens": 30, "cache_read_input_tokens": 1_000, "output_tokens": 100, **reported}
    reply = read(start(counts, model="claude-sonnet-4-5"), *answer("Hi"), stop(usage=counts), OVER)
    request = Request("claude-sonnet-4-5", "https://api.anthropic.com/v1/messages")
    timing = replace(reply.timing, started=datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp())
    reply = replace(reply, request=request, timing=timing)
    found = cost_of(reply)
    assert found is not None
    # 30 at $3, 1,000 read at $0.30, 100 out at $15, and what was written.
    assert found.amount == Decimal(dollars)
    assert found.at_least is bool(bound)
    account = cost_account(replace(reply, cost=found))
    assert row in account.rows
    assert sum(Decimal(each[3].removeprefix("$")) for each in account.rows) == found.amount
    assert bound in " ".join(account.notes)
