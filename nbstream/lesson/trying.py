"""Calls the functions that a student writes for an exercise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.lesson.exercises import NOT_DONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.lesson.exercises import Hint

#: A hint shows so many characters of what a function was given.
_LONGEST = 70


class _NotYet(Exception):  # noqa: N818  (no error: the exercise is not done yet)
    """A function of the student still returns `...`."""


class Wrong(Exception):  # noqa: N818  (no error: what the student reads)
    """A value is not right; the text of the exception is the hint."""


def by_trying(check: Callable[[Any], str]) -> Callable[[object], Hint]:
    """Return the check of an exercise, made of one that calls `result_of`."""

    def checked(value: object) -> Hint:
        try:
            return check(value)
        except _NotYet:
            return NOT_DONE
        except Wrong as hint:
            return str(hint)

    return checked


def result_of(function: Callable[..., Any], *arguments: object) -> Any:
    """Return what a function of the student returns; only for a check within `by_trying`.

    Raises:
        Wrong: if it raises, or cannot be called; the hint names the call.
    """
    if not callable(function):
        raise Wrong("This exercise expects a function: give its name to lesson.check, without brackets.")
    try:
        found = function(*arguments)
    except Wrong:
        raise
    except Exception as error:  # noqa: BLE001  (a student's function may raise anything)
        raise Wrong(f"{called(function, *arguments)} raised {type(error).__name__}: {error}.") from None
    if found is ... or (isinstance(found, tuple) and any(each is ... for each in found)):
        raise _NotYet
    return found


def called(function: Callable[..., Any], *arguments: object) -> str:
    """Return a call as a student would write it, such as `entropy([0.5, 0.5])`."""
    given = ", ".join(map(repr, arguments))
    shown = given if len(given) <= _LONGEST else f"{given[: _LONGEST - 1]}…"
    return f"{getattr(function, '__name__', 'your function')}({shown})"
