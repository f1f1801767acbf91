"""What the ledger's rows add up to, exactly, against sums made row by row."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from nbstream.billing.ledger.database import Database
from nbstream.billing.ledger.entry import INSERT, Entry, columns
from nbstream.billing.ledger.forgetting import forget
from nbstream.billing.ledger.queries import ALL, Grouping, Scope, by, rows, total
from nbstream.model.usage import CostParts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

tokens = st.one_of(st.none(), st.integers(0, 10**6))
#: Amounts that are integers of 10⁻¹², that have more digits, and large ones.
amounts = st.decimals(0, 20_000, allow_nan=False, places=8) | st.decimals(0, 1, allow_nan=False, places=20)
parts = st.builds(CostParts, amounts, amounts, amounts, amounts)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    split = draw(st.none() | parts)
    amount = draw(st.none() | amounts) if split is None else split.total
    about = draw(st.none() | amounts)
    return Entry(
        instant=draw(st.integers(0, 3)) * 86_400.0,
        day=f"1970-01-0{draw(st.integers(1, 4))}",
        notebook=draw(st.sampled_from(("", "/a.ipynb", "/b.ipynb"))),
        cell=draw(st.sampled_from(("", "one", "two"))),
        chat=draw(st.sampled_from(("", "main"))),
        model=draw(st.sampled_from(("flash", "pro"))),
        kind=draw(st.sampled_from(("server", "server", "simulated", "replayed", "cached"))),
        prompt=draw(tokens),
        hit=draw(tokens),
        miss=draw(tokens),
        completion=draw(tokens),
        reasoning=draw(tokens),
        about_prompt=draw(tokens),
        about_completion=draw(tokens),
        amount=amount,
        currency="" if amount is None else draw(st.sampled_from(("USD", "CNY"))),
        parts=split,
        about=about,
        about_currency="" if about is None else draw(st.sampled_from(("USD", "CNY"))),
        bound="" if amount is None else draw(st.sampled_from(("", "", "at_most", "at_least", "both"))),
        unknown=amount is None and about is None and draw(st.booleans()),
    )


def money(of: list[Entry], amount: str, currency: str) -> dict[str, Decimal]:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in of:
        if getattr(each, currency):
            found[getattr(each, currency)] += getattr(each, amount)
    return dict(found)


@given(st.lists(entries(), max_size=12), st.sampled_from(("model", "notebook", "chat", "day", "cell")))
@settings(max_examples=60)
def test_sums_are_those_of_the_rows(written: list[Entry], grouping: Grouping) -> None:
    for name, sums in by(made(written), grouping).items():
        of = [each for each in written if getattr(each, grouping) == name]
        paid, simulated = ([each for each in of if (each.kind == "simulated") is is_it] for is_it in (False, True))
        assert sums.counts.requests == len(paid)
        assert sums.simulated.requests == len(simulated)
        for column in ("prompt", "hit", "miss", "completion", "reasoning", "about_prompt", "about_completion"):
            assert getattr(sums.counts, column) == sum(getattr(each, column) or 0 for each in paid)
        assert sums.counts.unreported == sum(each.completion is None for each in paid)
        assert sums.counts.unsplit == sum(each.prompt or 0 for each in paid if each.hit is None)
        for spend, its in ((sums.spend, paid), (sums.would, simulated)):
            assert {each.currency: each.amount for each in spend.exact} == money(its, "amount", "currency")
            assert {each.currency: each.amount for each in spend.about} == money(its, "about", "about_currency")
            assert spend.unknown == sum(each.unknown for each in its)
            assert spend.at_most == any(each.bound in ("at_most", "both") for each in its)
        for currency, whole in sums.whole.items():
            its = [each for each in paid if each.currency == currency]
            assert whole == sum(each.amount or 0 for each in its if each.parts is None)
            split = [each.parts for each in its if each.parts is not None]
            assert sums.parts[currency] == sum(split, CostParts())
        assert sums.spend.replayed == sum(each.kind == "replayed" for each in of)
        assert sums.spend.cached == sum(each.kind == "cached" for each in of)


@given(st.lists(entries(), max_size=12))
@settings(max_examples=20)
def test_the_total_is_that_of_all_groups(written: list[Entry]) -> None:
    file = made(written)
    whole = total(file)
    for grouping in ("model", "day", "cell"):
        found = by(file, grouping).values()
        assert sum((each.counts.requests for each in found), 0) == whole.counts.requests
        assert total(file, Scope(first="1970-01-02", last="1970-01-03")).counts.requests == sum(
            each.kind != "simulated" and each.day in ("1970-01-02", "1970-01-03") for each in written
        )


_files: list[Database] = []


@pytest.fixture(autouse=True)
def in_memory(tmp_path: Path) -> None:
    _files[:] = [Database(tmp_path / "ledger.sqlite")]


def made(written: list[Entry]) -> Database:
    """Return a ledger with these rows alone."""
    (file,) = _files
    with file.transaction() as connection:
        connection.execute("DELETE FROM requests")
        connection.execute("DELETE FROM days")
        connection.execute("DELETE FROM day_totals")
        for each in written:
            connection.execute(INSERT, columns(each))
    return file


ENTRY = Entry(instant=1.0, day="2026-11-26", notebook="/a.ipynb", cell="c", model="flash", completion=1)


@pytest.mark.parametrize(
    ("scope", "kept"),
    [
        (Scope(last="2026-11-25"), ["2026-11-26 /a.ipynb c", "2026-11-27 /b.ipynb d"]),
        (Scope(notebook="/a.ipynb"), ["2026-11-27 /b.ipynb d"]),
        (Scope(notebook="/a.ipynb", first="2026-11-26"), ["2026-11-25 /a.ipynb c", "2026-11-27 /b.ipynb d"]),
        (ALL, []),
    ],
)
def test_what_is_forgotten_is_in_neither_rows_nor_sums_nor_the_file(scope: Scope, kept: list[str]) -> None:
    changes: list[dict[str, Any]] = [
        {"day": "2026-11-25"},
        {},
        {"day": "2026-11-27", "notebook": "/b.ipynb", "cell": "d"},
    ]
    file = made([replace(ENTRY, **each) for each in changes])
    assert forget(file, scope) == 3 - len(kept)
    as_text: Callable[[Entry], str] = lambda each: f"{each.day} {each.notebook} {each.cell}"  # noqa: E731
    assert [as_text(each) for each in rows(file)] == kept
    assert total(file).counts.requests == len(kept)
    for grouping in ("day", "notebook"):
        names = [each.split()[grouping == "notebook"] for each in kept]
        assert {name: sums.counts.requests for name, sums in by(file, grouping).items()} == Counter(names)
    if not any("/a.ipynb" in each for each in kept):
        written = b"".join(path.read_bytes() for path in file.path.parent.glob("ledger.sqlite*"))
        assert b"/a.ipynb" not in written
