"""A reply on a terminal: dim reasoning, wrapped at words, and an answer formatted block by block.

The last block is formatted while it is still incomplete, and redrawn until it is finished. This
uses `screen` to draw, `blocks` to split the Markdown and `text` to format a block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.markdown.growing_blocks import GrowingBlocks
from nbstream.markdown.growing_json import JsonMarkdown
from nbstream.model.printable import printable
from nbstream.output.json_answer import table_markdown
from nbstream.output.terminal.rows import LONGEST_ROW, to_rows, wrap
from nbstream.output.terminal.screen import BOLD, DIM, RESET, Screen

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from nbstream.markdown.growing_blocks import Piece


class FormattedWriter:
    """Writes a reply to a terminal with styles; implements `terminal.TextWriter`.

    Args:
        out: the terminal; the default is `sys.stdout`.
        is_json: whether the answer should be JSON, which is indented.
    """

    def __init__(self, out: TextIO | None, *, is_json: bool = False) -> None:
        self._is_json = is_json
        self._json: JsonMarkdown | None = None
        self._screen = Screen(out)
        self._section = ""
        self._finished = _Rows()
        #: The end of the reasoning, which is not a complete row yet.
        self._row = ""
        self._blocks = GrowingBlocks()
        self._status = ""

    def wait(self, status: str) -> None:
        """Show `status` in a row that disappears, below what is finished."""
        self._status = status
        if not status:
            # Somebody else writes there, such as a question.
            self._finished.are_first = False
        self.show()

    def begin(self, section: str, duration: str) -> None:
        """Finish the current section, write the duration of the reasoning, and begin `section`."""
        if self._section == "reasoning":
            self._add_reasoning(self._row)
        elif self._section == "answer":
            self._end_answer()
        self._finished.begin_paragraph()
        self._add_reasoning(duration)
        self._row, self._blocks, self._status = "", GrowingBlocks(), ""
        self._finished.begin_paragraph()
        self._section = section
        self._json = self._new_json() if section == "answer" else None

    def feed(self, text: str) -> None:
        """Append to the section. Complete rows of reasoning and complete blocks are finished."""
        if self._section == "answer":
            self._add_blocks(self._blocks.feed(text if self._json is None else self._json.feed(text)))
            return
        *lines, last = (self._row + text).replace("\r\n", "\n").split("\n")
        for line in lines:
            if line.strip():
                self._add_reasoning(line)
            else:
                self._finished.begin_paragraph()
        *rows, row = self._wrapped(last)
        self._finished.add([_dim(row) for row in rows])
        # A carriage return may be the first half of a line ending.
        self._row = row + "\r" * last.endswith("\r")

    def rename(self, section: str) -> None:
        """Print the rows of the section as they are, and go on with `section`."""
        if self._section == "answer":
            self._end_answer()
        else:
            self._add_reasoning(self._row)
        self._json = self._new_json() if section == "answer" else None
        self._row, self._blocks = "", GrowingBlocks()
        self._section = section

    def _end_answer(self) -> None:
        if self._json is not None:
            self._add_blocks(self._blocks.feed(self._json.finish()))
        self._add_blocks(self._blocks.finish())

    def _new_json(self) -> JsonMarkdown | None:
        return JsonMarkdown(table_markdown) if self._is_json else None

    def show(self) -> None:
        """Print the finished rows and draw the rows in progress."""
        finished = self._finished.take()
        in_progress = _Rows(self._finished)
        if self._section == "reasoning":
            in_progress.add([_dim(self._row)] if self._row.strip() else [])
        elif self._section in ("", "calls"):
            in_progress.begin_paragraph()
            in_progress.add([_dim(row) for row in self._wrapped(self._status)] if self._status else [])
        elif isinstance(blocks := self._blocks.in_progress(), str):
            rows = [row.rstrip() for line in blocks.split("\n") for row in self._wrapped(line)]
            in_progress.add(rows[-self._screen.height :])
        else:
            self._add_blocks(blocks, in_progress)
        self._screen.draw(finished, in_progress.take())

    def card(self, lines: list[str]) -> None:
        """Add the rows of the lines; the rest of a long one is indented as its beginning."""
        self._finished.begin_paragraph()
        head, *rest = lines
        self._finished.add([f"{BOLD}{row.rstrip()}{RESET}" for row in self._wrapped(head)])
        for line in rest:
            text = printable(line, tab="    ")
            indent = text[: len(text) - len(text.lstrip())][: self._screen.width // 2]
            rows = wrap(text.strip(), max(1, self._screen.width - len(indent)))
            self._finished.add([_dim(indent + row) for row in rows])

    def end(self, notes: list[str], alert: str, footer: list[str]) -> None:
        """Print the remaining rows, then notes, alert and footer."""
        for note in notes:
            self._finished.begin_paragraph()
            self._finished.add([_dim(row) for row in self._wrapped(note)])
        self._finished.begin_paragraph()
        self._finished.add([f"{BOLD}{row.rstrip()}{RESET}" for row in self._wrapped(alert) if alert])
        self._finished.begin_paragraph()
        # No-break spaces keep each item of the footer on one row.
        line = " · ".join(item.replace(" ", "\u00a0") for item in footer)
        self._finished.add([_dim(row.replace("\u00a0", " ")) for row in self._wrapped(line)])
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
    """Collects rows, with a blank row between paragraphs.

    Args:
        previous: the rows printed above these; they decide whether a blank row comes first.
    """

    def __init__(self, previous: _Rows | None = None) -> None:
        self._rows: list[str] = []
        self.are_first: bool = previous is None or previous.are_first
        self.have_gap: bool = previous is not None and previous.have_gap

    def begin_paragraph(self) -> None:
        self.have_gap = not self.are_first

    def add(self, rows: list[str]) -> None:
        if rows:
            self._rows += [""] * self.have_gap + rows
            self.have_gap = self.are_first = False

    def take(self) -> list[str]:
        """Return the rows collected since the last call."""
        rows, self._rows = self._rows, []
        return rows


def _dim(row: str) -> str:
    return f"{DIM}{printable(row).rstrip()}{RESET}"
