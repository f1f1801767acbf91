"""An example of the JSON that a schema asks for: its form, with values that are made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "email": "name@example.org",
    "uri": "https://example.org/",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "ipv4": "192.0.2.1",
}
_TEXT = "some text"
#: Deeper than this, and within a type that holds itself, what may be left out is left out.
_DEEP = 6


def example_of(schema: Mapping[str, Any]) -> Any:
    """Return a value of the form that `schema` describes, short enough for a prompt."""
    return _Example(schema).of(schema, 0, ())


class _Example:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def of(self, schema: Any, depth: int, within: tuple[str, ...]) -> Any:
        """Return an example.

        Args:
            schema: a part of the schema.
            depth: how deep it is.
            within: the references that led there.
        """
        if not isinstance(schema, dict):
            return _TEXT
        if "$ref" in schema:
            reference = str(schema["$ref"])
            name = reference.rpartition("/")[2]
            found = (self._root.get("$defs") or self._root.get("definitions") or {}).get(name, {})
            return self.of(
                {**found, **{key: each for key, each in schema.items() if key != "$ref"}}, depth, (*within, reference)
            )
        for given in ("const", "default"):
            if given in schema and schema[given] is not None:
                return schema[given]
        for several in ("examples", "enum"):
            if schema.get(several):
                return schema[several][0]
        for several in ("anyOf", "oneOf", "allOf"):
            if members := schema.get(several):
                return self.of(self._simplest(members, within), depth, within)
        kind = schema.get("type")
        kinds = kind if isinstance(kind, list) else [kind or ("object" if "properties" in schema else "string")]
        return self._of_type(next((each for each in kinds if each != "null"), "null"), schema, depth, within)

    def _of_type(self, kind: str, schema: Mapping[str, Any], depth: int, within: tuple[str, ...]) -> Any:
        match kind:
            case "object":
                return self._object(schema, depth, within)
            case "array":
                return self._array(schema, depth, within)
            case "integer" | "number":
                return _number(schema, kind)
            case "boolean":
                return True
            case "null":
                return None
        text = _FORMATS.get(schema.get("format", "")) or schema.get("description") or _TEXT
        return text[: schema.get("maxLength", len(text))]

    def _object(self, schema: Mapping[str, Any], depth: int, within: tuple[str, ...]) -> dict[str, Any]:
        required = schema.get("required", ())
        made = {}
        for name, each in schema.get("properties", {}).items():
            is_left_out = name not in required and (depth >= _DEEP or _leads_to(each, within))
            if not is_left_out:
                made[name] = self.of(each, depth + 1, within)
        others = schema.get("additionalProperties")
        if isinstance(others, dict) and others and not made and depth < _DEEP:
            made["key"] = self.of(others, depth + 1, within)
        return made

    def _array(self, schema: Mapping[str, Any], depth: int, within: tuple[str, ...]) -> list[Any]:
        first = [self.of(each, depth + 1, within) for each in schema.get("prefixItems", ())]
        items = schema.get("items")
        least = schema.get("minItems", 0)
        if first or (not least and (depth >= _DEEP or _leads_to(items, within))):
            return first
        return [self.of(items, depth + 1, within)] * max(1, min(least, 3))

    def _simplest(self, members: list[Any], within: tuple[str, ...]) -> Any:
        """Return the member to show: not null, and none that leads back to where we are."""
        others = [each for each in members if isinstance(each, dict) and each.get("type") != "null"]
        straight = [each for each in others if not _leads_to(each, within)]
        return (straight or [{"type": "null"}] if len(others) < len(members) else straight or others)[0]


def _leads_to(schema: Any, within: tuple[str, ...]) -> bool:
    """Return whether a schema is, or has at once, one of the references that led here."""
    if not isinstance(schema, dict) or not within:
        return False
    inner = [schema.get("items"), schema.get("additionalProperties"), *schema.get("anyOf", ())]
    return schema.get("$ref") in within or any(_leads_to(each, within) for each in inner)


def _number(schema: Mapping[str, Any], kind: str) -> float:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    if least is not None:
        value = least if "minimum" in schema else least + 1
    else:
        value = 1 if most is None or most > 1 else most if "maximum" in schema else most - 1
    step = schema.get("multipleOf")
    if step and value % step:
        value += step - value % step
    return value if kind == "number" else int(value)
