"""Hypothesis strategies: JSON values, and JSON schemas of the kinds that people write."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.integers(-3, 12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from(["a", "b", "ab", 0, 1, 1.0, 2.5, True])
)
KEYS = st.sampled_from(["a", "b", "c d"]) | TEXTS
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
_TYPES = st.sampled_from(["string", "number", "integer", "boolean", "null", "array", "object"])
_SMALL = st.integers(0, 3)


def _optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def _composed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3)
    named = st.dictionaries(st.sampled_from(["a", "b", "c d"]), inner, max_size=3)
    return (
        _optional(
            type=st.just("object"),
            properties=named,
            required=st.lists(st.sampled_from(["a", "b", "c d"]), unique=True, max_size=2),
            additionalProperties=inner | st.booleans(),
            minProperties=_SMALL,
            maxProperties=_SMALL,
            patternProperties=st.dictionaries(st.sampled_from(["^a", "b$"]), inner, max_size=1),
            propertyNames=st.just({"maxLength": 2}),
            dependentRequired=st.just({"a": ["b"]}),
            dependentSchemas=st.dictionaries(st.just("a"), inner, max_size=1),
        )
        | _optional(
            type=st.just("array"),
            items=inner,
            prefixItems=several,
            minItems=_SMALL,
            maxItems=_SMALL,
            uniqueItems=st.booleans(),
            contains=inner,
            minContains=_SMALL,
        )
        | _optional(anyOf=several, allOf=several)
        | _optional(oneOf=several)
        | st.fixed_dictionaries({"not": inner})
        | st.fixed_dictionaries({"if": inner}, optional={"then": inner, "else": inner})
    )


SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    _optional(type=_TYPES | st.lists(_TYPES, min_size=1, max_size=2, unique=True))
    | _optional(enum=st.lists(VALUES, min_size=1, max_size=3))
    | _optional(const=SCALARS)
    | _optional(type=st.just("string"), minLength=_SMALL, maxLength=_SMALL, pattern=st.sampled_from(["^a", "b"]))
    | _optional(minimum=_SMALL, maximum=_SMALL, exclusiveMinimum=_SMALL, exclusiveMaximum=_SMALL, multipleOf=st.just(2))
    | st.just({"$ref": "#/$defs/one"})
    | st.booleans(),
    _composed,
    max_leaves=6,
)
ROOTS = st.tuples(SCHEMAS, SCHEMAS).map(
    lambda pair: {**(pair[0] if isinstance(pair[0], dict) else {"not": pair[0]}), "$defs": {"one": {"type": "integer"}}}
)
