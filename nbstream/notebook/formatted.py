"""A reply on a terminal: reasoning dim and wrapped at words, the answer formatted block by block.

The block in progress is shown as well, formatted as far as it goes, and drawn anew until it is finished. This module
must not know runs, nor how a screen is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.notebook.screen import BOLD, DIM, RESET, Screen
from nbstream.render.blocks import GrowingBlocks
from nbstream.render.printable import printable
from nbstream.render.text import LONGEST_ROW, to_rows, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from nbstream.render.blocks import Piece


class Formatted:
    """A page that is a terminal.

    Args:
        out: the terminal; the default is standard output.
    """

    def __init__(self, out: TextIO | None) -> None:
        self._screen = Screen(out)
        self._mode = ""
        self._finished = _Rows()
        #: The end of the reasoning, which is not a whole row yet.
        self._row = ""
        self._blocks = GrowingBlocks()

    def wait(self, words: str) -> None:
        """Show what is waited for."""
        self._screen.draw([], [_dim(row) for row in self._wrapped(words)])

    def begin(self, mode: str, thought: str) -> None:
        """Finish what was begun before."""
        if self._mode == "reasoning":
            self._add_reasoning(self._row)
        elif self._mode == "answer":
            self._add_blocks(self._blocks.finish())
        self._finished.begin_paragraph()
        self._add_reasoning(thought)
        self._row, self._blocks = "", GrowingBlocks()
        self._finished.begin_paragraph()
        self._mode = mode

    def feed(self, text: str) -> None:
        """Add reasoning, of which whole rows are finished, or an answer, of which whole blocks are."""
        if self._mode == "answer":
            self._add_blocks(self._blocks.feed(text))
            return
        *lines, last = (self._row + text).replace("\r\n", "\n").split("\n")
        for line in lines:
            if line.strip():
                self._add_reasoning(line)
            else:
                self._finished.begin_paragraph()
        *rows, row = self._wrapped(last)
        self._finished.add([_dim(row) for row in rows])
        # It may be the first half of a line's end.
        self._row = row + "\r" * last.endswith("\r")

    def show(self) -> None:
        """Print what is finished, and draw what is not."""
        finished = self._finished.take()
        in_progress = _Rows(self._finished)
        if self._mode == "reasoning":
            in_progress.add([_dim(self._row)] if self._row.strip() else [])
        elif isinstance(blocks := self._blocks.in_progress(), str):
            rows = [row.rstrip() for line in blocks.split("\n") for row in self._wrapped(line)]
            in_progress.add(rows[-self._screen.height :])
        else:
            self._add_blocks(blocks, in_progress)
        self._screen.draw(finished, in_progress.take())

    def end(self, calls: list[str], alert: str, footer: list[str]) -> None:
        """Print what is said around the reply, and whatever is left."""
        for line in calls:
            self._finished.add([row.rstrip() for row in self._wrapped(line)])
        self._finished.begin_paragraph()
        self._finished.add([f"{BOLD}{row.rstrip()}{RESET}" for row in self._wrapped(alert) if alert])
        self._finished.begin_paragraph()
        # Its items are not broken.
        words = " · ".join(item.replace(" ", "\u00a0") for item in footer)
        self._finished.add([_dim(row.replace("\u00a0", " ")) for row in self._wrapped(words)])
        self._screen.draw(self._finished.take())

    def _add_reasoning(self, line: str) -> None:
        self._finished.add([_dim(row) for row in self._wrapped(line) if line.strip()])

    def _add_blocks(self, pieces: Iterable[Piece], in_progress: _Rows | None = None) -> None:
        rows = in_progress or self._finished
        for piece in pieces:
            if not piece.joins:
                rows.begin_paragraph()
            rows.add(to_rows(piece.block, self._screen.width, fit=in_progress is not None))

    def _wrapped(self, line: str) -> list[str]:
        line = printable(line.removesuffix("\r"), tab="    ")
        return wrap(line, min(self._screen.width, LONGEST_ROW))


class _Rows:
    """Rows, with a blank one between paragraphs; they may stand after other rows."""

    def __init__(self, after: _Rows | None = None) -> None:
        self._rows: list[str] = []
        self.are_first: bool = after is None or after.are_first
        self.have_gap: bool = after is not None and after.have_gap

    def begin_paragraph(self) -> None:
        self.have_gap = not self.are_first

    def add(self, rows: list[str]) -> None:
        if rows:
            self._rows += [""] * self.have_gap + rows
            self.have_gap = self.are_first = False

    def take(self) -> list[str]:
        rows, self._rows = self._rows, []
        return rows


def _dim(row: str) -> str:
    return f"{DIM}{printable(row).rstrip()}{RESET}"
