"""The words in which two texts differ, and what a word is in code and in other scripts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.comparison import differences as module
from nbstream.comparison.differences import differences
from nbstream.comparison.words import words_of

#: Few words, so that texts have some in common; with blanks, line ends, marks and emoji.
WORDS = st.sampled_from(
    ["a", "the", "word", "wörd", "don't", "1,203.50", "-", "\n", "\n    ", "  ", "语", "言", "👨‍👩‍👧", "x_1"]
)
TEXTS = st.one_of(
    st.text(max_size=60), st.lists(WORDS, max_size=40).map(" ".join), st.lists(WORDS, max_size=40).map("".join)
)


@given(TEXTS)
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    assert "".join(word.text for word in words_of(text)) == text


@given(TEXTS, TEXTS)
def test_both_texts_are_in_their_differences(first: str, second: str) -> None:
    found = differences(first, second)
    assert "".join(piece.first for piece in found.pieces) == first
    assert "".join(piece.second for piece in found.pieces) == second
    for piece in found.pieces:
        assert {"both": piece.first and piece.second, "first": not piece.second, "second": not piece.first}[piece.kind]
        if piece.kind == "both":
            assert [word.key for word in words_of(piece.first)] == [word.key for word in words_of(piece.second)]
    assert 0 <= found.share <= 1


@given(TEXTS, TEXTS)
def test_the_other_way_round_has_the_same_number_of_words(first: str, second: str) -> None:
    one = differences(first, second)
    total = sum(1 for word in words_of(first) if not word.key.isspace())
    assert one.common + one.only_first == total


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    found = differences(text, text)
    assert found.are_equal
    assert {piece.kind for piece in found.pieces} <= {"both"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don\u2019t stop", ["don\u2019t", "stop"]),
        ("1,203.50 or 3rd", ["1,203.50", "or", "3rd"]),
        ("row_count += 1", ["row_count", "+=", "1"]),
        ("a[0].b", ["a", "[", "0", "]", ".", "b"]),
        ("我想吃apple。", ["我", "想", "吃", "apple", "。"]),
        ("これはペンです", ["こ", "れ", "は", "ペ", "ン", "で", "す"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("привет мир", ["привет", "мир"]),
        ("हिन्दी", ["हिन्दी"]),
        ("👨‍👩‍👧‍👦🇩🇪👍🏽", ["👨‍👩‍👧‍👦", "🇩🇪", "👍🏽"]),
        ("e\u0301t\u0301", ["e\u0301t\u0301"]),
        ("if x:\n    y", ["if", "x", ":", "\n    ", "y"]),
        ("**bold** ~~no~~", ["**", "bold", "**", "~~", "no", "~~"]),
    ],
)
def test_what_a_word_is(text: str, words: list[str]) -> None:
    assert [word.key for word in words_of(text)] == words


def test_words_differ_and_not_characters() -> None:
    found = differences("The cat sat on the mat.", "The cart sat on the mat.")
    assert [(kind, first or second) for kind, first, second in found.pieces] == [
        ("both", "The "),
        ("first", "cat "),
        ("second", "cart "),
        ("both", "sat on the mat."),
    ]


def test_the_amount_of_white_space_within_a_line_is_no_difference_but_indentation_is() -> None:
    assert differences("a  b\nc", "a b\nc").are_equal or differences("a  b\nc", "a b\nc").only_first == 0
    found = differences("if a:\n    run()\nend()", "if a:\n  run()\nend()")
    assert ("first", "\n    ", "") in found.pieces


def test_words_in_common_by_chance_are_told_as_differences() -> None:
    first = "Plants in dry places keep the water of winter in thick leaves"
    second = "Rivers that flood every spring carry the soil far down their valleys"
    assert [piece.kind for piece in differences(first, second).pieces] == ["first", "second"]


@pytest.mark.parametrize("seed", range(3))
def test_ten_thousand_words_take_few_comparisons(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted and not timed: how many pairs of words `difflib` is given in all."""
    pairs = 0

    class Counting(module.SequenceMatcher):  # type: ignore[name-defined,misc]
        def __init__(self, junk: None, first: list[str], second: list[str], *, autojunk: bool) -> None:
            nonlocal pairs
            pairs += len(first) * len(second)
            super().__init__(junk, first, second, autojunk=autojunk)

    monkeypatch.setattr(module, "SequenceMatcher", Counting)
    chance = random.Random(seed)
    vocabulary = [f"w{at}" for at in range(3_000)]
    first = [chance.choice(vocabulary) for _ in range(10_000)]
    second = [chance.choice(vocabulary) if chance.random() < 0.02 * 3**seed else word for word in first]
    found = differences(" ".join(first), " ".join(second))
    assert found.share > 0.6
    assert pairs < 2_000_000
