"""A server that repeats the text that it was to go on with: the text is taken off once."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nbstream.wire.repetition import RepeatedBeginning, _is_periodic


def rest_of(beginning: str, text: str, cuts: list[int] | None = None) -> tuple[str, bool]:
    """Feed `text`, cut at these places, and return the text without a repetition."""
    seen = RepeatedBeginning(beginning)
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts or ())})
    left = "".join([seen.feed(text[start:end]) for start, end in pairwise(places)])
    return left + seen.flush(), seen.is_repeated


@pytest.mark.parametrize(
    ("beginning", "text", "left"),
    [
        ("The answer is", "The answer is 42.", " 42."),
        ("```python\n", "```python\nprint(1)\n```", "print(1)\n```"),
        ("Yes", "Yes, it is", ", it is"),
        ("是的", "是的，可以", "，可以"),  # noqa: RUF001
        # White space at the ends may be missing, and is not doubled.
        ("\n\nOne day ", "One day a fox", "a fox"),
        ("\n\nOne day ", "\n\nOne day a fox", "a fox"),
        ("One day \n", "One day a fox", "a fox"),
        # The answer was whole.
        ("The end of it.", "The end of it.", ""),
    ],
)
def test_a_repeated_beginning_is_taken_off_once(beginning: str, text: str, left: str) -> None:
    assert rest_of(beginning, text) == (left, True)


@pytest.mark.parametrize(
    ("beginning", "text"),
    [
        ("The answer is", " 42."),
        ("The answer is", "The answer"),
        ("very", " very good"),
        ("very ", "very good"),
        ("ha", "haha"),
        ("haha", "haha!"),
        ("[", "[1, 2], [3, 4]]"),
        ("1", "1. April"),
        ("100", "100100"),
        ("0, zero, 0, zero, ", "0, zero, 0, zero, 1"),
        # One sentence again and again.
        ("All work and no play.\n", "All work and no play.\n" * 99),
        ("", "Anything"),
    ],
)
def test_an_answer_may_go_on_with_the_same_words(beginning: str, text: str) -> None:
    assert rest_of(beginning, text) == (text, False)


texts = st.text("ab \n.é是", max_size=12)


@given(texts, texts, st.lists(st.integers(0, 40)))
@example("abcd", "abcdabcd", [4])
def test_pieces_make_no_difference(beginning: str, more: str, cuts: list[int]) -> None:
    for text in (more, beginning + more, beginning.strip() + more):
        assert rest_of(beginning, text, cuts) == rest_of(beginning, text)


@given(st.text(min_size=1), st.text(), st.lists(st.integers(0, 200)))
def test_nothing_is_lost_but_one_repetition(beginning: str, text: str, cuts: list[int]) -> None:
    left, is_repeated = rest_of(beginning, text, cuts)
    assert text.endswith(left)
    taken = text[: len(text) - len(left)]
    assert taken.strip() == (beginning.strip() if is_repeated else "")
    assert len(taken) <= len(beginning)


@given(st.from_regex(r"[A-Z][a-z]{5,9} [0-9]{2} [a-z]{3,30}[.,] ?", fullmatch=True), st.lists(st.integers(0, 90)))
def test_a_telling_beginning_is_always_recognised(beginning: str, cuts: list[int]) -> None:
    assert rest_of(beginning, f"{beginning}Z more", cuts) == ("Z more", True)


def test_a_long_text_is_read_in_linear_time() -> None:
    beginning = "".join(f"{number} apples. " for number in range(20_000))
    seen = RepeatedBeginning(beginning)
    for at in range(0, len(beginning), 3):
        assert seen.feed(beginning[at : at + 3]) == ""
    assert seen.feed("And so on.") == "And so on."


@given(st.text("ab", max_size=14))
def test_a_text_is_periodic_if_its_parts_are_the_same(text: str) -> None:
    periods = range(1, len(text) // 2 + 1)
    expected = any(all(text[at] == text[at % period] for at in range(len(text))) for period in periods)
    assert _is_periodic(text) == expected
