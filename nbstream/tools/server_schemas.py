"""Arguments for a server, by the JSON schema that it gives: a first check.

The server checks them itself. No keyword of a schema is followed that could load something, or
take long, as `pattern` could: the schema is another program's.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from nbstream.model.problem import Problem, path_of
from nbstream.schemas.shape import Shape

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def shape_of_schema(schema: Any, name: str) -> Shape:
    """Return the shape of arguments that a JSON schema describes.

    Args:
        schema: the schema of an object; anything else is one without known parameters.
        name: the name of the tool.
    """
    made = dict(copy.deepcopy(schema)) if isinstance(schema, Mapping) else {}
    made["type"] = "object"
    # The version of the language of schemas: some servers of models refuse older ones.
    made.pop("$schema", None)
    if not isinstance(made.get("properties"), dict):
        made["properties"] = {}
    return Shape(made, name, lambda value: _checked(value, made))


def _checked(value: Any, schema: Mapping[str, Any]) -> tuple[Any, tuple[Problem, ...]]:
    required = schema.get("required")
    problems = [
        Problem(path_of([name]), "It is missing.")
        for name in (required if isinstance(required, list) else ())
        if isinstance(name, str) and name not in value
    ]
    properties = schema["properties"]
    for name, each in value.items():
        if name not in properties:
            if schema.get("additionalProperties") is False:
                problems.append(Problem(path_of([name]), "There is no such field."))
        elif (wanted := _wanted(each, properties[name])) is not None:
            problems.append(Problem(path_of([name]), f"It should be {wanted}."))
    return (None, tuple(problems)) if problems else (copy.deepcopy(value), ())


def _wanted(value: Any, schema: Any) -> str | None:
    """Return which type a value should have; None if it has it, or if the schema does not say."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    kinds = [kind] if isinstance(kind, str) else kind
    if not isinstance(kinds, list) or not kinds or any(each not in _KINDS for each in kinds):
        return None
    is_flag = isinstance(value, bool)
    is_whole = isinstance(value, float) and value.is_integer() and "integer" in kinds
    fits = any(isinstance(value, _KINDS[each]) and (not is_flag or each == "boolean") for each in kinds)
    return None if fits or is_whole else f"of the type {' or '.join(kinds)}"
