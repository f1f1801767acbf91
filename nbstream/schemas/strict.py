"""The strict mode of servers that take a JSON schema, and which schemas it allows."""

from __future__ import annotations

from typing import Any

#: What OpenAI's strict mode takes ("Structured model outputs", its documentation, November 2026).
_STRICT_KEYWORDS = frozenset(
    [
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "const",
        "anyOf",
        "$ref",
        "$defs",
        "title",
        "description",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minItems",
        "maxItems",
    ]
)
_STRICT_FORMATS = frozenset(["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"])


def strict_schema(schema: Any) -> dict[str, Any] | None:
    """Return the same schema as the strict mode wants it, or None if it does not allow the schema.

    In strict mode every field is required, and there are no others. A field that may be left out
    stays so: to demand it would change what is asked for.
    """
    if not isinstance(schema, dict) or not schema.keys() <= _STRICT_KEYWORDS:
        return None
    if schema.get("format", "date") not in _STRICT_FORMATS or not schema.keys() & {
        "type",
        "enum",
        "const",
        "anyOf",
        "$ref",
    }:
        return None
    if "$ref" in schema and len(schema.keys() - {"$defs"}) > 1:
        return None
    made = dict(schema)
    types = schema.get("type")
    if types == "object" or (isinstance(types, list) and "object" in types):
        properties = schema.get("properties", {})
        if (
            set(schema.get("required", ())) != set(properties)
            or schema.get("additionalProperties", False) is not False
            or not properties
        ):
            return None
        made["additionalProperties"] = False
    for name in ("properties", "$defs"):
        if name in schema:
            made[name] = {key: strict_schema(each) for key, each in schema[name].items()}
            if None in made[name].values():
                return None
    if "anyOf" in schema:
        made["anyOf"] = [strict_schema(each) for each in schema["anyOf"]]
        if None in made["anyOf"]:
            return None
    if "items" in schema or types == "array":
        made["items"] = strict_schema(schema.get("items"))
        if made["items"] is None:
            return None
    return made
