"""Types and functions with postponed annotations."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Required, TypedDict

import numpy as np  # noqa: TC002

if TYPE_CHECKING:
    import collections.abc
    from collections.abc import Iterator
    from decimal import Decimal


@dataclasses.dataclass
class Node:
    name: str
    kids: list[Node]


class Deep(TypedDict, total=False):
    x: Required[int]
    kids: list[Deep]


class Row(TypedDict):
    id: int


def use_row(row: Row) -> None: ...


def use_nodes(nodes: list[Node]) -> None: ...


def use_array(x: np.ndarray) -> None: ...


def walk(depth: int) -> Iterator[collections.abc.Sequence[int]] | None: ...


def pay(amount: Decimal) -> Iterator[int] | None: ...
