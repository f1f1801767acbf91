"""Values checked against a JSON schema (draft 2020-12), with problems that read as those of types.

Every keyword that restricts a value is obeyed, except `format`, which is a note by default, and the
`unevaluated…` keywords. References lead to places within the schema.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.model.problem import Problem, path_of
from nbstream.schemas.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_LONGEST_VALUE = 30
#: More problems than these help nobody.
_MOST = 100


def _is_whole(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "string": ("a string", lambda value: isinstance(value, str)),
    "number": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "integer": ("a whole number", _is_whole),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "null": ("null", lambda value: value is None),
    "array": ("a list", lambda value: isinstance(value, list)),
    "object": ("an object", lambda value: isinstance(value, dict)),
}


def shape_of_schema(schema: Any, name: str = "") -> Shape:
    """Return the shape that a JSON schema describes; a value stays as it is.

    Raises:
        RequestError: if it is no JSON schema, or refers to another document.
    """
    if isinstance(schema, bool) or not isinstance(schema, dict):
        raise RequestError(_("A JSON schema is an object, such as {'type': 'object', 'properties': {…}}."))
    try:
        # A copy, as the caller may change it later.
        schema = json.loads(json.dumps(schema, allow_nan=False))
        _refuse_wrong(schema, schema, "")
    except RequestError:
        raise
    except (TypeError, ValueError) as error:
        raise RequestError(_("The JSON schema is not JSON: {error}.", error=one_line(str(error)))) from None
    except RecursionError:
        raise RequestError(_("The JSON schema is nested too deeply.")) from None
    title = schema.get("title")
    return Shape(schema, name or (title if isinstance(title, str) else ""), lambda value: _checked(schema, value))


def simple(value: Any) -> str:
    """Return how a value reads in a sentence: itself, or `a list`, or `an object`."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, str) and len(value) > _LONGEST_VALUE:
        value = f"{value[: _LONGEST_VALUE - 1]}…"
    text = one_line(json.dumps(value, ensure_ascii=False))
    # Escapes may make it longer, and a number may have many digits.
    return text if len(text) <= 2 * _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _checked(schema: Mapping[str, Any], value: Any) -> tuple[Any, tuple[Problem, ...]]:
    problems = []
    for problem in _Check(schema).problems(schema, value, ()):
        problems.append(problem)
        if len(problems) == _MOST:
            break
    return (None, tuple(problems)) if problems else (value, ())


class _Check:
    """Checks values against the parts of one schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def problems(self, schema: Any, value: Any, path: tuple[str | int, ...]) -> Iterator[Problem]:
        """Yield the problems of `value`, which is at `path`."""
        if isinstance(schema, bool):
            if not schema:
                yield Problem(path_of(path), "It should not be there.")
            return
        if "$ref" in schema:
            yield from self.problems(_found(self._root, schema["$ref"]), value, path)
        if (message := self._simple_problem(schema, value)) is not None:
            yield Problem(path_of(path), f"It should {message}, and is {simple(value)}.")
            return
        yield from self._combined(schema, value, path)
        if isinstance(value, dict):
            yield from self._object(schema, value, path)
        elif isinstance(value, list):
            yield from self._array(schema, value, path)

    def _fits(self, schema: Any, value: Any) -> bool:
        return next(self.problems(schema, value, ()), None) is None

    def _simple_problem(self, schema: Mapping[str, Any], value: Any) -> str | None:
        """Return what a value should be, after "it should"; None if nothing is wrong."""
        types = schema.get("type")
        if types is not None:
            names = [types] if isinstance(types, str) else types
            if not any(_TYPES[each][1](value) for each in names):
                return f"be {' or '.join(_TYPES[each][0] for each in names)}"
        if "enum" in schema and not any(_same(value, each) for each in schema["enum"]):
            return f"be {' or '.join(map(simple, schema['enum']))}"
        if "const" in schema and not _same(value, schema["const"]):
            return f"be {simple(schema['const'])}"
        if isinstance(value, str):
            return _wrong_length(schema, len(value), "Length", "characters") or _wrong_pattern(schema, value)
        if isinstance(value, list):
            return _wrong_length(schema, len(value), "Items", "items")
        if isinstance(value, dict):
            return _wrong_length(schema, len(value), "Properties", "fields")
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _wrong_number(schema, value)
        return None

    def _combined(self, schema: Mapping[str, Any], value: Any, path: tuple[str | int, ...]) -> Iterator[Problem]:
        for each in schema.get("allOf", ()):
            yield from self.problems(each, value, path)
        for keyword in ("anyOf", "oneOf"):
            members = schema.get(keyword)
            if members is None:
                continue
            fitting = sum(self._fits(each, value) for each in members)
            if not fitting:
                yield from self._nearest(members, value, path)
            elif fitting > 1 and keyword == "oneOf":
                yield Problem(path_of(path), f"It fits {fitting} of the possible forms, and should fit one.")
        if "not" in schema and self._fits(schema["not"], value):
            yield Problem(path_of(path), f"It should be something else than {simple(value)}.")
        if "if" in schema:
            branch = "then" if self._fits(schema["if"], value) else "else"
            yield from self.problems(schema.get(branch, True), value, path)

    def _nearest(self, members: list[Any], value: Any, path: tuple[str | int, ...]) -> Iterator[Problem]:
        """Yield the problems of the member that has the value's type; or that no member has."""
        found = [list(self.problems(each, value, path)) for each in members]
        here, end = path_of(path), f", and is {simple(value)}."
        within = [each for each in found if all(problem.path != here for problem in each)]
        if within or not found:
            yield from min(within, key=len, default=[])
            return
        wanted = [each.message.removeprefix("It should ").removesuffix(end) for problems in found for each in problems]
        yield Problem(here, f"It should {', or '.join(dict.fromkeys(wanted))}{end}")

    def _object(
        self, schema: Mapping[str, Any], value: dict[str, Any], path: tuple[str | int, ...]
    ) -> Iterator[Problem]:
        properties, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        required = [*schema.get("required", ())]
        for name, others in schema.get("dependentRequired", {}).items():
            required += others if name in value else ()
        for name in dict.fromkeys(required):
            if name not in value:
                yield Problem(path_of((*path, name)), "It is missing.")
        for name, each in value.items():
            known = [properties[name]] if name in properties else []
            known += [inner for pattern, inner in patterns.items() if re.search(pattern, name)]
            for inner in known:
                yield from self.problems(inner, each, (*path, name))
            others = schema.get("additionalProperties", True)
            if not known and others is False:
                yield Problem(path_of((*path, name)), "There is no such field.")
            elif not known:
                yield from self.problems(others, each, (*path, name))
            if "propertyNames" in schema and not self._fits(schema["propertyNames"], name):
                yield Problem(path_of((*path, name)), "Its name is not allowed.")
        for name, inner in schema.get("dependentSchemas", {}).items():
            if name in value:
                yield from self.problems(inner, value, path)

    def _array(self, schema: Mapping[str, Any], value: list[Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
        first = schema.get("prefixItems", ())
        for index, each in enumerate(value):
            inner = first[index] if index < len(first) else schema.get("items", True)
            yield from self.problems(inner, each, (*path, index))
        if "contains" in schema:
            count = sum(self._fits(schema["contains"], each) for each in value)
            if not schema.get("minContains", 1) <= count <= schema.get("maxContains", math.inf):
                yield Problem(path_of(path), f"It has {count} items of the kind that it should contain.")
        if schema.get("uniqueItems"):
            yield from _repeated(value, path)


def _repeated(value: list[Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, each in enumerate(value):
        text = json.dumps(_canonical(each), sort_keys=True)
        if text in seen:
            yield Problem(path_of((*path, index)), "It is there twice.")
        seen.add(text)


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_canonical(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal: 1 and 1.0 are, and 1 and true are not."""
    return json.dumps(_canonical(one), sort_keys=True) == json.dumps(_canonical(other), sort_keys=True)


def _wrong_length(schema: Mapping[str, Any], size: int, what: str, unit: str) -> str | None:
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    if least is not None and size < least:
        return f"have at least {least} {unit}"
    return f"have at most {most} {unit}" if most is not None and size > most else None


def _wrong_pattern(schema: Mapping[str, Any], value: str) -> str | None:
    pattern = schema.get("pattern")
    return f"match the pattern {one_line(pattern)}" if pattern is not None and not re.search(pattern, value) else None


def _wrong_number(schema: Mapping[str, Any], value: float) -> str | None:
    rules: list[tuple[str, str, Callable[[Any], bool]]] = [
        ("minimum", "be at least", lambda limit: value >= limit),
        ("maximum", "be at most", lambda limit: value <= limit),
        ("exclusiveMinimum", "be more than", lambda limit: value > limit),
        ("exclusiveMaximum", "be less than", lambda limit: value < limit),
        ("multipleOf", "be a multiple of", lambda limit: _is_multiple(value, limit)),
    ]
    wrong = [f"{words} {schema[name]}" for name, words, holds in rules if name in schema and not holds(schema[name])]
    return wrong[0] if wrong else None


def _is_multiple(value: float, of: float) -> bool:
    if isinstance(value, int) and isinstance(of, int):
        return value % of == 0
    try:
        ratio = value / of
    except OverflowError:
        return False
    return math.isfinite(ratio) and math.isclose(ratio, round(ratio), rel_tol=1e-9, abs_tol=1e-12)


def _found(root: Mapping[str, Any], reference: str) -> Any:
    """Return the part of a schema that a reference such as `#/$defs/Person` leads to."""
    part: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        part = part[int(name)] if isinstance(part, list) else part[name]
    return part


#: The keywords that hold schemas: one, a list of them, or some by name.
_ONE = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")


#: What the values of other keywords must be; int stands for any number.
_KINDS: dict[str, type] = {
    **dict.fromkeys(("required", "enum", *_LISTS), list),
    **dict.fromkeys((*_NAMED, "dependentRequired"), dict),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), int),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minContains", "maxContains"), int),
}


def _refuse_wrong(schema: Any, root: Mapping[str, Any], where: str) -> None:
    """Refuse what a check of a value would stumble over."""
    if isinstance(schema, bool):
        return
    place = where or "its beginning"
    if not isinstance(schema, dict):
        raise RequestError(_("The JSON schema is not valid at {place}: a schema is an object.", place=place))
    types = schema.get("type", [])
    wrong = [each for each in ([types] if isinstance(types, str) else types) if each not in _TYPES]
    if wrong or not isinstance(types, str | list):
        raise RequestError(
            _(
                "The JSON schema is not valid at {place}: there is no type {wrong}.",
                place=place,
                wrong=one_line(repr((wrong or [types])[0])),
            )
        )
    if "$ref" in schema:
        try:
            _found(root, schema["$ref"] if schema["$ref"].startswith("#") else "/")
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            raise RequestError(
                _("The JSON schema refers to {schema}, which is not in it.", schema=one_line(str(schema["$ref"])))
            ) from None
    for name, kind in _KINDS.items():
        value = schema.get(name, kind())
        if not isinstance(value, (int, float) if kind is int else kind) or isinstance(value, bool):
            words = "a number" if kind is int else simple(kind())
            raise RequestError(
                _(
                    "The JSON schema is not valid at {place}: {name} is not {words}.",
                    place=place,
                    name=name,
                    words=words,
                )
            )
    for pattern in (schema.get("pattern", ""), *schema.get("patternProperties", ())):
        try:
            re.compile(pattern)
        except (re.error, TypeError):
            raise RequestError(
                _(
                    "The JSON schema is not valid at {place}: {pattern} is no pattern.",
                    place=place,
                    pattern=one_line(repr(pattern)),
                )
            ) from None
    for name, inner in _parts(schema):
        _refuse_wrong(inner, root, f"{where}.{name}" if where else name)


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the schemas within a schema, and where they are."""
    for name in _ONE:
        if name in schema:
            yield name, schema[name]
    for name in _LISTS:
        yield from ((f"{name}[{index}]", each) for index, each in enumerate(schema.get(name, ())))
    for name in _NAMED:
        if isinstance(schema.get(name, {}), dict):
            yield from ((f"{name}.{key}", each) for key, each in schema.get(name, {}).items())
