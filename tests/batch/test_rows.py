"""One prompt for each row: columns, braces, missing values, secrets, and what rows may be."""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.batch.asking import job_of
from nbstream.batch.rows import RowPrompts
from nbstream.model.exceptions import RequestError
from tests.batch.jobs import sent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.simulator.server import Simulator


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-canary-0123456789abcdef")


def prompts_of(prompt: str, rows: Any) -> list[str | None]:
    made = RowPrompts(prompt, rows, {})
    return [made.prepare(row).prompt for row in made.items]


@dataclass
class Person:
    name: str
    age: int


Pair = namedtuple("Pair", ["name", "age"])  # noqa: PYI024  (as people write it)


def rows_of_sqlite() -> list[sqlite3.Row]:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    rows = connection.execute("select 'Ada' as name, 36 as age").fetchall()
    connection.close()
    return rows


@pytest.mark.parametrize(
    "rows",
    [
        pd.DataFrame({"name": ["Ada"], "age": [36]}, index=["x"]),
        pl.DataFrame({"name": ["Ada"], "age": [36]}),
        [{"name": "Ada", "age": 36}],
        ({"name": "Ada", "age": 36},),
        iter([{"name": "Ada", "age": 36}]),
        [Person("Ada", 36)],
        [Pair("Ada", 36)],
        rows_of_sqlite(),
        [{"name": np.str_("Ada"), "age": np.int64(36)}],
        [{"name": "Ada", "age": Decimal(36)}],
    ],
    ids=["pandas", "polars", "dicts", "tuple", "iterator", "dataclass", "named", "sqlite", "numpy", "decimal"],
)
def test_a_prompt_is_filled_with_the_values_of_a_row(rows: Any) -> None:
    assert prompts_of("{{ name }} is {{age}} ({{ name }}).", rows) == ["Ada is 36 (Ada)."]


@pytest.mark.parametrize("rows", [["a", "b"], pd.Series(["a", "b"]), pl.Series(["a", "b"]), np.array(["a", "b"])])
def test_a_row_of_one_value_is_called_row(rows: Any) -> None:
    assert prompts_of("Say {{ row }}!", rows) == ["Say a!", "Say b!"]


def test_all_other_braces_are_text() -> None:
    prompt = r"{{ a }}: {a} {'a': 1} \frac{1}{2} }} { {{{{ a }}}} {{{ a }}}"
    assert prompts_of(prompt, [{"a": "{{ b }}"}]) == [r"{{ b }}: {a} {'a': 1} \frac{1}{2} }} { {{ a }} {{{ b }}}"]


@given(value=st.text(), before=st.text(alphabet=st.characters(exclude_characters="{}")))
def test_a_text_stands_in_the_prompt_as_it_is(value: str, before: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    before = before.encode("utf-8", "replace").decode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPSEEK_API_KEY", "sk-canary-0123456789abcdef")
        assert prompts_of(f"{before}{{{{ a }}}}.", [{"a": value}]) == [f"{before}{value}."]


def test_a_long_text_is_not_cut() -> None:
    text = "word " * 20_000
    assert prompts_of("{{ a }}", [{"a": text}]) == [text]


def test_names_of_columns_may_be_anything() -> None:
    rows = [{"first name": "Ada", "größe/cm": 1.5, 3: "x", "a.b": "c"}]
    assert prompts_of("{{ first name }} {{größe/cm}} {{ a.b }}", rows) == ["Ada 1.5 c"]
    frame = pd.DataFrame([[1, 2]], columns=[0, 1])
    assert prompts_of("{{ 0 }}+{{ 1 }}", frame) == ["1+2"]


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, pd.NA, pd.NaT, np.float64("nan")])
def test_a_missing_value_is_empty(value: Any) -> None:
    assert prompts_of("[{{ a }}]{{ b }}", [{"a": value, "b": 1}]) == ["[]1"]


def test_simple_values_are_their_text() -> None:
    row = {"a": True, "b": 0.1, "c": date(2026, 11, 26), "d": np.float64(0.1), "e": pd.Timestamp("2026-01-02"), "f": 0}
    assert prompts_of("{{a}} {{b}} {{c}} {{d}} {{e}} {{f}}", [row]) == ["True 0.1 2026-11-26 0.1 2026-01-02 00:00:00 0"]


def test_other_values_are_described_as_in_a_prompt_that_is_filled() -> None:
    (prompt,) = prompts_of("Tags: {{ tags }}", [{"tags": ["x", "y"]}])
    assert prompt is not None
    assert "x" in prompt
    assert "y" in prompt
    from PIL import Image

    made = RowPrompts("What is in {{ picture }}?", [{"picture": Image.new("RGB", (2, 2))}], {})
    content = made.prepare(next(iter(made.items))).source.request.messages[-1]["content"]
    assert [part["type"] for part in content] == ["text", "text", "image_url"][-len(content) :]


@pytest.mark.parametrize(
    ("prompt", "rows", "said"),
    [
        ("{{ nmae }}", pd.DataFrame({"name": ["a"]}), "no column nmae: there is name. Did you mean name"),
        ("{{ b }}", pl.DataFrame({"a": ["a"]}), "no column b"),
        ("{{ b }}", [{"a": 1, "b": 2}, {"a": 1}], "no column b: there is a"),
        ("{{ text }}", ["a"], "no column text: there is row"),
        ("no mark", pd.DataFrame({"name": ["a"]}), "names no column"),
        ("{{ a", [{"a": 1}], "no }} in its line"),
        ("{{ password }}", [{"password": "x"}], "secret"),
        ("{{ a }}", "text", "not a str"),
        ("{{ a }}", {"a": [1]}, "not a dict"),
        ("{{ a }}", 3, "not a int"),
        ("{{ a }}", pl.LazyFrame({"a": [1]}), "collect"),
    ],
)
def test_a_mistake_is_told_before_anything_is_sent(simulator: Simulator, prompt: str, rows: Any, said: str) -> None:
    with pytest.raises(RequestError) as error:
        RowPrompts(prompt, rows, {})
    assert said in str(error.value)
    assert "Traceback" not in str(error.value)
    assert sent(simulator) == 0


def test_a_row_that_lacks_a_column_or_has_a_secret_is_a_failed_reply(simulator: Simulator) -> None:
    def rows() -> Iterator[dict[str, str]]:
        yield {"a": "one [simulate: echo]"}
        yield {"b": "two"}
        yield {"a": f"my key is {'sk-canary-0123456789abcdef'}"}
        yield {"a": "four [simulate: echo]"}

    job, end = job_of(RowPrompts("Say {{ a }}", rows(), {"thinking": False}))
    while job.step(0.05):
        pass
    replies = end()
    assert [reply.status for reply in replies] == ["complete", "failed", "failed", "complete"]
    assert "no column a" in str(replies[1].error)
    assert "secret" in str(replies[2].error)
    assert "canary" not in str(replies[2].error)
    assert sent(simulator) == 2


def test_the_index_of_a_frame_is_that_of_the_replies(simulator: Simulator) -> None:
    frame = pd.DataFrame({"a": ["x [simulate: echo]", "y [simulate: echo]"]}, index=["p", "q"])
    job, end = job_of(RowPrompts("{{ a }}", frame, {"thinking": False}))
    while job.step(0.05):
        pass
    assert list(end().index) == ["p", "q"]
