"""A run as text, while it arrives: for a terminal IPython, a script, and a pipe.

A pipe gets the text as it is. On a terminal reasoning is dim, and the answer is formatted block by block. What a model
says is untrusted, so characters that a terminal would obey are not passed on. This module must not know IPython.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from nbstream.core.events import Answer, Event, Reasoning, Retrying, Waiting
from nbstream.notebook.screen import send, takes_styles
from nbstream.render import summary
from nbstream.render.printable import printable

if TYPE_CHECKING:
    from typing import TextIO

    from nbstream.client.run import Run
    from nbstream.core.reply import Reply


#: Neither is Markdown for a heading or a rule, so that few replies have such a line of their own.
_HEADINGS = {"reasoning": "--- Reasoning ---\n\n", "answer": "--- Answer ---\n\n"}


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
        run: what is shown.
        out: where to; the default is standard output.
        reasoning: how reasoning is shown; here everything but hidden means that it is.
    """

    def __init__(self, run: Run, out: TextIO | None = None, *, reasoning: str = "auto") -> None:
        self._run = run
        self._is_hidden = reasoning == "hidden"
        self._page = _page(out)
        self._mode = ""

    def update(self, events: list[Event]) -> None:
        """Write what `events` added."""
        for event in events:
            if isinstance(event, Reasoning) and self._is_hidden:
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
            reply = self._run.reply
            label = "Thinking…" if reply.status == "reasoning" else summary.label(reply)
            words = [label, summary.seconds(self._run.elapsed), summary.note(reply)]
            self._page.wait(" · ".join(word for word in words if word))

    def acknowledge(self) -> None:
        """Do nothing: whoever pressed Ctrl-C sees the stream stop."""

    def settle(self, reply: Reply) -> None:
        """Write what is said around the reply."""
        self._turn_to("end")
        self._page.end(summary.tool_calls(reply), summary.alert(reply), summary.footer(reply))

    def _turn_to(self, mode: str) -> None:
        if mode != self._mode:
            self._page.begin(mode, summary.thought(self._run.reply) if self._mode == "reasoning" else "")
            self._mode = mode


def write(reply: Reply, *, reasoning: str = "auto", out: TextIO | None = None) -> None:
    """Write a reply that has ended; of its reasoning only the duration, unless `reasoning` is `open`."""
    page = _page(out)
    thought = summary.thought(reply)
    if reply.reasoning and reasoning == "open":
        page.begin("reasoning", "")
        page.feed(reply.reasoning)
    if reply.answer:
        page.begin("answer", thought)
        page.feed(reply.answer)
        thought = ""
    page.begin("end", thought)
    page.end(summary.tool_calls(reply), summary.alert(reply), summary.footer(reply))


class Plain:
    """A pipe, a file, or a terminal without styles: the text as it is, and no escape code.

    A reply with reasoning has a heading line before the reasoning and one before the answer, so that `sed` or `grep`
    can find either. A reply without reasoning has no heading.
    """

    def __init__(self, out: TextIO | None) -> None:
        self._out = out or sys.stdout
        self._mode = ""

    def wait(self, words: str) -> None:
        """Show nothing: a line cannot be taken back."""

    def begin(self, mode: str, thought: str) -> None:
        """Leave a blank line, and write the duration of the reasoning and the heading of what begins."""
        if self._mode:
            send(self._out, "\n" if mode == "end" and not thought else "\n\n")
        if thought:
            send(self._out, f"{thought}\n" if mode == "end" else f"{thought}\n\n")
        if mode == "reasoning" or (mode == "answer" and self._mode == "reasoning"):
            send(self._out, _HEADINGS[mode])
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
    from nbstream.notebook.formatted import Formatted  # noqa: PLC0415  (rich and markdown-it, only where they are used)

    return Formatted(out)
