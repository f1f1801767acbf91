"""What a model and a server are told of the JSON that a request asks for."""

from __future__ import annotations

import json
from typing import Any, Literal

import jsonschema
import pytest
from hypothesis import given
from pydantic import BaseModel

from nbstream.client.structured import structure_of
from nbstream.model.exceptions import RequestError
from nbstream.model.structure import Structure
from nbstream.schemas.example import example_of
from nbstream.schemas.inlining import inlined
from nbstream.schemas.instruction import instruction, response_format, sent_schema
from nbstream.schemas.reading import read
from nbstream.schemas.strict import strict_schema
from tests.schemas.postponed import Node
from tests.schemas.schemas import ROOTS
from tests.schemas.schemas import VALUES as VALUES_OF_JSON
from tests.schemas.test_python_types import VALUES, Mood, Person, Row, Table


class Link(BaseModel):
    to: Link | None
    label: Literal["a", "b"]


TYPES = [type_ for type_, *_ in VALUES] + [Link, list[Link], Node, Mood, dict[str, list[Row]], Table]
LINES = ["name, age int, bio: one sentence", "[name, mood good|bad]", "a {b {c int}}, d list[float]", "a?, b? int"]


def structure(schema: Any) -> Structure:
    made = structure_of({"schema": schema})
    assert made is not None
    return made


@pytest.mark.parametrize("schema", [*TYPES, *LINES], ids=str)
def test_the_example_fits_the_schema_that_is_sent(schema: Any) -> None:
    made = structure(schema)
    sent = sent_schema(made)
    assert sent.get("type") == "object"
    jsonschema.Draft202012Validator.check_schema(sent)
    text = instruction(made)
    written, example = text.split("\n\n")[1::2]
    assert json.loads(written) == json.loads(json.dumps(sent))
    jsonschema.Draft202012Validator(sent).validate(json.loads(example))
    # An answer as the example is one that is taken.
    assert read(made, example).problems == ()


@given(ROOTS)
def test_any_schema_has_an_example(schema: dict[str, Any]) -> None:
    example = example_of(schema)
    assert json.loads(json.dumps(example)) == example


def test_the_word_json_is_in_every_instruction() -> None:
    assert "json" in instruction(Structure()).lower()
    assert "json" in instruction(structure("a")).lower()


def test_what_each_server_is_told() -> None:
    person, rows = structure(Person), structure("[name, age int]")
    assert response_format(person, "none") is None
    assert response_format(person, "json_object") == {"type": "json_object"}
    assert response_format(Structure(), "json_schema") == {"type": "json_object"}
    only = response_format(Structure(), "json_schema_only")
    assert only == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": False},
    }
    made = response_format(rows, "json_schema")
    assert made is not None
    assert made["json_schema"]["strict"] is True
    assert made["json_schema"]["schema"]["properties"].keys() == {"items"}
    # `age` has a default, so it may be left out, which strict mode does not allow.
    made = response_format(person, "json_schema")
    assert made is not None
    assert made["json_schema"]["strict"] is False
    assert made["json_schema"]["name"] == "Person"


@given(ROOTS, VALUES_OF_JSON)
def test_without_references_a_schema_says_the_same(schema: dict[str, Any], value: Any) -> None:
    made = inlined(schema)
    assert "$ref" not in json.dumps(made)
    assert "$defs" not in made
    validators = [jsonschema.Draft202012Validator(each) for each in (schema, made)]
    assert len({each.is_valid(value) for each in validators}) == 1


def test_a_schema_keeps_references_to_itself_and_those_that_would_grow_too_large() -> None:
    link = structure(Link).schema
    assert link is not None
    assert inlined(link) == link
    doubled: dict[str, Any] = {"d0": {"type": "integer"}}
    for level in range(1, 20):
        below = {"$ref": f"#/$defs/d{level - 1}"}
        doubled[f"d{level}"] = {"type": "array", "prefixItems": [below, below]}
    large = {"$ref": "#/$defs/d19", "$defs": doubled}
    assert inlined(large) == large


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": []},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"type": "string", "format": "uri"}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"type": "array"}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"oneOf": [{"type": "null"}]}}, "required": ["a"]},
    ],
)
def test_what_strict_mode_does_not_allow_is_not_sent_as_strict(schema: dict[str, Any]) -> None:
    assert strict_schema(schema) is None


def test_strict_mode_closes_every_object() -> None:
    made = strict_schema(structure(Link).schema)
    assert made is not None
    assert made["additionalProperties"] is False
    assert made["$defs"]["Link"]["additionalProperties"] is False
    jsonschema.Draft202012Validator(made).validate({"to": {"to": None, "label": "b"}, "label": "a"})


@pytest.mark.parametrize("tries", [0, -1, True, 1.5, "2"])
def test_a_number_of_tries_is_at_least_one(tries: Any) -> None:
    with pytest.raises(RequestError, match=r"`tries=` is .*: it must be a whole number of at least 1"):
        structure_of({"json": True, "tries": tries})


def test_without_an_option_nothing_is_asked_for() -> None:
    assert structure_of({}) is None
    assert structure_of({"json": False, "tries": 3}) is None
    assert structure_of({"json": True}) == Structure()
