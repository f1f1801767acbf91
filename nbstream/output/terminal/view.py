"""Shows a reply as text outside of a notebook: in a terminal, a script or a pipe.

A pipe gets the text as the model wrote it, without escape codes. A terminal gets dim reasoning and
a formatted answer. A model's text is untrusted: control characters are replaced before they reach
a terminal.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from nbstream.model.events import Answer, Continued, Event, Moved, Reasoning, Retrying, Waiting
from nbstream.model.printable import printable
from nbstream.model.text import without_blank_ends
from nbstream.output import sentences, wording
from nbstream.output.durations import seconds
from nbstream.output.terminal.screen import send, takes_styles

if TYPE_CHECKING:
    from typing import TextIO

    from nbstream.client.run import Run
    from nbstream.model.presentation import Presentation
    from nbstream.model.reply import Reply

#: Heading lines of plain output. They are not Markdown headings, so answers rarely contain them.
_HEADINGS = {"reasoning": "--- Reasoning ---\n\n", "answer": "--- Answer ---\n\n"}


class TextWriter(Protocol):
    """Writes a reply section by section; a section is `reasoning`, `answer` or `end`."""

    def wait(self, status: str) -> None:
        """Show `status` while no text has arrived."""

    def begin(self, section: str, duration: str) -> None:
        """Finish the current section and begin another one.

        Args:
            section: the new section.
            duration: how long the reasoning took, as `Thought for 12 s`, to be written before the
                new section; empty if there is nothing to write.
        """

    def feed(self, text: str) -> None:
        """Append `text` to the section."""

    def rename(self, section: str) -> None:
        """Take the written part of the current section as `section`; it cannot be unwritten."""

    def show(self) -> None:
        """Make everything visible that was fed."""

    def end(self, calls: list[str], notes: list[str], alert: str, footer: list[str]) -> None:
        """Write the tool calls, the notes, the alert and the footer's items."""


class TextView:
    """A sink that writes text as it arrives; on a terminal, with styles and a status while waiting.

    Args:
        run: the run to show.
        presentation: how the reply is shown; the reasoning is shown unless it is hidden.
        out: the stream to write to; the default is `sys.stdout`.
    """

    def __init__(self, run: Run, presentation: Presentation, out: TextIO | None = None) -> None:
        self._run = run
        self._reply = run.reply
        self._presentation = presentation
        self._writer = _writer(out, self._reply)
        self._section = ""

    def update(self, events: list[Event], reply: Reply) -> None:
        """Write the text of `events`; `reply` is the reply after them."""
        self._reply = reply
        for event in events:
            if isinstance(event, Continued):
                self._feed("reasoning", event.earlier.reasoning)
                self._feed("answer", event.earlier.answer)
            elif isinstance(event, Reasoning | Answer):
                self._feed("reasoning" if isinstance(event, Reasoning) else "answer", event.text)
            elif isinstance(event, Moved):
                self._section = event.to
                self._writer.rename(event.to)
            elif isinstance(event, Waiting | Retrying):
                self.tick()
        self._writer.show()

    def tick(self) -> None:
        """Update the status and the elapsed seconds, until text arrives."""
        if not self._section:
            reply = self._reply
            label = "Thinking…" if reply.status == "reasoning" else wording.label(reply)
            parts = [label, seconds(wording.waited(reply, self._run.elapsed)), wording.note(reply)]
            self._writer.wait(" · ".join(part for part in parts if part))

    def acknowledge(self) -> None:
        """Do nothing: after Ctrl-C the user sees the stream stop."""

    def settle(self, reply: Reply) -> None:
        """Write the tool calls, the notes, the alert and the footer."""
        self._reply = reply
        self._begin("end")
        _end(self._writer, reply, self._presentation)

    def _feed(self, section: str, text: str) -> None:
        if section == "reasoning" and self._presentation.reasoning == "hidden":
            self.tick()
        elif text:
            self._begin(section)
            self._writer.feed(text)

    def _begin(self, section: str) -> None:
        if section != self._section:
            duration = wording.thought(self._reply) if self._section == "reasoning" else ""
            self._writer.begin(section, duration)
            self._section = section


def write(reply: Reply, presentation: Presentation, out: TextIO | None = None) -> None:
    """Write a reply that has ended.

    Args:
        reply: the reply.
        presentation: how the reply is shown; the reasoning is written if it is open, else only how
            long it took.
        out: the stream to write to; the default is `sys.stdout`.
    """
    writer = _writer(out, reply)
    duration = wording.thought(reply)
    if reply.reasoning and presentation.reasoning == "open":
        writer.begin("reasoning", "")
        writer.feed(reply.reasoning)
    if reply.answer:
        writer.begin("answer", duration)
        writer.feed(reply.answer)
        duration = ""
    writer.begin("end", duration)
    _end(writer, reply, presentation)


def _end(writer: TextWriter, reply: Reply, presentation: Presentation) -> None:
    notes, alert = sentences.notes(reply, presentation.audience), sentences.alert(reply, presentation.audience)
    writer.end(wording.tool_calls(reply), notes, alert, wording.footer(reply))


class PlainWriter:
    """Writes a reply to a pipe, a file, or a terminal without styles; no escape codes.

    If the reasoning is written, a heading line stands before it and before the answer, so that
    tools such as `sed` can tell them apart. A reply without reasoning has no headings.

    Args:
        out: the stream to write to; the default is `sys.stdout`.
    """

    def __init__(self, out: TextIO | None) -> None:
        self._out = out or sys.stdout
        self._section = ""
        #: White space at the end of a section so far; at its beginning and end nothing is blank.
        self._held: list[str] = []
        self._is_blank = True

    def wait(self, status: str) -> None:
        """Show nothing: a line that is written cannot be removed."""

    def begin(self, section: str, duration: str) -> None:
        """Write a blank line, the duration of the reasoning, and the heading of `section`."""
        is_end = section == "end"
        if self._section:
            send(self._out, "\n" if is_end and not duration else "\n\n")
        if duration:
            send(self._out, f"{duration}\n" if is_end else f"{duration}\n\n")
        if section == "reasoning" or (section == "answer" and self._section == "reasoning"):
            send(self._out, _HEADINGS[section])
        self._section = section
        self._held, self._is_blank = [], True

    def feed(self, text: str) -> None:
        """Write `text` at once, except blank lines that may begin or end the section."""
        if text.isspace():
            self._held.append(text)
            return
        text = "".join([*self._held, text])
        size = len(text.rstrip())
        self._held = [text[size:]]
        shown = without_blank_ends(text[:size]) if self._is_blank else text[:size]
        self._is_blank = False
        send(self._out, printable(shown))

    def rename(self, section: str) -> None:
        """Note that the section is `section`, so that the next one gets its heading."""
        self._section = section

    def show(self) -> None:
        """Do nothing: `feed` has written everything."""

    def end(self, calls: list[str], notes: list[str], alert: str, footer: list[str]) -> None:
        """Write a line for each tool call and note, one for the alert, and one for the footer."""
        for line in [*calls, *notes, *([alert] if alert else []), " · ".join(footer)]:
            send(self._out, f"{printable(line, mark=' ')}\n")


def _writer(out: TextIO | None, reply: Reply) -> TextWriter:
    if not takes_styles(out or sys.stdout):
        return PlainWriter(out)
    # Rich and markdown-it are loaded only if they are used.
    from nbstream.output.terminal.formatted import FormattedWriter  # noqa: PLC0415

    return FormattedWriter(out, is_json=reply.request.structure is not None)
