"""Arguments as models write them: what has one meaning is read, everything else is an error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from nbstream.tools.arguments import read_arguments
from nbstream.tools.tool import tool_of


class Place(BaseModel):
    name: str
    height: float = 0.0


def travel(
    city: str,
    days: int = 3,
    tags: list[str] | None = None,
    prices: dict[str, float] = {},  # noqa: B006
    place: Place | None = None,
    *,
    soon: bool = False,
    ways: list[list[int]] = [],  # noqa: B006
    code: str | int = "",
) -> None:
    """Travel."""


SHAPE = tool_of(travel).shape


def now() -> None:
    """Tell the time."""


def _read(text: str) -> dict[str, Any]:
    found = read_arguments(SHAPE, text)
    assert found.problem == ""
    return dict(found.bound)


def _problem(text: str) -> str:
    found = read_arguments(SHAPE, text)
    assert found.bound == {}
    assert "Nothing was run." in found.problem
    return found.problem


@pytest.mark.parametrize("text", ["", " \n", "{}", "null", '""', '"{}"'])
def test_no_arguments_are_written_in_many_ways(text: str) -> None:
    found = read_arguments(tool_of(now).shape, text)
    assert (found.values, found.bound, found.problem) == ({}, {}, "")


@pytest.mark.parametrize(
    "text",
    [
        '{"city": "Bonn"}',
        '"{\\"city\\": \\"Bonn\\"}"',  # an object within a string
        '```json\n{"city": "Bonn"}\n```',
        '{"city": "Bonn"}{"city": "Bonn"}',  # sent once in pieces, and once as a whole
        '{}{"city": "Bonn"}',  # an empty beginning
        '{"city": "Bonn"}\n\nI will now search …',  # words after the call
        '{"city": "Bonn"}}',
        '\ufeff{"city": "Bonn"}',
    ],
)
def test_what_has_one_meaning_is_read(text: str) -> None:
    assert _read(text) == {"city": "Bonn"}


def test_a_line_end_within_a_string_is_read() -> None:
    assert _read('{"city": "Bad\nNauheim\t"}') == {"city": "Bad\nNauheim\t"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"city": "Bonn"}{"city": "Rom"}', "two different objects"),
        ('{"city": "Bonn"} or {city: Rom}', "another brace|expecting property name"),
        ('{"city": "Bonn", "city": "Rom"}', 'name "city" occurs twice'),
        ('{"city": "Bonn', "unterminated string .* at character 10"),
        ('{"city": Bonn}', 'expecting value at character 10 .*before "Bonn}"'),
        ("city=Bonn", "expecting value at character 1 .at the beginning"),
        ('["Bonn"]', "they are a list"),
        ("7", "they are a number"),
        ("true", "they are true or false"),
        ('"Bonn"', "expecting value"),
        ('{"city": "Bonn", "days": ' + "9" * 5_000 + "}", "too many digits"),
        ("[" * 100_000, "nested too deeply"),
        ('{"city":' * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_object_is_said_with_its_place(text: str, said: str) -> None:
    import re

    assert re.search(said, _problem(text), re.IGNORECASE)


@pytest.mark.parametrize(
    ("given_arguments", "lines"),
    [
        ({}, ["- city: It is missing."]),
        ({"city": 5}, ["- city: It should be a string, and is 5."]),
        ({"city": "Bonn", "town": "x"}, ["- town: There is no such field."]),
        ({"city": "Bonn", "days": "some"}, ['- days: It should be a whole number, and is "some".']),
        ({"city": "Bonn", "days": ""}, ['- days: It should be a whole number, and is "".']),
        ({"city": "Bonn", "days": 2.5}, ["- days:"]),
        ({"city": "Bonn", "tags": "red"}, ["- tags:"]),
        ({"city": "Bonn", "prices": {"a": "dear"}}, ["- prices.a:"]),
        ({"city": "Bonn", "soon": "yes"}, ["- soon:"]),
        ({"city": None}, ["- city:"]),
        ({"days": "x", "soon": 5}, ["- city:", "- days:", "- soon:"]),
    ],
)
def test_what_does_not_fit_is_said_by_its_path(given_arguments: dict[str, Any], lines: list[str]) -> None:
    problem = _problem(json.dumps(given_arguments))
    for line in lines:
        assert line in problem
    assert "The parameters are: city, days, tags, prices, place, soon, ways, code." in problem


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("days", "5", 5),
        ("days", " -5 ", -5),
        ("days", 5.0, 5),
        ("soon", "true", True),
        ("soon", "False", False),
        ("tags", '["a", "5"]', ["a", "5"]),
        ("prices", '{"a": "2.5", "b": 3}', {"a": 2.5, "b": 3}),
        ("prices", {"a": "1e3"}, {"a": 1000.0}),
        ("ways", '[["1", 2], "[3]"]', [[1, 2], [3]]),
        ("place", '{"name": "5", "height": "7"}', Place(name="5", height=7.0)),
        ("code", "5", "5"),
        ("code", 5, 5),
        ("tags", None, None),
    ],
)
def test_a_text_becomes_what_the_schema_wants_if_that_is_certain(name: str, written: Any, meant: Any) -> None:
    assert _read(json.dumps({"city": "Bonn", name: written})) == {"city": "Bonn", name: meant}


def test_null_in_place_of_nothing_leaves_the_default() -> None:
    assert _read('{"city": "Bonn", "days": null, "soon": null}') == {"city": "Bonn"}


def test_what_the_function_gets_shares_nothing_with_what_is_shown() -> None:
    found = read_arguments(SHAPE, '{"city": "Bonn", "tags": ["a"]}')
    found.bound["tags"].append("b")
    assert found.values["tags"] == ["a"]


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_fitting = st.fixed_dictionaries(
    {"city": _texts},
    optional={
        "days": st.integers(-(2**60), 2**60),
        "tags": st.none() | st.lists(_texts, max_size=3),
        "prices": st.dictionaries(_texts, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
        "place": st.none() | st.fixed_dictionaries({"name": _texts}),
        "soon": st.booleans(),
        "ways": st.lists(st.lists(st.integers(0, 9), max_size=2), max_size=2),
        "code": _texts | st.integers(0, 99),
    },
)


@given(_fitting, st.sampled_from([json.dumps, lambda value: json.dumps(json.dumps(value))]))
def test_what_fits_is_never_changed(arguments: dict[str, Any], write: Any) -> None:
    found = read_arguments(SHAPE, write(arguments))
    assert (found.values, found.problem) == (arguments, "")


@given(_fitting, st.data())
def test_a_part_of_a_text_never_runs(arguments: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps(arguments)
    part = text[: data.draw(st.integers(1, len(text) - 1))]
    assert read_arguments(SHAPE, part).problem


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for each in (text, '{"city": ' + text + "}"):
        read = read_arguments(SHAPE, each)
        # Either there are arguments for the function, or a problem says why there are none.
        assert bool(read.problem) is ("city" not in read.bound)


def test_a_megabyte_of_arguments_is_read() -> None:
    city = "é" * 1_000_000
    assert _read(json.dumps({"city": city}))["city"] == city
    problem = _problem(json.dumps({f"n{at}": at for at in range(100_000)}))
    assert "There is no such field" in problem
    assert "- and 99,981 more" in problem
    assert len(problem) < 3_000


def test_the_reason_for_the_reader_is_made_of_sentences() -> None:
    def weather(city: str, days: int = 1) -> None:
        """Tell the weather."""

    reason = read_arguments(tool_of(weather).shape, '{"town": "Oslo"}').reason
    assert reason == "The arguments do not fit. city: It is missing. town: There is no such field."
