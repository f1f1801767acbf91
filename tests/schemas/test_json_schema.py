"""JSON schemas: whether a value fits, compared with another checker, and how problems read."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.exceptions import RequestError
from nbstream.model.problem import Problem
from nbstream.schemas.json_schema import shape_of_schema
from tests.schemas.schemas import ROOTS, VALUES


@given(ROOTS, VALUES)
def test_a_value_fits_exactly_if_another_checker_says_so(schema: dict[str, Any], value: Any) -> None:
    made, problems = shape_of_schema(schema).validate(value)
    fits = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (not problems) is fits, problems
    assert made is (value if fits else None)
    for problem in problems:
        assert "\n" not in problem.message
        assert problem.message.endswith(".")


PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
        "mood": {"enum": ["good", "bad"]},
        "kids": {"type": "array", "items": {"$ref": "#"}},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ({"name": "Ada"}, []),
        ({"name": "Ada", "age": None, "kids": [{"name": "Byron", "age": 1.0}]}, []),
        ([], [("", "It should be an object, and is a list.")]),
        ({}, [("name", "It is missing.")]),
        ({"name": ""}, [("name", 'It should have at least 1 characters, and is "".')]),
        ({"name": "Ada", "age": "36"}, [("age", 'It should be a whole number, or be null, and is "36".')]),
        ({"name": "Ada", "age": -1}, [("age", "It should be at least 0, or be null, and is -1.")]),
        ({"name": "Ada", "age": True}, [("age", "It should be a whole number, or be null, and is true.")]),
        ({"name": "Ada", "mood": "so"}, [("mood", 'It should be "good" or "bad", and is "so".')]),
        ({"name": "Ada", "agee": 3}, [("agee", "There is no such field.")]),
        (
            {"name": "Ada", "kids": [{"name": "B"}, {"nam": "C"}]},
            [("kids[1].name", "It is missing."), ("kids[1].nam", "There is no such field.")],
        ),
    ],
)
def test_problems_read_as_sentences(value: Any, problems: list[tuple[str, str]]) -> None:
    found = shape_of_schema(PERSON).validate(value)[1]
    assert [(each.path, each.message) for each in found] == problems


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (True, "A JSON schema is an object"),
        ([], "A JSON schema is an object"),
        ({"type": "int"}, "not valid at its beginning: there is no type 'int'"),
        ({"properties": {"a": {"type": "str"}}}, "not valid at properties.a: there is no type 'str'"),
        ({"properties": {"a": "string"}}, "not valid at properties.a: a schema is an object"),
        ({"properties": []}, "properties is not an object"),
        ({"items": {"anyOf": {}}}, "not valid at items: anyOf is not a list"),
        ({"properties": {"a": {"minLength": "3"}}}, "not valid at properties.a: minLength is not a number"),
        ({"exclusiveMinimum": True}, "exclusiveMinimum is not a number"),
        ({"$ref": "#/$defs/a"}, "refers to #/$defs/a, which is not in it"),
        ({"$ref": "https://example.org/"}, "refers to https://example.org/, which is not in it"),
        ({"pattern": "("}, "'(' is no pattern"),
        ({"const": {1, 2}}, "is not JSON"),
        ({"const": float("nan")}, "is not JSON"),
    ],
)
def test_what_is_no_schema_is_refused_with_its_place(schema: Any, message: str) -> None:
    with pytest.raises(RequestError) as error:
        shape_of_schema(schema)
    assert message in str(error.value)
    assert str(error.value).count("JSON schema") == 1
    assert ".." not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_schema_that_refers_to_itself_for_ever_is_a_problem_and_no_crash() -> None:
    assert shape_of_schema({"$ref": "#"}).validate(1) == (None, (Problem("", "It is nested too deeply."),))


@given(st.integers(1, 300))
def test_problems_are_not_without_number(count: int) -> None:
    problems = shape_of_schema({"items": {"type": "string"}}).validate(list(range(count)))[1]
    assert len(problems) == min(count, 100)
