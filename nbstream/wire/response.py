"""The bytes of one response to events, of which the last one says how the response ended.

A response is complete if it has a finish reason, and cut off if it stops without one.
"""

from __future__ import annotations

import json
from typing import Any

from nbstream.model.events import Answer, Ended, Event, Reasoning, ToolCallDelta, Waiting
from nbstream.model.failure import Failure
from nbstream.model.printable import one_line
from nbstream.wire import server_errors
from nbstream.wire.openai_chat import ChunkDecoder
from nbstream.wire.size_guard import MAX_BYTES, SizeGuard
from nbstream.wire.sse import Comment, Message, SseDecoder

_HEAD_BYTES = 300
_BLANK = b"\xef\xbb\xbf \t\r\n"


class ResponseDecoder:
    """Decodes one response of chat completions; a `Decoder` (see `client.sources`).

    Args:
        server: the server's name in a sentence.
        max_bytes: the most bytes of text in the reply.

    Attributes:
        ended: whether an `Ended` event was returned; it is the last one.
        delivered: whether a delta was returned.
        payloads: how many events had data; comments do not count.
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
        self._unreadable = ""
        self._has_comment = False
        self._body: bytearray | None = None

    @property
    def finished(self) -> bool:
        """Whether there was a finish reason."""
        return self._chunks.finish_reason is not None

    def feed(self, piece: bytes, at: float) -> list[Event]:
        """Return the events that `piece` completes; `at` is in seconds since the run began."""
        if self.ended or not piece:
            return []
        if self._body is None and len(self._head) < _HEAD_BYTES:
            self._sniff(piece)
        if self._body is None:
            events, fits = self._events(self._sse.feed(piece), at), not self._sse.overflowed
        else:
            events, fits = [], self._add_to_body(self._body, piece)
        return events if fits else [*events, *self._end(at, self._guard.too_large_an_event())]

    def flush(self, at: float) -> list[Event]:
        """Return the text that was held back, if the stream is abandoned."""
        return [] if self.ended else self._note(self._chunks.flush(at))

    def finish(self, at: float, failure: Failure | None = None) -> list[Event]:
        """Return the last events, unless `Ended` was returned before; see `Decoder.finish`."""
        if self.ended:
            return []
        is_stream = self._body is None
        events = self._events(self._sse.finish(), at) if is_stream else self._read_body(at, failure)
        return [*events, *self._end(at, failure)]

    def _sniff(self, piece: bytes) -> None:
        # A web page begins with "<" and plain JSON with "{" or "[", a stream with neither. DeepSeek
        # sends blank lines before plain JSON for as long as the request is queued.
        self._head = (self._head + piece).lstrip(_BLANK)[:_HEAD_BYTES]
        if self._head[:1] in (b"<", b"{", b"["):
            self._body = bytearray()

    def _add_to_body(self, body: bytearray, piece: bytes) -> bool:
        """Add `piece` to the body, unless the body would become too large."""
        # An earlier piece may have ended within the blanks or the byte order mark.
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
            self._has_comment = True
            if not self.delivered:
                events.append(Waiting(at, one_line(item.text)))
        return events

    def _message(self, message: Message, at: float) -> list[Event]:
        data = message.data.strip()
        named_error = message.event == "error"
        if not (data or named_error):
            return []
        self.payloads += 1
        if data == "[DONE]":
            return self._end(at, None)
        chunk = _parse(data)
        if isinstance(chunk, dict):
            return self._decode_chunk(chunk, at, named_error=named_error)
        if named_error:
            return self._end(at, server_errors.from_data(data, self._server))
        self._unreadable = self._unreadable or one_line(data)
        return []

    def _read_body(self, at: float, failure: Failure | None) -> list[Event]:
        text = (self._body or b"").decode("utf-8", "replace")
        value = _parse(text)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            events = self._decode_chunk(value, at)
            if self.ended or self.delivered or self.finished:
                return events
        # A completion that was cut off failed with the connection; a cut web page stays a web page.
        broken = failure is not None and not text.startswith("<")
        return self._end(at, failure if broken else server_errors.from_body(text, self._server))

    def _decode_chunk(self, chunk: dict[str, Any], at: float, *, named_error: bool = False) -> list[Event]:
        events = self._note(self._chunks.feed(chunk, at, named_error=named_error))
        for event in events:
            self._guard.add(event)
        if self._guard.failure is not None:
            events += self._end(at, self._guard.failure)
        return events

    def _end(self, at: float, failure: Failure | None) -> list[Event]:
        if self.ended:
            return []
        events = self._note(self._chunks.flush(at))
        self.ended = True
        return [*events, Ended(at, "served") if self.finished else Ended(at, "failed", failure or self._cut_off())]

    def _cut_off(self) -> Failure:
        if self.payloads == 0 and not self._has_comment and self._body is None:
            return server_errors.from_body(self._head.decode("utf-8", "replace"), self._server)
        return Failure("disconnected", "unreadable" if self._unreadable else "", self._server, self._unreadable)

    def _note(self, events: list[Event]) -> list[Event]:
        if not self.delivered:
            self.delivered = any(isinstance(event, Reasoning | Answer | ToolCallDelta) for event in events)
        self.ended = self.ended or self._chunks.failed
        return events


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
