"""Printing on a terminal: finished rows stay, and the rows in progress below them are redrawn.

Rows in progress must never enter the scrollback, because nothing there can be changed. If they do
not fit on the screen, only the last ones are shown. A frame writes only the rows that changed, in
one write.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_CLEAR_RIGHT, _CLEAR_BELOW = "\x1b[K", "\x1b[J"
#: Automatic wrapping is off while rows in progress are drawn. Terminals disagree on the width of
#: some characters, such as emoji: a row that is wider than we computed must not become two rows.
_WRAP_OFF, _WRAP_ON = "\x1b[?7l", "\x1b[?7h"
#: Columns kept free for the `^C` that a terminal echoes, so that it does not wrap either.
_MARGIN = 2
_ELLIPSIS = f"{DIM}…{RESET}"


def takes_styles(out: TextIO) -> bool:
    """Return whether escape codes may be written to `out`.

    `out` must be a terminal. `NO_COLOR` (https://no-color.org) and `TERM=dumb` turn off all escape
    codes, not only colours.
    """
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def send(out: TextIO, text: str) -> None:
    """Write `text` to `out` and flush it; characters that its encoding lacks become `?`."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    out.write(text.encode(encoding, "replace").decode(encoding))
    out.flush()


class Screen:
    """Prints rows on a terminal.

    Rows in progress are drawn only from the main thread. While another thread prints, the user may
    be typing at a prompt, and the cursor must not be moved.

    Args:
        out: the terminal; the default is `sys.stdout`, looked up at each write.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._given_out = out
        #: The rows in progress as drawn; the cursor is at the end of the last one.
        self._drawn: list[str] = []
        self._size = self._terminal_size()

    @property
    def width(self) -> int:
        """The maximum width of a row, in columns."""
        return max(1, self._terminal_size().columns - _MARGIN)

    @property
    def height(self) -> int:
        """The maximum number of rows in progress that are shown."""
        return max(1, self._terminal_size().lines - 1)

    def draw(self, finished: Sequence[str], in_progress: Sequence[str] = ()) -> None:
        """Replace the rows in progress by `finished` rows, and draw new rows in progress below.

        Args:
            finished: rows that will not change; they may scroll away.
            in_progress: all rows that may still change.
        """
        is_main_thread = threading.current_thread() is threading.main_thread()
        rows = list(in_progress) if is_main_thread else []
        if len(rows) > self.height:
            rows = [_ELLIPSIS, *rows[1 - self.height :]][-self.height :]
        text = self._abandon_if_smaller()
        text += self._replacement(finished, rows) if finished else self._difference(rows)
        self._drawn = rows
        if text:
            send(self._out, text)

    def _abandon_if_smaller(self) -> str:
        """Give up the drawn rows if the terminal has become smaller, and begin below them.

        The terminal has wrapped or scrolled them in its own way, so their position is unknown.
        """
        old, self._size = self._size, self._terminal_size()
        is_smaller = self._size.columns < old.columns or self._size.lines < old.lines
        if not self._drawn or not is_smaller:
            return ""
        self._drawn = []
        return "\n"

    def _replacement(self, finished: Sequence[str], in_progress: Sequence[str]) -> str:
        rows = "".join(f"{row}\n" for row in finished)
        return self._move_to(0) + _CLEAR_BELOW * bool(self._drawn) + rows + _without_wrapping("\n".join(in_progress))

    def _difference(self, rows: Sequence[str]) -> str:
        """Return the text that turns the drawn rows into `rows`; equal rows at the top are kept."""
        old = self._drawn
        if rows == old:
            return ""
        first = next((at for at, (a, b) in enumerate(zip(old, rows, strict=False)) if a != b), min(len(old), len(rows)))
        if first == len(rows):
            # The cursor has to end up at the end of the last row, so that row is written again.
            first = max(0, first - 1)
        changed = "\n".join(row + _CLEAR_RIGHT for row in rows[first:])
        return self._move_to(first) + _without_wrapping(changed) + _CLEAR_BELOW * (len(rows) < len(old))

    def _move_to(self, row: int) -> str:
        """Return the text that moves the cursor to the start of a drawn row, or of the next row."""
        if row == len(self._drawn):
            return "\n" if row else ""
        up = len(self._drawn) - 1 - row
        return "\r" + f"\x1b[{up}A" * bool(up)

    @property
    def _out(self) -> TextIO:
        return self._given_out or sys.stdout

    def _terminal_size(self) -> os.terminal_size:
        try:
            size = os.get_terminal_size(self._out.fileno())
        except (AttributeError, OSError, ValueError):
            return shutil.get_terminal_size()
        # A pseudo-terminal may report a size of zero.
        return size if size.columns and size.lines else os.terminal_size((80, 24))


def _without_wrapping(rows: str) -> str:
    return f"{_WRAP_OFF}{rows}{_WRAP_ON}" if rows else ""
