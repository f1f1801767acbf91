"""Types by their names, as `--as` takes them: nothing is evaluated."""

from __future__ import annotations

import typing
from typing import Any

import pytest

from nbstream.model.exceptions import RequestError
from nbstream.schemas import shape
from nbstream.schemas.named_types import type_named
from tests.schemas.test_python_types import Person


class Trap:
    """An object whose every use is noted."""

    def __init__(self) -> None:
        self.uses: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.uses.append(name)
        return int

    def __getitem__(self, key: Any) -> Any:
        self.uses.append("[]")
        return int

    def __or__(self, other: Any) -> Any:
        self.uses.append("|")
        return int


NAMES = {"Person": Person, "module": shape, "trap": Trap()}


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("Person", Person),
        (" list[Person] ", list[Person]),
        ("dict[str, list[Person]]", dict[str, list[Person]]),
        ("Person | None", typing.Optional[Person]),  # noqa: UP045
        ("List[int]", typing.List[int]),  # noqa: UP006
        ("Optional[Person]", typing.Optional[Person]),  # noqa: UP045
        ("Literal['a', 1]", typing.Literal["a", 1]),
        ("tuple[int, ...]", tuple[int, ...]),
        ("module.Shape", shape.Shape),
        ("None", None),
    ],
)
def test_a_type_is_found(text: str, type_: Any) -> None:
    assert type_named(text, NAMES) == type_


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Persn", "there is no variable `Persn`"),
        ("list[Persn]", "there is no variable `Persn`"),
        ("module.Nothing", "there is no `Nothing` in `nbstream.schemas.shape`"),
        ("trap.x", "`x` is looked up in modules and classes only"),
        ("trap[0]", "brackets follow types only"),
        ("trap | None", "a type is expected on both sides of |"),
        ("list['Person']", "only names, dots, brackets and | may stand here"),
        ("__import__('os').getcwd()", "only names, dots"),
        ("[x for x in Person]", "only names, dots"),
        ("list[Person", "this is no type"),
        ("", "this is no type"),
        ("int[str]", "int"),
    ],
)
def test_what_names_no_type_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(RequestError, match="--as") as error:
        type_named(text, NAMES)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
    assert NAMES["trap"].uses == []  # type: ignore[attr-defined]
