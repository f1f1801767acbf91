"""The columns in which programs of this folder print a latency."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The names of the columns, and how they are aligned.
HEAD, ALIGNED = "tries | median ms | p95 ms | max ms", "--:|--:|--:|--:"


def figures(measured: Sequence[float]) -> str:
    """Return the columns for latencies in milliseconds, of which there is one at least."""
    ranked = sorted(measured)
    p95 = ranked[max(0, -(-len(ranked) * 95 // 100) - 1)]
    return " | ".join([str(len(ranked)), *(f"{each:.1f}" for each in (statistics.median(ranked), p95, ranked[-1]))])
