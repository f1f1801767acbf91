"""The form that an answer is asked for: JSON, maybe by a schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nbstream.model.problem import Problem


@dataclass(frozen=True, slots=True)
class Structure:
    """The JSON that a request asks for.

    Attributes:
        schema: the JSON schema of the value; None if any object or list will do.
        name: the name of the type, as in `list[Person]`; may be empty.
        wrapper: the key below which the value stands, as servers want an object at the top; empty
            if the value is an object.
        tries: how many times the model may be asked, counted from 1.
        check: makes a value of the Python type of a JSON value, or returns its problems; None for a
            reply from a file, whose data is plain JSON.
    """

    schema: Mapping[str, Any] | None = field(default=None, hash=False)
    name: str = ""
    wrapper: Literal["", "items", "value"] = ""
    tries: int = 2
    check: Callable[[Any], tuple[Any, tuple[Problem, ...]]] | None = field(
        default=None, repr=False, compare=False, metadata={"kept": False}
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply says in the form that was asked for.

    Attributes:
        data: the value: of the type that was asked for, or plain JSON; None if there is none.
        plain: the same value as plain JSON.
        problems: why there is none.
    """

    data: Any = None
    plain: Any = None
    problems: tuple[Problem, ...] = ()
