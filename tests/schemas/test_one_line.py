"""Schemas as one line: each form, and the place of each mistake."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.exceptions import RequestError
from nbstream.schemas.one_line import shape_of_line, shape_of_text

TEXT, INT, FLOAT, BOOL = ({"type": name} for name in ("string", "integer", "number", "boolean"))
INTS = {"type": "array", "items": INT}


def fields(text: str) -> dict[str, Any]:
    schema = shape_of_line(text).json_schema
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    found: dict[str, Any] = schema["properties"]
    return found


def required(text: str) -> list[str]:
    return list(shape_of_line(text).json_schema["required"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # As `llm` has it.
        ("name, age int, bio", {"name": TEXT, "age": INT, "bio": TEXT}),
        (
            "name, age int, bio: one sentence",
            {"name": TEXT, "age": INT, "bio": {**TEXT, "description": "one sentence"}},
        ),
        ("a float: in m, b bool, c str", {"a": {**FLOAT, "description": "in m"}, "b": BOOL, "c": TEXT}),
        (
            "name\nage int\nbio: short, in English",
            {"name": TEXT, "age": INT, "bio": {**TEXT, "description": "short, in English"}},
        ),
        ("  name ,\n age int", {"name": TEXT, "age": INT}),
        # More.
        ("tags list, sizes list[int]", {"tags": {"type": "array", "items": TEXT}, "sizes": INTS}),
        ("grid list[list[int]]", {"grid": {"type": "array", "items": INTS}}),
        ("mood good|bad | so-so", {"mood": {"type": "string", "enum": ["good", "bad", "so-so"]}}),
        ('mood good | "not so good"', {"mood": {"type": "string", "enum": ["good", "not so good"]}}),
        ("age int|null", {"age": {"type": ["integer", "null"]}}),
        ("mood good|bad|null", {"mood": {"type": ["string", "null"], "enum": ["good", "bad", None]}}),
        ('bio: "one, two", b', {"bio": {**TEXT, "description": "one, two"}, "b": TEXT}),
        ('bio: "one" of them, b', {"bio": {**TEXT, "description": '"one" of them'}, "b": TEXT}),
        ("bio: note: this", {"bio": {**TEXT, "description": "note: this"}}),
        ("größe_in_m float, first-name", {"größe_in_m": FLOAT, "first-name": TEXT}),
        ("options dict", {"options": {"type": "object"}}),
    ],
)
def test_fields(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected
    assert required(text) == list(expected)


@pytest.mark.parametrize(
    "text", ["a?", "a int?", "a? int", "a int optional", "a good|bad?", "a?: why", "a optional: why"]
)
def test_a_field_that_may_be_left_out(text: str) -> None:
    assert required(f"{text}, b") == ["b"]


def test_objects_and_lists_of_objects() -> None:
    found = fields("author {name, born int}, books [title, year int: of the first edition], z list[a, b int]")
    assert found["author"]["properties"] == {"name": TEXT, "born": INT}
    assert found["books"]["items"]["properties"]["year"] == {**INT, "description": "of the first edition"}
    assert found["z"]["items"]["properties"] == {"a": TEXT, "b": INT}
    rows = shape_of_line("[name, age int]").json_schema
    assert rows["type"] == "array"
    assert rows["items"]["required"] == ["name", "age"]


@pytest.mark.parametrize(
    ("text", "reason", "place"),
    [
        ("", "It is empty", ""),
        ("name, age integr", "`integr` is no type", "name, age ⟨here⟩integr"),
        ("bio: short, in English", "in double quotes if it has commas", "bio: short, in ⟨here⟩English"),
        ("name, name", "The field `name` is there twice", "name, ⟨here⟩name"),
        ("name; age", "After the field `name` a comma", "name⟨here⟩; age"),
        ("1a", "The name of a field is expected", "⟨here⟩1a"),
        ("a list[int", "`]` is missing", "a list[int⟨here⟩"),
        ("[a, b", "`]` is missing", "[a, b⟨here⟩"),
        ("[a] b", "Nothing may follow the closing bracket", "[a] ⟨here⟩b"),
        ("a {}", "A field is missing", "a {⟨here⟩}"),
        ("a b|", "After `|` another text is expected", "a b|⟨here⟩"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, reason: str, place: str) -> None:
    with pytest.raises(RequestError) as error:
        shape_of_line(text)
    message = str(error.value)
    assert reason in message
    assert place in message
    assert "\n" not in message


@given(st.text(st.sampled_from('ab ,:?|[]{}"\n1intls')) | st.text())
def test_any_text_is_a_schema_or_a_clear_error(text: str) -> None:
    said = ""
    try:
        assert shape_of_text(text).json_schema
    except RequestError as error:
        said = str(error)
    assert "\n" not in said
    assert said.startswith(("`schema=`", "The JSON schema", "A JSON schema")) or not said


def test_a_json_schema_as_text() -> None:
    assert shape_of_text('{"type": "object", "properties": {"a": {"type": "integer"}}}').validate({"a": 1})[1] == ()
    with pytest.raises(RequestError, match="`schema=` is no JSON schema: Expecting"):
        shape_of_text('{"type": }')
