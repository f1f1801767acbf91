"""The exercises and predictions of lesson 6, prompts with data."""

from __future__ import annotations

import re
from typing import Any

from nbstream.language import _, marked
from nbstream.lesson.exercises import NOT_DONE, Exercise, Hint, Prediction
from nbstream.model.exceptions import RequestError
from nbstream.prompt.describe import describe
from nbstream.prompt.description import LIMIT
from nbstream.prompt.insertion import compose

_FILLED = "The set {{1, 2}} has {n} elements. In a template that is {{{{ n }}}}."
_PATIENTS, _AGES = ["A. Amsel", "B. Buche", "C. Clemens", "D. Drossel"], [31, 47, 88, 29]
#: The names of the two towns, as somebody may write them; `köln` may also be two characters for ö.
_TOWNS = ("bonn", r"k(o\N{COMBINING DIAERESIS}|ö|oe|o)ln|cologne|(?<![a-z])k(?![a-z])")
_RENTS, _STAFF = ("9.5", "14.2"), (": 7", ": 12")


def _name(sent: Any) -> object:
    return "a" if "1900000" in sent else "b"


def _table(inserted: Any) -> object:
    return "b" if inserted.is_cut and len(inserted.text) <= LIMIT else "a"


def _braces(sent: Any) -> object:
    return "b" if "{{ salaries }}" not in sent or "{'a': 1}" not in sent else "a" if r"\frac{1}{2}" in sent else "c"


PREDICTIONS = (
    Prediction(
        "name",
        marked("The prompt asks about salaries and attaches nothing. What reaches the model?"),
        marked("A prompt is text. The name of a variable is a word in it, and the model cannot look into your kernel."),
        {"a": marked("The seven numbers."), "b": marked("Only the word.")},
        _name,
    ),
    Prediction(
        "table",
        marked("How much of the table is sent?"),
        marked(
            "A value becomes a text of at most 8,000 characters. The prompt names the parts that are missing, and so "
            "does the line below the answer."
        ),
        {
            "a": marked("All of it."),
            "b": marked("At most 8,000 characters."),
            "c": marked("Nothing: so large a table is refused."),
        },
        _table,
    ),
    Prediction(
        "braces",
        marked("The prompt has braces, a formula, a percent sign and a dollar. What of it is changed on the way?"),
        marked("A prompt is sent as you type it. Something is put in only if you ask for it, with `--fill` or `-v`."),
        {"a": marked("Nothing."), "b": marked("The braces."), "c": marked("The formula.")},
        _braces,
    ),
)


def _check_fill(prompt: Any) -> Hint:
    if not isinstance(prompt, str):
        raise TypeError(prompt)
    try:
        found, other = (str(compose(prompt, fill={"n": n}).content) for n in (2, 3))
    except RequestError as error:
        return _("This prompt is refused: {error}", error=error)
    if found == _FILLED.format(n=2) and other == _FILLED.format(n=3):
        return ""
    if found == other:
        return _("The number does not come from `n`: with another number, the text is still: {text}", text=found)
    if found.endswith("that is 2."):
        return _("The braces at the end are to stay braces. Two braces that are text are written as four.")
    return _("Nearly. Your prompt becomes: {text}", text=found)


def _check_least(values: Any) -> Hint:
    if not isinstance(values, dict):
        raise TypeError(values)
    try:
        sent = str(compose("", values=values).content)
    except RequestError as error:
        return _("This is refused: {error}", error=error)
    if not all(rent in sent for rent in _RENTS):
        return _("The question is about two rents, and they are not both in what is sent.")
    if "staff" in sent or any(number in sent for number in _STAFF):
        return _("How many people work where is sent, too. `towns['Bonn']['rent']` is one number alone.")
    if not all(re.search(town, sent.lower()) for town in _TOWNS):
        return _("The model cannot know which rent is of which town: the names of the values should say it.")
    return ""


def _check_describe(patients: Any) -> Hint:
    if not callable(patients):
        raise TypeError(patients)
    try:
        text = describe(patients(_PATIENTS, _AGES)).text
    except Exception as error:  # noqa: BLE001  (a student's function may raise anything)
        return _("Your function raised {error}.", error=f"{type(error).__name__}: {error}")
    if text in ("Ellipsis", ""):
        return NOT_DONE
    if text == "None":
        return _("Your function returned None. A function returns only what stands after `return`.")
    if any(name.split()[1] in text for name in _PATIENTS):
        return _("A name is still in it: {text}", text=text)
    wanted = {
        _("how many there are"): len(_PATIENTS),
        _("the lowest age"): min(_AGES),
        _("the highest age"): max(_AGES),
    }
    for what, number in wanted.items():
        if str(number) not in text:
            return _("Of four patients it says: {text}. This is missing: {what}.", text=text, what=what)
    if any(str(age) in text for age in sorted(_AGES)[1:-1]):
        return _("The age of each single patient is in it. The lowest and the highest are enough.")
    return ""


EXERCISES = (
    Exercise(
        "fill",
        marked("Write a prompt that `--fill` turns into a given text."),
        marked("a text"),
        _check_fill,
        marked("Single braces stay, two on each side are a value, and four are two that stay."),
    ),
    Exercise(
        "least",
        marked("Attach the least that answers the question."),
        marked("a dict of values by their names"),
        _check_least,
        marked("Two numbers with two names are enough. What is not sent needs no protection."),
    ),
    Exercise(
        "describe",
        marked("Describe a value without its names."),
        marked("the class"),
        _check_describe,
        marked("Wherever such a value is attached, this text goes in its place, and no name with it."),
    ),
)
