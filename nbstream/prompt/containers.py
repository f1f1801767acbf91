"""Lists, dicts and values with fields as JSON, written only as far as it is shown."""

from __future__ import annotations

import dataclasses
import enum
import json
import types
from collections import ChainMap, UserDict, UserList, deque
from collections.abc import Callable, ItemsView, KeysView, Mapping, ValuesView
from itertools import islice
from typing import Any, TypeAlias

from nbstream.prompt.description import LIMIT, Description, counted
from nbstream.prompt.safe_repr import plain_text, short_repr

#: Containers that are read. Of others, reading may load or compute something.
OBJECTS = (dict, UserDict, ChainMap, types.MappingProxyType, types.SimpleNamespace)
ARRAYS = (list, tuple, set, frozenset, deque, UserList, KeysView, ValuesView, ItemsView)

_DEEPEST = 40
_LONGEST_LEAF = 400

#: Returns the JSON of a value of another library, or None.
Leaf: TypeAlias = Callable[[Any], str | None]


class _Full(Exception):  # noqa: N818  (no error: the limit is reached)
    """The text is as long as it may be."""


def describe_container(value: Any, leaf: Leaf) -> Description:
    """Return the description of a container, or of a value with fields.

    Args:
        value: one of `OBJECTS` or `ARRAYS`, or a value for which `has_fields`.
        leaf: returns the JSON of values of other libraries in it.
    """
    writer = _Writer(leaf)
    name = _name(value)
    size = len(fields_of(value)) if has_fields(value) else len(_namespace(value))
    unit = "field" if has_fields(value) else "entry" if isinstance(value, OBJECTS) else "item"
    try:
        writer.write(value, 0)
    except _Full:
        shown = f"{min(writer.begun, size):,} of {counted(size, unit)}, the last one not whole"
        return Description("".join(writer.parts)[:LIMIT], name, shown, is_cut=True, language="json")
    return Description("".join(writer.parts), name, counted(size, unit), writer.is_cut, language="json")


def has_fields(value: Any) -> bool:
    """Return whether a value is a dataclass, a named tuple or a pydantic model."""
    kind = type(value)
    return (
        dataclasses.is_dataclass(kind)
        or (isinstance(value, tuple) and hasattr(kind, "_fields"))
        or (hasattr(kind, "__pydantic_fields__") and isinstance(getattr(value, "__dict__", None), dict))
    )


def fields_of(value: Any) -> dict[str, Any]:
    """Return the fields that the value's own repr shows."""
    kind: Any = type(value)
    if dataclasses.is_dataclass(kind):
        names = [each.name for each in dataclasses.fields(kind) if each.repr]
        return {name: getattr(value, name, None) for name in names}
    if isinstance(value, tuple):
        return dict(zip(kind._fields, value, strict=False))
    declared = kind.__pydantic_fields__
    return {name: each for name, each in vars(value).items() if getattr(declared.get(name), "repr", True)}


def entries_of(value: Any) -> Mapping[Any, Any] | None:
    """Return the entries of an object, None for any other value."""
    if has_fields(value):
        return fields_of(value)
    return _namespace(value) if isinstance(value, OBJECTS) else None


def _namespace(value: Any) -> Any:
    return vars(value) if isinstance(value, types.SimpleNamespace) else value


def _name(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.split('.')[0]} {kind.__qualname__}"


class _Writer:
    """Writes JSON; a value that JSON does not have is a string, NaN is NaN."""

    def __init__(self, leaf: Leaf) -> None:
        self.parts: list[str] = []
        #: How many of the outermost items were begun.
        self.begun = 0
        self.is_cut = False
        self._left = LIMIT
        self._leaf = leaf
        self._outer: set[int] = set()

    def write(self, value: Any, depth: int) -> None:
        entries = None if isinstance(value, enum.Enum) else entries_of(value)
        if entries is not None:
            self._inner(value, "{}", entries.items(), depth)
        elif isinstance(value, ARRAYS) and not isinstance(value, enum.Enum):
            self._inner(value, "[]", value, depth)
        elif isinstance(value, str):
            # A string that is longer than the rest of the text is not read to its end.
            self._put(json.dumps(str.__str__(value)[: self._left], ensure_ascii=False))
        elif value is None or isinstance(value, bool):
            self._put({None: "null", True: "true", False: "false"}[value])
        else:
            self._put(self._other(value))

    def _other(self, value: Any) -> str:
        text = self._leaf(value)
        if text is not None:
            return text
        text = plain_text(value, _LONGEST_LEAF)
        if text is None:
            text = short_repr(value, _LONGEST_LEAF)
            self.is_cut = self.is_cut or text.endswith("…")
        is_number = isinstance(value, int | float) and not isinstance(value, enum.Enum)
        return text if is_number else json.dumps(text, ensure_ascii=False)

    def _inner(self, value: Any, brackets: str, items: Any, depth: int) -> None:
        if id(value) in self._outer or depth > _DEEPEST:
            self.is_cut = True
            self._put('"…"')
            return
        self._outer.add(id(value))
        self._put(brackets[0])
        # One item takes at least two characters.
        for number, item in enumerate(islice(items, self._left)):
            self._put(", " if number else "")
            self.begun += depth == 0
            if brackets == "{}":
                key, item = item  # noqa: PLW2901  (an entry is a key and a value)
                self._put(f"{json.dumps(self._key(key), ensure_ascii=False)}: ")
            self.write(item, depth + 1)
        self._put(brackets[1])
        self._outer.discard(id(value))

    def _key(self, key: Any) -> str:
        if isinstance(key, str):
            return str.__str__(key)[: self._left]
        return plain_text(key, _LONGEST_LEAF) or short_repr(key, _LONGEST_LEAF)

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self._left -= len(text)
        if self._left <= 0:
            raise _Full
