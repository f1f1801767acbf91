"""Texts of argparse, of Python and of checks, read by people in their language."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any, Literal

import pytest
from pydantic import BaseModel, Field

from nbstream.client import settings
from nbstream.language import option_errors
from nbstream.model.problem import Problem
from nbstream.output import problem_words
from nbstream.schemas import answers
from nbstream.schemas.json_schema import shape_of_schema
from nbstream.schemas.python_types import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Two English words in a row.
_ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")


class _Person(BaseModel):
    age: int = Field(ge=3, le=9)
    name: str | None
    marks: list[float] = Field(min_length=2)
    kind: Literal["a", "b"]
    married: bool
    code: str = Field(min_length=3, pattern="^x")


_SCHEMA = {
    "type": "object",
    "properties": {
        "age": {"type": "integer", "minimum": 3, "exclusiveMaximum": 9},
        "name": {"type": ["string", "null"], "maxLength": 2},
        "marks": {"type": "array", "minItems": 2, "items": {"type": "object", "maxProperties": 0}},
        "kind": {"enum": ["a", "b"]},
        "code": {"type": "string", "pattern": "^x"},
        "all": {"type": "array", "uniqueItems": True, "contains": {"type": "number"}},
        "any": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "one": {"oneOf": [{"type": "number"}, {"type": "integer"}]},
        "even": {"multipleOf": 2, "not": {"const": 4}},
        "never": False,
    },
    "required": ["age"],
    "propertyNames": {"maxLength": 8},
    "additionalProperties": False,
}
_VALUES: list[Any] = [
    *({}, [1], 3),
    {"age": 1, "name": 3, "marks": [1.0], "kind": "c", "married": "x", "code": "ya", "z": 1},
    {"age": 10, "name": "abc", "marks": {}, "kind": 1, "married": [], "code": {}, "all": ["a", "a"], "any": []},
    {"age": "x", "marks": [{"a": 1}], "code": "abcd", "one": 1, "even": 4, "never": 1, "far_too_long": 1},
    {"age": 9, "even": 3, "name": "x", "code": "yyyy"},
]


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    """Read Chinese in each test."""
    settings.use(None)
    settings.current().language = "zh"
    yield
    settings.use(None)


@pytest.mark.parametrize(
    "text",
    [
        *("", "Hello there", '{"a":1,}', '{"a" 1}', "{a:1}", '{"a":', '{"a":1} and more', '{"a":NaN}', "[1 2]"),
        *('{"a":1,"a":2}', '{"a":1,"a":2,"a":3}', '{"a":1e999}', '{"a":"\x01"}', '{"a":"\\q"}', "[" * 5000, "[1,]"),
        "9" * 5000,
    ],
)
def test_what_is_no_json_is_said(text: str) -> None:
    (problem,) = answers.read(text).problems
    said = problem_words.said(problem).replace("Hello there", "").replace("and more", "")
    assert said
    assert not _ENGLISH.search(said)


@pytest.mark.parametrize("value", _VALUES)
def test_what_does_not_fit_is_said(value: Any) -> None:
    problems = [*shape_of(_Person).validate(value)[1], *shape_of_schema(_SCHEMA).validate(value)[1]]
    assert problems
    for problem in problems:
        assert not _ENGLISH.search(problem_words.said(problem)), problem


def test_a_problem_of_another_form_and_english_stay_as_they_are() -> None:
    assert problem_words.said(Problem("people[2]", "The own words of a validator.")) == (
        "people[2]\uff1aThe own words of a validator."
    )
    settings.current().language = "en"
    assert problem_words.said(Problem("a", "It should be a list, and is 3.")) == "a: It should be a list, and is 3."


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise ValueError(option_errors.said(message))


@pytest.mark.parametrize(
    "line",
    [
        *(
            "",
            "--count many",
            "--count",
            "--real x",
            "--hex x",
            "--by week",
            "--both 1",
            "--flag=1",
            "--co 1",
            "x --some",
        ),
        *("--one --two", "x y"),
    ],
)
def test_a_wrong_option_is_said(line: str) -> None:
    parser = _Parser("try")
    parser.add_argument("word")
    parser.add_argument("--count", type=int)
    parser.add_argument("--cost", type=float)
    parser.add_argument("--real", type=float)
    parser.add_argument("--hex", type=bytes.fromhex)
    parser.add_argument("--by", choices=["model", "day"])
    parser.add_argument("--both", nargs=2)
    parser.add_argument("--some", nargs="+")
    parser.add_argument("--flag", action="store_true")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--one", action="store_true")
    group.add_argument("--two", action="store_true")
    with pytest.raises(ValueError, match=r"[\u4e00-\u9fff]") as error:
        parser.parse_args(line.split())
    assert not _ENGLISH.search(str(error.value))
