"""Prices from genai-prices: against published numbers, and what of them is only a bound."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices import calc_price
from hypothesis import given
from hypothesis import strategies as st

from nbstream.billing import genai_data
from nbstream.billing.prices import breakdown, cost
from nbstream.billing.terms import Terms
from nbstream.model.usage import Usage

if TYPE_CHECKING:
    from nbstream.model.usage import Cost

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
OPENAI, ANTHROPIC, GEMINI = "api.openai.com", "api.anthropic.com", "generativelanguage.googleapis.com"


def usage(hit: int, miss: int, out: int, write: int | None = 0, hour: int | None = 0) -> Usage:
    prompt = hit + miss
    return Usage(prompt, out, prompt + out, hit, miss, cache_write_tokens=write, cache_write_1h_tokens=hour)


def of(used: Usage, model: str, host: str, at: datetime = NOW, terms: Terms | None = None) -> Cost | None:
    return cost(used, model=model, host=host, at=at.timestamp(), terms=terms or Terms())


@pytest.mark.parametrize(
    ("model", "host", "used", "dollars"),
    [
        # Published per million: $3 in, $0.30 from the cache, $15 out; $3.75 and $6 to write to it.
        ("claude-sonnet-4-5-20250929", ANTHROPIC, usage(10_000, 2_000, 1_000), "0.024"),
        ("claude-sonnet-4-5", ANTHROPIC, usage(10_000, 2_000, 1_000, 2_000), "0.0255"),
        ("claude-sonnet-4-5", ANTHROPIC, usage(10_000, 2_000, 1_000, 2_000, 2_000), "0.03"),
        # More than 200,000 tokens in: $6, $0.60 and $22.50 for all of them.
        ("claude-sonnet-4-5", ANTHROPIC, usage(100_000, 100_001, 1_000), "0.682506"),
        ("claude-sonnet-4-5", ANTHROPIC, usage(100_000, 100_000, 1_000), "0.345"),
        ("claude-opus-4-5-20251101", ANTHROPIC, usage(0, 1_000, 1_000), "0.03"),
        ("gpt-4.1-2025-04-14", OPENAI, usage(1_000, 1_000, 1_000), "0.0105"),
        ("gpt-5", OPENAI, usage(1_000, 1_000, 1_000), "0.011375"),
        ("gemini-2.5-pro", GEMINI, usage(0, 200_000, 1_000), "0.26"),
        ("gemini-2.5-pro", GEMINI, usage(0, 200_001, 1_000), "0.5150025"),
        ("mistral-large-2512", "api.mistral.ai", usage(0, 1_000, 1_000), "0.002"),
        ("llama-3.3-70b-versatile", "api.groq.com", usage(0, 1_000_000, 1_000_000), "1.38"),
        ("kimi-k2-0905-preview", "api.moonshot.ai", usage(0, 1_000, 1_000), "0.0031"),
        ("models/gemini-2.5-flash", GEMINI, usage(0, 1_000, 1_000), "0.0028"),
        ("grok-4-0709", "api.x.ai", usage(1_000, 1_000, 1_000), "0.01875"),
    ],
)
def test_published_prices(model: str, host: str, used: Usage, dollars: str) -> None:
    found = of(used, model, host)
    assert found is not None
    assert (found.amount, found.currency, found.source) == (Decimal(dollars), "USD", "genai-prices")
    assert not found.at_most
    assert not found.at_least
    assert found.parts is not None
    assert found.parts.total == found.amount


@pytest.mark.parametrize(
    ("model", "host"),
    [
        *((each, OPENAI) for each in ("gpt-4.1", "gpt-5", "gpt-5.4", "gpt-6.1-sol")),
        *((each, ANTHROPIC) for each in ("claude-haiku-5-5", "claude-sonnet-4-5", "claude-opus-5-5")),
        *((each, GEMINI) for each in ("gemini-2.5-flash", "gemini-3.8-flash", "gemini-3.1-pro-preview")),
        *((each, "api.x.ai") for each in ("grok-4.3", "grok-4.7")),
    ],
)
@given(*[st.integers(0, 400_000)] * 3, st.floats(0, 1), st.floats(0, 1))
def test_the_package_itself_comes_to_the_same(  # noqa: PLR0917  (tokens of each kind)
    model: str, host: str, hit: int, miss: int, out: int, share: float, hourly: float
) -> None:
    written = int(miss * share) if host not in {GEMINI, "api.x.ai"} else 0
    hour = int(written * hourly) if host == ANTHROPIC else 0
    theirs = TheirUsage(input_tokens=hit + miss, cache_read_tokens=hit, output_tokens=out)
    if written:
        theirs = TheirUsage(
            input_tokens=hit + miss,
            cache_read_tokens=hit,
            output_tokens=out,
            cache_write_tokens=written,
            cache_write_1h_tokens=hour,
        )
    found = of(usage(hit, miss, out, written, hour), model, host)
    if found is None:
        # Some of it has no price.
        assert written
        return
    total = calc_price(theirs, model, provider_api_url=f"https://{host}/", genai_request_timestamp=NOW).total_price
    assert found.amount == total


@pytest.mark.parametrize(
    ("used", "model", "host", "bound"),
    [
        # The server counts neither what was in the cache nor what it wrote there.
        (Usage(1_000, 10, 1_010), "gpt-4.1", OPENAI, "at_most"),
        (Usage(1_000, 10, 1_010, 0, 1_000), "gpt-6.1-sol", OPENAI, "at_least"),
        (usage(0, 1_000, 10, 500, None), "claude-opus-5-5", ANTHROPIC, "at_least"),
        (usage(500, 500, 10), "mistral-large-2411", "api.mistral.ai", "at_most"),
        (usage(0, 10, 10), "gpt-5", "x.openai.azure.com", "at_least"),
    ],
)
def test_what_is_not_counted_makes_a_bound(used: Usage, model: str, host: str, bound: str) -> None:
    found = of(used, model, host)
    assert found is not None
    assert {name for name in ("at_most", "at_least") if getattr(found, name)} == {bound}


def test_bounds_of_both_kinds_are_no_cost() -> None:
    assert of(Usage(1_000, 10, 1_010), "gpt-6.1-sol", OPENAI) is None


@pytest.mark.parametrize(
    ("model", "host"),
    [
        ("gpt-4.1-ultra", OPENAI),
        ("mistral-large-latest", "api.mistral.ai"),
        ("claude-sonnet-4-5-giant", ANTHROPIC),
        ("gemini-3.6-flash-image", GEMINI),
        ("gpt-5", "api.openai.com.example.org"),
        ("gpt-5", "eu.api.openai.com"),
        ("deepseek-v3.2", "api.deepseek.com"),
        ("deepseek/deepseek-v4-pro", "openrouter.ai"),
        ("glm-5", "open.bigmodel.cn"),
        ("kimi-k2.5", "api.moonshot.cn"),
        ("gpt-5", "localhost:8000"),
        ("gpt-5", "192.168.1.4:8000"),
    ],
)
def test_a_price_that_is_not_certain_is_not_used(model: str, host: str) -> None:
    assert of(usage(0, 10, 10), model, host) is None


@pytest.mark.parametrize(
    ("terms", "amount", "at_least"),
    [
        (Terms(service_tier="priority"), "0.0175", False),
        (Terms(region="us"), "0.010", True),
        (Terms(service_tier="scale"), None, False),
        (Terms(speed="fast"), None, False),
    ],
)
def test_the_class_of_service_decides_on_the_price(terms: Terms, amount: str | None, at_least: bool) -> None:  # noqa: FBT001
    found = of(usage(0, 1_000, 1_000), "gpt-4.1", OPENAI, terms=terms)
    assert (str(found.amount) if found else None) == amount
    assert (found.at_least if found else False) is at_least


@pytest.mark.parametrize(
    ("day", "amount", "bound"),
    [
        (19, "0.00277", None),
        (20, "0.00554", "at_most"),
        (21, "0.00554", None),
        (29, "0.0028", "at_least"),
        (30, "0.0028", None),
    ],
)
def test_on_the_day_of_a_change_the_cost_is_a_bound(day: int, amount: str, bound: str | None) -> None:
    found = of(usage(0, 1_000, 1_000), "mistral-large-4", "api.mistral.ai", datetime(2026, 10, day, 9, tzinfo=UTC))
    assert found is not None
    assert found.amount == Decimal(amount)
    assert {name for name in ("at_most", "at_least") if getattr(found, name)} == ({bound} if bound else set())


def test_pictures_in_the_prompt_cost_what_a_model_takes_for_them() -> None:
    sound = of(usage(0, 10, 10), "gemini-2.5-flash", GEMINI, terms=Terms(media=frozenset({"audio"})))
    picture = of(usage(0, 10, 10), "gemini-2.5-flash", GEMINI, terms=Terms(media=frozenset({"image"})))
    assert sound is not None
    assert picture is not None
    assert (sound.at_least, picture.at_least) == (True, False)


@pytest.mark.parametrize("hour", range(24))
def test_for_deepseek_on_a_weekday_it_has_the_numbers_of_our_table(hour: int) -> None:
    at = datetime(2026, 11, 25, hour, 30, tzinfo=UTC)
    for model in ("deepseek-flash", "deepseek-v4-pro"):
        theirs = TheirUsage(input_tokens=3_000, cache_read_tokens=2_000, output_tokens=500)
        total = calc_price(theirs, model, provider_id="deepseek", genai_request_timestamp=at).total_price
        ours = of(usage(2_000, 1_000, 500), model, "api.deepseek.com", at)
        assert ours is not None
        assert ours.amount == total


def test_for_deepseek_on_a_weekend_our_table_is_right_and_it_is_not() -> None:
    sunday = datetime(2026, 11, 22, 2, tzinfo=UTC)
    theirs = TheirUsage(input_tokens=1_000_000, output_tokens=0)
    total = calc_price(theirs, "deepseek-flash", provider_id="deepseek", genai_request_timestamp=sunday).total_price
    ours = of(usage(0, 1_000_000, 0), "deepseek-flash", "api.deepseek.com", sunday)
    assert ours is not None
    assert (ours.amount, total) == (Decimal("0.15"), Decimal("0.30"))


def test_where_the_prices_are_from_is_told() -> None:
    found = breakdown(usage(0, 1, 1), model="mistral-large-4", host="api.mistral.ai", at=NOW.timestamp())
    assert found is not None
    assert found.place == f"genai-prices {genai_data.version()}"
    assert (found.provider, found.cost.dated) == ("Mistral", datetime(2026, 10, 29, tzinfo=UTC))
    assert found.cost.checked == genai_data.newest()


def test_a_package_that_cannot_be_used_costs_the_price_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of(usage(0, 10, 10), "gpt-4.1", OPENAI) is not None

    def changed(*_: object) -> None:
        raise AttributeError("another version")

    monkeypatch.setattr("genai_prices.types.ModelInfo.get_prices", changed)
    assert of(usage(0, 10, 10), "gpt-4.1", OPENAI) is None


def test_the_package_is_imported_at_its_first_use_and_opens_no_connection() -> None:
    code = """
import socket, sys, threading
def refuse(*args): raise AssertionError("network")
socket.socket.connect = socket.getaddrinfo = refuse
from nbstream.billing.prices import cost, prepare
from nbstream.model.usage import Usage
one = Usage(10, 10, 20, 0, 10)
assert cost(one, model="deepseek-flash", host="api.deepseek.com", at=1795694400.0)
assert cost(one, model="qwen3:8b", host="localhost:11434", at=1795694400.0) is None
prepare("api.deepseek.com"), prepare("localhost:11434"), prepare("192.168.1.4:8000")
assert threading.active_count() == 1
assert "genai_prices" not in sys.modules
prepare("llm.example.org")
[each.join() for each in threading.enumerate() if each.name == "nbstream-prices"]
assert "genai_prices" in sys.modules
assert cost(one, model="gpt-4.1", host="api.openai.com", at=1795694400.0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
