"""The cost of a usage: dated prices, peak hours, and unknown prices."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from nbstream.billing.prices import _host_of, cost
from nbstream.model.usage import Cost, Usage, estimate_tokens

HOST = "api.deepseek.com"
USAGE = Usage(2200, 300, 2500, 2000, 200, 0)
MILLION = Usage(1_000_000, 0, 1_000_000, 0, 1_000_000, 0)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(("model", "dollars"), [("deepseek-flash", "168.00"), ("deepseek-v4-pro", "1682.00")])
def test_an_example_by_hand(model: str, dollars: str) -> None:
    one = cost(USAGE, model=model, host=HOST, at=at("2026-05-01"))
    assert one is not None
    assert one.amount * 1_000_000 == Decimal(dollars)
    assert one.tier == ""


@pytest.mark.parametrize(
    ("instant", "per_million"),
    [
        ("2026-04-24T00:00", "0.14"),
        ("2026-08-16T15:59:59", "0.14"),
        ("2026-08-16T16:00", "0.22"),
        ("2026-09-09T23:59:59", "0.22"),
        ("2026-09-10T00:00", "0.15"),
    ],
)
def test_each_price_is_valid_from_its_time_on(instant: str, per_million: str) -> None:
    one = cost(MILLION, model="deepseek-flash", host=HOST, at=at(instant))
    assert one is not None
    assert one.amount == Decimal(per_million)


@pytest.mark.parametrize(
    ("instant", "tier"),
    [
        ("2026-11-20T00:59:59", "off-peak"),
        ("2026-11-20T01:00", "peak"),
        ("2026-11-20T03:59:59", "peak"),
        ("2026-11-20T04:00", "off-peak"),
        ("2026-11-20T06:00", "peak"),
        ("2026-11-20T09:59:59", "peak"),
        ("2026-11-20T10:00", "off-peak"),
        ("2026-11-21T02:00", "off-peak"),
        ("2026-11-22T07:00", "off-peak"),
        ("2026-11-23T07:00", "peak"),
    ],
)
def test_peak_costs_twice(instant: str, tier: str) -> None:
    one = cost(MILLION, model="deepseek-flash", host=HOST, at=at(instant))
    assert one is not None
    assert one.tier == tier
    assert one.amount == Decimal("0.15") * (2 if tier == "peak" else 1)


FLASH = ("deepseek-flash", [("2026-04-24T00:00", "0.448"), ("2026-08-15T00:00", "0.4228"),
                            ("2026-08-16T16:00", "0.887"), ("2026-09-10T00:00", "0.753")])  # fmt: skip
PRO = ("deepseek-v4-pro", [("2026-04-24T00:00", "5.365"), ("2026-08-15T00:00", "1.308625"),
                           ("2026-08-16T16:00", "2.662"), ("2026-09-10T00:00", "2.662")])  # fmt: skip


@pytest.mark.parametrize(("model", "rows"), [FLASH, PRO])
def test_every_price_to_the_last_digit(model: str, rows: list[tuple[str, str]]) -> None:
    a_million_of_each = Usage(2_000_000, 1_000_000, 3_000_000, 1_000_000, 1_000_000)
    for instant, dollars in rows:
        one = cost(a_million_of_each, model=model, host=HOST, at=at(instant))
        assert one is not None
        assert (one.amount, one.tier == "peak") == (Decimal(dollars), False)
        assert one.dated == datetime.fromisoformat(instant).replace(tzinfo=UTC)


def test_the_previous_price_is_valid_until_the_second_before() -> None:
    assert cost(USAGE, model="deepseek-v4-pro", host=HOST, at=at("2026-04-24") - 1) is None
    before = cost(USAGE, model="deepseek-v4-pro", host=HOST, at=at("2026-08-15") - 1)
    assert before is not None
    assert before.dated == datetime(2026, 4, 24, tzinfo=UTC)


def test_there_is_no_peak_before_it_was_introduced() -> None:
    one = cost(MILLION, model="deepseek-flash", host=HOST, at=at("2026-08-12T02:00"))  # a Wednesday
    assert one is not None
    assert (one.tier, one.amount) == ("", Decimal("0.14"))


def test_another_table_with_holidays_and_another_currency() -> None:
    row = {"from": "2026-01-01T00:00:00Z", "model": "m", "currency": "CNY", "hit": "1", "miss": "2", "output": "3"}
    peak = {
        "from": "2026-01-01T00:00:00Z",
        "factor": "2",
        "hours_utc": [[1, 4]],
        "weekdays": [3],
        "holidays": ["2026-10-01"],
    }
    table = {"providers": [{"name": "x", "hosts": ["a:1"], "peak": peak, "rows": [row]}]}
    usage = Usage(1_000_000, 0, 1_000_000, 0, 1_000_000)
    place: dict[str, Any] = {"model": "m", "host": "a:1", "table": table}
    holiday = cost(usage, at=at("2026-10-01T02:00"), currency="CNY", **place)
    thursday = cost(usage, at=at("2026-10-08T02:00"), currency="CNY", **place)
    assert [str(holiday), str(thursday)] == ["CNY 2.00", "CNY 4.00"]
    assert cost(usage, at=at("2026-10-08"), currency="USD", **place) is None


def test_the_legacy_alias_is_billed_as_flash() -> None:
    now = at("2026-11-21")
    alias = cost(USAGE, model="deepseek-v4-flash", host=HOST, at=now)
    assert alias == cost(USAGE, model="deepseek-flash", host=HOST, at=now)
    assert alias is not None


@pytest.mark.parametrize(
    ("usage", "model", "host", "instant"),
    [
        (USAGE, "gpt-9", HOST, "2026-11-21"),
        (USAGE, "deepseek-flash", "localhost:8000", "2026-11-21"),
        (USAGE, "deepseek-flash", HOST, "2026-01-01"),
        (Usage(), "deepseek-flash", HOST, "2026-11-21"),
    ],
)
def test_without_usage_or_a_price_there_is_no_cost(usage: Usage, model: str, host: str, instant: str) -> None:
    assert cost(usage, model=model, host=host, at=at(instant)) is None


def test_without_cache_counts_the_cost_is_an_upper_bound() -> None:
    one = cost(Usage(2200, 300, 2500), model="deepseek-flash", host=HOST, at=at("2026-11-21"))
    known = cost(USAGE, model="deepseek-flash", host=HOST, at=at("2026-11-21"))
    assert one is not None
    assert known is not None
    assert one.at_most
    assert one.amount > known.amount


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "$0"), ("0.0022766", "$0.0023"), ("0.5", "$0.50"), ("12.346", "$12.35"), ("0.00000091", "$0.00000091")],
)
def test_amounts_are_rounded_to_two_significant_digits(amount: str, shown: str) -> None:
    assert str(Cost(Decimal(amount), "USD", "", datetime(2026, 9, 10, tzinfo=UTC))) == shown


def test_the_host_of_a_url_and_estimated_tokens() -> None:
    assert _host_of("https://API.deepseek.com") == HOST
    assert _host_of("http://user:pass@a.b:81/x") == "a.b:81"
    assert estimate_tokens("word " * 100) == 150
    assert estimate_tokens("汉字" * 50) == 60
