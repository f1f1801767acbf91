"""The words of a job: live, settled, and in a terminal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from nbstream.batch.progress import Progress, Rate
from nbstream.model.failure import Failure
from nbstream.model.reply import Reply
from nbstream.model.spend import Spend
from nbstream.model.usage import Cost, Usage
from nbstream.output import progress as words

COST = Cost(Decimal("0.0421"), "USD", "", None)
NASTY = Failure("refused", status_code=400, server="here", said="<script>alert(1)</script> $x$ **b**")


def progress(**fields: Any) -> Progress:
    return Progress(**{"total": 1_000, "taken": 500, "answered": 400, "elapsed": 61.0, **fields})


def test_the_live_line_counts_and_its_label_does_not() -> None:
    one = progress(failed=3, usage=Usage(1_000, 2_000), spend=Spend.of(COST), rate=8.25, left=72.4)
    assert words.label(one) == words.label(progress(answered=1)) == "Asking 1,000 prompts"
    assert words.note(one) == "400 done · 3 failed · 3,000 tokens · $0.042 · 8.2 a second · about 1 min left"
    assert words.line(one).startswith("Asking 1,000 prompts · 1 min 01 s · 400 done")
    assert words.label(progress(total=None)) == "Asking prompts"
    assert words.label(progress(total=1)) == "Asking 1 prompt"


def test_what_it_waits_for_is_said() -> None:
    waits = progress(waits_for=Failure("refused", "rate", "DeepSeek", "Too many", 429), wait=12.0, rate=0.05)
    assert words.note(waits).endswith("3.0 a minute · DeepSeek answered 429: Too many, next request in 12 s")


def test_the_line_that_stays_has_the_same_facts_everywhere() -> None:
    over = progress(
        answered=990, kept=7, failed=3, failures=((NASTY, 3),), is_over=True, file="a.jsonl", spend=Spend.of(COST)
    )
    data, _ = words.bundle(over, "cell")
    for name in ("text/html", "text/plain", "text/markdown"):
        text = data[name].replace("\\", "")
        assert "990 of 1,000 prompts answered" in text
        assert "7 kept from before" in text
        assert "saved in a.jsonl" in text
        assert "3 prompts: here answered 400" in text
        assert "Running the cell again asks these again" in text
    assert "<script" not in data["text/html"]
    assert "mathjax_ignore" in data["text/html"]
    assert "\n\n" not in data["text/html"]
    assert "<script>" not in data["text/markdown"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"end": "stopped"}, "400 answers are kept: running the cell again asks only the other 600."),
        ({"end": "stopped", "answered": 0}, "Nothing was answered."),
        ({"end": "stopped", "total": None}, "What was answered is kept: running the cell again asks only the rest."),
        (
            {
                "end": "hopeless",
                "reason": Reply(status="failed", error=Failure("refused", "balance", "DeepSeek", "No", 402)),
            },
            "DeepSeek answered 402: No. Top up the account, then run the cell again.",
        ),
        ({"end": "alike", "failed": 10, "reason": Reply(status="failed", error=NASTY)}, "none of the first 10 prompts"),
        ({"end": "disk", "file": "a.jsonl", "said": "No space left"}, "a.jsonl could not be written: No space left."),
        ({"end": "input", "said": "ValueError: x"}, "could not be read further: ValueError: x"),
    ],
)
def test_why_it_ended_and_what_to_do(fields: Any, said: str) -> None:
    assert said in words.text(progress(**fields, is_over=True), "cell")


def test_in_python_the_same_call_is_made_again() -> None:
    assert "the same call asks only the other 600" in words.text(progress(end="stopped", is_over=True), "python")


def test_bounds_of_the_cost_are_said() -> None:
    for at_least, at_most, word in ((True, False, "at least $"), (False, True, "at most $"), (True, True, "about $")):
        cost = Cost(Decimal(1), "USD", "", None, at_most=at_most, at_least=at_least)
        assert word in words.note(progress(spend=Spend.of(cost)))


def test_estimates_and_what_is_not_known_stand_beside_the_cost() -> None:
    about = Cost(Decimal("0.02"), "USD", "", None)
    spend = Spend.of(COST) + Spend.of(None, about) + Spend.of(is_unknown=True)
    assert "at least $0.042 + about $0.02" in words.note(progress(spend=spend))
    over = words.text(progress(spend=spend, is_over=True), "cell")
    assert "at least $0.042 + about $0.02 · the cost of 1 reply is not known" in over


def test_the_rate_is_that_of_the_latest_answers() -> None:
    rate = Rate(0.0)
    for _ in range(8):
        assert rate.at(2.0) is None or rate.at(2.0) == pytest.approx(2.5, rel=0.4)
        rate.note(2.0)
    # Eight at once, after two seconds.
    assert rate.at(2.0) == 4.0
    rate = Rate(0.0)
    for at in range(1_000):
        rate.note(float(at) if at < 500 else 500 + (at - 500) / 10)
    assert rate.at(550.0) == pytest.approx(10, rel=0.1)
