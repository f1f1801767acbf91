"""Bytes to server-sent events, sans I/O: fed in any pieces, the result is the same.

Follows the WHATWG HTML standard, "Server-sent events", section "Interpreting an event stream", with one leniency: an
event that the end of the stream left unterminated is still delivered. This module must not know what the data means.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

_LINE_END = re.compile(rb"[\r\n]")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Message:
    """One event: its `event` field ("message" unless the server named it) and its data."""

    data: str
    event: str = "message"


@dataclass(frozen=True, slots=True)
class Comment:
    """A line that begins with a colon, such as `: keep-alive`; the text after the colon."""

    text: str


class SseDecoder:
    """Turns bytes into messages and comments. Work is linear in the bytes, however they are cut.

    Args:
        largest: the most bytes that one event, or one line, may have; None takes any.

    Attributes:
        overflowed: there was more than that; nothing is taken in from then on.
    """

    def __init__(self, largest: int | None = None) -> None:
        self.overflowed = False
        self._largest = sys.maxsize if largest is None else largest
        self._partial = bytearray()
        self._data_size = 0
        self._after_cr = False
        self._first_line = True
        self._data: list[str] = []
        self._event = ""

    def feed(self, piece: bytes) -> list[Message | Comment]:
        """Return what `piece` completes."""
        if self._is_one_event(piece):
            return [Message(piece[6:-2].decode("utf-8", "replace"))]
        found: list[Message | Comment] = []
        start = 0
        if self.overflowed:
            return found
        if self._after_cr and piece:
            self._after_cr = False
            start = 1 if piece[0] == ord("\n") else 0
        while (end := _LINE_END.search(piece, start)) is not None:
            if not self._take_in(piece[start : end.start()]):
                return found
            self._line(self._take_partial(), found)
            start = end.end()
            if end[0] == b"\r":
                if start == len(piece):
                    self._after_cr = True
                elif piece[start] == ord("\n"):
                    start += 1
        if start < len(piece):
            self._take_in(piece[start:])
        return found

    def finish(self) -> list[Message | Comment]:
        """Return what the end of the stream completes: a last line or event without its terminator."""
        found: list[Message | Comment] = []
        if self._partial:
            self._line(self._take_partial(), found)
        self._dispatch(found)
        return found

    def _is_one_event(self, piece: bytes) -> bool:
        """Whether `piece` is nothing but one line of data and its end: what most servers send, one at a time."""
        return (
            piece.startswith(b"data: ")
            and piece.find(b"\n") == len(piece) - 2
            and piece.endswith(b"\n\n")
            and b"\r" not in piece
            and not (self._partial or self._data or self._event or self._first_line or self._after_cr)
            and not self.overflowed
            and len(piece) - 2 <= self._largest
        )

    def _take_in(self, part: bytes) -> bool:
        """Add `part` to the line that has begun, unless the event would become too large."""
        if len(self._partial) + len(part) + self._data_size > self._largest:
            self.overflowed = True
            self._partial.clear()
            self._data.clear()
            return False
        self._partial += part
        return True

    def _take_partial(self) -> bytearray:
        line, self._partial = self._partial, bytearray()
        return line

    def _line(self, raw: bytearray, found: list[Message | Comment]) -> None:
        if self._first_line:
            self._first_line = False
            raw = raw.removeprefix(_BOM)
        if not raw:
            self._dispatch(found)
            return
        # A whole line is decoded at once, so that a character split over two pieces is never seen in halves.
        name, _, value = raw.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if not name:
            found.append(Comment(value))
        elif name == "data":
            self._data.append(value)
            self._data_size += len(raw)
        elif name == "event":
            self._event = value

    def _dispatch(self, found: list[Message | Comment]) -> None:
        if self._data:
            found.append(Message("\n".join(self._data), self._event or "message"))
            self._data = []
            self._data_size = 0
        self._event = ""
