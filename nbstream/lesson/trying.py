"""Calls the functions that a student writes for an exercise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.lesson.exercises import NOT_DONE, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.lesson.exercises import Hint

#: A hint shows so many characters of what a function was given, and of what it returned.
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


def result_of(function: Callable[..., Any], *arguments: object, read: Callable[[Any], Any] | None = None) -> Any:
    """Return what a function of the student returns; only for a check within `by_trying`.

    Args:
        function: the function.
        arguments: what it is called with.
        read: makes of the result what the check compares, such as a number; it raises anything
            for a result of another kind, `Wrong` with a hint of its own.

    Raises:
        Wrong: if the function raises, cannot be called, or returns a value of another kind; the
            hint names the call.
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
    if read is None:
        return found
    try:
        return read(found)
    except Wrong:
        raise
    except Exception:  # noqa: BLE001  (a student's function may return anything)
        call = called(function, *arguments)
    if found is None:
        raise Wrong(f"{call} returned None. A function returns only what stands after `return`.")
    raise Wrong(f"{call} returned {_short(repr(found))}, {kind_of(found)}, and that is not what it should return.")


def is_untouched(function: object) -> bool:
    """Return whether the body of a function is still `...`, as in the notebook."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_code == _untouched.__code__.co_code


def _untouched() -> None:
    """Stand for each function that nobody has worked on."""
    ...  # noqa: PIE790  (as in the notebook)


def called(function: Callable[..., Any], *arguments: object) -> str:
    """Return a call as a student would write it, such as `entropy([0.5, 0.5])`."""
    given = ", ".join(map(repr, arguments))
    return f"{getattr(function, '__name__', 'your function')}({_short(given)})"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
