"""Problems of a JSON value: where it does not fit, and why."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a JSON value is not what was asked for.

    Attributes:
        path: where in the value, such as `people[2].age`; empty for the whole value.
        message: what is wrong there, in one line.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def path_of(steps: Iterable[str | int]) -> str:
    """Return a path such as `people[2].age` for the keys and indices that lead to a value.

    A key that is not a name stands in brackets, as a JSON string: `prices["1 kg"]`.
    """
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif _NAME.fullmatch(step):
            path += f".{step}" if path else step
        else:
            path += f"[{json.dumps(step, ensure_ascii=False)}]"
    return path
