"""Tools as a request declares them."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from nbstream.tools.definitions import are_strict, definitions, is_strict_schema
from nbstream.tools.tool import tool_of


def now() -> str:
    """Tell the time."""
    return "12:00"


def find(word: str, most: int = 5) -> str:
    return word * most


def test_tools_are_declared_as_functions() -> None:
    assert definitions([tool_of(now)]) == [
        {
            "type": "function",
            "function": {
                "name": "now",
                "description": "Tell the time.",
                "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
            },
        }
    ]
    declared = definitions([tool_of(find)])[0]["function"]
    assert "description" not in declared
    assert "strict" not in declared
    assert definitions([tool_of(now)], strict=True)[0]["function"]["strict"] is True


def test_tools_are_strict_together_or_not_at_all() -> None:
    assert are_strict([tool_of(now)])
    assert not are_strict([tool_of(find)])
    assert not are_strict([tool_of(now), tool_of(find)])


def test_schemas_are_sent_without_references() -> None:
    declared = definitions([tool_of(_taking(list[Point]))])[0]["function"]["parameters"]
    assert "$ref" not in str(declared)
    assert declared["properties"]["value"]["items"]["properties"].keys() == {"x", "y"}
    assert "$ref" in str(definitions([tool_of(_taking(Node))]))


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    model_config = ConfigDict(extra="forbid")
    x: float
    y: float


class Open(BaseModel):
    x: float


class Node(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    inner: list[Node]


def _taking(hint: Any) -> Any:
    def function(value: Any) -> None: ...

    function.__annotations__["value"] = hint
    return function


def _of(hint: Any) -> dict[str, Any]:
    return dict(tool_of(_taking(hint)).parameters)


@pytest.mark.parametrize(
    "hint",
    [
        *(str, int, float, bool, list[str], int | str, int | None, Literal["a"], Literal["a", "b"]),
        *(Colour, Point, list[Point], Point | None, Node),
    ],
)
def test_schemas_that_can_be_strict(hint: Any) -> None:
    assert is_strict_schema(_of(hint))


@pytest.mark.parametrize(
    "hint",
    [
        Any,
        dict[str, int],
        Open,
        tuple[int, str],
        Annotated[str, Field(min_length=1)],
        Annotated[list[int], Field(max_length=3)],
        Annotated[int, Field(ge=0)],
        Annotated[str, Field(pattern="a+")],
        list,
        Node | None,
    ],
)
def test_schemas_that_cannot_be_strict(hint: Any) -> None:
    assert not is_strict_schema(_of(hint))
