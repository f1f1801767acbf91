"""The cost of a usage: dated prices, peak hours, and unknown prices."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from nbstream.billing.prices import _host_of, cost, cost_of
from nbstream.billing.rows import lists_of
from nbstream.model.events import Event, Finished, Noted, Started, UsageReported
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.usage import Cost, Usage
from tests.billing.days import unknown_workday

HOST = "api.deepseek.com"
USAGE = Usage(2200, 300, 2500, 2000, 200, 0)
MILLION = Usage(1_000_000, 0, 1_000_000, 0, 1_000_000, 0)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(("model", "dollars"), [("deepseek-flash", "168.00"), ("deepseek-v4-pro", "1682.00")])
def test_an_example_by_hand(model: str, dollars: str) -> None:
    one = cost(USAGE, model=model, host=HOST, at=at("2026-04-25"))
    assert one is not None
    assert one.amount * 1_000_000 == Decimal(dollars)
    assert one.tier == ""


@pytest.mark.parametrize(
    ("instant", "per_million"),
    [
        ("2026-04-24T00:00", "0.14"),
        ("2026-08-16T15:59:59", "0.14"),
        ("2026-08-16T16:00", "0.22"),
        ("2026-09-10T03:59:59", "0.44"),
        ("2026-09-10T04:00", "0.15"),
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
        # Holidays in China, and the days around them.
        ("2026-09-24T07:00", "peak"),
        ("2026-09-25T07:00", "off-peak"),
        ("2026-09-28T07:00", "peak"),
        ("2026-10-01T02:00", "off-peak"),
        ("2026-10-02T09:00", "off-peak"),
        ("2026-10-05T01:00", "off-peak"),
        ("2026-10-07T09:59", "off-peak"),
        ("2026-10-08T01:00", "peak"),
        ("2027-01-01T02:00", "off-peak"),
    ],
)
def test_peak_costs_twice(instant: str, tier: str) -> None:
    one = cost(MILLION, model="deepseek-flash", host=HOST, at=at(instant))
    assert one is not None
    assert (one.tier, one.at_most) == (tier, False)
    assert one.amount == Decimal("0.15") * (2 if tier == "peak" else 1)


def test_at_first_every_day_had_peak_hours() -> None:
    saturday, sunday = "2026-08-22T15:59", "2026-08-23T02:00"
    for instant, tier in [
        ("2026-08-16T16:00", "off-peak"),
        ("2026-08-17T01:00", "peak"),
        ("2026-08-22T09:59", "peak"),
        (saturday, "off-peak"),
        (sunday, "off-peak"),
        ("2026-08-24T02:00", "peak"),
    ]:
        one = cost(MILLION, model="deepseek-flash", host=HOST, at=at(instant))
        assert one is not None
        assert one.tier == tier, instant


def test_after_the_last_known_holidays_a_peak_price_is_an_upper_bound() -> None:
    peak, night = (cost(MILLION, model="deepseek-flash", host=HOST, at=unknown_workday(hour)) for hour in (2, 12))
    assert peak is not None
    assert night is not None
    assert (peak.tier, peak.at_most) == ("peak", True)
    assert (night.tier, night.at_most) == ("off-peak", False)


@pytest.mark.parametrize(
    ("model", "instant", "usd", "cny"),
    [
        ("deepseek-flash", "2026-04-24T00:00", "0.448", "3.2"),
        ("deepseek-flash", "2026-04-26T12:15", "0.4228", "3.02"),
        ("deepseek-flash", "2026-08-16T16:00", "0.887", "6.05"),
        ("deepseek-flash", "2026-09-10T04:00", "0.753", "5.02"),
        ("deepseek-v4-pro", "2026-04-24T00:00", "5.365", "37"),
        ("deepseek-v4-pro", "2026-04-26T12:15", "1.308625", "9.025"),
        ("deepseek-v4-pro", "2026-08-16T16:00", "2.662", "18.15"),
    ],
)
def test_every_price_to_the_last_digit(model: str, instant: str, usd: str, cny: str) -> None:
    a_million_of_each = Usage(2_000_000, 1_000_000, 3_000_000, 1_000_000, 1_000_000)
    for currency, amount in (("USD", usd), ("CNY", cny)):
        one = cost(a_million_of_each, model=model, host=HOST, at=at(instant), currency=currency)
        assert one is not None
        assert (one.amount, one.currency) == (Decimal(amount), currency)
        assert one.tier != "peak"
        assert one.dated == datetime.fromisoformat(instant).replace(tzinfo=UTC)


def test_pro_kept_its_price_when_flash_became_cheaper() -> None:
    one = cost(MILLION, model="deepseek-v4-pro", host=HOST, at=at("2026-11-21"))
    assert one is not None
    assert (one.amount, one.dated) == (Decimal("0.66"), datetime(2026, 8, 16, 16, tzinfo=UTC))


def test_the_previous_price_is_valid_until_the_second_before() -> None:
    assert cost(USAGE, model="deepseek-v4-pro", host=HOST, at=at("2026-04-24") - 1) is None
    before = cost(USAGE, model="deepseek-v4-pro", host=HOST, at=at("2026-04-26T12:15") - 1)
    assert before is not None
    assert before.dated == datetime(2026, 4, 24, tzinfo=UTC)


def test_there_is_no_peak_before_it_was_introduced() -> None:
    one = cost(MILLION, model="deepseek-flash", host=HOST, at=at("2026-08-12T02:00"))  # a Wednesday
    assert one is not None
    assert (one.tier, one.amount) == ("", Decimal("0.14"))


def test_another_table_with_holidays_and_another_currency() -> None:
    table = lists_of("""
        [[providers]]
        name = "A"
        hosts = ["a:1"]
        peak = [{from = 2026-01-01T00:00:00Z, factor = 2, hours_utc = [[1, 4]], weekdays = [3]}]
        holidays = [2026-10-01]
        holidays_until = 2026-12-31
        rows = [{from = 2026-01-01, model = "m", currency = "CNY", hit = 1, miss = 2, output = 3}]
    """)
    usage = Usage(1_000_000, 0, 1_000_000, 0, 1_000_000)
    place: dict[str, Any] = {"model": "m", "host": "a:1", "table": table}
    holiday = cost(usage, at=at("2026-10-01T02:00"), currency="CNY", **place)
    thursday = cost(usage, at=at("2026-10-08T02:00"), currency="CNY", **place)
    assert [str(holiday), str(thursday)] == ["CNY 2.00", "CNY 4.00"]
    assert cost(usage, at=at("2026-10-08"), currency="USD", **place) is None


@pytest.mark.parametrize("name", ["deepseek-v4-flash", "deepseek-v4-flash-vision-exp"])
def test_a_legacy_alias_is_billed_as_flash(name: str) -> None:
    now = at("2026-11-21")
    alias = cost(USAGE, model=name, host=HOST, at=now)
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


def test_the_host_of_a_url() -> None:
    assert _host_of("https://API.deepseek.com") == HOST
    assert _host_of("http://user:pass@a.b:81/x") == "a.b:81"


@pytest.mark.parametrize(("searches", "at_least"), [(0, False), (2, True)])
def test_searches_of_the_server_make_the_cost_a_lower_bound(searches: int, at_least: bool) -> None:  # noqa: FBT001
    details = {"input_tokens": 9, "server_tool_use": {"web_search_requests": searches}}
    reply = Reply()
    events: list[Event] = [
        Started(0, Request("deepseek-flash", "https://api.deepseek.com"), at("2026-11-25T12:00")),
        UsageReported(1, Usage(9, 9, 18, 0, 9)),
        Noted(1, "usage", details),
        Finished(1, "stop"),
    ]
    for event in events:
        reply = reduce(reply, event)
    found = cost_of(reply)
    assert found is not None
    assert found.at_least is at_least
