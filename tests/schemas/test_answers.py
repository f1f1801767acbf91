"""The JSON of an answer: any value in any form, what is not JSON, and what grows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.structure import Structure
from nbstream.schemas import answers, reading
from tests.schemas.schemas import TEXTS, VALUES

FORMS = st.sampled_from(
    ["{}", " {}\n", "```json\n{}\n```", "\n```\n{}```\n", "~~~ JSON\n{}\n~~~\n\n", "````json\n{}\n````"]
)
INDENTS = st.sampled_from([None, 0, 2, "\t"])


@given(VALUES, FORMS, INDENTS, st.booleans())
def test_any_value_is_read_as_it_is(value: Any, form: str, indent: Any, ascii_only: bool) -> None:  # noqa: FBT001
    text = form.format("§").replace("§", json.dumps(value, indent=indent, ensure_ascii=ascii_only))
    found = answers.read(text)
    assert found.problems == ()
    assert json.dumps(found.value) == json.dumps(value)


@pytest.mark.parametrize(
    ("answer", "problems"),
    [
        ("", [("", "The answer is empty.")]),
        (" \n  ", [("", "The answer is empty.")]),
        ("```json\n```", [("", "The answer is empty.")]),
        ("Sure! {}", [("", "It is not JSON: it begins with “Sure! {}”.")]),
        ('{"a": 1} Done.', [("", "After the JSON there is more text, at line 1, column 10: “Done.”.")]),
        ('{"a": 1}{"a": 1}', [("", 'After the JSON there is more text, at line 1, column 9: “{"a": 1}”.')]),
        ('{"a": [1, 2', [("", "The JSON is not whole: the answer ends within it.")]),
        ('{"a": "b', [("", "The JSON is not whole: the answer ends within it.")]),
        ('{"x": [{"a": 1, "b": 2, "a": 3}]}', [("x[0]", 'The key "a" is there twice.')]),
        ('[NaN, {"x": -Infinity}]', [("[0]", "JSON has no NaN."), ("[1].x", "JSON has no -Infinity.")]),
        ("[1e999]", [("[0]", "The number is too large.")]),
        ("1" * 5_000, [("", "A number is too large.")]),
        ("[" * 100_000, [("", "It is nested too deeply.")]),
    ],
)
def test_what_is_not_json_is_a_problem(answer: str, problems: list[tuple[str, str]]) -> None:
    found = answers.read(answer)
    assert found.value is None
    assert [(each.path, each.message) for each in found.problems] == problems


@pytest.mark.parametrize(
    "answer", ['{"a": 1,}', "{'a': 1}", '{"a": 1 "b": 2}', "[01]", '{"a": .5}', '"a\nb"', "// x\n{}", "{a: 1}"]
)
def test_nothing_is_repaired(answer: str) -> None:
    (problem,) = answers.read(answer).problems
    assert "not" in problem.message
    assert "\n" not in problem.message


@given(st.text() | TEXTS.map(lambda text: f'{{"a": {text}'))
def test_any_text_has_a_value_or_problems_of_one_line(text: str) -> None:
    structure = Structure()
    found = reading.read(structure, text)
    assert (found.data is None) is bool(found.problems)
    assert all("\n" not in f"{each}" for each in found.problems)


def grows(before: Any, after: Any) -> bool:
    """Return whether `after` has everything of `before`."""
    if isinstance(before, str):
        return isinstance(after, str) and after.startswith(before)
    if isinstance(before, list):
        return isinstance(after, list) and len(before) <= len(after) and all(map(grows, before, after))
    if isinstance(before, dict):
        return isinstance(after, dict) and all(key in after and grows(each, after[key]) for key, each in before.items())
    return before is None or json.dumps(before) == json.dumps(after)


@given(VALUES.map(lambda value: [value]) | VALUES.map(lambda value: {"value": value}), FORMS, INDENTS)
def test_a_partial_value_only_grows(value: Any, form: str, indent: Any) -> None:
    text = form.format("§").replace("§", json.dumps(value, indent=indent, ensure_ascii=False))
    seen = [answers.partial(text[:end]) for end in range(len(text) + 1)]
    for before, after in zip(seen, [*seen[1:], json.loads(json.dumps(value))], strict=True):
        assert grows(before, after)
    assert json.dumps(seen[-1]) == json.dumps(value)


def test_any_json_means_an_object_or_a_list() -> None:
    structure = Structure()
    assert reading.read(structure, "[1]").data == [1]
    assert reading.read(structure, "3").problems[0].message == "It should be an object or a list, and is 3."


def test_a_wrapped_value_stands_below_its_key_or_alone() -> None:
    structure = Structure({"type": "array", "items": {"type": "integer"}}, wrapper="items")
    assert reading.read(structure, '{"items": [1]}').data == [1]
    assert reading.read(structure, "[1]").data == [1]
    assert reading.read(structure, '{"items": ["x"]}').problems[0].path == "[0]"
    assert reading.read(structure, '{"things": [1]}').problems[0].message == "It should be a list, and is an object."


def test_a_check_that_raises_is_a_problem() -> None:
    def check(value: Any) -> Any:
        raise KeyError(value["a"])

    (problem,) = reading.read(Structure({}, check=check), '{"a": "b\\nc"}').problems
    assert problem.message == "Its check raised KeyError: 'b\\nc'"
