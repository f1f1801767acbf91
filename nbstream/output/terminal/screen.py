"""The end of a terminal's text: rows that stay, and below them rows in progress, which are drawn anew.

Rows in progress never scroll away: of more than fit the last ones are shown, so that nothing unfinished is left in the
scrollback. Only rows that changed are written, in one write. This module must not know replies or Markdown.
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
#: While rows in progress are drawn the terminal doesn't wrap: what it takes for wider than it was counted (an emoji, as
#: terminals differ) must not become two rows.
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"
#: Room for the ^C that a terminal echoes, which must not wrap either.
_MARGIN = 2
_MORE = f"{DIM}…{RESET}"


def takes_styles(out: TextIO) -> bool:
    """Tell whether `out` is a terminal that is to be sent escape codes.

    `NO_COLOR` (https://no-color.org) turns all of them off, not only colours, as `TERM=dumb` does.
    """
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def send(out: TextIO, text: str) -> None:
    """Write `text` now; what the stream's encoding does not have becomes a question mark."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    out.write(text.encode(encoding, "replace").decode(encoding))
    out.flush()


class Screen:
    """Where rows are printed.

    Only the main thread has the terminal to itself. While another one prints, a prompt may be shown, so that no row is
    in progress then.

    Args:
        out: a terminal; the default is standard output, as it is at the time.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._given = out
        #: The rows in progress as they stand on the screen; the cursor is at the end of the last one.
        self._rows: list[str] = []
        self._size = self._measured()

    @property
    def width(self) -> int:
        """How many columns a row may have."""
        return max(1, self._measured().columns - _MARGIN)

    @property
    def height(self) -> int:
        """How many rows in progress are shown at most."""
        return max(1, self._measured().lines - 1)

    def draw(self, finished: Sequence[str], in_progress: Sequence[str] = ()) -> None:
        """Print finished rows in the place of those in progress, and show what is now in progress below them."""
        is_alone = threading.current_thread() is threading.main_thread()
        shown = list(in_progress) if is_alone else []
        if len(shown) > self.height:
            shown = [_MORE, *shown[1 - self.height :]][-self.height :]
        text = self._leave() + (self._replaced(finished, shown) if finished else self._changed(shown))
        self._rows = shown
        if text:
            send(self._out, text)

    def _leave(self) -> str:
        """Leave rows in progress where they are if the terminal has become smaller: nobody knows where that is."""
        old, self._size = self._size, self._measured()
        if not self._rows or (self._size.columns >= old.columns and self._size.lines >= old.lines):
            return ""
        self._rows = []
        return "\n"

    def _replaced(self, finished: Sequence[str], shown: Sequence[str]) -> str:
        rows = "".join(f"{row}\n" for row in finished)
        return self._to_row(0) + _CLEAR_BELOW * bool(self._rows) + rows + _unwrapped("\n".join(shown))

    def _changed(self, shown: Sequence[str]) -> str:
        """Return what makes rows in progress of those that are on the screen: only rows that differ are written."""
        old = self._rows
        if shown == old:
            return ""
        same = next(
            (at for at, (a, b) in enumerate(zip(old, shown, strict=False)) if a != b), min(len(old), len(shown))
        )
        if same == len(shown):
            # The cursor has to be at the end of the last row.
            same = max(0, same - 1)
        rows = "\n".join(row + _CLEAR_RIGHT for row in shown[same:])
        return self._to_row(same) + _unwrapped(rows) + _CLEAR_BELOW * (len(shown) < len(old))

    def _to_row(self, row: int) -> str:
        """Return what brings the cursor to the beginning of a row in progress, or of the one after the last."""
        if row == len(self._rows):
            return "\n" if row else ""
        up = len(self._rows) - 1 - row
        return "\r" + f"\x1b[{up}A" * bool(up)

    @property
    def _out(self) -> TextIO:
        return self._given or sys.stdout

    def _measured(self) -> os.terminal_size:
        try:
            size = os.get_terminal_size(self._out.fileno())
        except (AttributeError, OSError, ValueError):
            return shutil.get_terminal_size()
        # A pseudo-terminal may not know its size.
        return size if size.columns and size.lines else os.terminal_size((80, 24))


def _unwrapped(rows: str) -> str:
    return f"{_NO_WRAP}{rows}{_WRAP}" if rows else ""
