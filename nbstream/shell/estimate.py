"""`nbstream estimate`: what many calls of a model would cost."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from nbstream.language import _

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to `parser`."""
    from nbstream.client.price_questions import add_volume  # noqa: PLC0415  (not for other commands)

    parser.description = _(
        "Calculates what many calls of a model would cost. Sends no request.\n\n"
        "  nbstream estimate --model pro --calls 1M --input 2200 --cached 2000 --output 300"
    )
    add_volume(parser)


def main(options: argparse.Namespace) -> int:
    """Print the calculation and return the exit status."""
    from nbstream.client.price_questions import estimate_of  # noqa: PLC0415  (as above)
    from nbstream.model.exceptions import RequestError  # noqa: PLC0415  (as above)
    from nbstream.output.volume_table import estimate_json, estimate_table  # noqa: PLC0415  (as above)

    try:
        found = estimate_of(options)
    except RequestError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    text = json.dumps(estimate_json(found), indent=2) if options.json else estimate_table(found).text()
    sys.stdout.write(f"{text}\n")
    return 0
