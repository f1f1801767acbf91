"""Ticks are round, ascending and few; a scale keeps the order; labels have room."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given

from nbstream.output.usage_pictures import words
from nbstream.output.usage_pictures.figures import Distribution
from nbstream.output.usage_pictures.scales import Scale, every, log_ticks, ticks
from nbstream.output.usage_pictures.svg import number

positive = st.decimals(Decimal("1e-12"), Decimal("1e12"), allow_nan=False)


@given(positive, st.integers(1, 8))
def test_ticks_begin_at_zero_and_reach_the_most(most: Decimal, count: int) -> None:
    found = ticks(most, count)
    assert found[0] == 0
    assert found[-2] < most <= found[-1]
    assert len(found) <= count + 1
    (step,) = {high - low for low, high in pairwise(found)}
    assert step.scaleb(-step.adjusted()) in (1, 2, 5)


def test_nothing_has_one_tick() -> None:
    assert ticks(Decimal(0)) == [0]


@given(positive, st.sampled_from(["USD", "CNY"]))
def test_the_labels_of_ticks_differ(most: Decimal, currency: str) -> None:
    found = ticks(most)
    assert len({words.tick(each, found[1], currency) for each in found}) == len(found)


@given(st.floats(1e-3, 1e3), st.floats(1.1, 1e6), st.integers(2, 8))
def test_ticks_of_a_logarithmic_scale_lie_on_it(least: float, ratio: float, count: int) -> None:
    found = log_ticks(least, least * ratio, count)
    assert found == sorted(set(found))
    assert all(least <= each <= least * ratio for each in found)
    if len(found) > count:
        # There are more powers of ten than that.
        assert all(f"{each:e}".startswith("1.0") for each in found)


@given(
    st.floats(0.01, 1e3),
    st.floats(1.01, 1e4),
    st.lists(st.floats(0, 1e8), min_size=2),
    st.sampled_from(["linear", "log"]),
)
def test_a_scale_keeps_the_order_and_stays_within(least: float, ratio: float, numbers: list[float], kind: str) -> None:
    scale = Scale(least, least * ratio, 10, 200, kind == "log")
    places = [scale(each) for each in sorted(numbers)]
    assert all(low <= high + 1e-9 for low, high in pairwise(places))
    assert all(10 - 1e-6 <= each <= 200 + 1e-6 for each in places)
    assert [scale(least), scale(least * ratio)] == pytest.approx([10, 200])


@given(st.integers(1, 400), st.floats(1, 2000), st.floats(1, 100))
def test_labels_do_not_overlap(count: int, room: float, each: float) -> None:
    step = every(count, room, each)
    assert step >= 1
    assert step * room / count >= each * 0.999 or step >= count


@given(st.floats(-1e6, 1e6))
def test_a_coordinate_is_short_and_exact_to_a_tenth(value: float) -> None:
    assert abs(float(number(value)) - value) <= max(0.051, abs(value) * 1e-5)
    assert number(value) != "-0"


@given(st.lists(st.tuples(st.floats(0, 1e4), st.integers(1, 50)), min_size=1, unique_by=lambda each: each[0]))
def test_quantiles_are_those_of_all_values_one_by_one(counts: list[tuple[float, int]]) -> None:
    counts = sorted(counts)
    every_one = [value for value, count in counts for _ in range(count)]
    shares = [(at + 0.5) / 20 for at in range(20)]
    expected = [every_one[min(int(share * len(every_one)), len(every_one) - 1)] for share in shares]
    assert Distribution(tuple(counts)).quantiles(shares) == expected


@pytest.mark.parametrize(
    ("tokens", "shown"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10 k"),
        (84_210, "84 k"),
        (999_950, "1.0 M"),
        (1_234_567, "1.2 M"),
        (2 * 10**9, "2 G"),
    ],
)
def test_tokens_are_short(tokens: int, shown: str) -> None:
    assert words.count(tokens) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0 %"), (0.001, "under 1 %"), (0.42, "42 %"), (0.999, "over 99 %"), (1.0, "100 %")]
)
def test_only_what_is_all_is_all(value: float, shown: str) -> None:
    assert words.share(value) == shown
