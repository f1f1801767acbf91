"""The JSON of an answer: read strictly, and what is wrong with it, and where.

Code fences around the whole answer are taken off. Nothing else is guessed or repaired.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbstream.model.printable import one_line
from nbstream.model.problem import Problem, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPENING = re.compile(r"\s*(`{3,}|~{3,})[^\S\n]*([\w+-]*)[^\S\n]*\n")
_EMPTY = "The answer is empty."
#: The problem of a value beyond the depth of Python.
TOO_DEEP = "It is nested too deeply."
#: How much of a text is quoted.
_SHOWN = 40
#: The beginning of a closing fence.
_BEGUN_FENCE = re.compile(r"\n[^\S\n]*[`~]{1,2}\s*$")
#: A number at the end of a text that grows may have more digits.
_OPEN_NUMBER = re.compile(r"(?:(?<=[\s:,\[])|^)-?[0-9][0-9.eE+-]*$")


@dataclass(frozen=True, slots=True)
class Json:
    """What an answer says in JSON.

    Attributes:
        value: the JSON value; None if there are problems.
        problems: what is wrong with the text.
    """

    value: Any
    problems: tuple[Problem, ...] = ()


def without_fences(answer: str) -> str:
    """Return an answer without the code fence that stands around all of it.

    The closing fence may be missing, as in an answer that is still growing.
    """
    found = _OPENING.match(answer)
    if found is None:
        return answer
    inner = answer[found.end() :].rstrip()
    mark = found[1][0]
    end = len(inner.rstrip(mark))
    # A closing fence stands on a line of its own, or after the last bracket.
    return inner[:end] if len(inner) - end >= len(found[1]) else inner


def read(answer: str) -> Json:
    """Return the JSON of a whole answer."""
    text = without_fences(answer)
    if not text.strip():
        return Json(None, (Problem("", _EMPTY),))
    odd: list[_Odd] = []

    def note(made: _Odd) -> _Odd:
        odd.append(made)
        return made

    def number(digits: str) -> Any:
        value = float(digits)
        return value if math.isfinite(value) else note(_Odd("The number is too large.", value))

    def pairs(found: list[tuple[str, Any]]) -> Any:
        made = dict(found)
        if len(made) == len(found):
            return made
        twice, count = Counter(name for name, _ in found).most_common(1)[0]
        how_often = "twice" if count == 2 else f"{count} times"  # noqa: PLR2004
        return note(_Odd(f"The key {json.dumps(twice, ensure_ascii=False)} is there {how_often}.", made))

    def constant(name: str) -> _Odd:
        return note(_Odd(f"JSON has no {name}.", None))

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_float=number, parse_constant=constant)
    except json.JSONDecodeError as error:
        return Json(None, (Problem("", _syntax(error, text)),))
    except RecursionError:
        return Json(None, (Problem("", TOO_DEEP),))
    except ValueError:
        # Python limits the digits of whole numbers.
        return Json(None, (Problem("", "A number is too large."),))
    if odd:
        return Json(None, tuple(Problem(path_of(path), one_line(each.message)) for path, each in _odd_ones(value, ())))
    return Json(value)


def partial(answer: str) -> Any:
    """Return the value that a growing answer has so far; None before it begins.

    What is there stays in each later value, except that texts and lists grow, and objects get more
    fields: a number or a key is left out until it is whole.
    """
    from pydantic_core import from_json  # noqa: PLC0415  (0.1 s, and only for those who watch)

    inner = without_fences(answer)
    if len(inner) < len(answer):
        inner = _BEGUN_FENCE.sub("", inner)
    text = _OPEN_NUMBER.sub("", inner)
    try:
        return from_json(text, allow_partial="trailing-strings")
    except ValueError:
        return None


class _Odd:
    """A value that is not JSON, in place of it, and why."""

    def __init__(self, message: str, value: Any) -> None:
        self.message = message
        self.value = value


def _odd_ones(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], _Odd]]:
    """Yield the odd values within `value`, and where they are."""
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(value, path)]
    while waiting:
        each, at = waiting.pop()
        if isinstance(each, _Odd):
            yield at, each
            each = each.value
        inner = each.items() if isinstance(each, dict) else enumerate(each) if isinstance(each, list) else ()
        waiting += [(item, (*at, key)) for key, item in [*inner][::-1]]


def _syntax(error: json.JSONDecodeError, text: str) -> str:
    """Return what is wrong with a text that is not JSON."""
    at = error.pos
    place = f"at line {error.lineno}, column {error.colno}"
    begins = text.strip()
    if begins[0] not in '{["-0123456789tfn':
        return f"It is not JSON: it begins with “{_start(begins)}”."
    if error.msg == "Extra data":
        return f"After the JSON there is more text, {place}: “{_start(text[at:])}”."
    if not text[at:].strip() or error.msg.startswith("Unterminated string"):
        return "The JSON is not whole: the answer ends within it."
    reason = error.msg[:1].lower() + error.msg[1:]
    return f"It is not valid JSON {place}, before “{_start(text[at:])}”: {reason.removesuffix(' at')}."


def _start(text: str) -> str:
    line = one_line(text[: _SHOWN * 2])
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
