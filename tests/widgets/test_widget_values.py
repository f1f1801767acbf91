"""Values of users in traits that a page has as well."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from nbstream.widgets.instruments.json_values import as_json


@dataclass
class City:
    name: str
    near: Any = None


class Dumped:
    def model_dump(self, mode: str) -> dict[str, Any]:
        return {"mode": mode}


class Failing:
    def model_dump(self, mode: str) -> dict[str, Any]:
        raise RuntimeError(mode)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ([1, "a", {"b": 1.5}], [1, "a", {"b": 1.5}]),
        (City("Paris", City("Rome")), {"name": "Paris", "near": {"name": "Rome", "near": None}}),
        ([Dumped()], [{"mode": "json"}]),
        ({frozenset({1}): 2, "c": {3}}, {"c": [3]}),
        (1 + 2j, "(1+2j)"),
        ([Failing()], "<list>"),
    ],
)
def test_a_value_is_plain_json(value: Any, expected: Any) -> None:
    assert as_json(value) == expected
    json.dumps(as_json(value), allow_nan=False)


def test_a_value_within_itself_is_named() -> None:
    rome = City("Rome")
    rome.near = [rome]
    assert as_json(rome) == "<City>"
