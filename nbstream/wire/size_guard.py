"""Limits on one reply: its size, its number of tool calls, and white space without end.

A server in a loop, or a hostile one, must not fill the kernel's memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.events import Answer, Reasoning, ToolCallDelta
from nbstream.model.failure import Failure

if TYPE_CHECKING:
    from nbstream.model.events import Event

#: The longest reply that DeepSeek gives is 393,216 tokens (API reference, `max_tokens`, October 2026), of about four
#: bytes each: a fifth of this.
MAX_BYTES = 8 << 20
#: 50 empty lines of 80 columns. No table or drawing leaves as much blank in one place, and in a flood of line breaks it
#: is over in a minute, where the limit of tokens would have taken a quarter of an hour.
MOST_SPACE = 4_000
#: Each call has costs of its own, and every fragment looks through all of them. A request has at most 128 tools.
MOST_CALLS = 1_000
#: JSON may write a character of three bytes in six (`\\u4e2d`); what stands around the text is much smaller than this.
_ESCAPED, _AROUND = 2, 64 << 10


class SizeGuard:
    """Counts the bytes, tool calls and white space of one reply.

    Args:
        server: the server's name in a sentence.
        max_bytes: the most bytes, as UTF-8, of reasoning, answer and tool calls together.

    Attributes:
        largest_event: the most bytes that one event, or a body that is no stream, may have.
        failure: the limit that was passed; None while there is none.
    """

    def __init__(self, server: str, max_bytes: int) -> None:
        self.largest_event = _ESCAPED * max_bytes + _AROUND
        self.failure: Failure | None = None
        self._server = server
        self._max_bytes = max_bytes
        self._size = 0
        self._space = 0
        self._calls: set[int] = set()

    def add(self, event: Event) -> None:
        """Count `event`; whether it was too much stands in `failure`."""
        match event:
            case Reasoning():
                self._size += _size(event.text)
            case Answer():
                self._size += _size(event.text)
                self._count_space(event.text)
            case ToolCallDelta():
                self._size += sum(map(_size, filter(None, (event.id, event.name, event.arguments))))
                self._calls.add(event.index)
            case _:
                return
        if self.failure is None and self._size > self._max_bytes:
            self.failure = Failure("too_large", "reply", self._server, limit=self._max_bytes)
        elif self.failure is None and len(self._calls) > MOST_CALLS:
            self.failure = Failure("too_large", "tool_calls", self._server, limit=MOST_CALLS)

    def too_large_an_event(self) -> Failure:
        """Return the failure for an event, or a body that is no stream, of more than `largest_event` bytes."""
        return Failure("too_large", "event", self._server, limit=self.largest_event)

    def _count_space(self, text: str) -> None:
        if not self._space and len(text) <= MOST_SPACE and not text[-1:].isspace():
            return
        if text.isspace():
            self._space += len(text)
        else:
            self._space += len(text) - len(text.lstrip())
            self._flooded()
            self._space = len(text) - len(text.rstrip())
        self._flooded()

    def _flooded(self) -> None:
        if self._space > MOST_SPACE and self.failure is None:
            self.failure = Failure("white_space", server=self._server, limit=MOST_SPACE)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
