"""The command `nbstream usage`: what all requests have cost, from the ledger."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    import argparse

#: A shell has neither cell nor notebook.
_SCOPES = ("today", "month", "all")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    from nbstream.output import usage_options  # noqa: PLC0415  (other commands do without)

    usage_options.add_arguments(parser, _SCOPES)


def main(options: argparse.Namespace) -> int:
    """Run the command, and return its exit status."""
    from nbstream.output import usage_options  # noqa: PLC0415  (as above)

    try:
        if options.forget:
            said = usage_options.forgotten(options)
        else:
            report = usage_options.reported(options, _SCOPES)
            said = report.json() if options.json else report.table().text()
            if options.csv:
                said = usage_options.write_csv(report, options.csv)
    except RequestError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{said}\n")
    return 0
