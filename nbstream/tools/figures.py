"""Figures of matplotlib that a tool leaves open, as `plt.plot` does.

matplotlib is never imported here: a session that draws has imported it.
"""

from __future__ import annotations

import sys
from typing import Any


class OpenFigures:
    """Remembers which figures are open when a call begins."""

    def __init__(self) -> None:
        self._before = set(map(id, _managers()))

    def new(self) -> list[Any]:
        """Return the figures that were opened since, the oldest first.

        In a notebook they are closed, or else they would be shown again at the end of the cell.
        """
        managers = [each for each in _managers() if id(each) not in self._before]
        figures = [each.canvas.figure for each in managers]
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if figures and "inline" in str(sys.modules["matplotlib"].get_backend()).lower():
            for figure in figures:
                pyplot.close(figure)
        return figures


def figure_of(value: Any) -> Any:
    """Return the figure that a value is or belongs to; the value itself if it is none."""
    return value if hasattr(value, "savefig") else getattr(value, "figure", value)


def _managers() -> list[Any]:
    helpers: Any = sys.modules.get("matplotlib._pylab_helpers")
    return list(helpers.Gcf.figs.values()) if helpers is not None else []
