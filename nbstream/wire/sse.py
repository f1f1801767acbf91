"""Bytes to server-sent events, however the bytes are split into pieces.

Follows the WHATWG HTML standard, "Server-sent events", section "Interpreting an event stream", with
three exceptions: an event without its blank line is still returned at the end of the stream, and
before another JSON object; and so is a line that is no field.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TypeAlias

_LINE_END = re.compile(rb"[\r\n]")
_BOM = b"\xef\xbb\xbf"
#: A field without a meaning, which the standard ignores; not the rest of a chunk.
_FIELD = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\w.-]{1,40}:[^{}\[\]]*\Z|(?:id|retry)\Z")


@dataclass(frozen=True, slots=True)
class Message:
    """One event: its `event` field ("message" unless the server named it) and its data."""

    data: str
    event: str = "message"


@dataclass(frozen=True, slots=True)
class Stray:
    """A line that is no field of an event, such as the rest of a line that was broken in two."""

    text: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A line that begins with a colon, such as `: keep-alive`: the text after the colon."""

    text: str


Item: TypeAlias = Message | Comment | Stray


class SseDecoder:
    """Turns bytes into messages and comments, in linear time.

    Args:
        largest: the most bytes of one event or line.

    Attributes:
        overflowed: whether an event was larger; all further bytes are ignored then.
    """

    def __init__(self, largest: int = sys.maxsize) -> None:
        self.overflowed = False
        self._largest = largest
        self._partial = bytearray()
        self._data_size = 0
        self._after_cr = False
        self._first_line = True
        self._data: list[str] = []
        self._event = ""

    def feed(self, piece: bytes) -> list[Item]:
        """Return the messages and comments that `piece` completes."""
        if self._is_one_event(piece):
            return [Message(piece[6:-2].decode("utf-8", "replace"))]
        found: list[Item] = []
        if self.overflowed:
            return found
        start = 0
        if self._after_cr and piece:
            self._after_cr = False
            start = 1 if piece[0] == ord("\n") else 0
        while (end := _LINE_END.search(piece, start)) is not None:
            if not self._add_to_line(piece[start : end.start()]):
                return found
            self._line(found)
            start = end.end()
            if end[0] == b"\r":
                if start == len(piece):
                    self._after_cr = True
                elif piece[start] == ord("\n"):
                    start += 1
        if start < len(piece):
            self._add_to_line(piece[start:])
        return found

    def finish(self) -> list[Item]:
        """Return a last message or comment that the end of the stream left without its line end."""
        found: list[Item] = []
        if self._partial:
            self._line(found)
        self._dispatch(found)
        return found

    def _is_one_event(self, piece: bytes) -> bool:
        """Whether `piece` is exactly one event of one line, as most servers send them."""
        return (
            piece.startswith(b"data: ")
            and piece.find(b"\n") == len(piece) - 2
            and piece.endswith(b"\n\n")
            and b"\r" not in piece
            and not (self._partial or self._data or self._event or self._first_line or self._after_cr)
            and not self.overflowed
            and len(piece) - 2 <= self._largest
        )

    def _add_to_line(self, part: bytes) -> bool:
        """Add `part` to the current line, unless the event would become too large."""
        if len(self._partial) + len(part) + self._data_size > self._largest:
            self.overflowed = True
            self._partial.clear()
            self._data.clear()
            return False
        self._partial += part
        return True

    def _line(self, found: list[Item]) -> None:
        raw, self._partial = self._partial, bytearray()
        if self._first_line:
            self._first_line = False
            raw = raw.removeprefix(_BOM)
        if not raw:
            self._dispatch(found)
            return
        # Only whole lines are decoded, as pieces may end within a character.
        name, _, value = raw.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if not name:
            found.append(Comment(value))
        elif name == "data":
            if self._data and self._is_next(value):
                self._dispatch(found)
            self._data.append(value)
            self._data_size += len(raw)
        elif name == "event":
            self._event = value
        elif not _FIELD.match(raw):
            found.append(Stray(raw.decode("utf-8", "replace")))

    def _is_next(self, value: str) -> bool:
        """Whether this line of data begins another event, because the server sends no blank lines.

        No JSON has a line that begins an object right after one that ends an object.
        """
        return self._data[-1].rstrip().endswith("}") and value.startswith(("{", "[DONE]"))

    def _dispatch(self, found: list[Item]) -> None:
        if self._data:
            found.append(Message("\n".join(self._data), self._event or "message"))
            self._data = []
            self._data_size = 0
        self._event = ""
