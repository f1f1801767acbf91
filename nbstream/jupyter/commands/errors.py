"""The command on cells that failed: fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.jupyter.commands.command import Context


def fix(words: Sequence[str], context: Context) -> None:
    """Ask for a correction of the cell that failed last; nothing is run or inserted."""
    context.ask(" ".join(["--error", *words]), "")
