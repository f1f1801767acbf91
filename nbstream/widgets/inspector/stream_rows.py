"""The lines of a step's responses: when each came, what it says, and how the texts grew."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from nbstream.language import _
from nbstream.model.events import (
    Answer,
    Ended,
    Finished,
    Moved,
    Reasoning,
    Refusal,
    Scored,
    ToolCallDelta,
    UsageReported,
)
from nbstream.model.text import utf16_length
from nbstream.output import stream_words, time_account

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.client.trace import ResponseTrace
    from nbstream.client.trace_reader import StreamEvent, TraceReader
    from nbstream.model.earlier import Earlier
    from nbstream.model.events import Event

_BOM = b"\xef\xbb\xbf"
#: The beginnings of lines that hold no text of the reply.
_NO_TEXT = (b":", b"event:", b"id:", b"retry:")
#: A field with reasoning, in a chunk that says again what others have said.
_REPEATED = re.compile(rb'"(?:reasoning|reasoning_content|reasoning_details|thinking)"\s*:\s*(?:"[^"]|\[\s*[^\]\s])')
#: What comes after the end of a reasoning.
_AFTER_REASONING = (Answer, Refusal, ToolCallDelta, UsageReported, Finished, Ended)


class Row(NamedTuple):
    """One line.

    Attributes:
        at: when it arrived, in seconds since the first request of the step was sent.
        kind: a letter of `stream_words.KINDS`.
        raw: its bytes; empty for what no line says, such as the end of the response.
        decoded: what it means.
        words: what it means if that does not come from `decoded`.
        grown: how many UTF-16 units of reasoning and of answer it added.
    """

    at: float
    kind: str
    raw: bytes
    decoded: tuple[Event, ...] = ()
    words: str = ""
    grown: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Epoch:
    """The texts from one line on, until a line changes what they were.

    Attributes:
        line: its first line.
        base: how many UTF-16 units the texts had before.
        reasoning: pieces of the reasoning, those of `base` included; so is `answer`.
    """

    line: int
    base: tuple[int, int] = (0, 0)
    reasoning: list[str] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)


class StreamRows:
    """Reads the responses of one step as they arrive. Not for several threads at once.

    Args:
        begun: when the first request of the step was sent, in seconds since the run began.
        earlier: what the reply goes on with.

    Attributes:
        rows: the lines so far.
        whole: how many responses have been read to their end.
        epochs: the texts so far.
        is_cut: whether bytes are missing.
        moved: the last line that told that the text before it was the other one; -1 without one.
    """

    def __init__(self, begun: float, earlier: Earlier | None = None) -> None:
        self.rows: list[Row] = []
        self.is_cut = False
        self.whole = 0
        self.moved = -1
        #: The first line that can hold no reasoning any more; None while that is not known.
        self._clear: int | None = None
        first = Epoch(0)
        if earlier is not None:
            first.reasoning, first.answer = [earlier.reasoning], [earlier.answer]
            first.base = utf16_length(earlier.reasoning), utf16_length(earlier.answer)
        self.epochs = [first]
        self._begun = begun
        self._responses: list[tuple[ResponseTrace, TraceReader]] = []
        #: For each line how much all lines before it added, and the longest silences so far: a page
        #: asks again and again while the lines arrive, on the channel of Stop.
        self._sums: list[tuple[int, int]] = [(0, 0)]
        self._silences: list[tuple[float, float]] = []
        self._counting = threading.Lock()

    def read(self, responses: Sequence[ResponseTrace]) -> bool:
        """Read what has arrived, and return whether that was anything.

        Args:
            responses: those of the step so far, each attempt by itself.
        """
        before = len(self.rows)
        for number, response in enumerate(responses):
            if number == len(self._responses):
                self._responses.append((response, response.reader()))
                if number:
                    self._note(response.begun, "n", _("attempt {attempt}", attempt=response.attempt))
            reader = self._responses[number][1]
            if reader.has_ended:
                continue
            for event in reader.read():
                self._take(event, response)
            self.is_cut |= response.is_cut
            if reader.has_ended:
                self._end(response)
                # The last thing, as other threads look at it.
                self.whole += 1
        return len(self.rows) > before

    def end(self) -> None:
        """Note that there are no more bytes to read."""
        self.is_cut |= self.whole < len(self._responses)

    def deltas(self) -> list[tuple[float, str, str]]:
        """Return the pieces of text: for each its time, `reasoning` or `answer`, and the text."""
        return [
            (row.at, "reasoning" if isinstance(event, Reasoning) else "answer", event.text)
            for row in self.rows
            for event in row.decoded
            if isinstance(event, Reasoning | Answer | Refusal)
        ]

    def grown(self, first: int, end: int) -> tuple[int, int]:
        """Return how much the lines from number `first` to `end` added to both texts."""
        self._count()
        (before, other), (after, another) = self._sums[first], self._sums[end]
        return after - before, another - other

    def gaps(self) -> list[tuple[float, float]]:
        """Return the longest silences, as `time_account.gaps` does."""
        self._count()
        return time_account.gaps_of(self._silences)

    def _count(self) -> None:
        """Count the lines that are new."""
        with self._counting:
            counted = len(self._sums) - 1
            new = self.rows[counted:]
            if not new:
                return
            reasoning, answer = self._sums[-1]
            for row in new:
                reasoning, answer = reasoning + row.grown[0], answer + row.grown[1]
                self._sums.append((reasoning, answer))
            times = [row.at for row in (self.rows[counted - 1 : counted] if counted else [])] + [row.at for row in new]
            self._silences = time_account.longest([*self._silences, *time_account.silences(times)])

    def may_hold_reasoning(self, number: int) -> bool:
        """Return whether the bytes of a line may hold reasoning, as a field or within other text.

        A decoder holds back the beginnings of tags and of keys, so a line may hold reasoning that a
        later one is said to bring. Only what comes after the last reasoning is free of it.
        """
        raw = self.rows[number].raw
        if not raw or raw.startswith(_NO_TEXT):
            return False
        return self._clear is None or number < self._clear or _REPEATED.search(raw) is not None

    def _note_reasoning(self, decoded: Sequence[Event], last: int) -> None:
        """Note whether the event that ends with line number `last` has reasoning."""
        if any(isinstance(each, Moved) for each in decoded):
            self.moved = last
        if any(map(_is_reasoning, decoded)):
            self._clear = None
        elif self._clear is None and any(isinstance(each, _AFTER_REASONING) for each in decoded):
            self._clear = last

    def _take(self, event: StreamEvent, response: ResponseTrace) -> None:
        since = response.begun - self._begun
        lines = [line for line in event.lines if line.data.strip() and line.data != _BOM]
        # Before the lines are there, as other threads look at them.
        self._note_reasoning(event.decoded, len(self.rows) + max(0, len(lines) - 1))
        for line in lines[:-1]:
            self.rows.append(Row(since + line.at, stream_words.kind(line.data, ()), line.data))
        if lines or event.decoded:
            last = lines[-1] if lines else None
            raw = last.data if last is not None else b""
            at = since + (last.at if last is not None else event.at)
            grown = self._grow(event.decoded)
            self.rows.append(Row(at, stream_words.kind(raw, event.decoded), raw, event.decoded, "", grown))

    def _grow(self, decoded: Sequence[Event]) -> tuple[int, int]:
        reasoning = answer = 0
        for event in decoded:
            epoch = self.epochs[-1]
            match event:
                case Reasoning():
                    epoch.reasoning.append(event.text)
                    reasoning += utf16_length(event.text)
                case Answer() | Refusal():
                    epoch.answer.append(event.text)
                    answer += utf16_length(event.text)
                case Moved():
                    self._move(event)
                    reasoning = answer = 0
        return reasoning, answer

    def _move(self, event: Moved) -> None:
        old = self.epochs[-1]
        new = Epoch(len(self.rows))
        if event.to == "reasoning":
            new.reasoning = ["".join(old.reasoning) + event.text]
        else:
            new.answer = [event.text + "".join(old.answer)]
        new.base = utf16_length("".join(new.reasoning)), utf16_length("".join(new.answer))
        self.epochs.append(new)

    def _end(self, response: ResponseTrace) -> None:
        ends = {
            "left": _("nbstream closed the connection, as the reply had ended"),
            "stopped": _("the connection was closed by Stop"),
            "refused": _("status {status}: {error}", status=response.status, error=response.error).strip(),
            "broken": _("the connection broke") if response.failure is None else str(response.failure),
        }
        words = ends.get(response.end)
        if words:
            bad = response.end in ("refused", "broken")
            self._note(response.begun + (response.ended or 0.0), "!" if bad else "n", words)

    def _note(self, at: float, kind: str, words: str) -> None:
        self.rows.append(Row(at - self._begun, kind, b"", (), words))


def _is_reasoning(event: Event) -> bool:
    match event:
        case Reasoning() | Moved():
            return True
        case Scored():
            return any(each.channel == "reasoning" for each in event.tokens)
    return False
