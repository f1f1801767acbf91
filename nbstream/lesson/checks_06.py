"""Lesson 6, prompts with data: its exercises and predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.lesson.exercises import NOT_DONE, Exercise, Hint, Prediction, kind_of
from nbstream.model.exceptions import RequestError
from nbstream.prompt.describe import describe
from nbstream.prompt.description import LIMIT
from nbstream.prompt.insertion import compose

if TYPE_CHECKING:
    from collections.abc import Sequence

_FILLED = "The set {{1, 2}} has {n} elements. In a template that is {{{{ n }}}}."
_NAMES, _AGES = ["A. Amsel", "B. Buche", "C. Clemens", "D. Drossel"], [31, 47, 88, 29]
_RENTS, _STAFF = ("9.5", "14.2"), ("7", "12")


def _check_fill(prompt: Any) -> Hint:
    if not isinstance(prompt, str):
        return f"A prompt is a text, not {kind_of(prompt)}."
    try:
        found, other = (str(compose(prompt, fill={"n": n}).content) for n in (2, 3))
    except RequestError as error:
        return f"This prompt is refused: {error}"
    if found == _FILLED.format(n=2) and other == _FILLED.format(n=3):
        return ""
    if found == other:
        return f"The number does not come from n: with n = 3, the text is the same. It becomes: {found}"
    if found.endswith("that is 2."):
        return "The braces at the end are to stay braces. Two braces that are text are written as four."
    if "{{1" in found or "{{ 1" in found:
        return "A single brace stays as it is, also with --fill: only pairs of two are marks."
    return f"Nearly. Your prompt becomes: {found}"


def _check_least(values: Any) -> Hint:
    if not isinstance(values, dict):
        return f"Values are given as a dict of values by their names, and this is {kind_of(values)}."
    try:
        sent = str(compose("", values=values).content)
    except RequestError as error:
        return f"This is refused: {error}"
    if not all(rent in sent for rent in _RENTS):
        return "The question is about two rents, and they are not both in what is sent."
    if "staff" in sent:
        return "How many people work where is sent, too. Take the two rents alone: towns['Bonn']['rent'] is a number."
    if any(f": {number}" in sent for number in _STAFF):
        return "The numbers of people are still in it, under another name."
    if not all(town in f"{sent} {' '.join(values)}".lower() for town in ("bonn", "k")):
        return "The model cannot know which rent is of which town: the names of the values should say it."
    return ""


def _check_describe(patients: Any) -> Hint:
    ward = patients(_NAMES, _AGES)
    try:
        text = describe(ward).text
    except TypeError:
        return NOT_DONE
    if text in ("None", "Ellipsis", ""):
        return NOT_DONE
    if any(part in text for name in _NAMES for part in (name, name.split()[1])):
        return f"A name is still in it: {text[:80]}"
    wanted = {"how many there are": len(_NAMES), "the lowest age": min(_AGES), "the highest age": max(_AGES)}
    missing = [what for what, number in wanted.items() if str(number) not in text]
    if missing:
        return f"For a ward of {len(_NAMES)} patients it says: {text[:80]}. Missing: {', '.join(missing)}."
    if any(str(age) in text for age in sorted(_AGES)[1:-1]):
        return "The age of every single patient is in it. The lowest and the highest are enough."
    return ""


def _letter_of_sent(sent: Any) -> str:
    return "a" if "1900000" in sent else "b"


def _letter_of_table(table: Any) -> str:
    return "b" if table.is_cut and len(table.text) <= LIMIT else "a"


def _letter_of_braces(sent: Any) -> str:
    return "b" if "{{ salaries }}" not in sent or "{'a': 1}" not in sent else "a" if r"\frac{1}{2}" in sent else "c"


EXERCISES: Sequence[Exercise] = (
    Exercise(
        "fill",
        "Write a prompt that --fill turns into a given text.",
        "a text",
        _check_fill,
        "Single braces stay, a pair of two is a value, and four are two that stay.",
    ),
    Exercise(
        "least",
        "Attach the least that answers the question.",
        "a dict of values",
        _check_least,
        "Two numbers with two names are enough. What is not sent needs no protection.",
    ),
    Exercise(
        "describe",
        "Describe a value without its names.",
        "the class",
        _check_describe,
        "Wherever such a value is attached, this text goes in its place, and no name with it.",
    ),
)

PREDICTIONS: Sequence[Prediction] = (
    Prediction(
        "name",
        "The prompt asks about salaries and attaches nothing. What reaches the model?",
        "A prompt is text. The name of a variable is a word in it, and the model cannot look into your kernel.",
        {"a": "the seven numbers", "b": "only the word"},
        _letter_of_sent,
    ),
    Prediction(
        "table",
        "How much of the table is sent?",
        "A value becomes a text of at most 8,000 characters. The prompt says what is left out, and so does the line "
        "below the answer.",
        {"a": "all of it", "b": "at most 8,000 characters", "c": "nothing: it is refused"},
        _letter_of_table,
    ),
    Prediction(
        "braces",
        "The prompt has braces, a formula, a percent sign and a dollar. What of it is changed on the way?",
        "A prompt is sent as you type it. Something is put in only if you ask for it, with --fill or -v.",
        {"a": "nothing", "b": "the braces", "c": "the formula"},
        _letter_of_braces,
    ),
)
