"""The commands on prices: `prices` and `estimate`, with the options of the shell's commands."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING

from nbstream.client.price_questions import Parser, add_model, add_volume, estimate_of, place_of
from nbstream.jupyter.commands.servers import show_table
from nbstream.output.price_tables import prices_json, prices_table
from nbstream.output.volume_table import estimate_json, estimate_table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence

    from nbstream.jupyter.commands.command import Context


def prices(words: Sequence[str], context: Context) -> None:
    """Show the prices of a model, or all of nbstream's table."""
    place = place_of(options := _options("prices", add_model, words))
    if options.json:
        sys.stdout.write(json.dumps(prices_json(place), indent=2) + "\n")
    else:
        show_table(prices_table(place), context)


def estimate(words: Sequence[str], context: Context) -> None:
    """Calculate what many calls of a model would cost."""
    found = estimate_of(options := _options("estimate", add_volume, words))
    if options.json:
        sys.stdout.write(json.dumps(estimate_json(found), indent=2) + "\n")
    else:
        show_table(estimate_table(found), context)


def _options(name: str, add: Callable[[Parser], None], words: Sequence[str]) -> Namespace:
    parser = Parser(prog=f"%deepseek {name}", add_help=False)
    add(parser)
    # A time with a blank may stand in quotes.
    return parser.parse_args(shlex.split(" ".join(words)))
