"""Standard output that can be looked at: what a terminal shows after all that was written to it.

It must not know what a test expects.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    import pytest


class Output(io.StringIO):
    """Standard output that is, or is not, a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


class Glass(Output):
    """A terminal that can be looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, columns: int = 80, lines: int = 24) -> None:
        super().__init__(terminal=True)
        self.pyte = pyte.HistoryScreen(columns, lines, history=10_000, ratio=0.5)
        self.pyte.set_mode(pyte.modes.LNM)
        self._stream = pyte.Stream(self.pyte)
        self._environ = monkeypatch
        self.resize(columns, lines)

    def resize(self, columns: int, lines: int) -> None:
        self.pyte.resize(lines, columns)
        # What counts where there is no file descriptor.
        self._environ.setenv("COLUMNS", str(columns))
        self._environ.setenv("LINES", str(lines))

    def write(self, text: str) -> int:
        self._stream.feed(text)
        return super().write(text)

    @property
    def scrolled(self) -> list[str]:
        """Return the rows that have left the screen."""
        return [
            "".join(row[column].data for column in range(self.pyte.columns)).rstrip() for row in self.pyte.history.top
        ]

    @property
    def rows(self) -> list[str]:
        """Return all rows, without empty ones at the end."""
        return "\n".join([*self.scrolled, *(row.rstrip() for row in self.pyte.display)]).rstrip().split("\n")
