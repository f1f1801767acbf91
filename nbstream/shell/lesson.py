"""`nbstream lesson mark`: one table of the notebooks of a class."""

from __future__ import annotations

import csv
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from nbstream.language import _, marked

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from nbstream.lesson.marking import Marked

_WIDTH = 100
_READ = marked(
    "This is what the files say, and a file can be edited. --run runs each notebook again and compares: it runs the "
    "code of the students on this machine, with your rights."
)
_RAN = marked(
    "The notebooks ran here, offline. What is not confirmed was done by hand, as a click on Stop, or was right in the "
    "file only. Code that wants to deceive a run can do that, too: read what surprises you."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to `parser`."""
    parser.description = _(
        "Makes one table of the lessons that students have saved: which exercises are right.\n\n"
        "  nbstream lesson mark FOLDER\n"
        "  nbstream lesson mark FOLDER --run\n"
        "  nbstream lesson mark ann.ipynb bob.ipynb --csv > marks.csv"
    )
    parser.add_argument("action", choices=["mark"], help=_("mark notebooks"))
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=_("a notebook, or a folder of notebooks"))
    parser.add_argument(
        "--run",
        dest="again",
        action="store_true",
        help=_("run each notebook again, which runs its code"),
    )
    parser.add_argument("--csv", action="store_true", help=_("print CSV, with a row for each exercise"))


def main(options: argparse.Namespace) -> int:
    """Print the table and return the exit status."""
    from nbstream.lesson.marking import marked as marks_of  # noqa: PLC0415  (not for other commands)
    from nbstream.model.exceptions import RequestError  # noqa: PLC0415  (as above)

    try:
        found = list(marks_of(options.files, run=options.again))
    except RequestError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not found:
        sys.stderr.write(_("There is no notebook of a lesson: none has a line lesson.start(…).") + "\n")
        return 1
    if options.csv:
        _write_csv(found)
    else:
        _print_table(found, is_run=options.again)
    return 1 if any(each.problem for each in found) else 0


def _print_table(found: Sequence[Marked], *, is_run: bool) -> None:
    from nbstream.output.tables import Table  # noqa: PLC0415  (only where it is used)

    headers = [_("notebook"), _("lesson"), _("right"), _("missing")]
    if is_run:
        headers = [_("notebook"), _("lesson"), _("in the file"), _("in a run"), _("not confirmed")]
    rows = []
    for each in found:
        total = len(each.says)
        if not each.number:
            rows.append([str(each.path), "", *[""] * (len(headers) - 3), each.problem])
            continue
        row = [str(each.path), str(each.number), _("{right} of {total}", right=len(each.solved), total=total)]
        if is_run:
            row += [
                _("{right} of {total}", right=len(each.solved_in_run), total=total),
                " ".join([*each.not_confirmed, each.problem]).strip(),
            ]
        else:
            row.append(" ".join(name for name in each.says if name not in each.solved))
        rows.append(row)
    table = Table("", headers, rows, note=textwrap.fill(_(_RAN if is_run else _READ), _WIDTH))
    sys.stdout.write(f"{table.text()}\n")


def _write_csv(found: Sequence[Marked]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(["notebook", "lesson", "exercise", "in_the_file", "in_a_run", "problem"])
    for each in found:
        for name, state in each.says.items() or [("", "")]:
            ran = "" if each.ran is None else each.ran.get(name, "")
            writer.writerow([_safe(str(each.path)), each.number or "", name, state, ran, each.problem])


def _safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
