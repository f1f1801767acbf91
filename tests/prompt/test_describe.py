"""What a model is told about values of Python."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import math
from collections import OrderedDict, deque, namedtuple
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any, NamedTuple

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbstream
from nbstream.prompt import describe as module
from nbstream.prompt.description import LIMIT, Description


def test_a_text_stands_as_it_is() -> None:
    text = "```\n{{ a }}\t\0 é \ud800 \u2028"
    described = nbstream.describe(text)
    assert (described.text, described.is_cut) == (text, False)


def test_a_long_text_is_cut_and_says_so() -> None:
    described = nbstream.describe("ab" * 45_602)
    assert described.text == "ab" * (LIMIT // 2)
    assert described.is_cut
    assert described.shown == "first 8,000 of 91,204 characters"


class Point(NamedTuple):
    x: float
    y: float


@dataclasses.dataclass
class Trip:
    to: str
    stops: list[str]
    hidden: str = dataclasses.field(default="no", repr=False)


class Model(pydantic.BaseModel):
    name: str
    count: int = 3
    quiet: str = pydantic.Field(default="no", repr=False)


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, 2.5, None, True], "ä": {"b": "c"}}, '{"a": [1, 2.5, null, true], "ä": {"b": "c"}}'),
        ([], "[]"),
        ({}, "{}"),
        ((1, "2"), '[1, "2"]'),
        ({3}, "[3]"),
        (deque([1, 2]), "[1, 2]"),
        (OrderedDict(b=1, a=2), '{"b": 1, "a": 2}'),
        ({"a": 1}.keys(), '["a"]'),
        (Point(1.0, 2.0), '{"x": 1.0, "y": 2.0}'),
        (Trip("Bonn", ["Köln"]), '{"to": "Bonn", "stops": ["Köln"]}'),
        (Model(name="n"), '{"name": "n", "count": 3}'),
        (SimpleNamespace(a=1), '{"a": 1}'),
        ({1: "int", None: "none", (1, 2): "tuple"}, '{"1": "int", "None": "none", "(1, 2)": "tuple"}'),
        ({"d": dt.date(2026, 11, 25)}, '{"d": "2026-11-25"}'),
        ({"p": PurePosixPath("a/b")}, '{"p": "a/b"}'),
        ({"m": Decimal("1.10"), "f": Fraction(1, 3)}, '{"m": "1.10", "f": "1/3"}'),
        ({"n": math.nan, "i": math.inf}, '{"n": NaN, "i": Infinity}'),
        ({"c": Colour.RED}, '{"c": "<Colour.RED: \'red\'>"}'),
        ({"b": b"\0"}, '{"b": "b\'\\\\x00\'"}'),
        (5, "5"),
        (True, "True"),
        (None, "None"),
        (2.50, "2.5"),
        (Decimal("NaN"), "NaN"),
        (Path("a") / "b", str(Path("a/b"))),
        (dt.datetime(2026, 1, 2, 3, 4), "2026-01-02 03:04:00"),  # noqa: DTZ001
        (range(10**12), "range(0, 1000000000000)"),
        (Colour.RED, "<Colour.RED: 'red'>"),
        (1 + 2j, "(1+2j)"),
        (b"abc", "b'abc'"),
    ],
    ids=str,
)
def test_small_values(value: object, text: str) -> None:
    described = nbstream.describe(value)
    assert described.text == text
    assert not described.is_cut


class Strange:
    """Nothing about it can be read."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        raise self.error

    __str__ = __repr__

    def __len__(self) -> int:
        raise self.error

    def __iter__(self) -> Any:
        raise self.error


class StrangeDict(dict[str, int]):
    def items(self) -> Any:
        raise RuntimeError("no")


class StrangeText(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no")

    def __getitem__(self, index: Any) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value",
    [
        Strange(RuntimeError("no")),
        Strange(RecursionError()),
        Strange(MemoryError()),
        [Strange(ValueError("no"))],
        {"a": Strange(ValueError("no"))},
        StrangeDict(a=1),
        StrangeText("text"),
        [StrangeText("text")],
        {StrangeText("text"): 1},
        10**50_000,
        [10**50_000],
        memoryview(b"abcd").cast("B", (2, 2)),
        type("Odd", (), {"shape": (), "item": lambda self: self.nothing})(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_value_makes_it_raise(value: object) -> None:
    described = nbstream.describe(value)
    assert len(described.text) <= LIMIT


def test_what_contains_itself_ends() -> None:
    value: list[Any] = [1]
    value.append(value)
    assert nbstream.describe(value).text == '[1, "…"]'
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    assert nbstream.describe(deep).is_cut


def test_a_large_container_is_read_as_far_as_it_is_shown() -> None:
    read = 0

    class Counting(list[int]):
        def __iter__(self) -> Any:
            nonlocal read
            for each in super().__iter__():
                read += 1
                yield each

    described = nbstream.describe(Counting(range(1_000_000)))
    assert described.is_cut
    assert LIMIT - 10 < len(described.text) <= LIMIT
    assert read < LIMIT
    shown = json.loads(described.text + "]")
    assert shown == list(range(len(shown)))
    assert described.shown == f"{len(shown):,} of 1,000,000 items"


def test_a_large_item_of_a_container_is_shown_in_part() -> None:
    described = nbstream.describe({"small": 1, "large": ["x"] * 10_000})
    assert described.shown == "2 of 2 entries, the last one in part"
    assert len(described.text) == LIMIT


def test_a_lazy_mapping_is_not_read() -> None:
    from collections.abc import Mapping

    class Lazy(Mapping[str, int]):
        def __getitem__(self, key: str) -> int:
            raise AssertionError("loaded")

        def __iter__(self) -> Any:
            raise AssertionError("loaded")

        def __len__(self) -> int:
            return 10**9

        def __repr__(self) -> str:
            return "<lazy>"

    assert nbstream.describe(Lazy()).text == "<lazy>"


def test_an_iterator_is_not_used_up() -> None:
    numbers = iter([1, 2, 3])
    nbstream.describe({"numbers": numbers})
    nbstream.describe(numbers)
    assert list(numbers) == [1, 2, 3]


def test_an_exception_is_its_traceback_with_the_cause() -> None:
    try:
        try:
            OrderedDict[str, int]()["missing"]
        except KeyError as error:
            raise ValueError("no such town") from error
    except ValueError as error:
        described = nbstream.describe(error)
    assert described.text.startswith("Traceback (most recent call last)")
    assert "KeyError: 'missing'" in described.text
    assert described.text.endswith("ValueError: no such town")


def test_the_end_of_a_long_traceback_is_kept() -> None:
    described = nbstream.describe(ValueError("first " + "x" * 20_000 + " last"))
    assert described.text.endswith(" last")
    assert described.shown.startswith("last 8,000 of ")
    assert described.is_cut


def test_a_function_is_its_source_and_a_method_not_its_object() -> None:
    described = nbstream.describe(test_an_iterator_is_not_used_up)
    assert described.text.startswith("def test_an_iterator_is_not_used_up()")
    assert described.language == "python"
    assert "in-place" in nbstream.describe([1, 2].sort).text
    assert nbstream.describe(Trip).text.startswith("@dataclasses.dataclass\nclass Trip")


def test_a_long_repr_is_cut_and_says_so() -> None:
    class Long:
        def __repr__(self) -> str:
            return "x" * 1_000_000

    assert nbstream.describe(Long()).shown == "first 8,000 of 1,000,000 characters"


def test_an_object_without_a_repr_is_its_attributes() -> None:
    class Plain:
        def __init__(self) -> None:
            self.a = 1
            self.b = [2]

    assert nbstream.describe(Plain()).text == '{"a": 1, "b": [2]}'


def test_a_reply_is_its_answer(simulator: object) -> None:
    reply = nbstream.stream("hello").result(20)
    assert nbstream.describe(reply).text == reply.answer[:LIMIT]


class Town:
    pass


class Village(Town):
    pass


def test_users_register_their_own() -> None:
    @nbstream.describe.register
    def _(value: Town) -> str:
        return f"a town of type {type(value).__name__}"

    assert nbstream.describe(Town()).text == "a town of type Town"
    assert nbstream.describe(Village()).text == "a town of type Village"

    @nbstream.describe.register(Village)
    def _(value: Village) -> Description:
        return Description("x" * 9_000, "village", "its river")

    described = nbstream.describe(Village())
    assert (len(described.text), described.is_cut) == (LIMIT, True)
    assert described.shown == "its river, first 8,000 of 9,000 characters"


def test_a_users_function_goes_before_the_one_for_a_library() -> None:
    pandas = pytest.importorskip("pandas")

    class Ours(pandas.DataFrame):  # type: ignore[misc,name-defined]
        pass

    nbstream.describe.register(Ours, lambda frame: f"{len(frame)} rows, columns only: {list(frame)}")
    assert nbstream.describe(Ours({"a": [1]})).text == "1 rows, columns only: ['a']"
    assert "as CSV" in nbstream.describe(pandas.DataFrame({"a": [1]})).text


def test_nothing_is_imported_for_it() -> None:
    import subprocess
    import sys

    code = (
        "import sys, nbstream\n"
        "for each in ['a', {'a': 1}, 1.5, ValueError('x'), object(), len]: nbstream.describe(each)\n"
        "print({'numpy', 'pandas', 'polars', 'PIL', 'matplotlib', 'openai', 'IPython'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
)


@given(VALUES)
def test_any_value_is_bounded(value: object) -> None:
    described = nbstream.describe(value)
    assert len(described.text) <= LIMIT


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(JSON) | st.dictionaries(st.text(), JSON))
def test_what_is_json_is_written_as_json(value: Any) -> None:
    described = nbstream.describe(value)
    if not described.is_cut:
        assert json.loads(described.text) == value


def test_every_kind_of_this_package_is_known_as_its_own() -> None:
    Pair = namedtuple("Pair", "a b")  # noqa: PYI024
    for value in (Pair(1, 2), "a", b"a", [1], {1: 2}, ValueError(), len, Colour.RED, 1, None):
        assert module._describe.dispatch(type(value)) in module._OWN
