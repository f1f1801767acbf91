"""What replies cost together: estimates never become a part of what is certain."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.saved_values import decode, encode
from nbstream.model.spend import Spend
from nbstream.model.usage import Cost, CostParts

AMOUNTS = st.decimals(min_value=0, max_value=10_000, places=8)
COSTS = st.builds(
    Cost,
    AMOUNTS,
    st.sampled_from(["USD", "CNY"]),
    st.sampled_from(["peak", "off-peak", ""]),
    st.none(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["table", "user", "server"]),
)
SPENDS = st.builds(
    Spend.of,
    st.none() | COSTS,
    st.none() | COSTS,
    is_unknown=st.booleans(),
    is_simulated=st.booleans(),
    free=st.sampled_from([None, "recording", "cache"]),
)


def usd(amount: str, *, at_most: bool = False, at_least: bool = False) -> Cost:
    return Cost(Decimal(amount), "USD", "", None, at_most, at_least)


@given(st.lists(SPENDS, max_size=6), st.randoms())
def test_the_order_and_the_grouping_of_a_sum_do_not_matter(spends: list[Spend], random: object) -> None:
    whole = Spend.total(spends)
    mixed = [*spends]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert Spend.total(mixed) == whole
    middle = len(mixed) // 2
    assert Spend.total(mixed[:middle]) + Spend.total(mixed[middle:]) == whole
    assert whole + Spend() == Spend() + whole == whole


@given(st.lists(SPENDS, max_size=6))
def test_an_estimate_is_never_in_an_exact_sum_and_each_amount_is_counted_once(spends: list[Spend]) -> None:
    whole = Spend.total(spends)
    for currency in ("USD", "CNY"):
        for kind in ("exact", "about"):
            parts = [each.amount for one in spends for each in getattr(one, kind) if each.currency == currency]
            found = [each.amount for each in getattr(whole, kind) if each.currency == currency]
            assert found == ([sum(parts, Decimal(0))] if parts else [])
    assert whole.unknown == sum(each.unknown for each in spends)
    assert (whole.replayed, whole.cached) == tuple(
        sum(getattr(each, kind) for each in spends) for kind in ("replayed", "cached")
    )
    # A cost without the estimate beside it is a lower bound.
    if (cost := whole.cost) is not None:
        assert cost.at_least is (bool(whole.about) or whole.at_least)
        assert cost.amount == whole.exact[0].amount


@given(SPENDS)
def test_a_spend_is_kept_in_a_file(spend: Spend) -> None:
    assert decode(json.loads(json.dumps(encode(spend)))) == spend


SAYS = [
    (Spend(), ""),
    (Spend.of(usd("0.41")), "$0.41"),
    (Spend.of(usd("0.41")) + Spend.of(None, usd("0.02")), "$0.41 + about $0.02"),
    (Spend.of(None, usd("0.02")), "about $0.02"),
    # The estimate stands for what makes the cost of a stopped reply a lower bound.
    (Spend.of(usd("0.41", at_least=True), usd("0.02")), "$0.41 + about $0.02"),
    (Spend.of(usd("0.41", at_least=True)), "at least $0.41"),
    (Spend.of(usd("0.41", at_most=True)), "at most $0.41"),
    (Spend.of(usd("0.41", at_most=True), usd("0.02", at_most=True)), "at most $0.41 + about $0.02"),
    (Spend.of(usd("0.41", at_most=True, at_least=True)), "about $0.41"),
    (Spend.of(usd("0.41")) + Spend.of(is_unknown=True), "at least $0.41"),
    (Spend.of(is_unknown=True), ""),
    (Spend.of(usd("0.41"), usd("0.02"), is_unknown=True), "at least $0.41 + about $0.02"),
    (Spend.of(usd("0"), free="recording"), "$0"),
    (Spend.of(usd("0"), free="cache") + Spend.of(usd("0.41")), "$0.41"),
    (Spend.of(usd("0"), free="cache") + Spend.of(None, usd("0.02")), "about $0.02"),
    (Spend.of(usd("0.41")) + Spend.of(Cost(Decimal("2.5"), "CNY", "", None)), "CNY 2.50 + $0.41"),
]


@pytest.mark.parametrize(("spend", "said"), SAYS, ids=[said for _, said in SAYS])
def test_a_sum_says_what_is_certain_and_what_is_not(spend: Spend, said: str) -> None:
    assert str(spend) == said


def test_the_parts_of_a_sum_add_up_to_it() -> None:
    one = replace(usd("0.3"), parts=CostParts(miss=Decimal("0.1"), answer=Decimal("0.2")))
    total = (Spend.of(one) + Spend.of(one)).cost
    assert total is not None
    assert total.parts is not None
    assert total.parts.total == total.amount == Decimal("0.6")
