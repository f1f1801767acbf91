"""Makes arguments that fit the JSON schema of a tool, and arguments that do not.

The same schema and number always give the same value; another number gives another value, where the
schema allows one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MAX_DEPTH = 8
#: What properties of these names are, whatever the tool.
_KNOWN = {
    "city": ("Hangzhou", "Paris", "Lagos", "Lima"),
    "date": ("2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24"),
}
_FORMATS = {
    "date": "2026-11-21",
    "date-time": "2026-11-21T09:00:00Z",
    "time": "09:00:00Z",
    "email": "ada@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def fitting(schema: Any, number: int = 0, *, items: int = 1) -> dict[str, Any]:
    """Return arguments that fit the schema of a tool's parameters.

    Of an object that names its required properties, only these are given. A list has `items` items.
    """
    made = _Maker(schema, number, items).value(schema, "", 0)
    return made if isinstance(made, dict) else {}


def unfitting(schema: Any, number: int = 0) -> dict[str, Any]:
    """Return arguments that do not fit the schema: each value has another type.

    A tool without parameters gets one that it does not have.
    """
    given = fitting(schema, number)
    return {name: 17 if isinstance(value, str) else f"no {name}" for name, value in given.items()} or {"surplus": True}


class _Maker:
    """Makes the values of one schema, whose definitions it looks up."""

    def __init__(self, root: Any, number: int, items: int) -> None:
        self._root = root
        self._number = number
        self._items = items

    def value(self, schema: Any, name: str, depth: int) -> Any:
        """Return a value for the property `name`; for a schema that is none, the name."""
        schema = self._resolved(schema, depth)
        if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
            return name
        if "const" in schema:
            return schema["const"]
        for key in ("enum", "examples"):
            choices = schema.get(key)
            if isinstance(choices, list) and choices:
                return choices[self._number % len(choices)]
        for key in ("anyOf", "oneOf"):
            choices = schema.get(key)
            if isinstance(choices, list) and choices:
                return self.value(choices[0], name, depth + 1)
        kind = schema.get("type", "object" if "properties" in schema or not name else "string")
        match kind[0] if isinstance(kind, list) and kind else kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer":
                return int(self._within(schema, 2 + self._number, 1))
            case "number":
                return self._within(schema, 2.5 + self._number, 0.5)
            case "boolean":
                return self._number % 2 == 0
            case "null":
                return None
            case _:
                return self._text(schema, name)

    def _resolved(self, schema: Any, depth: int) -> Any:
        """Return a schema with its reference and its parts (`allOf`) put in place."""
        if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
            return schema
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#"):
            found: Any = self._root
            for part in filter(None, reference[1:].split("/")):
                found = found.get(part) if isinstance(found, Mapping) else None
            return self._resolved(found, depth + 1)
        parts = schema.get("allOf")
        if isinstance(parts, list) and parts:
            whole: dict[str, Any] = {}
            for part in (*parts, {key: value for key, value in schema.items() if key != "allOf"}):
                inner = self._resolved(part, depth + 1)
                whole |= inner if isinstance(inner, Mapping) else {}
            return whole
        return schema

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        most = int(schema.get("maxItems", self._items))
        first = self._number
        made = []
        for offset in range(max(min(self._items, most), int(schema.get("minItems") or 0))):
            self._number = first + offset
            made.append(self.value(schema.get("items"), name, depth + 1))
        self._number = first
        return made

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties, required = schema.get("properties"), schema.get("required")
        known = properties if isinstance(properties, Mapping) else {}
        wanted = [each for each in required if isinstance(each, str)] if isinstance(required, list) else list(known)
        return {name: self.value(known.get(name), name, depth + 1) for name in wanted}

    def _within(self, schema: Mapping[str, Any], value: float, step: float) -> float:
        """Return the number next to `value` that is within the schema's bounds."""
        bounds = {key: bound for key in _BOUNDS if (bound := _number(schema.get(key))) is not None}
        lowest = [bounds["minimum"]] if "minimum" in bounds else []
        lowest += [bounds["exclusiveMinimum"] + step] if "exclusiveMinimum" in bounds else []
        highest = [bounds["maximum"]] if "maximum" in bounds else []
        highest += [bounds["exclusiveMaximum"] - step] if "exclusiveMaximum" in bounds else []
        value = min([max([value, *lowest]), *highest])
        if multiple := bounds.get("multipleOf"):
            up = -(-value // multiple) * multiple
            return up if up <= min(highest, default=up) else value // multiple * multiple
        return value

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        form = schema.get("format")
        if isinstance(form, str) and form in _FORMATS:
            return _FORMATS[form]
        known = _KNOWN.get(name)
        if known is not None:
            text = known[self._number % len(known)]
        else:
            text = f"{name} {self._number + 1}" if self._number else name
        shortest, longest = schema.get("minLength"), schema.get("maxLength")
        text = text.ljust(shortest, ".") if isinstance(shortest, int) else text
        return text[:longest] if isinstance(longest, int) else text


_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
