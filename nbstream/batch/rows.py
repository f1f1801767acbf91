"""One prompt for each row of a frame, a list, or any other iterable of rows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.batch.asking import Prompts, index_of
from nbstream.client.redaction import KeyRedactor
from nbstream.language import _, joined, listed
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.prompt.braces import BRACES, UNCLOSED
from nbstream.prompt.secrets import is_secret_name, secret_in_text, secrets_of

if TYPE_CHECKING:
    import re

    from nbstream.batch.prepared import Prepared
    from nbstream.client.options import Options

#: The name of a row that is one value, such as a text.
ROW = "row"
#: A message names so many columns.
_MOST_NAMED = 12
#: The classes by which pandas and polars say that a value is missing.
_MISSING = frozenset({"NAType", "NaTType"})


class Table(NamedTuple):
    """Rows, and what is known of them before the first one is taken.

    Attributes:
        rows: dicts, or values of one column.
        columns: the names of the columns; None if each row has its own.
        total: how many rows there are; None if that is not known.
        index: the index of a pandas frame or series; else None.
    """

    rows: Iterable[Any]
    columns: tuple[str, ...] | None
    total: int | None
    index: Any = None


class RowPrompts(Prompts):
    """A prompt that names columns, and the rows that fill it.

    Args:
        prompt: names columns as `{{ name }}`; all other braces are text.
        rows: a frame of pandas or polars, a series, a list of dicts or texts, or another iterable.
        options: the options of every request.

    Raises:
        RequestError: if the prompt names no column or one that there is not, or if an option is not
            valid. Nothing was sent then.
    """

    def __init__(self, prompt: str, rows: Any, options: Options) -> None:
        self._template = prompt
        self._table = table_of(rows)
        self.names = _names(prompt)
        self._check()
        super().__init__(self._table.rows, options)
        self._secrets = (*KeyRedactor(*self.example.endpoint.secrets).forms, *secrets_of(os.environ))

    @property
    def total(self) -> int | None:
        """See `Prompts.total`."""
        return self._table.total

    @property
    def index(self) -> Any:
        """See `Prompts.index`."""
        return self._table.index

    def prepare(self, item: Any) -> Prepared:
        """Return the request for one row.

        Raises:
            RequestError: if the row lacks a column, or holds a secret.
        """
        row = _as_mapping(item)
        values = {name: _value(row, name) for name in self.names}
        texts = {name: _plain(value) for name, value in values.items()}
        if None in texts.values():
            # Pictures, lists, frames: as in a prompt that is filled by variables.
            made = self.prepared(self._template, {"fill": values})
            content = made.source.request.messages[-1]["content"]
            return made._replace(prompt=content if isinstance(content, str) else None)
        for name, text in texts.items():
            if secret_in_text(text or "", self._secrets):
                raise RequestError(_("The column {name} has an API key or another secret in it.", name=one_line(name)))
        prompt = BRACES.sub(lambda found: _filled(found, texts), self._template)
        return self.prepared(prompt)

    def _check(self) -> None:
        columns = self._table.columns
        if not self.names:
            names = listed((columns or (ROW,))[:_MOST_NAMED])
            raise RequestError(
                _(
                    "The prompt names no column, so every row would get the same answer. Write {{{{ name }}}} for the "
                    "value of a column: there is {names}. Nothing was sent.",
                    names=names,
                )
            )
        for name in self.names:
            if is_secret_name(name):
                raise RequestError(
                    _("{{{{ {name} }}}} looks like the name of a secret, so nothing was sent.", name=name)
                )
            if columns is not None and name not in columns:
                raise RequestError(joined(_no_column(name, columns), _("Nothing was sent.")))


def table_of(rows: Any) -> Table:
    """Return rows as a table.

    Raises:
        RequestError: if they are none.
    """
    if hasattr(rows, "collect") and hasattr(rows, "lazy"):
        raise RequestError(_("The rows are a lazy frame: give `--each` what its .collect() returns."))
    columns = getattr(rows, "columns", None)
    if columns is not None and (hasattr(rows, "itertuples") or hasattr(rows, "iter_rows")):
        names = tuple(map(str, columns))
        return Table(_Frame(rows, names), names, len(rows), rows.index if hasattr(rows, "itertuples") else None)
    if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable):
        kind = type(rows).__name__
        raise RequestError(
            _("`--each` takes the rows of a frame, a list or another iterable, not a {kind}.", kind=kind)
        )
    total = len(rows) if isinstance(rows, Sized) else None
    return Table(rows, _common_columns(rows), total, index_of(rows))


class _Frame:
    """The rows of a frame, each as a dict, made when it is needed."""

    def __init__(self, frame: Any, names: tuple[str, ...]) -> None:
        self._frame = frame
        self._names = names

    def __iter__(self) -> Iterator[dict[str, Any]]:
        frame = self._frame
        rows = frame.iter_rows() if hasattr(frame, "iter_rows") else frame.itertuples(index=False, name=None)
        return (dict(zip(self._names, row, strict=True)) for row in rows)


def _common_columns(rows: Iterable[Any]) -> tuple[str, ...] | None:
    """Return the columns that every row of a list has; None if the rows are not known yet."""
    if not isinstance(rows, Sequence) or not rows:
        return (ROW,) if hasattr(rows, "to_frame") else None
    common = dict.fromkeys(_as_mapping(rows[0]))
    for row in rows:
        names = _as_mapping(row)
        common = {name: None for name in common if name in names}
    return tuple(common)


def _as_mapping(row: Any) -> Mapping[str, Any]:
    if isinstance(row, Mapping):
        return row
    if hasattr(row, "_asdict"):
        named: Mapping[str, Any] = row._asdict()
        return named
    if is_dataclass(row) and not isinstance(row, type):
        return {each.name: getattr(row, each.name) for each in fields(row)}
    if hasattr(row, "keys") and hasattr(row, "__getitem__"):
        return {name: row[name] for name in row.keys()}  # noqa: SIM118  (a row of sqlite3 iterates over its values)
    return {ROW: row}


def _names(prompt: str) -> tuple[str, ...]:
    found = list(BRACES.finditer(prompt))
    if any(each["open"] for each in found):
        raise RequestError(_("`--each`: {unclosed}", unclosed=_(UNCLOSED)))
    return tuple(dict.fromkeys(each["name"].strip() for each in found if each["name"] is not None))


def _value(row: Mapping[str, Any], name: str) -> Any:
    try:
        return row[name]
    except KeyError:
        raise RequestError(_no_column(name, tuple(map(str, row)))) from None


def _no_column(name: str, columns: tuple[str, ...]) -> str:
    near = get_close_matches(name, columns, 1)
    names, more = listed(columns[:_MOST_NAMED]), len(columns) - _MOST_NAMED
    if more > 0:
        names = _("{names} and {more} more", names=names, more=more)
    return joined(
        _("There is no column {name}: there is {names}.", name=one_line(name), names=names),
        _("Did you mean {name}?", name=near[0]) if near else "",
        _("Write {{{{ … }}}} for braces that are text."),
    )


def _plain(value: Any) -> str | None:
    """Return the text of a simple value, empty if it is missing; None if it is not simple."""
    if isinstance(value, str):
        return value
    if value is None or type(value).__name__ in _MISSING:
        return ""
    if isinstance(value, float) and value != value:  # noqa: PLR0124  (only NaN differs from itself)
        return ""
    is_simple = isinstance(value, int | float | complex) or hasattr(value, "isoformat") or _is_scalar(value)
    return str(value) if is_simple else None


def _is_scalar(value: Any) -> bool:
    """Return whether a value is a number of numpy, `decimal` or another library."""
    return hasattr(value, "as_integer_ratio") or (hasattr(value, "dtype") and getattr(value, "ndim", None) == 0)


def _filled(found: re.Match[str], texts: Mapping[str, str | None]) -> str:
    if found["literal"] is not None:
        return "{{" + found["literal"] + "}}"
    return texts[found["name"].strip()] or ""
