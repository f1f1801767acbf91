"""The words that a model reads as the result of a call that did not run."""

from __future__ import annotations

from nbstream.language import marked
from nbstream.model.tool_result import ToolOutcome
from nbstream.prompt.shortening import without_middle

STOPPED = ToolOutcome("stopped", marked("not run: stopped by the user"))
REPEATED = ToolOutcome("stopped", marked("not run: the same call was made twice before, with the same arguments"))

#: So many characters of what a model or a user wrote are repeated to the model.
_MOST_REPEATED = 4_000
_LONGEST_NAME = 128


def denied(reason: str, *, by_user: bool) -> ToolOutcome:
    """Return the outcome of a call that was denied; `reason` may be empty."""
    if not by_user:
        return ToolOutcome("denied", f"not run: {reason or 'nobody could be asked whether it may run'}")
    return ToolOutcome("denied", f"not run: denied by the user{f': {reason}' if reason else ''}")


def unknown(name: str, known: list[str]) -> ToolOutcome:
    """Return the outcome of a call of a tool that there is not."""
    tools = f"The tools are: {', '.join(known)}." if known else "There are no tools."
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    problem = f"There is no tool {short!r}. {tools}"
    return ToolOutcome("invalid", f"{problem} Nothing was run.", error=problem)


def edited(arguments: str, content: str) -> str:
    """Return the result of a call whose arguments the user changed."""
    return f"The user changed the arguments to {_repeated(arguments)} before the call ran. Its result:\n{content}"


def invalid(problem: str, reason: str) -> ToolOutcome:
    """Return the outcome of a call whose arguments do not fit."""
    return ToolOutcome("invalid", _repeated(problem), error=reason)


def _repeated(text: str) -> str:
    return without_middle(text, _MOST_REPEATED)[0]
