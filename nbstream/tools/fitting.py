"""Arguments in the types of their schema, where what the model wrote has one meaning only.

Models write numbers, lists and objects as texts, and null for what they leave out (hermes-agent
#100926, kimi-cli #2513, atomic-agent #182, opencode #26498). A text stays a text wherever the
schema takes one.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,300})(?:\.\d{1,300})?(?:[eE][+-]?\d{1,3})?")
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,300})")
_FLAGS = {"true": True, "false": False, "True": True, "False": False}
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    (str, "string"),
    (int, "integer"),
    (float, "number"),
    (list, "array"),
    (dict, "object"),
    (type(None), "null"),
)


def fitted(arguments: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments with their values in the types of the schema, as far as that is certain.

    The arguments are not changed; the result shares values with them.
    """
    value = _Fitting(schema).fit(arguments, schema)
    return value if isinstance(value, dict) else arguments


class _Fitting:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def fit(self, value: Any, schema: Any) -> Any:
        kinds = self._kinds(schema)
        if isinstance(value, str):
            return value if "string" in kinds or not kinds else self._of_text(value, schema, kinds)
        schemas = self._resolved(schema)
        if isinstance(value, dict):
            chosen = [each for each in schemas if each.get("type") == "object"]
            return self._fit_object(value, chosen[0]) if len(chosen) == 1 else value
        if isinstance(value, list):
            chosen = [each for each in schemas if each.get("type") == "array"]
            items = chosen[0].get("items") if len(chosen) == 1 else None
            return [self.fit(each, items) for each in value] if isinstance(items, dict) else value
        return value

    def _fit_object(self, value: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties")
        required = schema.get("required", ())
        made: dict[str, Any] = {}
        for name, each in value.items():
            own = properties.get(name, others if isinstance(others, dict) else None)
            if own is None:
                made[name] = each
            elif each is None and name in properties and name not in required and not self._takes_null(own):
                # Null in place of nothing: the function's own default holds.
                continue
            else:
                made[name] = self.fit(each, own)
        return made

    def _of_text(self, text: str, schema: Any, kinds: set[str]) -> Any:
        """Return what a text means where no text is allowed; the text if that is not certain."""
        stripped = text.strip()
        if "boolean" in kinds and stripped in _FLAGS:
            return _FLAGS[stripped]
        if "integer" in kinds and _INTEGER.fullmatch(stripped):
            return int(stripped)
        if "number" in kinds and _NUMBER.fullmatch(stripped):
            return float(stripped) if not _INTEGER.fullmatch(stripped) else int(stripped)
        if ("array" in kinds and stripped[:1] == "[") or ("object" in kinds and stripped[:1] == "{"):
            try:
                value = json.loads(stripped, strict=False, object_pairs_hook=_unique)
            except ValueError:
                return text
            return self.fit(value, schema)
        return text

    def _takes_null(self, schema: Any) -> bool:
        kinds = self._kinds(schema)
        return not kinds or "null" in kinds

    def _kinds(self, schema: Any) -> set[str]:
        """Return the types that a schema takes; none if it does not say."""
        found: set[str] = set()
        for each in self._resolved(schema):
            types = each.get("type")
            if isinstance(types, str):
                found.add(types)
            elif isinstance(types, list):
                found.update(map(str, types))
            elif "enum" in each or "const" in each:
                found.update(map(_kind_of, each.get("enum", [each.get("const")])))
            else:
                # It takes everything, or says so in a way that is not read here.
                return set()
        return found

    def _resolved(self, schema: Any, depth: int = 0) -> list[Mapping[str, Any]]:
        """Return the alternatives of a schema, with references to definitions followed."""
        if not isinstance(schema, dict) or depth > 10:  # noqa: PLR2004  (references may go round)
            return [{}]
        reference = schema.get("$ref")
        if isinstance(reference, str):
            _, _, rest = reference.partition("#/")
            place, _, name = rest.partition("/")
            named = self._root.get(place)
            return self._resolved(named.get(name) if isinstance(named, dict) else None, depth + 1)
        several = schema.get("anyOf") or schema.get("oneOf")
        if isinstance(several, list):
            return [found for each in several for found in self._resolved(each, depth + 1)]
        return [schema]


def _kind_of(value: Any) -> str:
    return next(kind for python, kind in _KINDS if isinstance(value, python))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found
