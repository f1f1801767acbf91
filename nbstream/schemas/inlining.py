"""A JSON schema in the words that most servers read: without references and `const`.

Ollama, llama.cpp and Gemini do not follow each reference (`$ref`), or none: they answer 400 or 500,
or do without the schema and say nothing (Ollama's issue 8063, llama.cpp's issues 16790 and 19051,
as they stood in November 2026). Gemini does not know `const`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A schema that would have more parts than these keeps its references.
_MOST_PARTS = 2_000
_DEFINITIONS = ("$defs", "definitions")
#: Keywords that restrict nothing, which may stand beside a reference.
_NOTES = frozenset(["title", "description", "default", "examples"])
#: Keywords whose values are data, and no schemas.
_DATA = ("enum", "const", "default", "examples", "required")


class _KeepsReferencesError(Exception):
    """A schema refers to itself, or would grow too large."""


def inlined(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same schema with each definition in place of the references to it.

    A schema that refers to itself keeps its references.
    """
    try:
        made = _Inliner(schema).read(schema, ())
    except (_KeepsReferencesError, RecursionError):
        return dict(schema)
    return {name: each for name, each in made.items() if name not in _DEFINITIONS}


class _Inliner:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._parts = 0

    def read(self, schema: Any, within: tuple[str, ...]) -> Any:
        """Return a part of the schema; `within` are the references that led there."""
        if isinstance(schema, list):
            return [self.read(each, within) for each in schema]
        if not isinstance(schema, dict):
            return schema
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise _KeepsReferencesError
        if isinstance(reference := schema.get("$ref"), str):
            others = {name: each for name, each in schema.items() if name != "$ref"}
            if others.keys() - _NOTES - {*_DEFINITIONS}:
                # Both hold then; one object cannot say so.
                raise _KeepsReferencesError
            return {**self.read(self._found(reference, within), (*within, reference)), **others}
        made: dict[str, Any] = {}
        for name, each in schema.items():
            if name == "const":
                made["enum"] = [each]
            elif name in _DEFINITIONS and schema is self._root:
                continue
            elif name in _DATA:
                made[name] = each
            elif name in ("properties", "patternProperties", "dependentSchemas", *_DEFINITIONS) and isinstance(
                each, dict
            ):
                # Its keys are names, which may be those of keywords.
                made[name] = {key: self.read(inner, within) for key, inner in each.items()}
            else:
                made[name] = self.read(each, within)
        return made

    def _found(self, reference: str, within: tuple[str, ...]) -> Any:
        place, _, name = reference.rpartition("/")
        named = self._root.get(place.removeprefix("#/")) if place.count("/") == 1 else None
        found = named.get(name) if isinstance(named, dict) else None
        if reference in within or not isinstance(found, dict):
            raise _KeepsReferencesError
        return found
