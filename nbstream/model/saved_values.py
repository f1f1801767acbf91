"""Values of this package as JSON and back, exactly: for files that a user keeps.

An object of a class is `{"_": "Usage", …}` with the fields that differ from their defaults. Only
the classes named here are ever made.
"""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nbstream.model import (
    blocks,
    caching,
    earlier,
    events,
    failure,
    probabilities,
    recorded,
    reply,
    request,
    spend,
    structure,
    timing,
    tool_call,
    tool_result,
    usage,
    warning,
)
from nbstream.model.probabilities import Tokens, packed, unpacked
from nbstream.model.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_MODULES: tuple[ModuleType, ...] = (
    *(blocks, caching, earlier, events, failure, probabilities, recorded, reply, request, spend),
    *(structure, timing, tool_call, tool_result, usage, warning),
)
_CLASSES = {
    name: found
    for module in _MODULES
    for name, found in vars(module).items()
    if isinstance(found, type) and is_dataclass(found) and found.__module__ == module.__name__
}
#: Classes of files of format 1 that there are no more: what makes a value of their fields.
_FORMER: dict[str, Callable[..., Any]] = {
    "_ToolDraft": lambda index, id="", name="", arguments=Text(): tool_call.CallDraft(  # noqa: A006, B008
        index, arguments, tool_call.ToolCall(id, name, "")
    ),
    "_WarningDraft": warning.WarningDraft,
}
_CLASS = "_"
#: Values that JSON does not have: how each is written as JSON, and read.
_OTHERS: dict[str, tuple[type, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "Decimal": (Decimal, str, Decimal),
    "datetime": (datetime, datetime.isoformat, datetime.fromisoformat),
    # After its subclass.
    "date": (date, date.isoformat, date.fromisoformat),
    "Text": (Text, str, lambda text: Text().append(text) if text else Text()),
    "Tokens": (Tokens, packed, lambda value: Tokens(unpacked(value))),
}


def encode(value: Any) -> Any:
    """Return `value` as JSON has it.

    Raises:
        TypeError: if the value is neither JSON nor of a class of this package.
    """
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        given = {each.name: getattr(value, each.name) for each in fields(value)}
        return {_CLASS: type(value).__name__} | {
            each.name: encode(given[each.name])
            for each in fields(value)
            # A function, and what can be read again, are only in memory.
            if each.metadata.get("kept", True) and not _is_default(each, given[each.name])
        }
    for name, (kind, write, _) in _OTHERS.items():
        if isinstance(value, kind):
            return {_CLASS: name, "value": write(value)}
    if isinstance(value, tuple):
        return {_CLASS: "tuple", "value": [encode(each) for each in value]}
    if isinstance(value, list):
        return [encode(each) for each in value]
    if isinstance(value, dict):
        found = {str(name): encode(each) for name, each in value.items()}
        return {_CLASS: "dict", "value": found} if _CLASS in found else found
    raise TypeError(f"no {type(value).__name__} can be kept")


def decode(value: Any) -> Any:
    """Return the value that `encode` made `value` of.

    Raises:
        ValueError: if it is none.
    """
    if isinstance(value, list):
        return [decode(each) for each in value]
    if not isinstance(value, dict):
        return value
    name = value.get(_CLASS)
    if name is None:
        return {key: decode(each) for key, each in value.items()}
    try:
        if name == "tuple":
            return tuple(decode(each) for each in value["value"])
        if name == "dict":
            return {key: decode(each) for key, each in value["value"].items()}
        if name in _OTHERS:
            return _OTHERS[name][2](value["value"])
        make = _FORMER.get(name) or _CLASSES[name]
        return make(**{key: decode(each) for key, each in value.items() if key != _CLASS})
    except (ArithmeticError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a kept value: {error}") from None


def _is_default(each: Any, value: Any) -> bool:
    if each.default is not MISSING:
        return bool(type(value) is type(each.default) and value == each.default)
    return bool(each.default_factory is not MISSING and value == each.default_factory())
