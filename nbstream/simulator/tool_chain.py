"""Decides which tools a model calls next, in a chain of requests and results.

The simulator keeps nothing between two requests: how far a chain has come is in the messages.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbstream.simulator import arguments, messages, scenarios

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The word in a tool's result by which `repeat=denied` knows that a call was denied.
_DENIED = "denied"
_UNKNOWN = "no_such_tool"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool.

    Attributes:
        arguments: JSON text, as far as the scenario does not break it.
        has_id: whether the call has an id, and not an empty one.
    """

    name: str
    arguments: str
    has_id: bool = True


def next_calls(
    tools: Sequence[Mapping[str, Any]],
    turns: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
    *,
    is_required: bool = False,
) -> tuple[Call, ...]:
    """Return the calls of the next step, or none if the chain is over.

    Args:
        tools: the tools that may be called.
        turns: the messages; the last one of the user may have the key `calls`, see
            `messages.without_directive`.
        options: the options of the scenario `tool-call`.
        is_required: whether the request demands a call.

    Raises:
        ScenarioError: if a line of the prompt that says a call is not valid.
    """
    script = _script(turns)
    step = place(turns, options["repeat"])
    if step >= (len(script) or options["steps"]) and not is_required:
        return ()
    if script:
        calls = script[min(step, len(script) - 1)]
    else:
        first = step * options["calls"]
        chosen = [(tools[at % len(tools)]["function"], at) for at in range(first, first + options["calls"])]
        calls = tuple(Call(function["name"], _written(function, at, options, step)) for function, at in chosen)
    return _broken(calls, options, step)


def _script(turns: Sequence[Mapping[str, Any]]) -> list[tuple[Call, ...]]:
    """Return the calls that the last prompt asks for, step by step."""
    steps: dict[int, list[Call]] = {}
    for said, (name, given) in messages.last_of_user(turns).get("calls", ()):
        step = scenarios.parse(said).scenarios[scenarios.CALL]["step"]
        steps.setdefault(step, []).append(Call(name, given))
    return [tuple(steps[step]) for step in sorted(steps)]


def place(turns: Sequence[Mapping[str, Any]], repeat: str = "no") -> int:
    """Return how many steps the chain has taken since the last prompt.

    Args:
        turns: the messages.
        repeat: the option of the scenario `tool-call`.
    """
    if repeat == "always":
        return 0
    done, is_denied = 0, False
    for turn in reversed(turns):
        if turn["role"] == "user":
            break
        if turn["role"] == "tool":
            is_denied |= _DENIED in messages.text(turn).lower()
        elif turn.get("tool_calls"):
            done += not (is_denied and repeat == "denied")
            is_denied = False
    return done


def _written(function: Mapping[str, Any], number: int, options: Mapping[str, Any], step: int) -> str:
    make = arguments.unfitting if options["broken"] == "arguments" and step == 0 else arguments.fitting
    made = make(function.get("parameters"), number)
    if size := options["size"]:
        name = next((name for name, value in made.items() if isinstance(value, str)), "text")
        made[name] = "x" * size
    return json.dumps(made, ensure_ascii=False)


def _broken(calls: tuple[Call, ...], options: Mapping[str, Any], step: int) -> tuple[Call, ...]:
    """Return the calls with the fault that the scenario asks for.

    A fault that a model would mend once it has been told is in the first step only.
    """
    match options["broken"]:
        case "id":
            return tuple(Call(call.name, call.arguments, has_id=False) for call in calls)
        case "name":
            return tuple(Call("", call.arguments) for call in calls)
        case "unknown" if step == 0:
            return tuple(Call(_UNKNOWN, call.arguments) for call in calls)
        case "json" if step == 0:
            return tuple(Call(call.name, f"{call.arguments[:-1]}, ") for call in calls)
        case _:
            return calls
