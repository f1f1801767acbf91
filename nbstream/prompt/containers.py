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
from nbstream.prompt.safe_repr import plain_text, short_repr, shortened

#: Containers that are read. Of others, reading may load or compute something.
OBJECTS = (dict, UserDict, ChainMap, types.MappingProxyType, types.SimpleNamespace)
ARRAYS = (list, tuple, set, frozenset, deque, UserList, KeysView, ValuesView, ItemsView)

_DEEPEST = 40
#: The values of these libraries that have no shape, such as a period or a type, have short texts.
_SHORT_TEXTS = ("numpy", "pandas", "polars")
_LONGEST_LEAF = 400

#: Returns the JSON of a value of another library, or None.
Leaf: TypeAlias = Callable[[Any], str | None]


class _Full(Exception):  # noqa: N818  (no error: the limit is reached)
    """The text is as long as it may be."""


def describe_container(value: Any, leaf: Leaf, limit: int = LIMIT) -> Description:
    """Return the description of a container, or of a value with fields.

    Args:
        value: one of `OBJECTS` or `ARRAYS`, or a value for which `has_fields`.
        leaf: returns the JSON of values of other libraries in it.
        limit: the most characters.
    """
    writer = _Writer(leaf, limit)
    name = _name(value)
    size = len(fields_of(value)) if has_fields(value) else len(_namespace(value))
    unit = "field" if has_fields(value) else "entry" if isinstance(value, OBJECTS) else "item"
    try:
        writer.write(value, 0)
    except _Full:
        return _cut(writer, size, unit, name, limit)
    note = counted(size, unit) + (", some in part" if writer.is_cut else "")
    return Description("".join(writer.parts), name, note, writer.is_cut, language="json")


def _cut(writer: _Writer, size: int, unit: str, name: str, limit: int) -> Description:
    """Return the items that were written whole; if these are short, a part of the next one, too."""
    text = "".join(writer.parts)[:limit]
    shown, end = writer.whole
    if end >= limit // 2:
        return Description(text[:end], name, f"{shown:,} of {counted(size, unit)}", is_cut=True, language="json")
    note = f"{shown + 1:,} of {counted(size, unit)}, the last one in part"
    return Description(text, name, note, is_cut=True, language="json")


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


def attributes_of(value: Any) -> dict[str, Any] | None:
    """Return the attributes of an object whose repr is only its address; None for any other."""
    attributes = getattr(value, "__dict__", None)
    own: Any = type(value).__repr__
    is_plain = own is object.__repr__ and isinstance(attributes, dict) and bool(attributes)
    return attributes if is_plain else None


def short_text(value: Any, limit: int) -> str:
    """Return the text of a value within a table or an array; no large value is read to its end."""
    text = plain_text(value, limit)
    if text is not None:
        return text
    try:
        if has_fields(value) or isinstance(value, (*OBJECTS, *ARRAYS)):
            description = describe_container(value, _no_leaf, limit)
            return shortened(description.text + "…" * description.is_cut, limit)
        if type(value).__module__.split(".")[0] in _SHORT_TEXTS and not getattr(value, "shape", ()):
            return shortened(str(value), limit)
        if hasattr(type(value), "shape") and hasattr(value, "flat"):
            # An array's repr may be of any length.
            first = ", ".join(map(str, value.flat[:20].tolist()))
            return shortened(f"[{first}{', …' if value.size > 20 else ''}]", limit)  # noqa: PLR2004  (as above)
    except Exception:  # noqa: BLE001  (the value's own code may raise anything)
        return short_repr(value, limit)
    return short_repr(value, limit)


def entries_of(value: Any) -> Mapping[Any, Any] | None:
    """Return the entries of an object, None for any other value."""
    if has_fields(value):
        return fields_of(value)
    return _namespace(value) if isinstance(value, OBJECTS) else None


def _no_leaf(_value: Any) -> None:
    return None


def _namespace(value: Any) -> Any:
    return vars(value) if isinstance(value, types.SimpleNamespace) else value


def _name(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.split('.')[0]} {kind.__qualname__}"


class _Writer:
    """Writes JSON; a value that JSON does not have is a string, NaN is NaN."""

    def __init__(self, leaf: Leaf, limit: int) -> None:
        self.parts: list[str] = []
        #: How many of the outermost items were written, and where the last of them ended.
        self.whole = 0, 0
        self.is_cut = False
        self._limit = self._left = limit
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
        elif value is None or isinstance(value, bool | float):
            # Also as JSON for a subclass of float, as numpy's is one.
            self._put(json.dumps(value if not isinstance(value, float) else float(value)))
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
            if brackets == "{}":
                key, item = item  # noqa: PLW2901  (an entry is a key and a value)
                self._put(f"{json.dumps(self._key(key), ensure_ascii=False)}: ")
            self.write(item, depth + 1)
            if depth == 0:
                self.whole = number + 1, self._limit - self._left
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
