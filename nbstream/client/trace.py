"""The raw bytes of the responses of recent replies, with the times at which they arrived.

`trace_of(reply)` finds them. They are kept in memory only, without keys and without the headers of
requests: the latest replies, up to a limit of bytes; beyond it, the oldest are dropped.
"""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from nbstream.client.raw_redaction import without_keys
from nbstream.client.trace_reader import TraceReader
from nbstream.model.events import Started
from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from nbstream.client.redaction import KeyRedactor
    from nbstream.client.sources import Decoder, Recorder
    from nbstream.client.trace_reader import StreamEvent, StreamLine
    from nbstream.model.events import Event
    from nbstream.model.failure import Failure
    from nbstream.model.reply import Reply
    from nbstream.model.request import Request
    from nbstream.model.usage import Cost

#: How a response ended.
ResponseEnd: TypeAlias = Literal[
    "",  # it still arrives
    "whole",  # the server ended it
    "left",  # nbstream closed the connection, as the reply had ended
    "stopped",  # the user stopped it
    "refused",  # the status is not 2xx
    "broken",  # the connection broke, there was none, or the server was silent for too long
]

#: The most bytes of all responses, of one response, and the most replies.
MOST_BYTES = 32 << 20
_LARGEST = 16 << 20
#: What a piece takes besides its bytes: two objects and two places in lists.
_PIECE_BYTES = 100
_MOST_REPLIES = 100
#: The same for replies that still arrive, or had no response at all.
_MOST_ARRIVING = 1_000
#: The headers of a response that are kept, and the beginnings of their names.
_HEADERS = ("content-type", "date", "retry-after", "server", "x-request-id", "request-id", "location")
_HEADER_BEGINNINGS = ("x-ratelimit-", "anthropic-ratelimit-", "openai-processing-", "retry-after-")


class Piece(NamedTuple):
    """Bytes of a response, as one read from the network gave them.

    Attributes:
        at: the seconds since the request was sent.
        data: the bytes.
    """

    at: float
    data: bytes


class ResponseTrace:
    """One request of a reply, and the raw response to it.

    Any thread may read it, also while the response arrives.

    Args:
        request: the request.
        redactor: removes the keys of the request.
        decoder: see below.
        begun: see below.
        attempt: see below.
        question: the URL of a question that is no prompt, which is a GET request.

    Attributes:
        request: the request.
        decoder: makes a decoder of the response; None for a question.
        begun: when it was sent, in seconds since the reply began.
        instant: the same, in seconds since the Unix epoch.
        attempt: which attempt at this request it is, counted from 1.
        end: how the response ended.
        ended: when it ended, in seconds since the request was sent; None before.
        status: the HTTP status; None before it is known, and if there was no response.
        failure: why there was no whole response; None if there was.
        is_cut: whether the response was too large to be kept whole, or was dropped.
        size: how many bytes arrived.
    """

    def __init__(
        self,
        request: Request,
        redactor: KeyRedactor,
        decoder: Callable[[], Decoder] | None = None,
        *,
        begun: float = 0.0,
        attempt: int = 1,
        most: int = _LARGEST,
        question: str = "",
    ) -> None:
        self.request = request
        self._question = question
        self._recorders: list[Recorder] = []
        self._is_outdated = False
        self._recorded_at: float | None = None
        self.begun = begun
        self.instant = time.time()
        self.attempt = attempt
        self.end: ResponseEnd = ""
        self.ended: float | None = None
        self.status: int | None = None
        self.failure: Failure | None = None
        self.is_cut = False
        self.size = 0
        self._headers: Mapping[str, str] = {}
        self._error = ""
        self._redactor = redactor
        self.decoder = decoder
        self._sent = time.monotonic()
        self._most: float = min(most, _LARGEST)
        self._times: list[float] = []
        self._pieces: list[bytes] = []

    def __repr__(self) -> str:
        return f"<ResponseTrace {self.status or 'no status'} {self.end or 'open'}: {len(self._pieces)} pieces>"

    @property
    def method(self) -> str:
        """The method of HTTP."""
        return "GET" if self._question else "POST"

    @property
    def url(self) -> str:
        """Where the request went, without keys."""
        return self._redactor.redact(self._question or self.request.url)

    @property
    def body(self) -> dict[str, Any] | None:
        """The JSON object that was sent, with a mark in place of each key; None for a question."""
        body: dict[str, Any] | None = None if self._question else self._redactor.redact_json(self.request.body())
        return body

    @property
    def is_recorded(self) -> bool:
        """Whether it goes to a recording, which has the time of each piece."""
        return any(each.has_times for each in self._recorders)

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the response that say something about it, with lower-case names."""
        return {name: self._redactor.redact_error(value) for name, value in self._headers.items()}

    @property
    def error(self) -> str:
        """The beginning of the body of a refusal, as text."""
        return self._redactor.redact_error(self._error)

    @property
    def pieces(self) -> list[Piece]:
        """The bytes so far, without keys, each with its time."""
        raw = self.raw(0)
        data = without_keys([each.data for each in raw], self._redactor)
        return [Piece(piece.at, each) for piece, each in zip(raw, data, strict=True)]

    def reader(self) -> TraceReader:
        """Return a reader, which gives the events of the response as they arrive."""
        return TraceReader(self, self._redactor, self.decoder)

    def iter_lines(self) -> Iterator[StreamLine]:
        """Yield the lines of the response so far, comments and empty lines included."""
        for event in self.reader().read():
            yield from event.lines

    def events(self) -> list[StreamEvent]:
        """Return the events of the response so far: raw, and what each decoded to."""
        return self.reader().read()

    def raw(self, first: int) -> list[Piece]:
        """Return the pieces from number `first` on. For readers that remove keys."""
        times, pieces = self._times, self._pieces
        return [
            Piece(at - self._sent, each) for at, each in zip(times[first : len(pieces)], pieces[first:], strict=False)
        ]

    # What follows is for whoever receives the response.

    def record_in(self, recorder: Recorder | None) -> None:
        """Note what it is recorded in; then all of it is kept, however large it is."""
        if recorder is not None:
            self._recorders.append(recorder)
            self._most = float("inf")

    def record(self, step: Reply | None = None, cost: Cost | None = None) -> None:
        """Record the response, once it has ended.

        Args:
            step: the reply to its request; None if there was none.
            cost: what it cost.
        """
        recorders, self._recorders = self._recorders, []
        for recorder in recorders:
            # A copy, as the bytes may be dropped before they are written.
            recorder.write(copy.copy(self), step, cost)
        if self._is_outdated:
            self.drop()

    def arrives(self, at: float) -> None:
        """Note the recorded time of the next bytes, in seconds since the request was sent."""
        self._recorded_at = at

    def answered(self, status: int, headers: Mapping[str, str], error: str = "") -> None:
        """Note the status, the headers, and the body of a refusal."""
        self.status, self._error = status, error
        self._headers = {
            name.lower(): value.partition("?")[0] if name.lower() == "location" else value
            for name, value in headers.items()
            if name.lower() in _HEADERS or name.lower().startswith(_HEADER_BEGINNINGS)
        }

    def add(self, piece: bytes, now: float) -> None:
        """Add bytes that arrived at the time `now` of the monotonic clock."""
        self.size += len(piece)
        if self.size + _PIECE_BYTES * len(self._pieces) > self._most:
            self.is_cut = True
            return
        if self._recorded_at is not None:
            now = self._sent + self._recorded_at
        # The time first, so that each piece has one.
        self._times.append(now)
        self._pieces.append(piece)

    def close(self, end: ResponseEnd, failure: Failure | None = None) -> None:
        """Note the end of the response."""
        if not self.end:
            self.ended, self.failure, self.end = time.monotonic() - self._sent, failure, end

    def drop(self) -> None:
        """Forget the bytes; those that are to be recorded, once they are."""
        self._is_outdated = True
        if self._recorders:
            return
        self.size, self.is_cut = 0, True
        self._times, self._pieces, self._error = [], [], ""


class Trace:
    """The requests of one reply in their order, retries included, with the raw responses.

    Attributes:
        responses: the requests, each with its response.
        is_precise: whether the reply is read as soon as bytes arrive. Otherwise it is read once for
            each frame, so that what arrived within 70 ms has one time. Set it before the
            response begins.
        was_dropped: whether the bytes were dropped, as newer replies needed the memory.
    """

    def __init__(self) -> None:
        self.responses: list[ResponseTrace] = []
        self.is_precise = False
        self.was_dropped = False

    def __repr__(self) -> str:
        return f"<Trace of {len(self.responses)} responses, {self.size} bytes>"

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return sum(each.size for each in self.responses)

    @property
    def has_ended(self) -> bool:
        """Whether no response arrives now; false before the first one."""
        return bool(self.responses) and all(each.end for each in self.responses)

    def drop(self) -> None:
        """Forget the bytes of all responses."""
        self.was_dropped = True
        for each in self.responses:
            each.drop()


#: The traces by the instants at which their replies began, the oldest first.
_traces: dict[float, Trace] = {}
_lock = ProcessLock()


def trace_of(reply: Reply) -> Trace | None:
    """Return the raw responses of a reply, which may still arrive; None if they are not known.

    They are known in the process that received the reply, for the last hundred replies. The reply
    may have been copied, or read from the file of a job.
    """
    first = reply.steps[0].timing
    return _traces.get(first.started if first.continued is None else first.continued)  # type: ignore[arg-type]


def remember(instant: float, trace: Trace) -> float:
    """Keep the trace of a reply that begins now.

    Args:
        instant: the time, in seconds since the Unix epoch.
        trace: the trace.

    Returns:
        The time by which the trace is found. No two replies of a process have the same.
    """
    with _lock:
        while instant in _traces:
            # The clock may stand still for a while.
            instant += 1e-6
        _traces[instant] = trace
        # One that still arrives may be read meanwhile.
        ended = [each for each, known in _traces.items() if known.has_ended]
        for oldest in (*ended[: max(0, len(_traces) - _MOST_REPLIES)], *[*_traces][:-_MOST_ARRIVING]):
            if (dropped := _traces.pop(oldest, None)) is not None:
                dropped.drop()
    return instant


def resumed_trace(before: Sequence[Event]) -> Trace | None:
    """Return the trace of a reply that goes on after these events, if there are any."""
    instant = next((each.instant for each in before if isinstance(each, Started)), None)
    if instant is None:
        return None
    with _lock:
        return _traces.setdefault(instant, Trace())


def make_room() -> None:
    """Drop the oldest traces, until the others fit into the limit."""
    with _lock:
        traces = [*_traces.values()]
        total = sum(each.size for each in traces)
        for each in traces:
            if total <= MOST_BYTES:
                return
            if each.has_ended:
                total -= each.size
                each.drop()
