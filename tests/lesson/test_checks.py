"""The marks of the exercises: right answers in other spellings, and hints for usual mistakes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from nbstream.lesson.course import LESSONS, lesson_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.lesson.exercises import Result


def _marked(lesson: int, name: str, value: object) -> Result:
    exercise = next(each for each in lesson_of(lesson).exercises if each.name == name)
    return exercise.marked(value)


def _of_functions() -> list[tuple[int, str]]:
    """Return the exercises whose answer is a function: they say so to a number."""
    return [
        (lesson.number, each.name)
        for lesson in LESSONS
        for each in lesson.exercises
        if "function" in each.marked(5).said
    ]


def test_the_exercises_with_functions_are_found() -> None:
    assert len(_of_functions()) == 12


@pytest.mark.parametrize(("lesson", "name"), _of_functions())
@pytest.mark.parametrize("result", [None, 7, "seven", object()], ids=["None", "number", "text", "object"])
def test_a_function_with_a_result_of_another_kind_gets_a_hint_about_its_result(
    lesson: int, name: str, result: object
) -> None:
    def student(*_arguments: object, **_named: object) -> object:
        result and None  # noqa: B018  (it has a body, so it is not as the notebook gives it)
        return result

    found = _marked(lesson, name, student)
    assert found.state == "wrong"
    # Not: it is a function, and this exercise expects a function.
    assert "cannot be checked" not in found.said


def test_an_untouched_function_is_not_done() -> None:
    def parse(pieces: object) -> None:
        """Yield the data of each event in pieces of bytes, as text."""
        ...  # noqa: PIE790  (as in the notebook)

    assert _marked(4, "parser", parse).state == "open"
    assert _marked(4, "usage", parse).state == "open"


def _patient(ask: Callable[[], Any], sleep: Callable[[float], None]) -> Any:
    """Do not sleep where there is nothing to wait for."""
    reply, wait = ask(), 1
    for _again in range(3):
        error = reply.error
        status = (error.status_code or 0) if error is not None else 0
        if reply.answer or not (status in (408, 429) or status >= 500):
            break
        if seconds := wait if error.retry_after is None else error.retry_after:
            sleep(seconds)
        wait *= 2
        reply = ask()
    return reply


def _entropy(probabilities: list[float]) -> float:
    return sum(p * math.log2(1 / p) for p in probabilities if p)


@pytest.mark.parametrize(
    ("lesson", "name", "value"),
    [
        (6, "least", {"bonn": 9.5, "koeln": 14.2}),
        (6, "least", {"rents": "Bonn 9.5, Köln 14.2"}),
        (6, "least", {"rents": [("Bonn", 9.5), ("Ko\N{COMBINING DIAERESIS}ln", 14.2)]}),
        (6, "fill", "The set {1, 2} has {{n}} elements. In a template that is {{{{ n }}}}."),
        (7, "totals", (18.0, 2)),
        (7, "schema", "sky clear | cloudy | rain, station str, celsius null|float"),
        (9, "patient", _patient),
        (9, "bill", lambda replies: [sum(r.cost.amount for r in replies if r.cost), _estimates(replies)]),
        (10, "entropy", _entropy),
        (10, "temperature", lambda ps, t: (p ** (1 / t) / sum(q ** (1 / t) for q in ps) for p in ps)),
    ],
)
def test_a_right_answer_in_another_spelling_is_right(lesson: int, name: str, value: object) -> None:
    assert _marked(lesson, name, value).said == next(
        each.learned for each in lesson_of(lesson).exercises if each.name == name
    )


def _estimates(replies: list[Any]) -> Any:
    return sum(reply.estimate.amount for reply in replies if reply.estimate)


@pytest.mark.parametrize(
    ("lesson", "name", "value"),
    [
        (6, "least", {"bonn": 9.5, "bonn2": 14.2, "book": 1}),
        (7, "totals", (18.9, 2)),
        (7, "totals", ("18", "2")),
        (7, "totals", (18, 2.4)),
        (8, "denied", lambda reply: {call.name for step in reply.steps for call in step.tool_calls}),
        (10, "entropy", lambda ps: str(_entropy(ps))),
    ],
)
def test_a_wrong_answer_is_not_right(lesson: int, name: str, value: object) -> None:
    assert _marked(lesson, name, value).state == "wrong"
