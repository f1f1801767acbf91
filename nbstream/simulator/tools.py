"""Reads the tools of a chat request, and the request's choice among them, as strictly as DeepSeek.

The rules of `strict` are those of DeepSeek's documentation, "Tool Calls", "strict Mode (Beta)", and
of refusals that its users report, until November 2026.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbstream.simulator import messages
from nbstream.simulator.refusal import Refusal, refuse_format

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_TYPES = ("object", "string", "number", "integer", "boolean", "array", "null")
_FORMATS = ("email", "hostname", "ipv4", "ipv6", "uuid")
#: Keywords that the documentation names as not supported, and those that users found refused.
_UNSUPPORTED = (
    *("minLength", "maxLength", "minItems", "maxItems"),
    *("patternProperties", "propertyNames", "minProperties", "maxProperties", "uniqueItems", "contains"),
    *("oneOf", "allOf", "not", "if", "dependentRequired"),
)
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Choice:
    """The tools that the model may call, and whether it has to call one.

    Attributes:
        forbidden: the tools of a request in which it may call none.
    """

    tools: tuple[dict[str, Any], ...] = ()
    is_required: bool = False
    forbidden: tuple[dict[str, Any], ...] = ()


def read(document: dict[str, Any], *, beta: bool) -> tuple[dict[str, Any], ...]:
    """Return the tools of a request.

    Args:
        document: the body of the request.
        beta: whether the request came to a path below `/beta`; only there `strict` has a meaning.

    Raises:
        Refusal: if DeepSeek would refuse them.
    """
    tools = document.get("tools") or []
    if not isinstance(tools, list):
        refuse_format("tools: expected a sequence")
    for number, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            refuse_format(f"tools[{number}]: missing field `function`")
        if not _NAME.fullmatch(function["name"]):
            raise Refusal(400, f"Invalid 'tools[{number}].function.name': expected 1 to 128 of a-z, A-Z, 0-9, _ and -.")
    functions = [tool["function"] for tool in tools]
    if len({function["name"] for function in functions}) < len(functions):
        raise Refusal(400, "Tool names must be unique.")
    if beta and any(function.get("strict") is True for function in functions):
        for function in functions:
            _check_strict(function)
    return tuple(tools)


def choice(document: dict[str, Any], tools: tuple[dict[str, Any], ...]) -> Choice:
    """Return which of `tools` the model may call.

    Raises:
        Refusal: if `tool_choice` has another form than documented, or names no tool of the request.
    """
    chosen = document.get("tool_choice")
    match chosen:
        case None | "auto":
            return Choice(tools)
        case "none":
            return Choice(forbidden=tools)
        case "required":
            named = tools
        case {"type": "function", "function": {"name": str(name)}}:
            named = tuple(tool for tool in tools if tool["function"]["name"] == name)
        case _:
            refuse_format("tool_choice: expected `none`, `auto`, `required`, or a function with a name")
    if not named:
        raise Refusal(400, "Invalid tool_choice: it needs a tool of the request's `tools`.")
    return Choice(named, is_required=True)


def _check_strict(function: dict[str, Any]) -> None:
    name = function["name"]
    if function.get("strict") is not True:
        raise Refusal(400, f"Invalid tool '{name}': in strict mode, all functions need `strict` to be true.")
    parameters = function.get("parameters")
    if parameters is None:
        return
    if not isinstance(parameters, dict) or parameters.get("type") != "object":
        raise Refusal(400, f"Invalid schema for function '{name}': the root must be of type object.")
    for where, problem in _problems(parameters, "root", 0):
        raise Refusal(400, f"Invalid schema for function '{name}': {where}: {problem}")


def _problems(schema: Any, where: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield what strict mode does not accept of a schema, each with its place."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        yield where, "not a schema."
        return
    for keyword in _UNSUPPORTED:
        if keyword in schema:
            yield where, f"`{keyword}` is not supported."
    if not schema.keys() & {"type", "anyOf", "enum", "const", "$ref"}:
        yield where, "a value without a type is not supported."
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    for kind in kinds:
        if kind not in _TYPES:
            yield where, f"the type {kind!r} is not supported."
    if len(kinds) > 1 and {"object", "array"} & {kind for kind in kinds if isinstance(kind, str)}:
        yield where, "a list of types cannot have object or array: use anyOf."
    if "format" in schema and schema["format"] not in _FORMATS:
        yield where, f"the format {schema['format']!r} is not supported."
    if "object" in kinds or "properties" in schema:
        yield from _object_problems(schema, where, depth)
    if "array" in kinds:
        yield from _problems(schema.get("items"), f"{where}.items", depth + 1)
    for keyword in ("anyOf", "$defs", "$def", "definitions"):
        inner = schema.get(keyword, {})
        pairs = enumerate(inner) if isinstance(inner, list) else inner.items() if isinstance(inner, dict) else ()
        for key, each in pairs:
            yield from _problems(each, f"{where}.{keyword}.{key}", depth + 1)


def _object_problems(schema: dict[str, Any], where: str, depth: int) -> Iterator[tuple[str, str]]:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        yield where, "`properties` must be an object, and `required` a list."
        return
    if schema.get("additionalProperties") is not False:
        yield where, "`additionalProperties` must be false."
    if not properties and depth:
        yield where, "an object without properties is not supported."
    if missing := [name for name in properties if name not in required]:
        yield where, f"every property must be required: {', '.join(missing)} is not."
    for name, inner in properties.items():
        yield from _problems(inner, f"{where}.properties.{name}", depth + 1)


def results(turns: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the texts of the tool messages at the end of a conversation."""
    found: list[str] = []
    for turn in reversed(turns):
        if turn["role"] != "tool":
            break
        found.insert(0, messages.text(turn))
    return tuple(found)
