"""The arguments of a tool call as a reader sees them: names and values, nothing invisible."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbstream.language import _
from nbstream.model.printable import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.model.tool_call import ToolCall

#: Of arguments that still arrive, the end is shown.
_ARRIVING = 400
#: More arguments are one text, and deeper values are on one line.
_MOST_NAMES, _MOST_LEVELS = 200, 12
_AMBIGUOUS = frozenset({"true", "false", "null"})


@dataclass(frozen=True, slots=True)
class Value:
    """A value for reading.

    Attributes:
        text: the value; every character that cannot be seen is an escape.
        is_json: whether it is written as JSON; else it is the text of a string.
    """

    text: str
    is_json: bool


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call.

    Attributes:
        name: its name.
        value: its value.
        change: what the user did to it: `changed`, `added` or `removed`; else empty.
    """

    name: str
    value: Value
    change: str = ""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call.

    Attributes:
        named: each argument, if they are a JSON object.
        text: the text that the model wrote, if it is no JSON object, is not whole, or has too many
            names for a table.
        left_out: how many characters before `text` are not shown.
    """

    named: tuple[Argument, ...] = ()
    text: str = ""
    left_out: int = 0


def used_arguments(call: ToolCall) -> Arguments:
    """Return the arguments with which a call runs, with what the user changed in them.

    While they arrive, they are the end of the text: half of a JSON text can mean anything.
    """
    if call.state == "arriving":
        return arriving_arguments(call.arguments, len(call.arguments))
    used = _object(call.used)
    if used is None or len(used) > _MOST_NAMES:
        return _as_text(call.used, used)
    if call.edited is None:
        return Arguments(_arguments(used, {}))
    before = _object(call.arguments) or {}
    changes = {name: _change(name, value, before) for name, value in used.items()}
    removed = {name: value for name, value in before.items() if name not in used}
    return Arguments((*_arguments(used, changes), *_arguments(removed, dict.fromkeys(removed, _("removed")))))


def arriving_arguments(end: str, length: int) -> Arguments:
    """Return the end of arguments that arrive.

    Args:
        end: the end of the text so far, or all of it.
        length: how many characters have come so far.
    """
    shown = end[-_ARRIVING:]
    return Arguments(text=visible(shown), left_out=length - len(shown))


def asked_arguments(call: ToolCall) -> Arguments:
    """Return the arguments that the model wrote."""
    asked = _object(call.arguments)
    if asked is None or len(asked) > _MOST_NAMES:
        return _as_text(call.arguments, asked)
    return Arguments(_arguments(asked, {}))


def _as_text(text: str, values: dict[str, Any] | None) -> Arguments:
    return Arguments(text=visible(text if values is None else as_json(values)))


def value_of(value: Any) -> Value:
    """Return a JSON value for reading.

    A string stands as it is, unless it could be taken for another value, or for none.
    """
    if isinstance(value, str) and not _is_ambiguous(value):
        return Value(visible(value), is_json=False)
    return Value(visible(as_json(value)), is_json=True)


def as_json(value: Any, level: int = 0, taken: int = 0) -> str:
    """Return a JSON value as indented JSON; one that is nested deeply on one line.

    A million brackets, each with the indentation of a hundred levels, would be a hundred megabytes.
    The parameters are those of `Language.write`.
    """
    if _is_deep(value):
        return json.dumps(value, ensure_ascii=False)
    from nbstream.snippets.literals import JSON  # noqa: PLC0415  (only where it is used)

    return JSON.write(value, level, taken)


def _is_deep(value: Any) -> bool:
    """Return whether a value is nested more deeply than a reader could follow."""
    row = [value]
    for _level in range(_MOST_LEVELS):
        row = [
            inner
            for each in row
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not row:
            return False
    return True


def _arguments(values: dict[str, Any], changes: Mapping[str, str]) -> tuple[Argument, ...]:
    return tuple(_argument(name, value, changes.get(name, "")) for name, value in values.items())


def _argument(name: str, value: Any, change: str = "") -> Argument:
    return Argument(visible(name), value_of(value), change)


def _change(name: str, value: Any, before: dict[str, Any]) -> str:
    if name not in before:
        return _("added")
    # As texts, since True equals 1.
    return "" if json.dumps(value) == json.dumps(before[name]) else _("changed")


def _is_ambiguous(text: str) -> bool:
    if "\n" in text.strip():
        return False
    if not text or text != text.strip() or text in _AMBIGUOUS or text[0] in '"{[':
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


def _object(text: str) -> dict[str, Any] | None:
    """Return the object with which a tool runs; None if the text has none.

    An object that is nested too deeply for Python is none.
    """
    from nbstream.tools.arguments import object_of  # noqa: PLC0415  (only where it is used)

    try:
        value = object_of(text)
        # What is written above must not fail.
        json.dumps(value)
    except (ValueError, RecursionError):
        return None
    return value
