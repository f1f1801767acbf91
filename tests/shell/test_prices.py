"""`nbstream estimate` and `nbstream prices`, run as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from nbstream import cli
from nbstream.billing import rows
from tests.billing import days

if TYPE_CHECKING:
    from pathlib import Path

GUIDE = "estimate --model {} --calls 1M --cached 2000 --input 2200 --output 300 --at 2026-04-24"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    for name in ("DEEPSEEK_BASE_URL", "DEEPSEEK_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def run(capsys: pytest.CaptureFixture[str], line: str) -> tuple[int, str, str]:
    status = cli.main(line.split())
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize(("model", "total"), [("pro", "$1,682.00"), ("flash", "$168.00")])
def test_the_example_of_the_guide_in_a_shell(model: str, total: str) -> None:
    command = [sys.executable, "-m", "nbstream.cli", *GUIDE.format(model).split()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    together = next(line for line in done.stdout.splitlines() if line.startswith("together"))
    assert together.split() == ["together", total]
    assert done.stderr == ""


def test_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, GUIDE.format("pro") + " --json")
    found: dict[str, Any] = json.loads(out)
    (cost,) = found["costs"]
    assert status == 0
    assert (cost["amount"], cost["one_call"], cost["tier"]) == ("1682", "0.001682", None)
    assert cost["parts"] == {"hit": "290", "miss": "348", "reasoning": "0", "answer": "1044"}
    assert (found["at"], found["source"], found["checked"]) == (
        "2026-04-24T00:00:00Z",
        "table",
        days.checked().isoformat(),
    )


def test_at_peak_both_prices_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    line = "estimate -m flash --calls 1,000 --cache-share 90% --input 2200 --output 300 --at 2026-11-26T09:30+08:00"
    _, out, _ = run(capsys, line + " --json")
    peak, off = json.loads(out)["costs"]
    assert (peak["tier"], off["tier"]) == ("peak", "off-peak")
    assert Decimal(peak["amount"]) == 2 * Decimal(off["amount"]) == Decimal("0.43788")
    _, out, _ = run(capsys, line)
    assert "peak cost  off-peak price  off-peak cost" in out
    assert "Peak is 01:00\u201304:00 and 06:00\u201310:00 UTC from Monday to Friday, and costs 2 times as much." in out


def test_other_providers_and_currencies(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "estimate -m openai/gpt-4.1 --calls 20k --input 2200 --output 300 --at 2026-11-26")
    assert "$136.00" in out
    assert "Prices of OpenAI, in genai-prices" in out
    _, out, _ = run(capsys, GUIDE.format("flash") + " --currency cny")
    assert "CNY 1,200.00" in out
    _, out, _ = run(
        capsys, "estimate --host generativelanguage.googleapis.com -m gemini-2.5-pro --input 300k --output 1k"
    )
    assert "$0.765" in out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("estimate --input 5 --cached 9", "There cannot be 9 tokens from the cache in a prompt of 5."),
        ("estimate --input 5 --at 2026-01-01", "nbstream's table begins at 2026-04-24 00:00 UTC."),
        ("estimate --input 5 --currency EUR", "nbstream's table has CNY and USD."),
        ("estimate --input 5 -m ollama/qwen3:8b", "The price of qwen3:8b at localhost:11434 is not known"),
        ("estimate --input 5 --endpoint http://127.0.0.1:9", "With --host api.deepseek.com it is calculated with"),
        ("prices openrouter/openai/gpt-5", "Its price depends on the provider that it chooses"),
        ("prices deepseek-v9", "nbstream's table has deepseek-flash, deepseek-v4-pro."),
        ("prices --host a.b --endpoint openai", "give one of them"),
    ],
)
def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str], line: str, words: str) -> None:
    status, out, error = run(capsys, line)
    assert (status, out) == (1, "")
    assert words in error
    assert error.count("\n") == 1


def test_prices_shows_the_table_its_sources_and_its_age(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "nbstream" / "prices.toml"
    _, out, _ = run(capsys, "prices --at 2026-11-26T12:00")
    assert "deepseek-flash   api.deepseek.com  2026-09-10 04:00 UTC" in out
    assert f"compared on {days.checked()}." in out
    assert f"They are known until {days.holidays_until()}; later, a cost at peak hours is an upper bound." in out
    assert "genai-prices" in out
    assert f"{place} (not there yet)" in out
    place.parent.mkdir()
    place.write_text('[[prices]]\nhost = "localhost:*"\nmodel = "qwen*"\nmiss = 0.1\noutput = 0.2\n')
    _, out, _ = run(capsys, "prices")
    assert "yours" in out
    assert "not there yet" not in out
    shipped = [replace(each, checked=date(2026, 5, 1)) for each in rows.shipped()]
    monkeypatch.setattr("nbstream.output.price_tables.shipped", lambda: shipped)
    _, out, _ = run(capsys, "prices")
    assert "days ago: they may be out of date." in out


def test_the_prices_of_a_model_have_their_history(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "prices pro --at 2026-05-01")
    assert [line.split()[-1] for line in out.splitlines()[2:5]] == ["earlier", "$0.87", "later"]
    _, out, _ = run(capsys, "prices anthropic/claude-sonnet-4-5")
    assert "Writing to the cache for an hour costs $6." in out
    _, out, _ = run(capsys, "prices pro --at " + datetime.fromtimestamp(days.unknown_workday(2), UTC).isoformat())
    assert "Upper bounds, as the day may be a public holiday in China, which has no peak hours." in out
    _, out, _ = run(capsys, "prices pro --json --at 2026-11-26T02:00")
    assert json.loads(out)["prices"]["per_million"] == {"hit": "0.044", "miss": "1.32", "output": "3.96"}


def test_a_server_of_this_machine_has_the_prices_that_the_simulator_shows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEEPSEEK_BASE_URL", "http://127.0.0.1:8765")
    status, out, _ = run(capsys, GUIDE.format("pro"))
    assert (status, "deepseek-v4-pro at api.deepseek.com" in out, "$1,682.00" in out) == (0, True, True)
    assert "deepseek-flash" in run(capsys, "prices")[1]
    assert "qwen3:8b at 127.0.0.1:8765 is not known" in run(capsys, "estimate --model qwen3:8b --input 1M")[2]


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_a_reader_that_has_seen_enough_gets_no_traceback() -> None:
    # `head` has gone when the table is written.
    line = f"({sys.executable} -m nbstream.cli prices; echo status $? >&2) | true"
    ran = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stderr == "status 141\n"
