"""The arguments of a tool call as a reader sees them: names and values, nothing invisible."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbstream.model.printable import visible

if TYPE_CHECKING:
    from nbstream.model.tool_call import ToolCall

#: Of arguments that still arrive, the end is shown.
_ARRIVING = 400
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
        text: the text that the model wrote, if it is no JSON object, or is not whole.
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
    if used is None:
        return Arguments(text=visible(call.used))
    if call.edited is None:
        return Arguments(tuple(_argument(name, value) for name, value in used.items()))
    before = _object(call.arguments)
    if before is None:
        return Arguments(tuple(_argument(name, value, "changed") for name, value in used.items()))
    named = [_argument(name, value, _change(name, value, before)) for name, value in used.items()]
    removed = [_argument(name, value, "removed") for name, value in before.items() if name not in used]
    return Arguments((*named, *removed))


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
    if asked is None:
        return Arguments(text=visible(call.arguments))
    return Arguments(tuple(_argument(name, value) for name, value in asked.items()))


def value_of(value: Any) -> Value:
    """Return a JSON value for reading.

    A string stands as it is, unless it could be taken for another value, or for none.
    """
    if isinstance(value, str) and not _is_ambiguous(value):
        return Value(visible(value), is_json=False)
    from nbstream.snippets.literals import JSON  # noqa: PLC0415  (only where it is used)

    return Value(visible(JSON.write(value)), is_json=True)


def _argument(name: str, value: Any, change: str = "") -> Argument:
    return Argument(visible(name), value_of(value), change)


def _change(name: str, value: Any, before: dict[str, Any]) -> str:
    if name not in before:
        return "added"
    # As texts, since True equals 1.
    return "" if json.dumps(value) == json.dumps(before[name]) else "changed"


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
