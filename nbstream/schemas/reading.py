"""Reads the answer of a reply in the form that its request asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.model.printable import one_line
from nbstream.model.problem import Problem
from nbstream.model.structure import Reading
from nbstream.schemas import answers
from nbstream.schemas.json_schema import shape_of_schema, simple

if TYPE_CHECKING:
    from nbstream.model.reply import Reply
    from nbstream.model.structure import Structure

_NOTHING = Reading()


def reading_of(reply: Reply) -> Reading:
    """Return the data of a reply and its problems; nothing if it is no structured answer.

    It never raises, whatever the model wrote and whatever a check of the user's own type does.
    """
    structure = reply.request.structure
    if structure is None or not reply.ended:
        return _NOTHING
    return read(structure, reply.answer)


def read(structure: Structure, answer: str) -> Reading:
    """Return the data of a whole answer, and its problems."""
    found = answers.read(answer)
    if found.problems:
        return Reading(problems=found.problems)
    value = unwrapped(structure, found.value)
    try:
        data, problems = _checked(structure, value)
    except RecursionError:
        data, problems = None, (Problem("", answers.TOO_DEEP),)
    except Exception as error:  # noqa: BLE001  (the check is the user's)
        data, problems = None, (Problem("", one_line(f"Its check raised {type(error).__name__}: {error}")),)
    return Reading(problems=problems) if problems else Reading(data, value)


def stands_in_reasoning(reply: Reply) -> bool:
    """Return whether a reply without an answer has the JSON that was asked for in its reasoning.

    vLLM puts it there if it has a parser of reasoning and the model does not think (its issues
    15618 and 19222).
    """
    structure = reply.request.structure
    if structure is None or reply.answer.strip() or not reply.reasoning.strip():
        return False
    return not read(structure, reply.reasoning).problems


def partial_of(reply: Reply) -> Any:
    """Return what a structured answer has so far, as plain JSON; None before it begins."""
    structure = reply.request.structure
    if structure is None:
        return None
    value = answers.partial(reply.answer)
    # The object that wraps the value begins before the value does.
    return None if structure.wrapper and value == {} else unwrapped(structure, value)


def unwrapped(structure: Structure, value: Any) -> Any:
    """Return the value that stands below the wrapper, if it does."""
    wrapper = structure.wrapper
    return value[wrapper] if wrapper and isinstance(value, dict) and value.keys() == {wrapper} else value


def _checked(structure: Structure, value: Any) -> tuple[Any, tuple[Problem, ...]]:
    if structure.check is not None:
        return structure.check(value)
    if structure.schema is not None:
        return shape_of_schema(structure.schema).validate(value)
    if isinstance(value, dict | list):
        return value, ()
    return None, (Problem("", f"It should be an object or a list, and is {simple(value)}."),)
