"""Tables and columns: shape, dtypes and the first rows, as CSV.

Only the rows that are shown are read. Options of the libraries that change what they print have no
effect, so that a column or a row is never left out without a word.
"""

from __future__ import annotations

import csv
import io
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.prompt.containers import short_text
from nbstream.prompt.description import LIMIT, Description, counted
from nbstream.prompt.safe_repr import short_repr, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A table with at most so many rows is shown whole; of a larger one, `_HEAD` rows.
WHOLE = 20
_HEAD = 5
#: The same for a single column.
_WHOLE_COLUMN = 200
_HEAD_OF_COLUMN = 20
#: A table shows at most so many columns, and a cell at most so many characters.
_MOST_COLUMNS = 100
_LONGEST_CELL = 200
_LONGEST_NAME = 100
#: The names of the types of texts in pandas and polars.
_TEXTS = ("str", "string", "utf8", "large_string")


def pandas_frame(frame: Any) -> Description:
    """Describe a pandas or modin DataFrame."""
    return _table(_name(frame), pandas_head(frame, _most(frame.shape[0])))


def polars_frame(frame: Any) -> Description:
    """Describe a polars DataFrame."""
    return _table(_name(frame), polars_head(frame, _most(frame.shape[0])))


def arrow_table(table: Any) -> Description:
    """Describe a pyarrow Table or RecordBatch."""
    return _table(_name(table), arrow_head(table, _most(table.num_rows)))


def pandas_head(frame: Any, most: int) -> Head:
    """Return the first rows of a pandas or modin DataFrame, at most so many."""
    rows, columns = frame.shape
    names = [_label(each) for each in frame.columns[:_MOST_COLUMNS]]
    dtypes = [_dtype(each) for each in frame.dtypes.iloc[:_MOST_COLUMNS]]
    head = frame.iloc[:most, :_MOST_COLUMNS]
    cells = [_shown_values(head.iloc[:, at]) for at in range(len(names))]
    return Head(rows, columns, names, dtypes, cells, *_index(head.index))


def polars_head(frame: Any, most: int) -> Head:
    """Return the first rows of a polars DataFrame, at most so many."""
    rows, columns = frame.shape
    names = list(islice(frame.columns, _MOST_COLUMNS))
    dtypes = [_dtype(each) for each in islice(frame.dtypes, _MOST_COLUMNS)]
    head = frame[:, :_MOST_COLUMNS].head(most) if columns else frame
    cells = [_shown_values(head.get_column(name)) for name in names]
    return Head(rows, columns, [_label(each) for each in names], dtypes, cells, [], [])


def arrow_head(table: Any, most: int) -> Head:
    """Return the first rows of a pyarrow Table or RecordBatch, at most so many."""
    fields = [table.schema.field(at) for at in range(min(table.num_columns, _MOST_COLUMNS))]
    head = table.slice(0, most)
    cells = [head.column(at).to_pylist() for at in range(len(fields))]
    names, dtypes = [_label(each.name) for each in fields], [_dtype(each.type) for each in fields]
    return Head(table.num_rows, table.num_columns, names, dtypes, cells, [], [])


def pandas_series(series: Any) -> Description:
    """Describe a pandas Series."""
    head = series.iloc[: _number_shown(len(series))]
    index_names, index_cells = _index(head.index)
    title = "" if series.name is None else f" {_label(series.name)!r}"
    header, columns = [*index_names, _label(series.name or "")], [*index_cells, _shown_values(head)]
    return _column(f"{_name(series)}{title}", series.dtype, len(series), header, columns)


def pandas_index(index: Any) -> Description:
    """Describe a pandas Index."""
    head = index[: _number_shown(len(index))]
    names, cells = _index(head)
    return _column(_name(index), getattr(index, "dtype", "object"), len(index), names, cells)


def polars_series(series: Any) -> Description:
    """Describe a polars Series."""
    head = series.head(_number_shown(len(series)))
    return _column(
        f"{_name(series)} {_label(series.name)!r}", series.dtype, len(series), [series.name], [_shown_values(head)]
    )


def arrow_array(array: Any) -> Description:
    """Describe a pyarrow Array or ChunkedArray."""
    head = array.slice(0, _number_shown(len(array)))
    return _column(_name(array), array.type, len(array), [""], [head.to_pylist()])


def lazy_frame(frame: Any) -> Description:
    """Describe a polars LazyFrame: its query, which is not run."""
    try:
        plan = str(frame.explain(optimized=False))
    except Exception:  # noqa: BLE001  (the query may not be valid)
        plan = ""
    return Description(plan, "polars LazyFrame, a query that was not run", "its query only", is_cut=True)


class Head(NamedTuple):
    """The first columns of a table, with their first values, and its index.

    `rows` and `columns` are those of the whole table; `cells` are values, column by column.
    """

    rows: int
    columns: int
    names: list[str]
    dtypes: list[str]
    cells: list[list[Any]]
    index_names: list[str]
    index_cells: list[list[Any]]


def _most(rows: int) -> int:
    return rows if rows <= WHOLE else _HEAD


def _table(name: str, head: Head) -> Description:
    rows, columns, names = head.rows, head.columns, head.names
    shown_rows = len(head.cells[0]) if head.cells else 0
    kind = f"{name}, {counted(rows, 'row')}, {counted(columns, 'column')}"
    typed = ", ".join(f"{each} ({dtype})" for each, dtype in zip(names, head.dtypes, strict=True))
    index_note = ", the index first" if head.index_names else ""
    while True:
        note = _note(shown_rows, rows, "row")
        if len(names) < columns:
            note += f", {len(names):,} of {counted(columns, 'column')}"
        what = "rows" if shown_rows == rows else f"first {counted(shown_rows, 'row')}"
        body = _csv([*head.index_names, *names], [*head.index_cells, *head.cells], shown_rows)
        text = f"columns: {typed}\n{what}, as CSV{index_note}:\n{body}" if names else "no columns"
        if len(text) <= LIMIT or shown_rows <= 1:
            return Description(text, kind, note, shown_rows < rows or len(names) < columns, "csv")
        shown_rows = max(1, shown_rows // 2)


def _column(name: str, dtype: Any, size: int, header: list[str], columns: list[list[Any]]) -> Description:
    shown = len(columns[0])
    kind = f"{name}, {counted(size, 'value')} of {_dtype(dtype)}"
    while True:
        text = _csv(header, columns, shown)
        if len(text) <= LIMIT or shown <= 1:
            return Description(text, kind, _note(shown, size, "value"), shown < size, "csv")
        shown = max(1, shown // 2)


def _number_shown(size: int) -> int:
    return size if size <= _WHOLE_COLUMN else _HEAD_OF_COLUMN


def _note(shown: int, size: int, unit: str) -> str:
    return counted(size, unit) if shown == size else f"{shown:,} of {counted(size, unit)}"


def _csv(header: Sequence[str], columns: Sequence[list[Any]], rows: int) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    for at in range(rows):
        writer.writerow([cell_text(column[at]) for column in columns])
    return file.getvalue().removesuffix("\n")


def cell_text(value: Any) -> str:
    """Return the text of one value of a table."""
    if isinstance(value, str):
        return shortened(str.__str__(value), _LONGEST_CELL)
    if isinstance(value, float) and value != value:  # noqa: PLR0124  (NaN, and NaT of numpy)
        return "NaN"
    return short_text(value, _LONGEST_CELL)


def _shown_values(column: Any) -> list[Any]:
    """Return the values of a few rows of a pandas or polars column; of texts, their beginnings.

    Both libraries keep texts in memory of their own, so a long one would be copied as a whole.
    """
    if str(column.dtype).lower() in _TEXTS:
        column = column.str.slice(0, _LONGEST_CELL + 1)
    values: list[Any] = column.to_list()
    return values


def _index(index: Any) -> tuple[list[str], list[list[Any]]]:
    """Return the names and the values of each level of an index of a few rows."""
    if getattr(index, "nlevels", 1) == 1:
        return [_label("" if index.name is None else index.name)], [index.tolist()]
    names = [_label("" if each is None else each) for each in index.names]
    return names, [index.get_level_values(at).tolist() for at in range(index.nlevels)]


def _label(name: Any) -> str:
    return shortened(name, _LONGEST_NAME) if isinstance(name, str) else short_repr(name, _LONGEST_NAME)


def _dtype(dtype: Any) -> str:
    try:
        return shortened(str(dtype), _LONGEST_NAME)
    except Exception:  # noqa: BLE001  (another library's code may raise anything)
        return "?"


def _name(value: Any) -> str:
    kind = type(value)
    return f"{kind.__module__.split('.')[0]} {kind.__name__}"
