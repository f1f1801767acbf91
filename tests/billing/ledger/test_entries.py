"""A row of the ledger is the entry that was written, with exact money."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import hypothesis.strategies as st
from hypothesis import given

from nbstream.billing.ledger.database import Database
from nbstream.billing.ledger.entry import INSERT, Entry, amount_of, columns, day_of, entry_of, pico
from nbstream.billing.ledger.queries import rows
from nbstream.model.usage import CostParts

if TYPE_CHECKING:
    from pathlib import Path

amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**6)


@given(amounts)
def test_an_amount_as_an_integer_is_exact_or_there_is_none(amount: Decimal) -> None:
    number = pico(amount)
    if number is None:
        assert amount > 1_000 or amount % Decimal("1e-12") != 0
    else:
        assert amount_of(number) == amount


def test_a_row_of_the_file_is_the_entry(tmp_path: Path) -> None:
    entry = Entry(
        instant=1_700_000_000.25,
        notebook="/home/me/Größe.ipynb",
        cell="c",
        chat="main",
        visitor=True,
        asked="flash",
        model="deepseek-flash",
        host="127.0.0.1:8000",
        kind="simulated",
        cause="tools",
        attempt=2,
        status="complete",
        finish="stop",
        prompt=100,
        hit=60,
        miss=40,
        completion=7,
        reasoning=0,
        first_token=0.25,
        seconds=1.5,
        speed=5.6,
        amount=Decimal("0.1234567890123456789012345678901234567890"),
        currency="USD",
        source="table",
        tier="peak",
        bound="at_most",
        parts=CostParts(Decimal("0.1"), Decimal("0.2"), Decimal(0), Decimal("1E-30")),
        about=Decimal("0.002"),
        about_currency="CNY",
        about_prompt=3,
        unknown=True,
        version="0.1.0",
    )
    file = Database(tmp_path / "ledger.sqlite")
    file.execute(INSERT, columns(entry))
    file.execute(INSERT, columns(replace(entry, amount=None, parts=None, completion=None)))
    first, second = rows(file)
    day = day_of(entry.instant)
    assert first == replace(entry, day=day)
    assert second == replace(entry, amount=None, parts=None, completion=None, day=day)
    assert entry_of(columns(entry)) == first
    file.close()
