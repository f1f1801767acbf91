"""Tables, arrays and pictures, as the real libraries make them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from matplotlib.figure import Figure
from PIL import Image

import nbstream
from nbstream.prompt.description import LIMIT

if TYPE_CHECKING:
    from pathlib import Path

mpl.use("Agg")


def test_a_table_of_pandas() -> None:
    frame = pd.DataFrame({"town": ["Bonn", "Köln"] * 5_000, "sales": [1.5, np.nan] * 5_000})
    described = nbstream.describe(frame)
    assert described.kind == "pandas DataFrame, 10,000 rows, 2 columns"
    assert described.shown == "5 of 10,000 rows"
    assert described.is_cut
    dtype = frame.dtypes.iloc[0]
    assert described.text == (
        f"columns: town ({dtype}), sales (float64)\nfirst 5 rows, as CSV, the index first:\n"
        ",town,sales\n0,Bonn,1.5\n1,Köln,NaN\n2,Bonn,1.5\n3,Köln,NaN\n4,Bonn,1.5"
    )


def test_a_table_of_polars() -> None:
    described = nbstream.describe(pl.DataFrame({"town": ["Bonn", None] * 50, "n": range(100)}))
    assert described.kind == "polars DataFrame, 100 rows, 2 columns"
    assert described.shown == "5 of 100 rows"
    assert described.text.startswith(
        "columns: town (String), n (Int64)\nfirst 5 rows, as CSV:\ntown,n\nBonn,0\nNone,1\n"
    )


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_a_small_table_is_whole(make: Any) -> None:
    described = nbstream.describe(make({"a": range(20)}))
    assert (described.shown, described.is_cut) == ("20 rows", False)
    assert described.text.endswith("19")


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_a_wide_table_says_which_columns_it_shows(make: Any) -> None:
    described = nbstream.describe(make({f"column_{at}": [at] * 1_000 for at in range(2_000)}))
    assert described.shown == "5 of 1,000 rows, 100 of 2,000 columns"
    assert "column_99" in described.text
    assert "column_100" not in described.text


def test_long_cells_are_cut_each() -> None:
    frame = pd.DataFrame({"text": ["x" * 10_000_000] * 3, "n": [1, 2, 3]})
    described = nbstream.describe(frame)
    assert len(described.text) < 1_000
    assert described.text.endswith("…,3")


def test_rows_that_do_not_fit_are_left_out_whole() -> None:
    frame = pd.DataFrame({f"c{at}": ["y" * 150] * 15 for at in range(20)})
    described = nbstream.describe(frame)
    assert len(described.text) <= LIMIT
    assert described.shown == "1 of 15 rows"
    assert described.is_cut


def test_odd_tables() -> None:
    index = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None])
    columns = pd.MultiIndex.from_tuples([("p", "q"), ("p", "r")])
    text = nbstream.describe(pd.DataFrame([[1, 2], [3, 4]], index=index, columns=columns)).text
    assert "x,,\"('p', 'q')\"" in text
    assert "b,2,3,4" in text
    assert nbstream.describe(pd.DataFrame()).shown == "0 rows"
    assert nbstream.describe(pl.DataFrame()).shown == "0 rows"
    assert nbstream.describe(pd.DataFrame({"a": []})).kind == "pandas DataFrame, 0 rows, 1 column"
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert nbstream.describe(twice).text.endswith("0,1,2")
    cells = pd.DataFrame({"a": [pd.NaT, None, {"k": list(range(10**6))}, np.arange(10**6), pd.Timestamp(0)]})
    described = nbstream.describe(cells)
    assert len(described.text) < 2_000
    assert "[0, 1, 2, " in described.text


def test_options_of_pandas_change_nothing() -> None:
    frame = pd.DataFrame({f"c{at}": range(50) for at in range(30)})
    before = nbstream.describe(frame)
    with pd.option_context("display.max_rows", 2, "display.max_columns", 2, "display.precision", 1):
        assert nbstream.describe(frame) == before


def test_single_columns() -> None:
    series = pd.Series(range(1_000), name="n")
    described = nbstream.describe(series)
    assert described.kind == "pandas Series 'n', 1,000 values of int64"
    assert described.shown == "20 of 1,000 values"
    dtypes = nbstream.describe(pd.DataFrame({"a": [1], "b": [1.5]}).dtypes)
    assert (dtypes.text, dtypes.shown) == (",\na,int64\nb,float64", "2 values")
    assert nbstream.describe(pd.Index(["a", "b"])).text.endswith("a\nb")
    assert nbstream.describe(pl.Series("n", range(1_000))).shown == "20 of 1,000 values"


def test_a_query_of_polars_is_not_run() -> None:
    def fail(_: Any) -> Any:
        raise AssertionError("run")

    lazy = pl.LazyFrame({"a": [1]}).map_batches(fail)
    described = nbstream.describe(lazy)
    assert described.kind == "polars LazyFrame, a query that was not run"


def test_arrow_and_xarray() -> None:
    pyarrow, xarray = pytest.importorskip("pyarrow"), pytest.importorskip("xarray")
    described = nbstream.describe(pyarrow.table({"a": list(range(100))}))
    assert (described.kind, described.shown) == ("pyarrow Table, 100 rows, 1 column", "5 of 100 rows")
    assert nbstream.describe(pyarrow.array([1, None])).text.endswith("1\nNone")
    assert "Dimensions" in nbstream.describe(xarray.Dataset({"v": ("x", [1, 2])})).text


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.array([[1, 2], [3, 4]]), "range: 1 to 4\nvalues:\n[[1, 2],\n [3, 4]]"),
        (np.array([1.5, np.nan]), "range: 1.5 to 1.5, 1 NaN\nvalues:\n[1.5, nan]"),
        (np.array([np.nan, np.nan]), "range: none, all values are NaN\nvalues:\n[nan, nan]"),
        (np.array([np.inf, 1]), "range: 1.0 to inf\nvalues:\n[inf,  1.]"),
        (np.array([True, False]), "range: False to True\nvalues:\n[ True, False]"),
        (np.array([]), "values:\n[]"),
        (np.array(5), "range: 5 to 5\nvalues:\n5"),
        (np.array(["a", "b"]), "values:\n['a', 'b']"),
        (np.array(["2026-11-25", "NaT"], "datetime64[D]"), "range: 2026-11-25 to 2026-11-25, 1 NaT\n"),
        (np.array([3 + 4j]), "absolute values from 5.0 to 5.0\n"),
        (np.ma.masked_array([1, 2], [True, False]), "range: 2 to 2\n"),
        (np.array([{"k": 1}, None], dtype=object), 'values:\n[{"k": 1}, None]'),
    ],
    ids=str,
)
def test_arrays(array: Any, says: str) -> None:
    assert nbstream.describe(array).text.startswith(says)


def test_the_range_of_a_large_array_is_of_a_sample_and_says_so(tmp_path: Path) -> None:
    array = np.memmap(tmp_path / "zeros", np.float32, "w+", shape=(1_000, 1_000, 100))
    described = nbstream.describe(array)
    assert described.kind == "numpy memmap, shape (1000, 1000, 100), float32"
    assert "(of 32,768 of 100,000,000 values)" in described.text
    assert described.shown == "range and some values of shape (1000, 1000, 100)"
    assert len(described.text) < LIMIT


def test_print_options_of_numpy_do_not_print_it_all() -> None:
    with np.printoptions(threshold=10**9):
        assert len(nbstream.describe(np.zeros(10**6)).text) < 1_000
        assert len(nbstream.describe({"a": np.zeros(10**6)}).text) < 1_000


@given(arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(max_side=12)))
@settings(max_examples=200)
def test_any_array_has_a_description(array: Any) -> None:
    described = nbstream.describe(array)
    assert described.kind.startswith("numpy ndarray, shape")
    assert len(described.text) <= LIMIT


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64("nan"), "nan"),
        (np.float32(2.5), "2.5"),
        (np.int8(-3), "-3"),
        (np.bool_(1), "True"),
        (np.str_("a"), "a"),
        ({"n": np.int64(3), "f": np.float32(0.5), "b": np.bool_(0)}, '{"n": 3, "f": 0.5, "b": false}'),
        ({"a": np.arange(3), "t": pd.Timestamp(0)}, '{"a": [0, 1, 2], "t": "1970-01-01 00:00:00"}'),
        ({"df": pd.DataFrame({"a": [1]})}, '{"df": "<pandas DataFrame, 1 row, 1 column>"}'),
    ],
    ids=str,
)
def test_numbers_of_numpy_are_numbers(value: object, text: str) -> None:
    assert nbstream.describe(value).text == text


CELLS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=300)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=30))
def test_any_table_of_pandas_is_bounded(rows: list[tuple[Any, Any]]) -> None:
    described = nbstream.describe(pd.DataFrame(rows, columns=["a", "b"]))
    assert len(described.text) <= LIMIT
    assert described.kind.startswith(f"pandas DataFrame, {len(rows)} row")


def opened(data: bytes) -> Any:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I", "F", "PA", "La", "RGBa"]


@pytest.mark.parametrize("mode", MODES)
def test_an_image_is_a_png_of_the_same_size(mode: str) -> None:
    # A transparent image with premultiplied colours is made of the usual one.
    image = Image.new(mode.upper(), (31, 17)).convert(mode) if mode.endswith("a") else Image.new(mode, (31, 17))
    described = nbstream.describe(image)
    assert described.media_type == "image/png"
    assert opened(described.image).size == (31, 17)
    assert (described.shown, described.is_cut) == ("31 by 17 pixels", False)


@pytest.mark.parametrize("mode", ["1", "P", "RGB", "F"])
def test_a_large_image_is_scaled_and_says_so(mode: str) -> None:
    described = nbstream.describe(Image.new(mode, (5_000, 1_000)))
    assert described.shown == "5,000 by 1,000 pixels, scaled to 2,048 by 410"
    assert described.is_cut
    assert opened(described.image).size == (2_048, 410)


def test_a_figure_and_its_axes() -> None:
    drawn = Figure()
    axes = drawn.subplots()
    axes.plot([1, 2, 3])
    for value in (drawn, axes):
        described = nbstream.describe(value)
        assert described.media_type == "image/png"
        assert opened(described.image).width > 300
    huge = Figure(figsize=(400, 2))
    assert opened(nbstream.describe(huge).image).width <= 2_100


def test_bytes_of_a_picture_are_a_picture() -> None:
    file = io.BytesIO()
    Image.new("RGB", (3, 3)).save(file, "WEBP")
    assert nbstream.describe(file.getvalue()).media_type == "image/webp"
