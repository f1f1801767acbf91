"""`nbstream prices`: the prices that nbstream knows, their sources and their age."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from nbstream.language import _

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to `parser`."""
    from nbstream.client.price_questions import add_model  # noqa: PLC0415  (not for other commands)

    parser.description = _(
        "Shows the prices of a model, or all of nbstream's table, with their sources and their age.\n\n"
        "  nbstream prices pro\n"
        "  nbstream prices openai/gpt-4.1"
    )
    add_model(parser)


def main(options: argparse.Namespace) -> int:
    """Print the prices and return the exit status."""
    from nbstream.client.price_questions import place_of  # noqa: PLC0415  (as above)
    from nbstream.model.exceptions import RequestError  # noqa: PLC0415  (as above)
    from nbstream.output.price_tables import prices_json, prices_table  # noqa: PLC0415  (as above)

    try:
        place = place_of(options)
        text = json.dumps(prices_json(place), indent=2) if options.json else prices_table(place).text()
    except RequestError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{text}\n")
    return 0
