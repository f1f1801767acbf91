"""The user's own prices, in files."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import nbstream
from nbstream.billing import user_prices
from nbstream.billing.prices import breakdown, cost
from nbstream.billing.user_prices import UserPrices, rows_in
from nbstream.model.exceptions import RequestError
from nbstream.model.usage import Usage

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.model.usage import Cost
    from nbstream.simulator.server import Simulator

USED = Usage(3_000_000, 1_000_000, 4_000_000, 1_000_000, 2_000_000)
PEAK, NIGHT = datetime(2026, 11, 26, 2, tzinfo=UTC), datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the path of the user's file, whose folder is there."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    (tmp_path / "nbstream").mkdir()
    assert user_prices.path() == tmp_path / "nbstream" / "prices.toml"
    return user_prices.path()


def of(model: str, host: str, at: datetime = NIGHT, currency: str = "USD") -> Cost | None:
    return cost(USED, model=model, host=host, at=at.timestamp(), currency=currency)


def test_a_row_gives_a_price_to_a_model_that_has_none(file: Path) -> None:
    assert of("qwen3-32b", "llm.example.org:8000") is None
    file.write_text(
        '[[prices]]\nhost = "llm.example.org:*"\nmodel = "qwen3-*"\nhit = 0.01\nmiss = 0.10\noutput = 0.4\n'
    )
    found = of("qwen3-32b", "llm.example.org:8000")
    assert found is not None
    assert (found.amount, found.source, found.tier, found.dated) == (Decimal("0.61"), "user", "", None)
    assert of("llama", "llm.example.org:8000") is None
    # Another server of the same name has another bill.
    assert of("qwen3-32b", "other.example.org:8000") is None


def test_a_machine_of_ones_own_costs_nothing_if_its_owner_says_so(file: Path) -> None:
    file.write_text('[[prices]]\nhost = "localhost:*"\nmiss = 0\noutput = 0\n')
    found = of("qwen3:8b", "localhost:11434")
    assert found is not None
    assert (str(found.amount), found.source) == ("0", "user")


def test_a_row_goes_before_the_table_and_before_genai_prices(file: Path) -> None:
    file.write_text(
        '[[prices]]\nhost = "api.deepseek.com"\nmodel = "deepseek-flash"\nhit = 0.001\nmiss = 0.1\noutput = 0.2\n'
        'peak_factor = 3\nfrom = 2026-11-01\n[[prices]]\nmodel = "gpt-4.1"\nmiss = 1\noutput = 1\n'
    )
    night, peak = of("deepseek-flash", "api.deepseek.com"), of("deepseek-flash", "api.deepseek.com", PEAK)
    assert night is not None
    assert peak is not None
    assert (night.amount, night.tier) == (Decimal("0.401"), "off-peak")
    assert (peak.amount, peak.tier) == (Decimal("1.203"), "peak")
    assert night.dated == datetime(2026, 11, 1, tzinfo=UTC)
    found = breakdown(USED, model="gpt-4.1", host="api.openai.com", at=NIGHT.timestamp())
    assert found is not None
    assert (found.cost.source, found.place) == ("user", str(file))
    # Before its time the table holds.
    before = of("deepseek-flash", "api.deepseek.com", datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC))
    assert before is not None
    assert before.source == "table"


def test_the_servers_own_figure_goes_before_a_row(file: Path) -> None:
    file.write_text('[[prices]]\nmodel = "*"\nmiss = 1\noutput = 1\n')
    found = cost(Usage(1, 1, 2, cost=0.25), model="m", host="h", at=NIGHT.timestamp())
    assert found is not None
    assert (found.amount, found.source) == (Decimal("0.25"), "server")


def test_a_currency_of_the_row(file: Path) -> None:
    file.write_text(
        '[[prices]]\nmodel = "m"\ncurrency = "EUR"\nmiss = 1\noutput = 1\n'
        '[[prices]]\nmodel = "m"\ncurrency = "CNY"\nmiss = 7\noutput = 7\n'
    )
    euros, yuan = of("m", "h.example.org"), of("m", "h.example.org", currency="CNY")
    assert euros is not None
    assert yuan is not None
    assert (euros.currency, yuan.currency) == ("EUR", "CNY")


def test_a_change_of_the_file_holds_for_the_next_reply(file: Path) -> None:
    for amount in ("1", "22"):
        file.write_text(f'[[prices]]\nmodel = "m"\nmiss = {amount}\noutput = 0\n')
        found = of("m", "h.example.org")
        assert found is not None
        assert found.amount == 3 * int(amount)


def test_rows_of_another_file_go_first(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('[[prices]]\nmodel = "m"\nmiss = 1\noutput = 0\n')
    rows = rows_in("course/nbstream.toml", [{"model": "m", "miss": 2, "output": 0}])
    monkeypatch.setattr(user_prices, "_sources", [])
    user_prices.add_source(lambda: [UserPrices("course/nbstream.toml", rows)])
    found = breakdown(USED, model="m", host="h.example.org", at=NIGHT.timestamp())
    assert found is not None
    assert (found.cost.amount, found.place) == (Decimal(6), "course/nbstream.toml")


def test_rows_stand_in_nbstream_toml_of_jupyters_folder_too(file: Path) -> None:
    file.write_text('[[prices]]\nmodel = "m"\nmiss = 1\noutput = 0\n')
    general = file.parents[1] / "nbstream.toml"
    general.write_text('[[prices]]\nmodel = "m"\nhit = 0.1\nmiss = 0.3\noutput = 0\n')
    found = breakdown(USED, model="m", host="h.example.org", at=NIGHT.timestamp())
    assert found is not None
    assert (found.cost.amount, found.place) == (Decimal("0.7"), str(general))
    general.write_text('[[prices]]\nmodel = "m"\n')
    with pytest.raises(RequestError, match=r"nbstream.toml, row 1 of prices: miss and output missing"):
        of("m", "h.example.org")


def test_a_file_beside_a_notebook_names_no_prices(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not file.exists()
    course = tmp_path / "course"
    course.mkdir()
    (course / "nbstream.toml").write_text('[[prices]]\nmodel = "*"\nmiss = 0\noutput = 0\n')
    monkeypatch.chdir(course)
    assert of("m", "h.example.org") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[prices]]\nmiss = 1\n", "row 1 of prices: model or host is missing"),
        ('[[prices]]\nmodel = "m"\nmiss = 1\n', "row 1 of prices: output missing"),
        ('[[prices]]\nmodel = "m"\nmiss = "1"\noutput = 1\n', "miss must be a number"),
        ('[[prices]]\nmodel = "m"\nmiss = -1\noutput = 1\n', "from 0 on"),
        ('[[prices]]\nmodel = "m"\nmiss = nan\noutput = 1\n', "from 0 on"),
        ('[[prices]]\nmodel = "m"\nmiss = 1\noutput = 1\nfrom = "2026-11-01"\n', "without quotes"),
        ('[[prices]]\nmodel = "m"\nmiss = 1\noutput = 1\ncurrency = "$"\n', "three letters"),
        ('[[prices]]\nmodel = "m"\nmiss = 1\noutput = 1\ninput = 1\n', "no field input"),
        ('[prices]\nmodel = "m"\n', "each begins with [[prices]]"),
        ("[[rows]]\n", "rows is none of them"),
        ("[[prices]\n", "prices.toml: "),
        (b"\xff", "is not UTF-8"),
    ],
)
def test_an_error_names_the_file_and_the_row(file: Path, text: str | bytes, words: str) -> None:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RequestError) as caught:
        of("m", "h.example.org")
    assert str(caught.value).startswith(str(file))
    assert words in str(caught.value)


def test_a_file_that_cannot_be_read_costs_the_price_and_not_the_reply(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert simulator.url
    assert nbstream.ask("Hi").cost is not None
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    (tmp_path / "nbstream").mkdir()
    user_prices.path().write_text("[[prices]]\nmiss = 1\n")
    reply = nbstream.ask("Hi")
    assert reply.status == "complete"
    assert reply.answer
    assert reply.cost is None
    (warning,) = reply.warnings
    assert warning.kind == "bad_prices"
    assert "row 1 of prices: model or host is missing" in warning.said
