"""The arguments of a call: the model's text as checked values, or what is wrong with it.

Models and gateways write more than plain JSON objects. What has one meaning only is read: no text
at all, a JSON object within a JSON string or a code block, the same object twice, words after the
object. Two different objects have no meaning, and nothing is ever made up. (Seen in vLLM #19419,
OpenManus #989, openai-agents-js #712, llm #1130, librefang #2975, hermes-agent #26053.)
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbstream.model.printable import one_line
from nbstream.tools.fitting import fitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.model.problem import Problem
    from nbstream.schemas.shape import Shape

_FENCED = re.compile(r"```(?:json)?[ \t]*\n(?P<inside>.*?)\n?```", re.DOTALL | re.IGNORECASE)
#: So many problems are named.
_MOST_PROBLEMS = 20
_CONTEXT = 30
#: JSON within JSON within JSON is no mistake of an encoder any more.
_MOST_ENCODINGS = 3


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one call.

    Attributes:
        values: the arguments by name, as JSON values, as they are shown and judged; what the model
            wrote if they do not fit, and empty if it is no JSON object.
        problem: why they cannot be used, as a text for the model; empty if they can.
        reason: the same for the reader, in one line.
        bound: the values that the function gets, made of `values` and sharing nothing with them.
    """

    values: Mapping[str, Any]
    problem: str = ""
    reason: str = ""
    bound: Mapping[str, Any] = field(default_factory=dict, repr=False)


class _AmbiguousError(ValueError):
    """A text has two meanings, so what is shown could differ from what runs."""


def read_arguments(shape: Shape, text: str) -> Arguments:
    """Return the arguments of a call that is whole; nothing runs.

    Args:
        shape: the shape of the tool's parameters.
        text: the arguments as the model, or the user who edited them, wrote them.
    """
    try:
        value = object_of(text)
    except RecursionError:
        return _deep({})
    except ValueError as error:
        reason = f"The arguments are not valid: {error}"
        return Arguments({}, f"{reason} Nothing was run. Send one JSON object.", one_line(reason))
    try:
        values = fitted(value, shape.json_schema)
        checked = _with_few_unknown(values, shape.json_schema)
        bound, problems = shape.validate(checked)
    except RecursionError:
        return _deep(value)
    if problems:
        # Each is a sentence.
        reason = one_line(" ".join(map(str, problems[:_MOST_PROBLEMS])))
        more = len(values) - len(checked)
        return Arguments(values, _problems_text(problems, more, shape), f"The arguments do not fit. {reason}")
    return Arguments(values, bound=bound)


def _deep(values: Mapping[str, Any]) -> Arguments:
    reason = "The arguments are nested too deeply."
    return Arguments(values, f"{reason} Nothing was run.", reason)


def object_of(text: str) -> dict[str, Any]:
    """Return the one object that a text has. What a reader is shown is read by this, too.

    Raises:
        ValueError: if there is none, or more than one; the message says what is wrong, and where.
        RecursionError: if it is nested too deeply.
    """
    for _ in range(_MOST_ENCODINGS):
        text = text.strip().removeprefix("\ufeff")
        if not text or text == "null":
            return {}
        if fenced := _FENCED.fullmatch(text):
            text = fenced["inside"].strip()
        value = _first_value(text)
        if isinstance(value, dict):
            return value
        if not isinstance(value, str):
            break
        text = value
    kind = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(type(value), "a number")
    raise ValueError(f"they are {kind}, not a JSON object.")


def _first_value(text: str) -> Any:
    # Line ends within strings are not allowed in JSON, and have one meaning only.
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_without_twins)
    try:
        value, end = decoder.raw_decode(text)
        rest = text[end:].strip()
        while rest.startswith("{"):
            other, end = decoder.raw_decode(rest)
            value, rest = _same(value, other), rest[end:].strip()
    except json.JSONDecodeError as error:
        before, after = error.doc[max(0, error.pos - _CONTEXT) : error.pos], error.doc[error.pos : error.pos + _CONTEXT]
        where = f"after {json.dumps(before, ensure_ascii=False)}" if before else "at the beginning"
        found = f"before {json.dumps(after, ensure_ascii=False)}" if after else "the text ends"
        message = error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
        raise ValueError(f"{message} at character {error.pos + 1} ({where}, {found}).") from None
    except _AmbiguousError:
        raise
    except ValueError:
        raise ValueError("a number has too many digits.") from None
    if "{" in rest:
        raise _AmbiguousError("there is more after the first value, with another brace.")
    return value


def _same(value: Any, other: Any) -> Any:
    """Return what two values have in common that follow one another: the first may be empty."""
    if value not in ({}, other):
        raise _AmbiguousError("there are two different objects, one after the other.")
    return other


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twin = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _AmbiguousError(f"the name {json.dumps(one_line(twin), ensure_ascii=False)} occurs twice in one object.")
    return found


def _with_few_unknown(values: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments with as many unknown ones as problems are named: each costs time."""
    properties = schema.get("properties", {})
    unknown = [name for name in values if name not in properties]
    if schema.get("additionalProperties") is not False or len(unknown) <= _MOST_PROBLEMS:
        return values
    left_out = set(unknown[_MOST_PROBLEMS:])
    return {name: value for name, value in values.items() if name not in left_out}


def _problems_text(problems: tuple[Problem, ...], more: int, shape: Shape) -> str:
    lines = [f"- {each.path or 'the whole'}: {each.message}" for each in problems[:_MOST_PROBLEMS]]
    more += max(0, len(problems) - _MOST_PROBLEMS)
    if more:
        lines.append(f"- and {more:,} more")
    properties = shape.json_schema.get("properties", {})
    known = ", ".join(properties) or "none"
    listed = "\n".join(lines)
    return f"The arguments do not fit. Nothing was run.\n{listed}\nThe parameters are: {known}."
