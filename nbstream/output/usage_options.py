"""The words after `%deepseek usage` and `nbstream usage`, and what they show or delete."""

from __future__ import annotations

import argparse
import shlex
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from nbstream.client.ledger_view import GROUPINGS, SCOPES, Ledger, ledger
from nbstream.language import _, marked, option_errors, plural
from nbstream.model.exceptions import RequestError
from nbstream.output.usage_report import overview, report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbstream.output.usage_report import Report

_EPILOG = marked(
    "Days are those of this machine's clock. Simulated replies are in the ledger, and not in the sums. --forget "
    "deletes rows for good, without asking: those before a day, those of a notebook, or all of them."
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise RequestError(
            _(
                "{prog}: {message}. %deepseek help usage lists the words.",
                prog=self.prog,
                message=option_errors.said(message),
            )
        )


def parser_for(prog: str) -> argparse.ArgumentParser:
    """Return a parser of the words; it raises `RequestError` instead of ending the program."""
    parser = _Parser(prog, add_help=False)
    add_arguments(parser)
    return parser


def add_arguments(parser: argparse.ArgumentParser, scopes: Sequence[str] = SCOPES) -> None:
    """Add the arguments to a parser, with these scopes."""
    parser.epilog = _(_EPILOG)
    parser.add_argument("scope", nargs="?", choices=scopes, help=_("which requests; without it, an overview"))
    parser.add_argument("--by", choices=GROUPINGS, help=_("add up for each of these"))
    parser.add_argument("--since", metavar="DATE", help=_("from this day on, as 2026-11-26"))
    parser.add_argument("--notebook", metavar="PATH", help=_("only those of this notebook"))
    parser.add_argument("--csv", metavar="FILE", help=_("write the table to this file, as CSV"))
    parser.add_argument("--json", action="store_true", help=_("write the table as JSON, with exact amounts as texts"))
    parser.add_argument("--forget", action="store_true", help=_("delete rows, by --before, --notebook or all"))
    parser.add_argument("--before", metavar="DATE", help=_("with --forget: the rows before this day"))


def reported(options: argparse.Namespace, scopes: Iterable[str] = SCOPES) -> Report:
    """Return the sums that the options ask for.

    Args:
        options: what the parser has read.
        scopes: those of an overview.

    Raises:
        RequestError: if there are none, or the ledger cannot be read.
    """
    if options.before:
        raise RequestError(_("--before goes with --forget; --since shows the rows from a day on."))
    scope, notebook = options.scope, options.notebook and _notebook(options.notebook)
    if scope is None and not (options.by or options.since or notebook):
        return overview(_ledgers(scopes))
    found = ledger(scope or "all", since=options.since, notebook=notebook)
    title = " ".join(filter(None, [scope or ("" if notebook else "all"), notebook, _since(options.since)]))
    return report(found, title, options.by or "model")


def forgotten(options: argparse.Namespace) -> str:
    """Delete what the options name, and return a sentence that says it.

    Raises:
        RequestError: if they name nothing that can be deleted, or that failed.
    """
    if options.by or options.since or options.csv or options.json or options.scope not in (None, "notebook", "all"):
        raise RequestError(_("--forget takes --before DATE, --notebook PATH, or all."))
    if not (options.before or options.notebook or options.scope):
        raise RequestError(_("--forget deletes for good: name --before DATE, --notebook PATH, or all."))
    notebook = options.notebook and _notebook(options.notebook)
    count = ledger(options.scope or "all", until=_day_before(options.before), notebook=notebook).forget()
    return plural("Deleted {n:,} row of the ledger.", "Deleted {n:,} rows of the ledger.", count)


def write_csv(found: Report, file: str) -> str:
    """Write the table to a file, and return a sentence that says it.

    Raises:
        RequestError: if the file cannot be written.
    """
    try:
        # The lines of CSV have their own ends.
        Path(file).expanduser().write_text(found.csv(), "utf-8", newline="")
    except OSError as error:
        raise RequestError(_("{file} cannot be written: {strerror}.", file=file, strerror=error.strerror)) from None
    return plural("{n:,} row in {file}.", "{n:,} rows in {file}.", len(found.rows), file=file)


def _ledgers(scopes: Iterable[str]) -> dict[str, Ledger]:
    found = {}
    for name in scopes:
        try:
            found[name] = ledger(name)  # type: ignore[arg-type]
        except RequestError:
            # The front end does not name it, or nothing was asked there.
            if name == "all":
                raise
    return found


def _day_before(day: str | None) -> date | None:
    if day is None:
        return None
    try:
        return date.fromisoformat(day) - timedelta(days=1)
    except ValueError:
        raise RequestError(_("{day!r} is no day: write it as 2026-11-26.", day=day)) from None


def _notebook(path: str) -> str:
    return str(Path(path).expanduser().absolute())


def _since(day: str | None) -> str:
    return _("since {day}", day=day) if day else ""


def words_of(words: Sequence[str]) -> list[str]:
    """Return the words of a line as a shell splits them, so that a path may have spaces."""
    try:
        return shlex.split(" ".join(words))
    except ValueError:
        raise RequestError(_("A quote has no end.")) from None
