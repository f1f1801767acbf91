"""Shows a reply as text outside of a notebook: in a terminal, a script or a pipe.

A pipe gets the text as the model wrote it, without escape codes. A terminal gets dim reasoning and
a formatted answer. A model's text is untrusted: control characters are replaced before they reach
a terminal.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from nbstream.language import _, marked
from nbstream.model.events import (
    Answer,
    Continued,
    Event,
    Moved,
    Reasoning,
    Retrying,
    Stepped,
    ToolCallDelta,
    Waiting,
)
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
    from nbstream.model.tool_call import ToolCall

#: Heading lines of plain output. They are not Markdown headings, so answers rarely contain them.
_HEADINGS = {"reasoning": marked("--- Reasoning ---"), "answer": marked("--- Answer ---")}


class TextWriter(Protocol):
    """Writes a reply section by section; a section is `reasoning`, `answer`, `calls` or `end`."""

    def wait(self, status: str) -> None:
        """Show `status` while no text arrives; an empty one removes it."""

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

    def card(self, lines: list[str]) -> None:
        """Write lines about a tool call, or about a request, apart from what stands above.

        The section must be `calls` or `end`.
        """

    def end(self, notes: list[str], alert: str, footer: list[str]) -> None:
        """Write the notes, the alert and the footer's items."""


class TextView:
    """A sink that writes text as it arrives; on a terminal, with styles and a status while waiting.

    Args:
        run: the run to show.
        presentation: how the reply is shown; the reasoning is shown unless it is hidden.
        out: the stream to write to; the default is `sys.stdout`.
    """

    is_for_any_thread = False

    def __init__(self, run: Run, presentation: Presentation, out: TextIO | None = None) -> None:
        self._run = run
        self._reply = run.reply
        self._presentation = presentation
        self._writer = _writer(out, self._reply)
        self._section = ""
        #: The number of the present request, and how many of its calls have a card.
        self._step = 0
        self._written = 0

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
            elif isinstance(event, ToolCallDelta):
                self._begin("calls")
            elif isinstance(event, Stepped):
                self._end_step(event)
            elif isinstance(event, Waiting | Retrying):
                self.tick()
        if reply.status == "calling":
            self._write_cards(reply)
            self.tick()
        self._writer.show()

    def tick(self) -> None:
        """Update the status and the elapsed seconds, while no text arrives."""
        if self._section not in ("", "calls"):
            return
        reply = self._reply
        if any(call.state == "asking" for call in reply.tool_calls):
            # A question may be asked on the row where the status would stand.
            self._writer.wait("")
            return
        activity = wording.activity(reply) if self._section else ""
        label = _("Thinking…") if reply.status == _("reasoning") else wording.label(reply) or activity
        parts = [label, seconds(wording.waited(reply, self._run.elapsed)), wording.note(reply)]
        self._writer.wait(" · ".join(part for part in parts if part))

    def acknowledge(self) -> None:
        """Do nothing: after Ctrl-C the user sees the stream stop."""

    def settle(self, reply: Reply) -> None:
        """Write the remaining cards, the notes, the alert and the footer."""
        self._reply = reply
        if reply.tool_calls:
            self._begin("calls")
            self._write_cards(reply, ended=True)
        self._begin("end")
        _end(self._writer, reply, self._presentation)

    @property
    def _present(self) -> Reply:
        """The request whose events are written; others may have begun since."""
        steps = self._reply.steps
        return steps[min(self._step, len(steps) - 1)]

    def _end_step(self, event: Stepped) -> None:
        """Write the rest of a request's output, as the next request begins."""
        step = self._present
        if step.tool_calls or event.cause == "again":
            self._begin("calls")
        self._write_cards(step, ended=True)
        if event.cause == "again":
            self._writer.card([sentences.asked_again(step)])
        self._step += 1
        self._written = 0

    def _write_cards(self, step: Reply, *, ended: bool = False) -> None:
        """Write the cards of calls that have ended, or of all calls, in the model's order."""
        for call in step.tool_calls[self._written :]:
            if not ended and call.outcome is None:
                return
            self._written += 1
            self._writer.card(_card(call, ended=ended))

    def _feed(self, section: str, text: str) -> None:
        if section == "reasoning" and self._presentation.reasoning == "hidden":
            self.tick()
        elif text:
            self._begin(section)
            self._writer.feed(text)

    def _begin(self, section: str) -> None:
        if section != self._section:
            duration = wording.thought(self._present) if self._section == "reasoning" else ""
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
    for step, following in pairwise(reply.steps):
        _write_step(writer, step, presentation, repeated=following.cause == "again")
    _write_step(writer, reply, presentation)
    writer.begin("end", "" if reply.answer or reply.tool_calls else wording.thought(reply))
    _end(writer, reply, presentation)


def _write_step(writer: TextWriter, step: Reply, presentation: Presentation, *, repeated: bool = False) -> None:
    """Write thoughts, text and cards of a request; `repeated` is as for `steps.step_html`."""
    duration = wording.thought(step)
    if step.reasoning and presentation.reasoning == "open":
        writer.begin("reasoning", "")
        writer.feed(step.reasoning)
    if step.answer:
        writer.begin("answer", duration)
        writer.feed(step.answer)
        duration = ""
    if step.tool_calls or repeated:
        writer.begin("calls", duration)
    for call in step.tool_calls:
        writer.card(_card(call, ended=True))
    if repeated:
        writer.card([sentences.asked_again(step)])


def _card(call: ToolCall, *, ended: bool) -> list[str]:
    from nbstream.output.card_lines import card_lines  # noqa: PLC0415  (only where it is used)

    return card_lines(call, ended=ended)


def _end(writer: TextWriter, reply: Reply, presentation: Presentation) -> None:
    notes = sentences.notes(reply, presentation.audience, has_buttons=False)
    writer.end(notes, sentences.alert(reply, presentation.audience), wording.footer(reply))


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
        self._has_card = False

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
            send(self._out, f"{_(_HEADINGS[section])}\n\n")
        self._section = section
        self._held, self._is_blank, self._has_card = [], True, False

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

    def card(self, lines: list[str]) -> None:
        """Write the lines, with a blank line above those of another card."""
        if self._has_card:
            send(self._out, "\n\n")
        self._has_card = True
        send(self._out, "\n".join(printable(line, mark=" ") for line in lines))

    def end(self, notes: list[str], alert: str, footer: list[str]) -> None:
        """Write a line for each note, one for the alert, and one for the footer."""
        for line in [*notes, *([alert] if alert else []), " · ".join(footer)]:
            send(self._out, f"{printable(line, mark=' ')}\n")


def _writer(out: TextIO | None, reply: Reply) -> TextWriter:
    if not takes_styles(out or sys.stdout):
        return PlainWriter(out)
    # Rich and markdown-it are loaded only if they are used.
    from nbstream.output.terminal.formatted import FormattedWriter  # noqa: PLC0415

    return FormattedWriter(out, is_json=reply.request.structure is not None)
