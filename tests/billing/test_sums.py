"""The sum of a cost: against an independent calculation in whole numbers, and as properties."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.billing.breakdown import Prices
from nbstream.billing.prices import breakdown, cost
from nbstream.billing.rows import shipped
from nbstream.billing.volume import Volume, estimate
from nbstream.model.exceptions import RequestError
from nbstream.model.usage import Cost, CostParts, Usage
from tests.billing.days import unknown_workday

HOST = "api.deepseek.com"
#: From the team's notes on DeepSeek's pages, apart from the product's file: hit, miss and output in
#: billionths of a dollar or yuan for a thousand tokens, which are whole numbers.
NOTES: dict[tuple[str, str], list[tuple[str, int, int, int]]] = {
    ("deepseek-flash", "USD"): [
        ("2026-04-24T00:00", 28_000, 140_000, 280_000),
        ("2026-04-26T12:15", 2_800, 140_000, 280_000),
        ("2026-08-16T16:00", 7_000, 220_000, 660_000),
        ("2026-09-10T04:00", 3_000, 150_000, 600_000),
    ],
    ("deepseek-v4-pro", "USD"): [
        ("2026-04-24T00:00", 145_000, 1_740_000, 3_480_000),
        ("2026-04-26T12:15", 3_625, 435_000, 870_000),
        ("2026-08-16T16:00", 22_000, 660_000, 1_980_000),
    ],
    ("deepseek-flash", "CNY"): [
        ("2026-04-24T00:00", 200_000, 1_000_000, 2_000_000),
        ("2026-04-26T12:15", 20_000, 1_000_000, 2_000_000),
        ("2026-08-16T16:00", 50_000, 1_500_000, 4_500_000),
        ("2026-09-10T04:00", 20_000, 1_000_000, 4_000_000),
    ],
    ("deepseek-v4-pro", "CNY"): [
        ("2026-04-24T00:00", 1_000_000, 12_000_000, 24_000_000),
        ("2026-04-26T12:15", 25_000, 3_000_000, 6_000_000),
        ("2026-08-16T16:00", 150_000, 4_500_000, 13_500_000),
    ],
}
HOLIDAYS = {(9, 25), (10, 1), (10, 2), (10, 5), (10, 6), (10, 7)}
FIRST, LAST = datetime(2026, 4, 24, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC)
COUNTS = st.integers(0, 2_000_000)
INSTANTS = st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=st.just(UTC))
KEYS = st.sampled_from(sorted(NOTES))


def in_china(at: datetime) -> datetime:
    return at + timedelta(hours=8)


def is_peak(at: datetime) -> bool:
    """Return whether an hour is peak, by the clock in China, as the page has it."""
    if at < datetime(2026, 8, 16, 16, tzinfo=UTC):
        return False
    there = in_china(at)
    every_day = at < datetime(2026, 8, 22, 16, tzinfo=UTC)
    is_free = (there.month, there.day) in HOLIDAYS or (there.year, there.month, there.day) == (2027, 1, 1)
    return (every_day or there.weekday() < 5) and not is_free and there.hour in {9, 10, 11, 14, 15, 16, 17}


def in_whole_numbers(key: tuple[str, str], at: datetime, hit: int, miss: int, out: int) -> int:
    """Return the cost in units of 10⁻¹² of the currency."""
    rows = [row for row in NOTES[key] if datetime.fromisoformat(row[0]).replace(tzinfo=UTC) <= at]
    _, *prices = rows[-1]
    return sum(count * price for count, price in zip((hit, miss, out), prices, strict=True)) * (2 if is_peak(at) else 1)


def usage(hit: int, miss: int, out: int, reasoning: int | None = None) -> Usage:
    return Usage(hit + miss, out, hit + miss + out, hit, miss, reasoning)


def price(used: Usage, key: tuple[str, str], at: datetime) -> Cost:
    found = cost(used, model=key[0], host=HOST, at=at.timestamp(), currency=key[1])
    assert found is not None
    return found


def test_a_thousand_random_usages_against_whole_numbers() -> None:
    chance = random.Random(15)
    seconds = int((LAST - FIRST).total_seconds())
    for _ in range(1_000):
        key = chance.choice(sorted(NOTES))
        at = FIRST + timedelta(seconds=chance.randrange(seconds))
        hit, miss, out = (chance.randrange(10 ** chance.randrange(1, 8)) for _ in range(3))
        found = price(usage(hit, miss, out), key, at)
        assert found.amount * 10**12 == in_whole_numbers(key, at, hit, miss, out), (key, at, hit, miss, out)
        assert (found.tier == "peak") is is_peak(at), at


def test_every_boundary_to_the_second() -> None:
    # On each day, the second before each change of hours and of prices, and that of the change.
    key = ("deepseek-flash", "USD")
    clocks = [timedelta(hours=each) for each in (1, 4, 6, 10, 16)] + [timedelta(hours=12, minutes=15)]
    for day in range((LAST - FIRST).days):
        for clock in clocks:
            for at in (FIRST + timedelta(days=day) + clock - timedelta(seconds=late) for late in (0, 1)):
                assert price(usage(0, 10**6, 0), key, at).amount * 10**12 == in_whole_numbers(key, at, 0, 10**6, 0), at


@given(KEYS, INSTANTS, COUNTS, COUNTS, COUNTS, st.floats(0, 1))
def test_the_parts_sum_to_the_total(  # noqa: PLR0917  (tokens of each kind)
    key: tuple[str, str], at: datetime, hit: int, miss: int, out: int, share: float
) -> None:
    used = usage(hit, miss, out, int(out * share))
    found = price(used, key, at)
    assert found.parts is not None
    assert used.cache_hit_tokens is not None
    assert used.cache_miss_tokens is not None
    assert used.cache_hit_tokens + used.cache_miss_tokens == used.prompt_tokens
    parts = found.parts
    assert parts.hit + parts.miss + parts.reasoning + parts.answer == found.amount == parts.total
    # Each part alone is the cost of its tokens alone.
    assert parts.hit == price(usage(hit, 0, 0), key, at).amount
    assert parts.miss == price(usage(0, miss, 0), key, at).amount
    assert parts.reasoning + parts.answer == price(usage(0, 0, out), key, at).amount


@given(KEYS, INSTANTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
def test_more_tokens_cost_more_and_a_sum_is_the_cost_of_both(  # noqa: PLR0917  (tokens of each kind)
    key: tuple[str, str], at: datetime, hit: int, miss: int, out: int, more: int, cached: int
) -> None:
    one, other = price(usage(hit, miss, out), key, at), price(usage(cached, more, more), key, at)
    both = price(usage(hit + cached, miss + more, out + more), key, at)
    assert both.amount == (one + other).amount >= max(one.amount, other.amount)
    assert (one + other).parts == both.parts
    # What was in the cache is cheaper, and an unknown share of it costs at most the whole.
    assert price(usage(hit + miss, 0, out), key, at).amount <= one.amount
    unknown = price(Usage(hit + miss, out, hit + miss + out), key, at)
    assert unknown.at_most
    assert unknown.amount >= one.amount


@given(COUNTS, st.integers(1, 10**7))
def test_a_low_precision_of_the_notebook_changes_nothing(miss: int, calls: int) -> None:
    at = datetime(2026, 11, 26, 2, tzinfo=UTC)
    exact = price(usage(7, miss, 3), ("deepseek-v4-pro", "USD"), at).times(calls)
    with localcontext() as context:
        context.prec = 3
        assert price(usage(7, miss, 3), ("deepseek-v4-pro", "USD"), at).times(calls) == exact
        assert (exact + exact).amount == exact.times(2).amount


@pytest.mark.parametrize(("model", "dollars"), [("deepseek-flash", "168.00"), ("deepseek-v4-pro", "1682.00")])
def test_the_example_of_the_april_guide(model: str, dollars: str) -> None:
    volume = Volume(1_000_000, 2_200, 2_000, 300)
    found = estimate(volume, model=model, host=HOST, at=FIRST, currency="USD")
    assert found is not None
    (total,) = found.totals
    assert total.amount == Decimal(dollars)


def test_an_estimate_has_both_kinds_of_hours() -> None:
    volume = Volume(1_000, 2_200, 2_000, 300)
    for hour, tiers in ((2, ["peak", "off-peak"]), (12, ["off-peak", "peak"])):
        at = datetime(2026, 11, 26, hour, tzinfo=UTC)
        found = estimate(volume, model="deepseek-flash", host=HOST, at=at, currency="USD")
        assert found is not None
        assert [one.cost.tier for one in found.each] == tiers
        cheap, dear = sorted(each.amount for each in found.totals)
        assert dear == 2 * cheap


@pytest.mark.parametrize("fields", [(1, 10, 11, 5, 0), (1, 10, 5, 5, 6)])
def test_more_than_the_whole_is_no_part(fields: Any) -> None:
    with pytest.raises(RequestError, match="cannot be"):
        Volume(*fields)


def test_costs_of_different_sources() -> None:
    free = Cost(Decimal(0), "USD", "", None, source="recording", parts=CostParts())
    paid = price(usage(1, 2, 3), ("deepseek-flash", "USD"), datetime(2026, 11, 26, 2, tzinfo=UTC))
    told = Cost(Decimal("0.1"), "USD", "", None, source="server")
    assert (free + paid).source == (paid + free).source == "table"
    assert (free + paid).parts == paid.parts
    assert ((paid + told).source, (paid + told).parts, (paid + told).tier) == ("several", None, "")
    with pytest.raises(ValueError, match="no sum"):
        free + Cost(Decimal(0), "CNY", "", None)


def test_the_shipped_rows_have_sources_and_an_age() -> None:
    for provider in shipped():
        assert provider.source.startswith("https://")
        assert provider.checked is not None
        assert provider.holidays is not None
        assert all(day.weekday() < 5 and day <= provider.holidays.until for day in provider.holidays.days)


def test_why_a_cost_is_a_bound_is_told() -> None:
    found = breakdown(Usage(5, 5, 10), model="deepseek-flash", host=HOST, at=unknown_workday(2))
    assert found is not None
    holiday = "the day may be a public holiday in China, which has no peak hours"
    assert found.doubts == (holiday, "the server did not say how many tokens were in its cache")


def test_without_a_price_of_its_own_a_written_token_costs_as_one_that_was_not_cached() -> None:
    prices = Prices({"miss": Decimal(2), "output": Decimal(3)}, "USD", "user")
    found = prices.breakdown(Usage(10, 0, 10, 0, 10, cache_write_tokens=4, cache_write_1h_tokens=9), FIRST)
    assert found is not None
    assert [(each.kind, each.count) for each in found.parts if each.count] == [("miss", 6), ("write_1h", 4)]
    assert found.cost.amount == Decimal("0.00002")
