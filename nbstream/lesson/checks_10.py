"""The exercises and predictions of lesson 10, comparing models."""

from __future__ import annotations

import math
from typing import Any

from nbstream.lesson.evidence import number_of
from nbstream.lesson.exercises import Exercise, Prediction
from nbstream.lesson.trying import by_trying, called, result_of

_CLOSE = 1e-3

#: Judges, and what a fair verdict about their favourite is.
_FIRST, _SECOND = "A whole number above 1.", "A number with two divisors."

_ENTROPIES = (
    ([1.0], 0.0),
    ([0.5, 0.5], 1.0),
    ([0.25, 0.25, 0.25, 0.25], 2.0),
    ([1.0, 0.0], 0.0),
    ([0.7, 0.2, 0.1], 1.1568),
)
_TEMPERATURES = (
    ([0.5, 0.3, 0.2], 1, [0.5, 0.3, 0.2]),
    ([0.5, 0.3, 0.2], 2, [0.4154, 0.3218, 0.2627]),
    ([0.8, 0.2], 0.5, [0.9412, 0.0588]),
    ([0.4, 0.1], 1, [0.8, 0.2]),
)


def _verdict(function: Any) -> str:
    asked: list[tuple[str, str]] = []

    def judge_of(favourite: str) -> Any:
        def judge(first: str, second: str) -> str:
            asked.append((first, second))
            return favourite if favourite in ("A", "B") else "A" if first == favourite else "B"

        return judge

    tried = (
        (_FIRST, "one", "a judge who finds the first text better, wherever it stands"),
        (_SECOND, "other", "a judge who finds the second text better, wherever it stands"),
        ("A", "tie", "a judge who always says A"),
        ("B", "tie", "a judge who always says B"),
    )
    for favourite, expected, who in tried:
        asked.clear()
        found = result_of(function, judge_of(favourite), _FIRST, _SECOND)
        if {(_FIRST, _SECOND), (_SECOND, _FIRST)} - set(asked):
            return "Ask the judge twice: judge(one, other), and judge(other, one)."
        if found != expected:
            return f"For {who}, the verdict should be {expected!r}, and is {found!r}."
    return ""


def _entropy(function: Any) -> str:
    for given, expected in _ENTROPIES:
        found = result_of(function, given, read=number_of)
        if abs(found - expected) <= _CLOSE:
            continue
        call = called(function, given)
        if abs(found + expected) <= _CLOSE:
            return f"{call} is {found:.3f}: an entropy is never negative. Look at the sign."
        if abs(found - expected * math.log(2)) <= _CLOSE:
            return f"{call} is {found:.3f}. That is not in bits: take the logarithm to the base 2."
        return f"{call} should be {expected:g}, and is {found:.3f}."
    return ""


def _temperature(function: Any) -> str:
    for given, t, expected in _TEMPERATURES:
        found = result_of(function, given, t, read=_numbers)
        call = called(function, given, t)
        if len(found) != len(given):
            return f"{call} should have {len(given)} probabilities, and has {len(found)}."
        if abs(sum(found) - 1) > _CLOSE:
            return f"{call} adds up to {sum(found):.3f}. Divide each by the sum of all."
        if any(abs(one - other) > _CLOSE for one, other in zip(found, expected, strict=True)):
            shown = [round(each, 3) for each in found]
            return f"{call} should be {[round(each, 3) for each in expected]}, and is {shown}. Is the power 1/T?"
    return ""


def _numbers(value: Any) -> list[float]:
    return [number_of(each) for each in value]


def _why_price(ratio: Any) -> str:
    return (
        f"The answer of pro costs {float(ratio):.1f} times as much. Two things are multiplied here: the price of a "
        "token, and the number of tokens that a model needs. Prices alone do not tell what an answer will cost."
    )


def _why_judge(letter: Any) -> str:
    if letter == "A":
        return "It says A again, and A is the other answer now. It chose the place, and not the answer."
    return "It says B, and so it chose the same answer both times. This judge was consistent, in this one case."


EXERCISES = (
    Exercise(
        "verdict",
        "Write a function that asks a judge in both orders.",
        "a function of a judge and two answers",
        by_trying(_verdict),
        "A judge who chooses places instead of answers gets a tie. It costs twice as many requests.",
    ),
    Exercise(
        "entropy",
        "Calculate the entropy of probabilities, in bits.",
        "a function of a list of probabilities",
        by_trying(_entropy),
        "One number for how open a place in a text was.",
    ),
    Exercise(
        "temperature",
        "Calculate probabilities at a temperature.",
        "a function of a list of probabilities and a temperature",
        by_trying(_temperature),
        "The order of the tokens never changes. Only the distances between them do.",
    ),
)

PREDICTIONS = (
    Prediction(
        "price",
        "How many times as much does the answer of pro cost as that of flash?",
        _why_price,
        choice_of=lambda ratio: round(float(str(ratio)), 1),
    ),
    Prediction(
        "judge",
        "A judge chose A. The answers are exchanged: what will it say now?",
        _why_judge,
        {"a": "A", "b": "B"},
        lambda letter: str(letter).lower(),
    ),
)
