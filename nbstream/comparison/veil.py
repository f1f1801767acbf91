"""The texts of a blind comparison, at an equal pace: neither speed nor silence tells who writes.

The page is sent replies of its own, which hold nothing but text, under letters. Each shows as many
characters as the slowest one has that still writes. Once that has ended, the others go on at the
same pace, as if they had just been written.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from copy import copy
from typing import TYPE_CHECKING, Self

from nbstream.client.loop import background_loop
from nbstream.client.redaction import KeyRedactor
from nbstream.client.run import Run
from nbstream.language import _
from nbstream.model.events import Answer, Ended, Finished, Moved
from nbstream.model.request import Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from nbstream.client.retry import Limits
    from nbstream.client.sources import Decoder, Noting
    from nbstream.comparison.columns import Column
    from nbstream.model.events import Event
    from nbstream.model.failure import Failure
    from nbstream.model.reply import Reply

_TICK_SECONDS = 1 / 15
#: Characters a second: no pace is slower, so that a reader does not wait for nothing.
_LEAST_PACE = 600
#: So much faster than on the average the texts may grow while all are written.
_CATCHING_UP = 2
#: A source that is silent for long is given up, so a veiled one sends something now and then.
_BEAT_SECONDS = 5.0


class Veil:
    """How much of the texts of several columns is shown.

    Args:
        columns: the columns, from left to right.
        clock: returns seconds.
    """

    def __init__(self, columns: Sequence[Column], clock: Callable[[], float] = time.monotonic) -> None:
        self._columns = tuple(columns)
        self._clock = clock
        self._shown = 0.0
        self._began: float | None = None
        self._looked = clock()
        self._is_lifted = False

    def lift(self) -> None:
        """Show the rest at once: the user has stopped all, or nobody sees the texts grow."""
        self._is_lifted = True

    def run(self, place: int, letter: str, limits: Limits) -> Run:
        """Return the reply that a page shows at a place. To stop it stops the column."""
        column = self._columns[place]
        run = Run(VeiledSource(self, column, letter), limits)

        def end() -> None:
            if not column.has_ended:
                column.cancel()

        # Later, as the receiver holds its lock then.
        run.receiver.future.add_done_callback(lambda _: background_loop().call_soon_threadsafe(end))
        return run

    def text_of(self, column: Column) -> tuple[str, bool]:
        """Return what may be shown of a column's text, and whether that is all there will be."""
        self._advance()
        text = text_of(column)
        at = int(self._shown)
        return text[:at], column.has_ended and len(text) <= at

    def _advance(self) -> None:
        now = self._clock()
        passed, self._looked = now - self._looked, now
        lengths = [len(text_of(each)) for each in self._columns]
        written = [length for each, length in zip(self._columns, lengths, strict=True) if not each.has_ended]
        most = min(written) if written else max(lengths)
        if most > 0 and self._began is None:
            self._began = now
        if self._began is None:
            return
        if self._is_lifted:
            self._shown = max(self._shown, float(most))
            return
        average = self._shown / max(now - self._began, _TICK_SECONDS)
        pace = max(_LEAST_PACE, average * (_CATCHING_UP if len(written) == len(lengths) else 1))
        self._shown = max(self._shown, min(float(most), self._shown + pace * passed))
        if most and most - self._shown < 1:
            self._shown = float(most)


def text_of(column: Column) -> str:
    """Return the text of a column so far, without anything that tells its model or its server."""
    reply = column.reply
    if reply.request.structure is not None and not reply.ended:
        # A structured answer may be asked for once more, and counts at the end.
        return ""
    words = reply.answer or reply.refusal
    calls = [f"`{each.name}({each.arguments})`" for each in reply.tool_calls] if reply.ended else []
    return "\n\n".join(filter(None, [words, *calls]))


def note_on(reply: Reply) -> str:
    """Return what a reader may know of a reply that is not whole, before the choice."""
    if reply.status == "failed":
        return _("It failed. Why is told after the choice.")
    if reply.status == "cancelled":
        return _("It was stopped.")
    if reply.status == "truncated":
        return _("It was cut off. Why is told after the choice.")
    return "" if reply.answer or reply.refusal or reply.tool_calls else _("It has no answer.")


class VeiledSource:
    """The source of a reply that holds the shown text of a column, and nothing else.

    Args:
        veil: says how much is shown.
        column: the column.
        letter: its name until the choice.
    """

    server = ""
    is_sent = False
    earlier = None
    redactor = KeyRedactor()
    speed = 1.0

    def __init__(self, veil: Veil, column: Column, letter: str) -> None:
        structure = column.source.request.structure
        self.request = Request(letter, structure=structure)
        self._veil = veil
        self._column = column

    def with_request(self, request: Request) -> Self:
        """Return the source of a changed request; see `Source.with_request`."""
        changed = copy(self)
        changed.request = request
        return changed

    async def prepare(self) -> None:
        """Do nothing."""

    @asynccontextmanager
    async def open(self, response: Noting) -> AsyncIterator[AsyncIterator[bytes]]:  # noqa: ARG002  (as below)
        """See `Source.open`; the response is the column's own."""
        yield self._pieces()

    def decoder(self, max_bytes: int) -> Decoder:  # noqa: ARG002  (the column's own reply has that limit)
        """Return a decoder of what `open` gives."""
        return _VeiledDecoder()

    async def _pieces(self) -> AsyncIterator[bytes]:
        shown, beat = "", 0.0
        while True:
            text, is_over = self._veil.text_of(self._column)
            if text != shown:
                grows = text.startswith(shown)
                told = {"add": text[len(shown) :]} if grows else {"before": shown, "add": text}
                shown = text
                yield f"{json.dumps(told)}\n".encode()
            if is_over:
                if shown == "" or self._column.reply.status != "complete":
                    yield b'{"is_whole": false}\n'
                return
            beat += _TICK_SECONDS
            if beat >= _BEAT_SECONDS:
                beat = 0.0
                yield b"\n"
            await asyncio.sleep(_TICK_SECONDS)


class _VeiledDecoder:
    ended = delivered = finished = has_usage = False

    def __init__(self) -> None:
        self.payloads = 0
        self._rest = b""
        self._is_whole = True

    def feed(self, piece: bytes, at: float) -> list[Event]:
        self.payloads += 1
        *lines, self._rest = (self._rest + piece).split(b"\n")
        events: list[Event] = []
        for line in filter(None, lines):
            told = json.loads(line)
            self._is_whole &= told.get("is_whole", True)
            if "before" in told:
                events.append(Moved(at, "reasoning", told["before"]))
            if told.get("add"):
                events.append(Answer(at, told["add"]))
                self.delivered = True
        return events

    def flush(self, at: float) -> list[Event]:  # noqa: ARG002  (see `Decoder.flush`)
        return []

    def finish(self, at: float, failure: Failure | None = None) -> list[Event]:  # noqa: ARG002  (it has no network)
        self.ended = True
        if not self._is_whole:
            # What happened would tell the server; a note tells what the reader may know.
            return [Ended(at, "cancelled")]
        return [Finished(at, "stop"), Ended(at, "served")]
