"""The exercises and predictions of lesson 7, answers in types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.lesson.evidence import number_of
from nbstream.lesson.exercises import NOT_DONE, Exercise, Prediction
from nbstream.lesson.trying import by_trying, result_of

if TYPE_CHECKING:
    from nbstream.lesson.exercises import Hint

#: What a schema of the weather station has to accept, and what it has to refuse, with a hint.
_GOOD = (
    {"station": "Harbour", "celsius": 14.5, "sky": "cloudy"},
    {"station": "Hill", "celsius": None, "sky": "clear"},
    {"station": "Bridge", "celsius": -3, "sky": "rain"},
)
_BAD = (
    ({"station": "Hill", "celsius": "broken", "sky": "clear"}, "The field `celsius` must not accept a text."),
    ({"station": "Hill", "celsius": 9.5, "sky": "purple"}, "The field `sky` must accept three words only."),
    ({"station": 7, "celsius": 9.5, "sky": "clear"}, "The field `station` must be a text."),
    ({"celsius": 9.5, "sky": "clear"}, "The field `station` must not be left out."),
    ({"station": "Hill", "sky": "clear"}, "The field `celsius` may be null, and still it must not be left out."),
)
_FIELDS = {"station", "celsius", "sky"}

_BIRDS, _WITHOUT_NUMBER = 18, 2

_SUPPORTED = (
    ((2, "Two grey herons, boathouse."), True),
    ((11, "11 mallards and it rained all the time, at the weir."), True),
    ((None, "Many swallows above the fields."), True),
    ((3, "A few swallows over the bridge."), False),
    ((1, "11 mallards and it rained all the time, at the weir."), False),
    ((10, "Someone saw gulls on the lake, often."), False),
    ((5, "Five mallards below the bridge."), True),
)


def _schema(value: object) -> str:
    # It loads the check of schemas, which a lesson needs only here.
    from nbstream.model.exceptions import RequestError  # noqa: PLC0415
    from nbstream.schemas.one_line import shape_of_text  # noqa: PLC0415

    if not isinstance(value, str):
        raise TypeError
    try:
        shape = shape_of_text(value)
    except RequestError as error:
        return str(error)
    if missing := sorted(_FIELDS - set(shape.json_schema.get("properties", {}))):
        return f"There is no field {' and no field '.join(missing)}."
    for good in _GOOD:
        if problems := shape.validate(good)[1]:
            return f"{good} should fit, but: {problems[0]}"
    return next((hint for bad, hint in _BAD if not shape.validate(bad)[1]), "")


def _totals(value: Any) -> Hint:
    if any(each is ... for each in value):
        return NOT_DONE
    birds, without_number = (number_of(each) for each in value)
    if birds != _BIRDS:
        return (
            f"{birds:g} birds? Add up the column `count`, and read the six notes to see whether the sum can be right."
        )
    if without_number != _WITHOUT_NUMBER:
        return 'The birds are right. How many values are missing? table["count"].isna() says so for each; add that up.'
    return ""


def _supported(function: Any) -> str:
    for (count, note), expected in _SUPPORTED:
        found = result_of(function, count, note)
        if bool(found) == expected:
            continue
        if count is None:
            return "None claims nothing, so it is always supported."
        if not expected and str(count) in note:
            return f"{count} is not in “{note}”: compare whole words, and not parts of them."
        does = "has" if expected else "does not have"
        return f"The note “{note}” {does} the number {count}, but your function returned {found!r}."
    return ""


def _few(reply: Any) -> str:
    # The field of the type that the notebook defines.
    count = reply.data.count if reply.data is not None else None
    if count is None:
        return "d"
    return "a" if count == 0 else "c"


def _why_few(reply: Any) -> str:
    if _few(reply) != "c":
        return "This model did not make a number up. Compare its answers below."
    again = "The first answer broke the form, so it was asked for again. " if len(reply.steps) > 1 else ""
    return f"{again}The type has room for a whole number only, so the model made one up, and it looks like a count."


EXERCISES = (
    Exercise(
        "schema",
        "Write a one-line schema for the notes of a weather station.",
        "a text such as “name, age int”",
        _schema,
        "Your form has room for a broken thermometer, and none for a sky of another kind.",
    ),
    Exercise(
        "totals",
        "Count the birds that were counted, and the notes without a number.",
        "two numbers, each one value and no column",
        _totals,
        "A sum alone would hide that two notes have no number. Tell both.",
    ),
    Exercise(
        "supported",
        "Write a function that tells whether the number stands in the note.",
        "a function",
        by_trying(_supported),
        "Such a check finds some invented numbers, and costs nothing.",
    ),
)

PREDICTIONS = (
    Prediction(
        "few",
        "“A few swallows”, but the type says int: what will be in `count` in the end?",
        _why_few,
        {
            "a": "0, because nothing was counted",
            "b": "the text “a few”",
            "c": "a whole number that the note does not have",
            "d": "nothing, because the cell fails with an error",
        },
        _few,
    ),
)
