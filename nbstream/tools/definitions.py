"""Tools as a request declares them, and whether a server can hold a model to their schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.schemas.inlining import inlined

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nbstream.tools.tool import Tool

#: What a strict schema may have (DeepSeek's guide "Tool Calls", strict mode, November 2026). The
#: guide once listed `pattern` and the bounds of numbers as allowed, and later as not; so they are
#: not sent.
_KEYWORDS = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "$ref", "$defs", "format"}
    | {"title", "description"}
)
_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})
_FORMATS = frozenset({"email", "hostname", "ipv4", "ipv6", "uuid"})


def definitions(tools: Iterable[Tool], *, strict: bool = False) -> list[dict[str, Any]]:
    """Return the list `tools` of a request.

    Args:
        tools: the tools.
        strict: whether the server shall hold the model to the schemas; only if `are_strict`.
    """
    return [{"type": "function", "function": _function(each, strict=strict)} for each in tools]


def are_strict(tools: Iterable[Tool]) -> bool:
    """Return whether all tools can be strict: DeepSeek takes strict tools only together."""
    return all(is_strict_schema(each.parameters) for each in tools)


def is_strict_schema(schema: Mapping[str, Any]) -> bool:
    """Return whether DeepSeek's strict mode takes the schema of a tool's parameters as it is.

    Every property is required, and nothing else is allowed: a function with a default is not
    strict, as the model could no longer leave the argument out.
    """
    if schema.get("type") != "object":
        return False
    schema = inlined(schema)
    try:
        return _is_strict(schema, is_root=True) and all(map(_is_strict, schema.get("$defs", {}).values()))
    except (AttributeError, TypeError, RecursionError):
        # The schema of a server may be any JSON.
        return False


def _function(tool: Tool, *, strict: bool) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    # DeepSeek and others refuse a function without parameters, even one that takes none.
    parameters = {"type": "object", "properties": {}, **inlined(tool.parameters)}
    return {"name": tool.name, **described, "parameters": parameters, **({"strict": True} if strict else {})}


def _is_strict(schema: Any, *, is_root: bool = False) -> bool:
    if not isinstance(schema, dict) or schema.keys() - _KEYWORDS or ("$defs" in schema and not is_root):
        return False
    if "$ref" in schema:
        return True
    if "anyOf" in schema:
        if is_root:
            return False
        # A reference within `anyOf` is refused.
        return all(_is_strict(each) and "$ref" not in each for each in schema["anyOf"])
    kind = schema.get("type")
    if kind not in _TYPES or schema.get("format", "uuid") not in _FORMATS:
        return False
    if kind == "array":
        return _is_strict(schema.get("items"))
    if kind == "object":
        properties = schema.get("properties", {})
        is_closed = schema.get("additionalProperties") is False and set(schema.get("required", ())) == set(properties)
        return is_closed and bool(properties or is_root) and all(map(_is_strict, properties.values()))
    return True
