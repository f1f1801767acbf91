"""Limits on the size of a reply, its number of tool calls and its white space.

They keep a hostile server, or one in an endless loop, from filling the kernel's memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.events import Answer, Reasoning, Refusal, ToolCallDelta, Warned
from nbstream.model.failure import Failure

if TYPE_CHECKING:
    from nbstream.model.events import Event

#: The longest reply of DeepSeek, 393,216 tokens of about four bytes each (API reference,
#: `max_tokens`, October 2026), is a fifth of this.
MAX_BYTES = 8 << 20
#: 50 empty lines of 80 columns: no table or drawing has so much blank space in one place. A flood
#: of line breaks takes a minute until here, and a quarter of an hour until the limit of tokens.
MOST_SPACE = 4_000
#: Every fragment of a tool call takes time for each call so far. A request has at most 128 tools.
MOST_CALLS = 1_000
#: JSON may take six bytes for a character of three (`\\u4e2d`); the rest of an event is small.
_ESCAPED, _OVERHEAD = 2, 64 << 10


class SizeGuard:
    """Counts the bytes, tool calls and white space of one reply.

    Args:
        server: the server's name in a sentence.
        max_bytes: the most bytes, as UTF-8, of reasoning, answer and tool calls together.

    Attributes:
        largest_event: the most bytes of one event, or of a body that is not a stream.
        failure: set once a limit is exceeded.
    """

    def __init__(self, server: str, max_bytes: int) -> None:
        self.largest_event = _ESCAPED * max_bytes + _OVERHEAD
        self.failure: Failure | None = None
        self._server = server
        self._max_bytes = max_bytes
        self._size = self._kept = 0
        #: The white space at the end of the answer so far; and whether it is not only U+0020.
        self._space = 0
        self._has_break = False
        self._calls: set[int] = set()

    def add(self, event: Event) -> None:
        """Count `event`, and set `failure` if a limit is exceeded."""
        match event:
            case Answer():
                self._size += _size(event.text)
                self._count_space(event.text)
            case Reasoning() | Refusal():
                self._size += _size(event.text)
            case Warned():
                self._size += _size(event.warning.said)
            case ToolCallDelta():
                self._size += sum(map(_size, filter(None, (event.id, event.name, event.arguments))))
                self._calls.add(event.index)
            case _:
                return
        self._check()
        if self.failure is None and len(self._calls) > MOST_CALLS:
            self.failure = Failure("too_large", "tool_calls", self._server, limit=MOST_CALLS)

    def note_kept(self, size: int) -> None:
        """Count what the decoder keeps and no delta has shown, `size` bytes in all."""
        self._kept = size
        self._check()

    def _check(self) -> None:
        if self.failure is None and self._size + self._kept > self._max_bytes:
            self.failure = Failure("too_large", "reply", self._server, limit=self._max_bytes)

    def too_large_an_event(self) -> Failure:
        """Return the failure for an event or a body of more than `largest_event` bytes."""
        return Failure("too_large", "event", self._server, limit=self.largest_event)

    def _count_space(self, text: str) -> None:
        if not self._space and len(text) <= MOST_SPACE and not text[-1:].isspace():
            return
        if self._space + len(text) <= MOST_SPACE and not text.isspace():
            # As nearly always: the limit cannot be exceeded.
            end = len(text.rstrip())
            self._space, self._has_break = len(text) - end, text[end:].strip(" ") != ""
            return
        stripped = text.lstrip()
        self._add_space(text[: len(text) - len(stripped)])
        if stripped:
            self._space, self._has_break = 0, False
            self._add_space(text[len(text.rstrip()) :])

    def _add_space(self, space: str) -> None:
        # DeepSeek's JSON mode sends U+0020 in place of text that is not JSON: an empty answer.
        self._space += len(space)
        self._has_break = self._has_break or bool(space.strip(" "))
        if self._space > MOST_SPACE and self._has_break and self.failure is None:
            self.failure = Failure("white_space", server=self._server, limit=MOST_SPACE)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
