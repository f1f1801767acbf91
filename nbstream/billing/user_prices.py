"""The user's own prices: rows in files, which go before nbstream's table.

    [[prices]]
    host = "llm.example.org"
    model = "qwen3-32b"
    miss = 0.10
    output = 0.40

The files are `nbstream/prices.toml` in Jupyter's folders for configuration (`~/.jupyter`, or
JUPYTER_CONFIG_DIR, and those of the system, which `jupyter --paths` lists), and whatever else a
source that was added finds. The first ones go before the others.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.billing.rows import PriceRow, RowError, parse, row_of
from nbstream.language import _
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_PLACE = Path("nbstream", "prices.toml")
_TABLE = "prices"
#: The files as they were read last, by path: their time and size, and their rows.
_last: dict[Path, tuple[tuple[int, int], tuple[PriceRow, ...]]] = {}
_sources: list[Callable[[], Iterable[UserPrices]]] = []


class UserPrices(NamedTuple):
    """The rows of one file of the user.

    Attributes:
        place: the file, for a sentence.
        rows: its rows, in their order.
    """

    place: str
    rows: Sequence[PriceRow]


def path() -> Path:
    """Return where the user's own file is, or would be."""
    from jupyter_core.paths import jupyter_config_dir  # noqa: PLC0415  (not before the first reply)

    return Path(jupyter_config_dir()) / _PLACE


def add_source(source: Callable[[], Iterable[UserPrices]]) -> None:
    """Read the rows that `source` returns, too; they go before those of Jupyter's folders."""
    _sources.append(source)


def user_prices() -> list[UserPrices]:
    """Return the user's rows; a change of a file holds for the next reply.

    Raises:
        RequestError: if a file cannot be read or is not valid; names the file and the row.
    """
    from jupyter_core.paths import jupyter_config_path  # noqa: PLC0415  (as above)

    found = [each for source in _sources for each in source()]
    for folder in jupyter_config_path():
        place = Path(folder) / _PLACE
        if rows := _rows_of_file(place):
            found.append(UserPrices(str(place), rows))
    return found


def rows_in(place: str, entries: Any) -> tuple[PriceRow, ...]:
    """Return the rows of `[[prices]]` in a file of the user.

    Args:
        place: the file, for a sentence.
        entries: the value of `prices`.

    Raises:
        RequestError: if a row is not valid; names the file and the row.
    """
    if not isinstance(entries, list):
        raise RequestError(_("{place}: {table} must be rows: each begins with [[{table}]].", place=place, table=_TABLE))
    rows = []
    for number, entry in enumerate(entries, 1):
        try:
            rows.append(row_of(entry))
        except RowError as error:
            raise RequestError(
                _("{place}, row {number} of {table}: {error}.", place=place, number=number, table=_TABLE, error=error)
            ) from None
    return tuple(rows)


def _rows_of_file(place: Path) -> tuple[PriceRow, ...]:
    try:
        state = place.stat()
        stamp = state.st_mtime_ns, state.st_size
        if place not in _last or _last[place][0] != stamp:
            _last[place] = stamp, _read(place)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise RequestError(_("{place} cannot be read: {strerror}.", place=place, strerror=error.strerror)) from None
    return _last[place][1]


def _read(place: Path) -> tuple[PriceRow, ...]:
    try:
        document = parse(place.read_text("utf-8"))
    except UnicodeDecodeError:
        raise RequestError(_("{place} is not UTF-8.", place=place)) from None
    except tomllib.TOMLDecodeError as error:
        raise RequestError(_("{place}: {error}.", place=place, error=error)) from None
    if unknown := [name for name in document if name != _TABLE]:
        raise RequestError(
            _(
                "{place}: there are only rows of [[{table}]]; {unknown} is none of them.",
                place=place,
                table=_TABLE,
                unknown=unknown[0],
            )
        )
    return rows_in(str(place), document.get(_TABLE, []))
