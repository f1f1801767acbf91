"""Replacements for standard output: a recorder, and a terminal emulator whose rows can be read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    import pytest


class Output(io.StringIO):
    """Records the written text; `terminal` is the result of `isatty`."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


class EmulatedTerminal(Output):
    """A terminal emulator (pyte) that also records the written text.

    Args:
        monkeypatch: sets COLUMNS and LINES.
        columns: width in characters.
        lines: height in rows.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, columns: int = 80, lines: int = 24) -> None:
        super().__init__(terminal=True)
        self.pyte = pyte.HistoryScreen(columns, lines, history=10_000, ratio=0.5)
        self.pyte.set_mode(pyte.modes.LNM)
        self._stream = pyte.Stream(self.pyte)
        self._environ = monkeypatch
        self.resize(columns, lines)

    def resize(self, columns: int, lines: int) -> None:
        self.pyte.resize(lines, columns)
        # `shutil.get_terminal_size` reads these, because there is no file descriptor to ask.
        self._environ.setenv("COLUMNS", str(columns))
        self._environ.setenv("LINES", str(lines))

    def write(self, text: str) -> int:
        self._stream.feed(text)
        return super().write(text)

    @property
    def scrolled(self) -> list[str]:
        """The rows that have scrolled off the screen."""
        return [
            "".join(row[column].data for column in range(self.pyte.columns)).rstrip() for row in self.pyte.history.top
        ]

    @property
    def rows(self) -> list[str]:
        """The rows that scrolled off and the rows on the screen, without empty rows at the end."""
        return "\n".join([*self.scrolled, *(row.rstrip() for row in self.pyte.display)]).rstrip().split("\n")
