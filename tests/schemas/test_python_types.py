"""Shapes of Python types: their schema, and how values are checked.

The module has no postponed annotations, as a notebook has none; `postponed.py` has them.
"""

import dataclasses
import datetime as dt
import decimal
import enum
import functools
import json
import subprocess
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from types import GenericAlias
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Optional, TypedDict, TypeVar, Union

import jsonschema
import numpy as np
import pytest
import typing_extensions
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, field_validator

from nbstream.model.exceptions import RequestError
from nbstream.model.problem import Problem, path_of
from nbstream.schemas.python_types import shape_of, shape_of_parameters
from tests.schemas import postponed


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int = Field(default=3, ge=0, description="in years")

    @field_validator("age")
    @classmethod
    def _no_age_of_legend(cls, age: int) -> int:
        if age > 969:
            raise KeyError("Methuselah")
        if age > 150:
            raise ValueError("nobody is that old")
        return age


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


class Row(TypedDict):
    """A row."""

    id: int
    note: NotRequired[str]


class Backported(typing_extensions.TypedDict):
    id: int


@dataclasses.dataclass
class Table:
    rows: list[Row]
    mood: Mood = Mood.GOOD
    more: Optional["Table"] = None


class Pair(NamedTuple):
    left: int
    right: Row


VALUES: list[tuple[Any, Any, Any]] = [
    (Person, {"name": "Ada", "age": 36}, Person(name="Ada", age=36)),
    (Person, {"name": "Ada"}, Person(name="Ada")),
    (list[Person], [{"name": "Ada"}], [Person(name="Ada")]),
    (Table, {"rows": [{"id": 1}]}, Table([{"id": 1}])),
    (Table, {"rows": [], "mood": "bad", "more": {"rows": []}}, Table([], Mood.BAD, Table([]))),
    (Row, {"id": 1, "note": "x"}, {"id": 1, "note": "x"}),
    (Backported, {"id": 1}, {"id": 1}),
    (Pair, [1, {"id": 2}], Pair(1, {"id": 2})),
    (dict[str, int], {"a b": 1}, {"a b": 1}),
    (Literal["a", 1], 1, 1),
    (Mood, "bad", Mood.BAD),
    (int | None, None, None),
    (Optional[int], 3, 3),  # noqa: UP045
    (Union[int, list[str]], ["a"], ["a"]),  # noqa: UP007
    (tuple[int, ...], [1, 2], (1, 2)),
    (set[int], [1, 2], {1, 2}),
    (dt.date, "2026-11-25", dt.date(2026, 11, 25)),
    (decimal.Decimal, 1.5, decimal.Decimal("1.5")),
    (int, 3.0, 3),
    (float, 3, 3.0),
    (bool, True, True),
    (Annotated[int, Field(gt=0)], 1, 1),
    (Any, {"a": []}, {"a": []}),
    (
        postponed.Node,
        {"name": "a", "kids": [{"name": "b", "kids": []}]},
        postponed.Node("a", [postponed.Node("b", [])]),
    ),
    (postponed.Deep, {"x": 1, "kids": [{"x": 2}]}, {"x": 1, "kids": [{"x": 2}]}),
]


@pytest.mark.parametrize(("type_", "value", "made"), VALUES, ids=[str(type_) for type_, *_ in VALUES])
def test_a_value_becomes_the_type(type_: Any, value: Any, made: Any) -> None:
    shape = shape_of(type_)
    assert shape.validate(value) == (made, ())
    assert type(shape.validate(value)[0]) is type(made)
    # The schema says the same, to a checker that is not ours, and needs no other document.
    schema = json.loads(json.dumps(shape.json_schema))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(value)


WRONG: list[tuple[Any, Any, list[tuple[str, str]]]] = [
    (Person, [], [("", "It should be an object, and is a list.")]),
    (Person, {"age": "x"}, [("name", "It is missing."), ("age", 'It should be a whole number, and is "x".')]),
    (Person, {"name": "A", "age": -1}, [("age", "It should be greater than or equal to 0, and is -1.")]),
    (Person, {"name": "A", "age": 200}, [("age", "nobody is that old.")]),
    (Person, {"name": "A", "age": 970}, [("", "Its check raised KeyError: 'Methuselah'")]),
    (list[Person], [{"name": "A"}, {"name": None}], [("[1].name", "It should be a string, and is null.")]),
    (Table, {"rows": [{"id": 1}, {}]}, [("rows[1].id", "It is missing.")]),
    (Table, {"rows": [], "more": {"rows": 1}}, [("more.rows", "It should be a list, and is 1.")]),
    (dict[str, int], {"1 kg": "x"}, [('["1 kg"]', 'It should be a whole number, and is "x".')]),
    (int | str, [], [("", "It should be a whole number, or a string, and is a list.")]),
    (Mood, "so", [("", "It should be 'good' or 'bad', and is \"so\".")]),
    (int, "3", [("", 'It should be a whole number, and is "3".')]),
    (int, 3.5, [("", "It should be a whole number, and is 3.5.")]),
    (bool, 1, [("", "It should be true or false, and is 1.")]),
    (str, 1, [("", "It should be a string, and is 1.")]),
]


@pytest.mark.parametrize(("type_", "value", "problems"), WRONG, ids=[f"{type_}: {value}" for type_, value, _ in WRONG])
def test_a_value_that_does_not_fit_has_problems(type_: Any, value: Any, problems: list[tuple[str, str]]) -> None:
    made, found = shape_of(type_).validate(value)
    assert made is None
    assert [(each.path, each.message) for each in found] == problems


class Plain:
    pass


class Unresolved(BaseModel):
    x: "Nowhere"  # type: ignore[name-defined] # noqa: F821


NO_TYPES: list[tuple[Any, str]] = [
    (3, "3 is not a type"),
    ("Person", "'Person' is not a type"),
    (json, "A value of the type module is not a type"),
    (TypeVar("T"), "~T is not a type"),
    (Plain, "Plain has no JSON schema: Plain is not a pydantic model"),
    (list[Plain], "list[Plain] has no JSON schema: Plain is not"),
    (np.ndarray, "ndarray has no JSON schema: ndarray is not"),
    (Callable[[], int], "has no JSON schema: JSON cannot write a part of it."),
    (Unresolved, "Unresolved has no JSON schema: the name `Nowhere` in one of its hints is not known."),
]


@pytest.mark.parametrize(("type_", "message"), NO_TYPES, ids=[message for _, message in NO_TYPES])
def test_what_has_no_schema_is_an_error_in_two_lines_at_most(type_: Any, message: str) -> None:
    with pytest.raises(RequestError) as error:
        shape_of(type_)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 200


def test_names_read_as_code() -> None:
    names = {
        Person: "Person",
        list[Person]: "list[Person]",
        dict[str, list[Person] | None]: "dict[str, list[Person] | None]",
        Optional[int]: "int | None",  # noqa: UP045
        Literal["a", 1]: "Literal['a', 1]",
        tuple[int, ...]: "tuple[int, ...]",
    }
    assert {type_: shape_of(type_).name for type_ in names} == names


def test_a_typed_dict_is_as_it_was_afterwards() -> None:
    before = dict(vars(Row))
    shape_of(list[Row])
    assert dict(vars(Row)) == before


def test_a_nested_value_beyond_all_measure_is_a_problem() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    assert shape_of(list[Any]).validate(value) == (None, (Problem("", "It is nested too deeply."),))


def look_up(  # noqa: PLR0917
    city: Annotated[str, "the name of a city"],
    days: int = 3,
    since: dt.date = dt.date(2026, 1, 1),
    who: list[Person] = [],  # noqa: B006
    schema: str = "",
    _private: Mood | None = None,
    odd: Any = Plain,
    *rest: str,
    **more: int,
) -> None: ...


def test_the_parameters_of_a_function() -> None:
    shape = shape_of_parameters(look_up)
    assert shape.name == "look_up"
    assert shape.json_schema["required"] == ["city"]
    assert shape.json_schema["additionalProperties"] is False
    properties = shape.json_schema["properties"]
    assert properties["city"] == {"type": "string", "description": "the name of a city"}
    assert properties["days"] == {"type": "integer", "default": 3}
    assert properties["since"]["default"] == "2026-01-01"
    assert "default" not in properties["odd"]
    assert "rest" not in properties
    assert "more" not in properties
    arguments, problems = shape.validate({"city": "Bern", "who": [{"name": "Ada"}], "_private": "bad"})
    assert (arguments, problems) == ({"city": "Bern", "who": [Person(name="Ada")], "_private": Mood.BAD}, ())
    assert shape.validate({"days": "3", "dasy": 3})[1] == (
        Problem("city", "It is missing."),
        Problem("days", 'It should be a whole number, and is "3".'),
        Problem("dasy", "There is no such field."),
    )


def test_the_hint_of_the_result_may_be_for_type_checkers_only() -> None:
    assert shape_of_parameters(postponed.walk).validate({"depth": 2}) == ({"depth": 2}, ())
    with pytest.raises(RequestError, match="Decimal"):
        shape_of_parameters(postponed.pay)


def test_parameters_of_methods_partials_wrappers_and_coroutines() -> None:
    class Tool:
        def method(self, row: Row) -> None: ...
        def __call__(self, row: Row) -> None: ...
        @classmethod
        def made(cls, row: Row) -> None: ...

    async def coroutine(row: Row) -> None: ...

    @functools.wraps(coroutine)
    def wrapper(*args: Any, **kwargs: Any) -> None: ...

    for function in (Tool().method, Tool(), Tool.made, coroutine, wrapper, postponed.use_row):
        shape = shape_of_parameters(typing.cast("Callable[..., Any]", function))
        assert shape.validate({"row": {"id": 1}}) == ({"row": {"id": 1}}, ())
        assert shape.validate({"row": {}})[1] == (Problem("row.id", "It is missing."),)
    partial = shape_of_parameters(functools.partial(look_up, "Bern", days=4))
    assert "city" not in partial.json_schema["properties"]
    assert partial.json_schema["properties"]["days"]["default"] == 4
    assert shape_of_parameters(postponed.use_nodes).validate({"nodes": [{"name": "a", "kids": []}]}) == (
        {"nodes": [postponed.Node("a", [])]},
        (),
    )


def unknown(x: "Nowhere") -> None: ...  # type: ignore[name-defined] # noqa: F821


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x, "The parameter `x` of `<lambda>` has no type hint: add one, as in `x: str`."),
        (unknown, "A hint of `unknown` cannot be read: name 'Nowhere' is not defined."),
        (len, "The parameter `obj` of `len` cannot be given by name."),
        (dict, "The parameters of `dict` are not known"),
        (postponed.use_array, "use_array() has no JSON schema: ndarray is not"),
    ],
)
def test_a_function_without_a_schema_is_an_error(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(RequestError) as error:
        shape_of_parameters(function)
    assert message in str(error.value)


KEYS = st.text(max_size=4) | st.sampled_from(["a", "b c", "名前", "1a", '"'])


@given(st.lists(KEYS | st.integers(0, 20), max_size=5))
def test_a_path_names_one_place(steps: list[str | int]) -> None:
    value: Any = None
    for step in reversed(steps):
        value = {step: value} if isinstance(step, str) else [0] * step + [value]
    paths = {path_of(steps)}
    paths |= {path_of(each) for each in ([*steps, 0], [*steps, "0"], steps[:-1], [*steps[:-1], "zz", "y"])}
    assert len(paths) == (5 if steps else 4)


#: Types of everything, each with values that fit.
TYPES: st.SearchStrategy[tuple[Any, st.SearchStrategy[Any]]] = st.recursive(
    st.sampled_from(
        [
            (int, st.integers()),
            (str, st.text(st.characters(exclude_categories=["Cs"]))),
            (bool, st.booleans()),
            (float, st.floats(allow_nan=False, allow_infinity=False)),
            (type(None), st.none()),
            (Row, st.fixed_dictionaries({"id": st.integers()}, optional={"note": st.just("x")})),
            (Mood, st.sampled_from(["good", "bad"])),
        ]
    ),
    lambda inner: inner.flatmap(
        lambda pair: st.sampled_from(
            [
                (GenericAlias(list, pair[0]), st.lists(pair[1], max_size=3)),
                (GenericAlias(dict, (str, pair[0])), st.dictionaries(st.text("ab "), pair[1], max_size=3)),
                (pair[0] | None, st.none() | pair[1]),
            ]
        )
    ),
    max_leaves=4,
)


@given(TYPES.flatmap(lambda pair: st.tuples(st.just(pair[0]), pair[1])))
def test_a_value_that_fits_has_no_problems(pair: tuple[Any, Any]) -> None:
    type_, value = pair
    shape = shape_of(type_)
    assert shape.validate(value)[1] == ()
    jsonschema.Draft202012Validator(shape.json_schema).validate(value)


def test_classes_of_a_notebook_are_found() -> None:
    # With postponed annotations, in `__main__`, as in the cells of a notebook.
    code = """
from __future__ import annotations
import dataclasses, typing
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell('''
from __future__ import annotations
import dataclasses, typing
@dataclasses.dataclass
class A:
    bs: list[B]
class B(typing.TypedDict):
    x: int
def tool(a: A, b: "list[B]") -> None: ...
from nbstream.schemas.python_types import shape_of, shape_of_parameters
print(shape_of(A).validate({"bs": [{"x": 1}]}))
print(shape_of_parameters(tool).validate({"a": {"bs": []}, "b": [{"x": 1}]}))
''')
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "(A(bs=[{'x': 1}]), ())" in result.stdout
    assert "({'a': A(bs=[]), 'b': [{'x': 1}]}, ())" in result.stdout


def test_only_a_schema_imports_pydantic() -> None:
    code = "import sys, nbstream, nbstream.schemas.shape; print('pydantic' in sys.modules)"
    here = Path(__file__).parents[2]
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=here)
    assert result.stdout == "False\n"
