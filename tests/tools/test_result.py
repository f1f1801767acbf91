"""What a tool returns, as the model reads it and as the reader sees it."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import enum
import io
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

import nbstream
from nbstream.model.reduction import with_answer
from nbstream.model.reply import Reply
from nbstream.tools.result import MOST_CHARACTERS, NOTHING, Prepared, error_result, result_of
from nbstream.tools.running import run_call
from nbstream.tools.tool import tool_of

mpl.use("Agg")


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: float
    y: float


@pytest.mark.parametrize(
    ("value", "content"),
    [
        (None, NOTHING),
        ("", "The function returned an empty text."),
        ("a\nb", "a\nb"),
        (True, "true"),
        (5, "5"),
        (2.5, "2.5"),
        ({"a": [1, None, "é"]}, '{"a": [1, null, "é"]}'),
        ([], "[]"),
        ((1, 2), "[1, 2]"),
        (Point(1.0, 2.0), '{"x": 1.0, "y": 2.0}'),
        ([Point(1.0, 2.0)], '[{"x": 1.0, "y": 2.0}]'),
        (np.int64(7), "7"),
        ({"n": np.float64(0.5), "d": dt.date(2026, 11, 26)}, '{"n": 0.5, "d": "2026-11-26"}'),
        (ValueError("no such town"), "ValueError: no such town"),
    ],
)
def test_values_of_json_are_json_and_a_text_is_itself(value: Any, content: str) -> None:
    assert result_of(value).content == content


def test_a_json_value_is_shown_as_json() -> None:
    (shown,) = result_of({"a": 1}).shown
    assert (shown.kind, shown.text, shown.origin) == ("json", '{"a": 1}', "returned")
    assert result_of("text").shown == ()
    assert result_of(None).shown == ()


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_a_table_is_text_for_the_model_and_a_table_for_the_reader(make: Any) -> None:
    found = result_of(make({"town": ["Bonn", "Köln"] * 500, "sales": [1.5, 2.0] * 500}))
    library = make.__module__.split(".")[0]
    assert found.content.startswith(f"{library} DataFrame, 1,000 rows, 2 columns\ncolumns: town (")
    assert found.content.endswith("[Not all of it: 5 of 1,000 rows]")
    (shown,) = found.shown
    assert (shown.kind, shown.what) == ("table", f"{library} DataFrame, 1,000 rows, 2 columns")
    assert (shown.note, shown.is_cut, len(shown.rows)) == ("20 of 1,000 rows", True, 20)
    assert shown.columns[-2:] == ("town", "sales")
    assert shown.numeric[-2:] == (False, True)
    assert shown.rows[1][-2:] == ("Köln", "2.0")
    assert all(len(row) == len(shown.columns) == len(shown.numeric) for row in shown.rows)


def test_odd_tables() -> None:
    wide = result_of(pd.DataFrame({f"c{at}": [at] for at in range(200)})).shown[0]
    assert (len(wide.columns), wide.note) == (51, "50 of 200 columns")
    empty = result_of(pd.DataFrame()).shown[0]
    assert (empty.columns, empty.rows) == (("",), ())
    index = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", "y"])
    levels = result_of(pd.DataFrame({"z": [0.5, None]}, index=index)).shown[0]
    assert (levels.columns, levels.rows) == (("x", "y", "z"), (("a", "1", "0.5"), ("b", "2", "NaN")))
    html = result_of(pd.DataFrame({"<b>": ["<script>\x00"]})).shown[0]
    assert (html.columns[-1], html.rows[0][-1]) == ("<b>", "<script>\ufffd")


def test_only_the_head_of_a_large_table_is_looked_at() -> None:
    # 96 GB of values that take no memory: nobody can read them all.
    values = np.broadcast_to(np.float64(1.5), (1_000_000_000, 12))
    found = result_of(pd.DataFrame(values, copy=False))
    assert "1,000,000,000 rows" in found.content
    assert len(found.content) < MOST_CHARACTERS
    assert len(found.shown[0].rows) == 20


def test_a_figure_and_an_image_are_shown_and_named() -> None:
    figure = Figure()
    figure.add_subplot().plot([1, 2])
    image = Image.new("RGB", (40, 30), "red")
    for value, what in ((figure, "figure"), (figure.axes[0], "figure"), (image, "image")):
        found = result_of(value)
        assert found.content.startswith(f"[{what}, ")
        assert found.content.endswith(": the user sees it, you do not.]")
        (shown,) = found.shown
        assert (shown.kind, shown.media_type, shown.what) == ("image", "image/png", what)
        with Image.open(io.BytesIO(base64.b64decode(shown.data))) as opened:
            assert opened.size[0] >= 40


def test_bytes_of_an_image_are_shown() -> None:
    file = io.BytesIO()
    Image.new("RGB", (3, 3)).save(file, "PNG")
    assert result_of(file.getvalue()).shown[0].media_type == "image/png"
    assert result_of(b"\x00\x01").content.endswith(r"b'\x00\x01'")


def test_tables_and_figures_among_other_values_are_shown_each() -> None:
    figure = Figure()
    frame = pd.DataFrame({"a": [1]})
    found = result_of((frame, figure, {"mean": 1.0}))
    assert [each.kind for each in found.shown] == ["table", "image", "json"]
    assert found.content.startswith("1:\npandas DataFrame, 1 row, 1 column")
    assert '\n\n3:\n{"mean": 1.0}' in found.content
    named = result_of({"table": frame, "note": "small"})
    assert [each.kind for each in named.shown] == ["table"]
    assert named.content.endswith("note:\nsmall")
    many = result_of([frame] * 50)
    assert (many.shown[0].kind, len(many.shown)) == ("json", 1)


def test_an_array_is_described() -> None:
    found = result_of(np.arange(10_000))
    assert found.content.startswith("numpy ndarray, shape (10000,), int64\nrange: 0 to 9999")


@given(st.integers(0, 60_000), st.sampled_from(["x", "line\n", "é ", "\x00"]))
def test_a_long_text_is_cut_visibly(count: int, piece: str) -> None:
    text = (piece * count)[:60_000]
    found = result_of(text)
    assert len(found.content) <= MOST_CHARACTERS
    if len(text) > MOST_CHARACTERS:
        assert f"… {found.left_out:,} of {len(text):,} characters were left out …" in found.content
        kept = found.content.split("\n[…")[0]
        assert text.replace("\x00", "\ufffd").startswith(kept.rstrip("\n"))
    else:
        assert found.left_out == 0


@pytest.mark.parametrize(
    "value",
    [
        list(range(100_000)),
        {f"key {at}": "x" * 100 for at in range(10_000)},
        ["x" * 1_000_000],
        {"deep": [[["x" * 50] * 100] * 100] * 100},
        pd.DataFrame({f"c{at}": ["y" * 1_000] * 100 for at in range(90)}),
        ValueError("w" * 100_000),
    ],
)
def test_no_result_is_longer_than_its_limit(value: Any) -> None:
    found = result_of(value)
    assert len(found.content) <= MOST_CHARACTERS
    assert "[Not all of it:" in found.content or "were left out" in found.content


class _Loud:
    def __repr__(self) -> str:
        raise ValueError


def test_values_that_cannot_be_described_are_named() -> None:
    assert "repr raised ValueError" in result_of(_Loud()).content
    recursive: list[Any] = []
    recursive.append(recursive)
    assert result_of(recursive).content.startswith('["…"]')


class Model:
    pass


def test_a_description_of_the_user_is_used() -> None:
    @nbstream.describe.register
    def _(value: Model) -> nbstream.Description:
        return nbstream.Description("accuracy 0.9", "my model")

    assert result_of(Model()).content == "my model\naccuracy 0.9"
    assert result_of(nbstream.Description("as it is")).content == "as it is"
    assert result_of(with_answer(Reply(), "An answer.")).content.endswith("An answer.")


def test_secrets_do_not_reach_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    key = "abcdef1234567890ghijkl"
    monkeypatch.setenv("SHOP_API_KEY", key)
    values: list[Any] = [
        f"the key is {key}",
        f"cut at its end: {key[:-3]}",
        {"note": key},
        [f"x{key}y"],
        ValueError(key),
    ]
    for value in values:
        found = result_of(value)
        assert key[:14] not in found.content, value
        assert all(key not in each.text for each in found.shown)
    assert key not in error_result(f"KeyError: {key}").content
    named: list[Any] = [{"password": "hunter2!"}, dict(os.environ), os.environ, [{"api_key": "x" * 20}]]
    for each in named:
        found = result_of(each)
        assert found.content.startswith("The result is not shown to you: it has ")
        assert found.shown == ()
    assert "other secret 12345" not in result_of("this is the other secret 12345", ["other secret 12345"]).content
    table = result_of(pd.DataFrame({"a": [key]}))
    assert key not in str(table)


def test_a_prepared_result_may_be_an_error() -> None:
    def fails() -> Any:
        return Prepared("no such file", is_error=True)

    outcome = run_call(tool_of(fails), "")
    assert (outcome.outcome, outcome.content, outcome.error) == ("failed", "no such file", "no such file")


def test_open_figures_are_shown_once() -> None:
    import matplotlib.pyplot as plt

    plt.close("all")
    before = plt.figure()

    def draw(give: bool) -> Any:  # noqa: FBT001
        plt.figure()
        plt.plot([1, 2])
        return plt.gcf() if give else None

    outcome = run_call(tool_of(draw), '{"give": false}')
    assert [(each.kind, each.origin) for each in outcome.shown] == [("image", "displayed")]
    assert outcome.content == NOTHING
    outcome = run_call(tool_of(draw), '{"give": true}')
    assert [(each.kind, each.origin) for each in outcome.shown] == [("image", "returned")]
    assert before.number in plt.get_fignums()
    plt.close("all")
