"""`--json`, `--schema`, `--as` and `--tries` in cells of real kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.jupyter.test_commands import error_of

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel

pytestmark = pytest.mark.kernel

TYPES = """\
from __future__ import annotations
import dataclasses, typing
from pydantic import BaseModel

@dataclasses.dataclass
class Person:
    name: str
    friends: list[Friend]

class Friend(typing.TypedDict):
    name: str
    since: int

class City(BaseModel):
    name: str
    people: int
"""


def test_types_and_lines_of_a_notebook_become_data(kernel: Kernel, server: Simulator) -> None:
    assert error_of(kernel.run(TYPES)) == ""
    ask = "--no-think -o reply\n[simulate: structured rows=2] Some."
    kernel.run(f"%%deepseek --as list[Person] {ask}")
    assert kernel.evaluate("repr(reply.data[0])") == (
        "Person(name='name', friends=[{'name': 'name', 'since': 2}, {'name': 'name 2', 'since': 3}])"
    )
    kernel.run(f"%%deepseek --as City {ask}")
    assert kernel.evaluate("type(reply.data).__name__") == "City"
    kernel.run(f"%%deepseek --as dict[str, list[Person]] {ask}")
    assert kernel.evaluate("type(reply.data).__name__") == "dict"
    kernel.run(f"%%deepseek --schema 'name, age int, bio: one sentence' {ask}")
    assert kernel.evaluate("list(reply.data)") == ["name", "age", "bio"]
    if kernel.evaluate("__import__('importlib.util').util.find_spec('pandas') is not None"):
        assert kernel.evaluate("reply.frame().shape") == [1, 3]
    else:
        kernel.run("try:\n    reply.frame()\nexcept Exception as error:\n    said = str(error)")
        assert "needs pandas, which is not installed" in kernel.evaluate("said")
    kernel.run(f"%%deepseek --json {ask}")
    assert kernel.evaluate("type(reply.data).__name__") == "dict"
    schema = '{"type": "object", "properties": {"a b": {"type": "integer"}}}'
    kernel.run(f"%%deepseek --schema '{schema}' {ask}")
    assert kernel.evaluate("reply.data") == {"a b": 2}
    assert len(server.log()) >= 6


def test_what_is_no_form_of_an_answer_is_one_line_in_the_cell(kernel: Kernel, server: Simulator) -> None:
    kernel.run("class Plain: pass\nnumber = 3")
    refused = {
        "--as Persn": "--as Persn: there is no variable `Persn`.",
        "--as number": "3 is not a type: give a pydantic model",
        "--as Plain": "Plain has no JSON schema: Plain is not a pydantic model",
        "--as open('x')": "--as open('x'): only names, dots, brackets and | may stand here",
        "--schema 'name, age integr'": "--schema: `integr` is no type",
        "--schema 'name' --as str": "--schema and --as both say what the answer is: leave one out.",
        "--json --tries 0": "--tries is 0: it must be a whole number of at least 1.",
    }
    for options, message in refused.items():
        said = error_of(kernel.run(f"%%deepseek {options}\nSomebody."))
        assert message in said, (options, said)
        assert "Traceback" not in said
    assert server.log() == []


def test_the_cell_says_what_is_wrong_with_an_answer(kernel: Kernel, server: Simulator) -> None:
    cell = kernel.run("%%deepseek --schema 'age int' --no-think --tries 1\n[simulate: structured wrong=fields] One.")
    shown = cell.html if hasattr(cell, "html") else str(cell.outputs)
    assert "so reply.data is None. age: It should be a whole number" in shown
    assert len([entry for entry in server.log() if entry["method"] == "POST"]) == 1


def test_an_answer_that_does_not_fit_is_asked_for_again_in_the_cell(kernel: Kernel, server: Simulator) -> None:
    kernel.run("%%deepseek --schema 'age int' --no-think -o reply\n[simulate: structured wrong=fields] One.")
    assert kernel.evaluate("reply.data") == {"age": 3}
    assert kernel.evaluate("[step.cause for step in reply.steps]") == [None, "again"]
    assert len([entry for entry in server.log() if entry["method"] == "POST"]) == 2
