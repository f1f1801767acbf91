"""The `nbstream` command: the demo and the simulator. This module must not know how either does its work."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import nbstream
from nbstream import demo
from nbstream.simulator import server

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        arguments: the command line's words; the default is the process's own.
    """
    parser = argparse.ArgumentParser(prog="nbstream", description=nbstream.__doc__)
    parser.add_argument("--version", action="version", version=f"nbstream {nbstream.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, module, summary in (
        ("demo", demo, "open a notebook in the browser, offline, against the simulator"),
        ("simulate", server, "serve simulated replies on this machine"),
    ):
        command = commands.add_parser(name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(command)
        command.set_defaults(run=module.main)
    options = parser.parse_args(arguments)
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main())
