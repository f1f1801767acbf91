"""Shows a card where its user looks: in the cell, or in the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from nbstream.lesson.cards import Card


def show(card: Card) -> None:
    """Show a card in the running cell; in a terminal and in a script, its text."""
    if front_ends.running_kernel() is not None:
        from IPython.display import publish_display_data  # noqa: PLC0415  (only where it runs)

        publish_display_data(card.data, metadata=card.metadata)
    else:
        sys.stdout.write(f"{card.data['text/plain']}\n")
