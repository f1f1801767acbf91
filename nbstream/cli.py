"""The `nbstream` command, with its subcommands."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

import nbstream
from nbstream import demo, usage_command
from nbstream.language import _
from nbstream.shell import estimate, lesson, prices
from nbstream.simulator import server

if TYPE_CHECKING:
    from collections.abc import Sequence


#: The status of a shell's command that SIGPIPE has ended.
_PIPE_CLOSED = 141


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="nbstream", description=_("Streams the replies of a language model into notebook cells.")
    )
    made.add_argument("--version", action="version", version=f"nbstream {nbstream.__version__}")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    for name, module, summary in (
        ("demo", demo, _("open the course offline, with simulated replies")),
        ("simulate", server, _("run a server on this machine that simulates DeepSeek's API")),
        ("usage", usage_command, _("show what was spent, from the ledger")),
        ("estimate", estimate, _("calculate what many calls of a model would cost")),
        ("prices", prices, _("show prices, their sources and their age")),
        ("lesson", lesson, _("make one table of the lessons that students have saved")),
    ):
        command = commands.add_parser(name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(command)
        command.set_defaults(run=module.main)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        arguments: the command line without the program name; the default is `sys.argv[1:]`.
    """
    options = parser().parse_args(arguments)
    try:
        status = int(options.run(options))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough, as `head` has. Python flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    return status


if __name__ == "__main__":
    sys.exit(main())
