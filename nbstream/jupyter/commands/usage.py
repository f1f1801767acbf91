"""The command usage: what the requests of a cell, a notebook, a day or a month have cost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.jupyter.commands.command import Context
    from nbstream.output.tables import Table


class UsageTable:
    """A table as the value of a cell, where pandas is not installed."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __repr__(self) -> str:
        return self._table.text()

    def _repr_html_(self) -> str:
        return self._table.html()


def usage(words: Sequence[str], _context: Context) -> Any:
    """Return the sums as a DataFrame, or as a table without pandas; or write or delete them.

    Raises:
        RequestError: if the words are not understood, or the ledger cannot be used.
    """
    # Only where they are used.
    from nbstream.output import usage_options  # noqa: PLC0415
    from nbstream.schemas.data_frames import frame_of_rows, has_pandas  # noqa: PLC0415

    options = usage_options.parser_for("%deepseek usage").parse_args(usage_options.words_of(words))
    if options.forget:
        sys.stdout.write(f"{usage_options.forgotten(options)}\n")
        return None
    report = usage_options.reported(options)
    if options.csv:
        sys.stdout.write(f"{usage_options.write_csv(report, options.csv)}\n")
    if options.json:
        sys.stdout.write(f"{report.json()}\n")
    if options.csv or options.json:
        return None
    if not has_pandas():
        return UsageTable(report.table())
    sys.stdout.write("".join(f"{line}\n" for line in (report.summary, *report.notes)))
    return frame_of_rows(report.records(), report.by)
