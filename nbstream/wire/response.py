"""The bytes of one response to events, of which the last one says how the response ended.

A response is complete if the server said so, by a finish reason or by `[DONE]`, and cut off if it
stops without either.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from nbstream.model.events import Answer, Ended, Event, Reasoning, Refusal, ToolCallDelta, Waiting, Warned
from nbstream.model.failure import Failure
from nbstream.model.printable import one_line
from nbstream.model.warning import ReplyWarning
from nbstream.wire import server_errors
from nbstream.wire.json_values import Done, values_in
from nbstream.wire.openai_chat import ChunkDecoder
from nbstream.wire.size_guard import MAX_BYTES, SizeGuard
from nbstream.wire.sse import Message, SseDecoder, Stray
from nbstream.wire.surrogates import join_surrogates

if TYPE_CHECKING:
    from nbstream.wire.sse import Item

_HEAD_BYTES = 300
#: Events that say, as comments do, that the server is there.
_HEARTBEATS = frozenset({"ping", "heartbeat", "keepalive", "keep-alive", "keep_alive"})
_LONGEST_HEARTBEAT = 200
_JSON_SIGNS = frozenset('{}[]"')
_BLANK = b"\xef\xbb\xbf \t\r\n"


class PayloadDecoder(Protocol):
    """Turns the JSON objects of one response into events."""

    finish_reason: str | None
    #: Whether a payload reported an error.
    failed: bool
    #: Whether text came after a finish reason.
    went_on: bool
    #: Whether a payload was one of this API.
    has_choices: bool
    #: Whether the server said, by other means than `[DONE]`, that the response is over.
    is_done: bool
    #: The type of the first payload of another API, or its fields.
    foreign: str

    @property
    def kept_bytes(self) -> int:
        """The size of what is kept beside the texts of deltas, as signatures are."""

    @property
    def is_finished(self) -> bool:
        """Whether there was a finish reason, and no text after it."""

    @property
    def has_usage(self) -> bool:
        """Whether the server reported its token counts."""

    def reads(self, value: dict[str, Any]) -> bool:
        """Return whether an object is a payload, and no part of one."""

    def feed(self, payload: dict[str, Any], at: float, *, name: str = "message") -> list[Event]:
        """Return the events of one payload, which came in a server-sent event of that name."""

    def flush(self, at: float, *, is_over: bool = False) -> list[Event]:
        """Return the text that was held back; `is_over` if the server ended the reply."""


class ResponseDecoder:
    """Decodes one response of a chat; a `Decoder` (see `client.sources`).

    Args:
        server: the server's name in a sentence.
        max_bytes: the most bytes of text in the reply.
        payloads: decodes the JSON objects; those of chat completions by default.

    Attributes:
        ended: whether an `Ended` event was returned; it is the last one.
        delivered: whether a delta was returned.
        payloads: how many events had data; comments do not count.
    """

    def __init__(
        self, server: str = "The server", max_bytes: int = MAX_BYTES, payloads: PayloadDecoder | None = None
    ) -> None:
        self.ended = False
        self.delivered = False
        self.payloads = 0
        self._server = server
        self._guard = SizeGuard(server, max_bytes)
        self._sse = SseDecoder(self._guard.largest_event)
        self._chunks: PayloadDecoder = ChunkDecoder(server) if payloads is None else payloads
        self._head = b""
        self._unreadable = ""
        self._has_comment = False
        self._body: bytearray | None = None
        self._is_done = False
        #: Whether the line that is read now had no end when the stream ended.
        self._is_cut = False

    @property
    def finished(self) -> bool:
        """Whether there was a finish reason, and no text after one."""
        return self._chunks.finish_reason is not None and not self._chunks.went_on

    @property
    def has_usage(self) -> bool:
        """Whether the server reported its token counts."""
        return self._chunks.has_usage

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
        self._is_cut = True
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

    def _events(self, items: list[Item], at: float) -> list[Event]:
        events: list[Event] = []
        for item in items:
            if self.ended:
                break
            if isinstance(item, Message):
                events += self._message(item, at)
                continue
            if isinstance(item, Stray):
                # A chunk without the field's name, or what a broken line left.
                text = item.text.strip()
                self.payloads += text.startswith("{")
                events += self._data(text, at)
                continue
            events += self._comment(item.text, at)
        return events

    def _comment(self, text: str, at: float) -> list[Event]:
        self._has_comment = True
        return [] if self.delivered else [Waiting(at, one_line(text))]

    def _message(self, message: Message, at: float) -> list[Event]:
        data = message.data.strip()
        named_error = message.event == "error"
        if not (data or named_error):
            return []
        if message.event in _HEARTBEATS and '"choices"' not in data and len(data) <= _LONGEST_HEARTBEAT:
            # Such an event says no more than that the server is there.
            return self._comment("", at)
        self.payloads += 1
        if message.event not in ("message", "error") and not _JSON_SIGNS.intersection(data) and data != "[DONE]":
            # An event of the server's own, and no damaged chunk.
            warning = ReplyWarning("other_text", join_surrogates(data), f"event {one_line(message.event)[:40]}")
            return self._guarded([Warned(at, warning)], at)
        return self._data(data, at, name=message.event)

    def _data(self, data: str, at: float, *, name: str = "message") -> list[Event]:
        values, unreadable = values_in(data)
        if len(values) == 1 and not unreadable and isinstance(values[0], dict):
            # Nearly every event is one chunk.
            return self._decode_chunk(values[0], at, name=name)
        events: list[Event] = []
        for value in values:
            if isinstance(value, Done):
                self._is_done = True
            elif unreadable and isinstance(value, dict) and not self._chunks.reads(value):
                # A part of a broken chunk: its `message` is no error of the server.
                events += self._unread(json.dumps(value, ensure_ascii=False), at)
            else:
                events += self._value(value, data, at, name=name)
            if self.ended:
                return events
        if name == "error" and not values:
            return self._end(at, server_errors.from_data(data, self._server))
        for part in unreadable:
            events += self._unread(part, at)
        return [*events, *self._end(at, None)] if self._is_done else events

    def _value(self, value: Any, data: str, at: float, *, name: str) -> list[Event]:
        if isinstance(value, dict):
            return self._decode_chunk(value, at, name=name)
        if name == "error":
            return self._end(at, server_errors.from_data(data, self._server))
        if isinstance(value, list):
            events: list[Event] = []
            for each in value:
                if isinstance(each, dict) and self._chunks.reads(each) and not self.ended:
                    events += self._decode_chunk(each, at)
                elif each not in (None, "") and not self.ended:
                    events += self._unread(json.dumps(each, ensure_ascii=False), at)
            return events
        return [] if value in (None, "") else self._unread(data, at)

    def _unread(self, text: str, at: float) -> list[Event]:
        """Report a part of the stream that could not be read."""
        if not self._is_cut:
            self._unreadable = self._unreadable or one_line(text)
        warning = ReplyWarning("cut_event" if self._is_cut else "unreadable", join_surrogates(text))
        return self._guarded([Warned(at, warning)], at)

    def _read_body(self, at: float, failure: Failure | None) -> list[Event]:
        text = (self._body or b"").decode("utf-8", "replace")
        values, unreadable = values_in(text)
        # Lines of JSON are read as well; anything else is no completion.
        chunks = [each for value in values for each in (value if isinstance(value, list) else [value])]
        if chunks and all(isinstance(each, dict | Done) for each in chunks):
            events: list[Event] = []
            for chunk in chunks:
                if isinstance(chunk, dict) and not self.ended:
                    events += self._decode_chunk(chunk, at)
            for part in unreadable if not self.ended else ():
                events += self._unread(part, at)
            if self.ended or self.delivered or self._chunks.is_finished:
                return events
        # A completion that was cut off failed with the connection; a cut web page stays a web page.
        broken = failure is not None and not text.startswith("<")
        return self._end(at, failure if broken else server_errors.from_body(text, self._server))

    def _decode_chunk(self, chunk: dict[str, Any], at: float, *, name: str = "message") -> list[Event]:
        events = self._guarded(self._note(self._chunks.feed(chunk, at, name=name)), at)
        if not self._chunks.is_done or self.ended:
            return events
        self._is_done = True
        return [*events, *self._end(at, None)]

    def _guarded(self, events: list[Event], at: float) -> list[Event]:
        for event in events:
            self._guard.add(event)
        if kept := self._chunks.kept_bytes:
            self._guard.note_kept(kept)
        if self._guard.failure is not None and not self.ended:
            events += self._end(at, self._guard.failure)
        return events

    def _end(self, at: float, failure: Failure | None) -> list[Event]:
        if self.ended:
            return []
        is_served = self._is_done or self._chunks.is_finished
        events = self._note(self._chunks.flush(at, is_over=is_served))
        self.ended = True
        if failure is None and self._chunks.foreign and not (self.delivered or self._chunks.has_choices):
            failure = Failure("not_a_stream", "other_api", self._server, self._chunks.foreign)
            return [*events, Ended(at, "failed", failure)]
        return [*events, Ended(at, "served") if is_served else Ended(at, "failed", failure or self._cut_off())]

    def _cut_off(self) -> Failure:
        if self.payloads == 0 and not self._has_comment and self._body is None:
            return server_errors.from_body(self._head.decode("utf-8", "replace"), self._server)
        return Failure("disconnected", "unreadable" if self._unreadable else "", self._server, self._unreadable)

    def _note(self, events: list[Event]) -> list[Event]:
        if not self.delivered:
            self.delivered = any(isinstance(event, Reasoning | Answer | Refusal | ToolCallDelta) for event in events)
        self.ended = self.ended or self._chunks.failed
        return events
