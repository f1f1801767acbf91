"""Reads the raw bytes of a response as events of its stream: lines, times, and what they mean."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol

from nbstream.client.raw_redaction import LineRedactor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbstream.client.redaction import KeyRedactor
    from nbstream.client.sources import Decoder
    from nbstream.model.events import Event

#: A line that may hold the beginning of a key is given after so many further lines.
_PATIENCE = 256
_LINE_END = re.compile(rb"\r\n|\n|\r")


class StreamLine(NamedTuple):
    """One line of a response.

    Attributes:
        at: when its last byte arrived, in seconds since the request was sent.
        offset: the position of its first byte in the response.
        data: the line without its end, and without keys.
    """

    at: float
    offset: int
    data: bytes


class StreamEvent(NamedTuple):
    """A server-sent event with the comments before it, or the end of the response.

    Attributes:
        at: when its last byte arrived, in seconds since the request was sent.
        offset: the position of its first byte in the response.
        data: its bytes, with the blank line at its end, without keys; empty at the end.
        lines: its lines.
        decoded: what it means. A text may come one event later, as the end of a text is held back
            while it may be the beginning of a key or of a tag.
    """

    at: float
    offset: int
    data: bytes
    lines: tuple[StreamLine, ...]
    decoded: tuple[Event, ...]


class _Read(Protocol):
    """What a reader needs of a response."""

    begun: float
    ended: float | None

    @property
    def end(self) -> str:
        """How it ended; empty while it arrives."""

    def raw(self, first: int) -> Sequence[tuple[float, bytes]]:
        """Return the pieces from number `first` on."""


class _Line(NamedTuple):
    at: float
    offset: int


class TraceReader:
    """Gives the events of a response that have arrived since it was asked last.

    Args:
        response: the response.
        redactor: removes the keys.
        decoder: makes the decoder that tells what the events mean; None leaves that out.
    """

    def __init__(self, response: _Read, redactor: KeyRedactor, decoder: Callable[[], Decoder] | None) -> None:
        self._response = response
        self._decoder = decoder() if decoder is not None else None
        self._redactor = LineRedactor(redactor, _PATIENCE)
        self._pieces = 0
        self._offset = 0
        self._rest = bytearray()
        #: How many bytes of it were searched for the end of a line.
        self._searched = 0
        #: The lines that are not clear yet, and those of the event that is not whole.
        self._lines: deque[_Line] = deque()
        self._event: list[tuple[StreamLine, bytes]] = []
        self._has_ended = False

    @property
    def has_ended(self) -> bool:
        """Whether the last event was given."""
        return self._has_ended

    def read(self) -> list[StreamEvent]:
        """Return the new events; after the end of the response also its last ones."""
        found: list[StreamEvent] = []
        if self._has_ended:
            return found
        # Read before the pieces, as some may arrive in between.
        end = self._response.end
        pieces = self._response.raw(self._pieces)
        self._pieces += len(pieces)
        at = 0.0
        for at, data in pieces:
            self._rest += data
            self._take_lines(at, found)
        if end:
            self._finish(self._response.ended or at, found)
        return found

    def _take_lines(self, at: float, found: list[StreamEvent], *, is_last: bool = False) -> None:
        start = 0
        for each in _LINE_END.finditer(self._rest, self._searched):
            # The other half of a line end may come in the next piece.
            if each.end() == len(self._rest) and each[0] == b"\r" and not is_last:
                break
            self._take(at, bytes(self._rest[start : each.end()]), found)
            start = each.end()
        del self._rest[:start]
        # The last one may be the first half of a line end.
        self._searched = max(0, len(self._rest) - 1)

    def _take(self, at: float, line: bytes, found: list[StreamEvent]) -> None:
        self._lines.append(_Line(at, self._offset))
        self._offset += len(line)
        self._give(self._redactor.feed(line), found)

    def _give(self, clear: list[bytes], found: list[StreamEvent]) -> None:
        for raw in clear:
            at, offset = self._lines.popleft()
            line = StreamLine(at, offset, raw.rstrip(b"\r\n"))
            self._event.append((line, raw))
            if not line.data:
                self._dispatch(found)

    def _dispatch(self, found: list[StreamEvent]) -> None:
        if not self._event:
            return
        lines, data = tuple(line for line, _ in self._event), b"".join(raw for _, raw in self._event)
        self._event = []
        at, begun = lines[-1].at, self._response.begun
        decoded: tuple[Event, ...] = ()
        if self._decoder is not None and not self._decoder.ended:
            decoded = tuple(self._decoder.feed(data, begun + at))
        found.append(StreamEvent(at, lines[0].offset, data, lines, decoded))

    def _finish(self, at: float, found: list[StreamEvent]) -> None:
        self._has_ended = True
        self._take_lines(at, found, is_last=True)
        if self._rest:
            self._take(at, bytes(self._rest), found)
        self._give(self._redactor.flush(), found)
        self._dispatch(found)
        decoder = self._decoder
        if decoder is not None and not decoder.ended:
            is_whole = self._response.end in ("whole", "left")
            last = decoder.finish(self._response.begun + at) if is_whole else decoder.flush(self._response.begun + at)
            found.append(StreamEvent(at, self._offset, b"", (), tuple(last)))
