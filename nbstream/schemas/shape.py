"""A shape: a JSON schema, and the check whether a JSON value has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbstream.model.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Shape:
    """What a JSON value must look like.

    Attributes:
        json_schema: the JSON schema (2020-12), without references to other documents.
        name: the name of the type or function that it was made from; may be empty.
        check: makes a Python value of a JSON value, or returns its problems.
    """

    json_schema: Mapping[str, Any]
    name: str
    check: Callable[[Any], tuple[Any, tuple[Problem, ...]]] = field(repr=False, compare=False)

    def validate(self, value: Any) -> tuple[Any, tuple[Problem, ...]]:
        """Return what `value` becomes, and its problems; if there are any, None in place of it.

        Args:
            value: a JSON value as `json.loads` returns it.
        """
        try:
            return self.check(value)
        except RecursionError:
            return None, (Problem("", "It is nested too deeply."),)
