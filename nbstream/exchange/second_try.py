"""Whether a structured answer is asked for once more, and what the model is told then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.reply import CUT_OFF
from nbstream.model.warning import DAMAGES
from nbstream.schemas.reading import read, stands_in_reasoning

if TYPE_CHECKING:
    from nbstream.model.problem import Problem
    from nbstream.model.reply import Reply
    from nbstream.model.structure import Structure

#: The model is told so many problems.
_MOST = 10
_EMPTY = "Your answer was empty."
_WRONG = "Your answer was not the JSON that was asked for:"
_AGAIN = "Answer again, with the whole JSON object and nothing else."


def question_after(reply: Reply) -> str | None:
    """Return the message that asks again for a structured answer; None if nothing is to be asked.

    A model is asked again if it ended by itself and its answer is empty or does not fit, until
    `tries` is reached. An answer that was cut off is not asked for again: the model would reach the
    same limit.

    Args:
        reply: the reply after a response has ended, before the reply itself ends.
    """
    structure = reply.request.structure
    if structure is None or reply.tool_calls or reply.refusal or reply.error is not None:
        return None
    was_asked = 1 + sum(step.cause == "again" for step in reply.steps)
    is_damaged = any(each.kind in DAMAGES for each in reply.last_step.warnings)
    if was_asked >= structure.tries or reply.finish_reason in CUT_OFF or is_damaged:
        return None
    if stands_in_reasoning(reply):
        # The server would put the next one there, too.
        return None
    problems = read(structure, reply.answer).problems
    return _question(problems, structure, is_empty=not reply.answer.strip()) if problems else None


def _question(problems: tuple[Problem, ...], structure: Structure, *, is_empty: bool) -> str:
    if is_empty:
        return f"{_EMPTY} {_AGAIN}"
    lines = [f"- {_line(each, structure.wrapper)}" for each in problems[:_MOST]]
    if more := len(problems) - len(lines):
        lines.append(f"- and {more} more")
    return "\n".join([_WRONG, *lines, _AGAIN])


def _line(problem: Problem, wrapper: str) -> str:
    """Return a problem with the path as the model wrote it, below the wrapper."""
    if not wrapper or not problem.path:
        return str(problem)
    between = "" if problem.path.startswith("[") else "."
    return f"{wrapper}{between}{problem}"
