"""A run as text, while it arrives: for a terminal IPython, a script, and a pipe.

A pipe gets the text as it is. On a terminal reasoning is dim, and the answer is formatted block by block. What a model
says is untrusted, so characters that a terminal would obey are not passed on. This module must not know IPython.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from nbstream.model.events import Answer, Event, Reasoning, Retrying, Waiting
from nbstream.model.printable import printable
from nbstream.output import sentences, wording
from nbstream.output.terminal.screen import send, takes_styles

if TYPE_CHECKING:
    from typing import TextIO

    from nbstream.client.run import Run
    from nbstream.model.presentation import Presentation
    from nbstream.model.reply import Reply


class Page(Protocol):
    """What a run is written to."""

    def wait(self, words: str) -> None:
        """Show what is waited for."""

    def begin(self, mode: str, thought: str) -> None:
        """Go over to reasoning, to the answer or to the end; `thought` says how long reasoning took."""

    def feed(self, text: str) -> None:
        """Add to what was begun."""

    def show(self) -> None:
        """Let everything be seen."""

    def end(self, calls: list[str], alert: str, footer: list[str]) -> None:
        """Write what is said around the reply."""


class TextView:
    """A sink that writes text as it arrives; on a terminal, with styles and the wait in a line of its own.

    Args:
        run: the run.
        presentation: how the reply is shown; reasoning is shown unless it is hidden.
        out: where to write; the default is standard output.
    """

    def __init__(self, run: Run, presentation: Presentation, out: TextIO | None = None) -> None:
        self._run = run
        self._reply = run.reply
        self._presentation = presentation
        self._page = _page(out)
        self._mode = ""

    def update(self, events: list[Event], reply: Reply) -> None:
        """Write what `events` added."""
        self._reply = reply
        for event in events:
            if isinstance(event, Reasoning) and self._presentation.reasoning == "hidden":
                self.tick()
            elif isinstance(event, Reasoning | Answer):
                self._turn_to("reasoning" if isinstance(event, Reasoning) else "answer")
                self._page.feed(event.text)
            elif isinstance(event, Waiting | Retrying):
                self.tick()
        self._page.show()

    def tick(self) -> None:
        """Count the seconds of the wait."""
        if not self._mode:
            reply = self._reply
            label = "Thinking…" if reply.status == "reasoning" else wording.label(reply)
            words = [label, wording.seconds(self._run.elapsed), wording.note(reply)]
            self._page.wait(" · ".join(word for word in words if word))

    def acknowledge(self) -> None:
        """Do nothing: whoever pressed Ctrl-C sees the stream stop."""

    def settle(self, reply: Reply) -> None:
        """Write what is said around the reply."""
        self._reply = reply
        self._turn_to("end")
        alert = sentences.alert(reply, self._presentation.audience)
        self._page.end(wording.tool_calls(reply), alert, wording.footer(reply))

    def _turn_to(self, mode: str) -> None:
        if mode != self._mode:
            self._page.begin(mode, wording.thought(self._reply) if self._mode == "reasoning" else "")
            self._mode = mode


def write(reply: Reply, presentation: Presentation, out: TextIO | None = None) -> None:
    """Write a reply that has ended; of its reasoning only the duration, unless that is `open`."""
    page = _page(out)
    if thought := reply.reasoning if presentation.reasoning == "open" else wording.thought(reply):
        page.begin("reasoning", "")
        page.feed(thought)
    page.begin("answer", "")
    page.feed(reply.answer)
    page.begin("end", "")
    page.end(wording.tool_calls(reply), sentences.alert(reply, presentation.audience), wording.footer(reply))


class Plain:
    """A pipe, a file, or a terminal without styles: the text as it is, and no escape code."""

    def __init__(self, out: TextIO | None) -> None:
        self._out = out or sys.stdout
        self._mode = ""

    def wait(self, words: str) -> None:
        """Show nothing: a line cannot be taken back."""

    def begin(self, mode: str, thought: str) -> None:  # noqa: ARG002
        """Leave a blank line between reasoning and answer."""
        if self._mode:
            send(self._out, "\n" if mode == "end" else "\n\n")
        self._mode = mode

    def feed(self, text: str) -> None:
        """Write `text`."""
        send(self._out, printable(text))

    def show(self) -> None:
        """Do nothing: everything is written."""

    def end(self, calls: list[str], alert: str, footer: list[str]) -> None:
        """Write a line for each."""
        for line in [*calls, *([alert] if alert else []), " · ".join(footer)]:
            send(self._out, f"{printable(line, mark=' ')}\n")


def _page(out: TextIO | None) -> Page:
    if not takes_styles(out or sys.stdout):
        return Plain(out)
    from nbstream.output.terminal.formatted import Formatted  # noqa: PLC0415  (rich and markdown-it, only where they are used)

    return Formatted(out)
