"""The bytes of one response to events, and the verdict on how it ended.

Complete means that a finish reason was seen; a stream that merely stops was cut off. This module must not know where
the bytes come from, nor read a clock.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nbstream.model.events import Answer, Ended, Event, Reasoning, ToolCallDelta, Waiting
from nbstream.model.failure import Failure
from nbstream.wire import server_errors
from nbstream.wire.openai_chat import ChunkDecoder
from nbstream.wire.size_guard import MAX_BYTES, SizeGuard
from nbstream.wire.sse import Comment, Message, SseDecoder

if TYPE_CHECKING:
    from typing import Any

_HEAD = 300
_BLANK = b"\xef\xbb\xbf \t\r\n"


class ResponseDecoder:
    """Decodes one response.

    Args:
        server: how to call the server in a sentence.
        max_bytes: the most bytes of text that the reply may have, see `limits`.

    Attributes:
        ended: an `Ended` event was returned; nothing more will be.
        delivered: at least one delta was returned, so that the request must not be sent again.
        payloads: how many events carried data; comments do not count.
    """

    def __init__(self, server: str = "The server", max_bytes: int = MAX_BYTES) -> None:
        self.ended = False
        self.delivered = False
        self.payloads = 0
        self._server = server
        self._guard = SizeGuard(server, max_bytes)
        self._sse = SseDecoder(self._guard.largest_event)
        self._chunks = ChunkDecoder(server)
        self._head = b""
        self._odd = ""
        self._commented = False
        self._body: bytearray | None = None

    @property
    def finished(self) -> bool:
        """Whether a finish reason was seen, so that only usage and the end may follow."""
        return self._chunks.finish_reason is not None

    def feed(self, piece: bytes, at: float) -> list[Event]:
        """Return the events that `piece` completes; `at` is in seconds since the run began."""
        if self.ended or not piece:
            return []
        if self._body is None and len(self._head) < _HEAD:
            self._sniff(piece)
        if self._body is not None:
            overflowed = not self._collect(self._body, piece)
            events: list[Event] = []
        else:
            events = self._events(self._sse.feed(piece), at)
            overflowed = self._sse.overflowed
        return [*events, *self._conclude(at, self._guard.too_large_an_event())] if overflowed else events

    def flush(self, at: float) -> list[Event]:
        """Return the text that was held back, for a stream that is being abandoned."""
        return [] if self.ended else self._seen(self._chunks.flush(at))

    def finish(self, at: float, failure: Failure | None = None) -> list[Event]:
        """Return what the end of the bytes completes; the last event is `Ended`, unless it was returned before.

        Args:
            at: seconds since the run began.
            failure: why the bytes broke off, if they did. It counts only if no finish reason was seen.
        """
        if self.ended:
            return []
        if self._body is not None:
            events = self._read_body(at, failure)
        else:
            events = self._events(self._sse.finish(), at)
        return [*events, *self._conclude(at, failure)]

    def _sniff(self, piece: bytes) -> None:
        # A line of a stream begins with a field's name or a colon; a page begins with "<", plain JSON with "{" or "[".
        # DeepSeek sends blank lines before plain JSON while it is queued, for minutes: they are no part of the head.
        self._head = (self._head + piece).lstrip(_BLANK)[:_HEAD]
        if self._head[:1] in (b"<", b"{", b"["):
            self._body = bytearray()

    def _collect(self, body: bytearray, piece: bytes) -> bool:
        """Add `piece` to the body, unless that would become too large."""
        # The rest of a mark or of blanks that an earlier piece began.
        piece = piece if body else piece.lstrip(_BLANK)
        if len(body) + len(piece) > self._guard.largest_event:
            body.clear()
            return False
        body += piece
        return True

    def _events(self, items: list[Message | Comment], at: float) -> list[Event]:
        events: list[Event] = []
        for item in items:
            if self.ended:
                break
            if isinstance(item, Message):
                events += self._message(item, at)
                continue
            self._commented = True
            if not self.delivered:
                events.append(Waiting(at, server_errors.shorten(item.text)))
        return events

    def _message(self, message: Message, at: float) -> list[Event]:
        data = message.data.strip()
        named_error = message.event == "error"
        if not (data or named_error):
            return []
        self.payloads += 1
        if data == "[DONE]":
            return self._conclude(at, None)
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError):
            chunk = None
        if isinstance(chunk, dict):
            return self._take(chunk, at, named_error=named_error)
        if named_error:
            return self._conclude(at, server_errors.from_data(data, self._server))
        self._odd = self._odd or server_errors.shorten(data)
        return []

    def _read_body(self, at: float, failure: Failure | None) -> list[Event]:
        text = (self._body or b"").decode("utf-8", "replace")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            events = self._take(value, at)
            if self.ended or self.delivered or self.finished:
                return events
        # Half of a completion is none; but a page is a page, also in half.
        broken = failure is not None and not text.startswith("<")
        return self._conclude(at, failure if broken else server_errors.from_body(text, self._server))

    def _take(self, chunk: dict[str, Any], at: float, *, named_error: bool = False) -> list[Event]:
        events = self._seen(self._chunks.feed(chunk, at, named_error=named_error))
        for event in events:
            self._guard.add(event)
        if self._guard.failure is not None:
            events += self._conclude(at, self._guard.failure)
        return events

    def _conclude(self, at: float, failure: Failure | None) -> list[Event]:
        if self.ended:
            return []
        events = self._seen(self._chunks.flush(at))
        if self.finished:
            events.append(Ended(at, "served"))
        else:
            events.append(Ended(at, "failed", failure or self._cut_off()))
        self.ended = True
        return events

    def _cut_off(self) -> Failure:
        if self.payloads == 0 and not self._commented and self._body is None:
            return server_errors.from_body(self._head.decode("utf-8", "replace"), self._server)
        return Failure("disconnected", "unreadable" if self._odd else "", self._server, self._odd)

    def _seen(self, events: list[Event]) -> list[Event]:
        if not self.delivered:
            self.delivered = any(isinstance(event, Reasoning | Answer | ToolCallDelta) for event in events)
        self.ended = self.ended or self._chunks.failed
        return events
