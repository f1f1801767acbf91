"""What a request says to the model, and to the server, of the JSON that it asks for."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from nbstream.schemas.example import example_of
from nbstream.schemas.inlining import inlined
from nbstream.schemas.strict import strict_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.model.structure import Structure

_ONLY_JSON = "Answer with JSON only: one JSON object, with no text before or after it and no code fence around it."
_BY_SCHEMA = "The JSON object must fit this JSON schema:"
_EXAMPLE = "An example of its form (the values are made up):"


def sent_schema(structure: Structure) -> dict[str, Any]:
    """Return the schema of the object that the model writes, which may wrap the value."""
    schema = dict(structure.schema or {"type": "object"})
    if not structure.wrapper:
        return schema
    parts: dict[str, Any] = {name: schema.pop(name) for name in ("$defs", "definitions", "$schema") if name in schema}
    return {
        "type": "object",
        "properties": {structure.wrapper: schema},
        "required": [structure.wrapper],
        "additionalProperties": False,
        **parts,
    }


def wrapper_of(schema: Mapping[str, Any]) -> Literal["", "items", "value"]:
    """Return the key below which a value stands, so that the whole is an object."""
    if schema.get("type") == "array":
        return "items"
    return "" if schema.get("type") == "object" and "anyOf" not in schema and "oneOf" not in schema else "value"


def with_object_at_top(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema whose top is no reference: pydantic refers to a type that holds itself."""
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    definitions = schema.get("$defs", {})
    return {**definitions[name], "$defs": definitions} if name in definitions else dict(schema)


@lru_cache(maxsize=8)
def instruction(structure: Structure) -> str:
    """Return what is added to the prompt. It has the word JSON, which DeepSeek demands."""
    if structure.schema is None:
        return _ONLY_JSON
    schema = sent_schema(structure)
    example = json.dumps(example_of(schema), ensure_ascii=False)
    return f"{_ONLY_JSON} {_BY_SCHEMA}\n\n{json.dumps(schema, ensure_ascii=False)}\n\n{_EXAMPLE}\n\n{example}"


def response_format(
    structure: Structure, takes: Literal["json_object", "json_schema", "json_schema_only", "none"]
) -> dict[str, Any] | None:
    """Return the request's `response_format`.

    Args:
        structure: the JSON that is asked for.
        takes: the most that the server takes.
    """
    if takes == "none":
        return None
    if takes == "json_object" or (structure.schema is None and takes != "json_schema_only"):
        return {"type": "json_object"}
    schema = inlined(sent_schema(structure))
    strict = strict_schema(schema)
    # A name of letters and digits is all that servers take.
    name = "".join(char if char.isascii() and char.isalnum() else "_" for char in structure.name)[:64].strip("_")
    made = {"name": name or "answer", "schema": schema if strict is None else strict, "strict": strict is not None}
    return {"type": "json_schema", "json_schema": made}
