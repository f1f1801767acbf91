"""Schemas and results of servers, as servers of others give them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.tools.arguments import read_arguments
from nbstream.tools.definitions import are_strict, definitions
from nbstream.tools.server_content import prepared
from nbstream.tools.server_schemas import shape_of_schema
from nbstream.tools.servers import _claims
from nbstream.tools.tool import Tool

SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "head": {"type": "number", "description": "lines"},
        "edits": {"type": "array", "items": {"$ref": "#/definitions/edit"}},
        "mode": {"type": ["string", "null"]},
        "any": {},
        "dry": {"type": "boolean", "default": False},
    },
    "definitions": {"edit": {"type": "object", "properties": {"line": {"type": "integer"}}}},
    "required": ["path"],
    "additionalProperties": False,
}


def test_a_schema_is_kept_without_its_version() -> None:
    shape = shape_of_schema(SCHEMA, "edit")
    assert "$schema" not in shape.json_schema
    assert shape.json_schema["properties"] == SCHEMA["properties"]
    assert "$schema" in SCHEMA


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"path": "a"}, {"path": "a"}),
        ({"path": "a", "head": "3"}, {"path": "a", "head": 3}),
        ({"path": "a", "edits": '[{"line": "2"}]'}, {"path": "a", "edits": [{"line": 2}]}),
        ({"path": "a", "mode": None, "any": "5", "dry": None}, {"path": "a", "mode": None, "any": "5"}),
    ],
)
def test_arguments_for_a_server_are_read(written: Any, meant: Any) -> None:
    found = read_arguments(shape_of_schema(SCHEMA, "edit"), json.dumps(written))
    assert (found.bound, found.problem) == (meant, "")
    assert found.bound is not found.values


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({}, "- path: It is missing."),
        ({"path": 5}, "- path: It should be of the type string."),
        ({"path": "a", "head": True}, "- head: It should be of the type number."),
        ({"path": "a", "mode": 5}, "- mode: It should be of the type string or null."),
        ({"path": "a", "more": 1}, "- more: There is no such field."),
    ],
)
def test_arguments_that_a_server_would_refuse_are_not_sent(written: Any, said: str) -> None:
    assert said in read_arguments(shape_of_schema(SCHEMA, "edit"), json.dumps(written)).problem


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
_schemas = st.dictionaries(
    st.sampled_from(["type", "properties", "required", "items", "anyOf", "$ref", "$defs", "additionalProperties"]),
    _json,
)


@given(_schemas, st.dictionaries(st.text(max_size=3), _json, max_size=3))
def test_any_schema_of_a_server_is_taken(schema: Any, arguments: Any) -> None:
    shape = shape_of_schema({**schema, "properties": schema.get("properties") or {"a": schema}}, "any")
    read = read_arguments(shape, json.dumps(arguments))
    assert read.problem or isinstance(read.values, dict)
    tool = Tool("any", "", shape, print)
    (declared,) = definitions([tool], strict=are_strict([tool]))
    assert json.loads(json.dumps(declared))["function"]["name"] == "any"


@pytest.mark.parametrize("schema", [None, [], "object", {"type": "string"}, {"properties": []}])
def test_what_is_no_schema_of_an_object_has_no_parameters(schema: Any) -> None:
    assert shape_of_schema(schema, "odd").json_schema["properties"] == {}


def _result(*content: Any, structured: Any = None, is_error: bool = False) -> Any:
    return SimpleNamespace(content=list(content), structured_content=structured, is_error=is_error)


def _text(text: str) -> Any:
    return SimpleNamespace(type="text", text=text)


def test_structured_content_is_sent_once() -> None:
    assert prepared(_result(_text("5"), structured={"result": 5})).shown == ()
    assert prepared(_result(_text("a b"), structured={"content": "a b"})).shown == ()
    both = prepared(_result(_text('{"a":1,"b":2}'), structured={"a": 1, "b": 2}))
    assert (both.text, [each.kind for each in both.shown]) == ('{"a":1,"b":2}', ["json"])
    assert prepared(_result(structured={"a": 1})).text == '{"a": 1}'
    assert prepared(_result()).text == ""


def test_what_is_no_text_is_named() -> None:
    parts = [
        SimpleNamespace(type="image", data="not base64!", mime_type="image/png"),
        SimpleNamespace(type="image", data="AAAA", mime_type="image/svg+xml"),
        SimpleNamespace(type="audio", data="AAAA", mime_type="audio/wav"),
        SimpleNamespace(type="resource", resource=SimpleNamespace(uri="file:///a", text="its text")),
        SimpleNamespace(type="resource", resource=SimpleNamespace(uri="file:///b", blob="AAAA")),
        SimpleNamespace(type="resource_link", uri="file:///c", name="c\nd"),
        SimpleNamespace(type="future"),
        SimpleNamespace(),
    ]
    found = prepared(_result(*parts))
    assert found.shown == ()
    assert found.text.split("\n") == [
        "[image image/png: not shown]",
        "[image image/svg+xml: not shown]",
        "[audio audio/wav: not shown]",
        "its text",
        "[file:///b: not a text, not shown]",
        "[a link to file:///c: c d]",
        "[future: not shown]",
        "[a part: not shown]",
    ]


def test_images_are_bounded() -> None:
    image = SimpleNamespace(type="image", data="A" * 4_000_000, mime_type="image/png")
    found = prepared(_result(*[image] * 20))
    assert len(found.shown) == 2
    assert found.text.count("not shown") == 18


def test_claims_are_told_as_far_as_they_mean_something() -> None:
    def hints(**given_hints: bool) -> Any:
        names = ("read_only_hint", "destructive_hint", "idempotent_hint", "open_world_hint")
        return SimpleNamespace(**{name: given_hints.get(name) for name in names})

    assert _claims(None) == ()
    assert _claims(hints()) == ()
    assert _claims(hints(read_only_hint=True, destructive_hint=False, idempotent_hint=True)) == ("only reads",)
    assert _claims(hints(destructive_hint=True, open_world_hint=True)) == ("may destroy", "reaches the outside")
