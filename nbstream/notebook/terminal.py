"""A run as plain text, while it arrives: for a terminal IPython, a script, and a pipe.

What a model says is untrusted, so control characters that a terminal would obey are not passed on. This module must not
know IPython.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from nbstream.core.events import Answer, Event, Reasoning, Retrying, Waiting
from nbstream.render import summary

if TYPE_CHECKING:
    from typing import TextIO

    from nbstream.client.run import Run
    from nbstream.core.reply import Reply

_DIM, _RESET, _CLEAR_LINE = "\x1b[2m", "\x1b[0m", "\r\x1b[K"
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class TextView:
    """A sink that writes text as it arrives; on a terminal, reasoning dim and the wait in a line of its own.

    Args:
        run: what is shown.
        out: where to; the default is standard output.
    """

    def __init__(self, run: Run, out: TextIO | None = None) -> None:
        self._run = run
        self._out = out or sys.stdout
        self._styled = self._out.isatty()
        self._mode = ""
        self._waiting = False

    def update(self, events: list[Event]) -> None:
        """Write what `events` added."""
        for event in events:
            if isinstance(event, Reasoning | Answer):
                self._turn_to("reasoning" if isinstance(event, Reasoning) else "answer")
                self._out.write(_OBEYED.sub("\ufffd", event.text))
            elif isinstance(event, Waiting | Retrying) and self._styled:
                self._show_wait()
        self._out.flush()

    def tick(self) -> None:
        """Count the seconds of the wait."""
        if self._styled and not self._mode:
            self._show_wait()
            self._out.flush()

    def acknowledge(self) -> None:
        """Do nothing: whoever pressed Ctrl-C sees the stream stop."""

    def settle(self, reply: Reply) -> None:
        """Write what is said around the reply."""
        self._turn_to("end")
        for line in [*summary.tool_calls(reply), summary.alert(reply)]:
            if line:
                self._out.write(f"{_OBEYED.sub(' ', line)}\n")
        self._out.write(self._dim(" · ".join(summary.footer(reply))) + "\n")
        self._out.flush()

    def _turn_to(self, mode: str) -> None:
        if mode == self._mode:
            return
        if self._waiting:
            self._out.write(_CLEAR_LINE)
            self._waiting = False
        if self._mode == "reasoning" and self._styled:
            self._out.write(_RESET)
        if self._mode:
            self._out.write("\n" if mode == "end" else "\n\n")
        if mode == "reasoning" and self._styled:
            self._out.write(_DIM)
        self._mode = mode

    def _show_wait(self) -> None:
        reply = self._run.reply
        words = [summary.label(reply), summary.seconds(self._run.elapsed), summary.note(reply)]
        self._out.write(_CLEAR_LINE + self._dim(" · ".join(word for word in words if word)))
        self._waiting = True

    def _dim(self, text: str) -> str:
        return f"{_DIM}{text}{_RESET}" if self._styled else text
