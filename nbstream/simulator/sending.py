"""Sends one completion: at its rate, and with faults of timing and of the connection."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from nbstream.simulator import chunks, flood
from nbstream.simulator.http_connection import LAST_CHUNK

if TYPE_CHECKING:
    from nbstream.simulator.chunks import ChunkEvents
    from nbstream.simulator.completion import Completion
    from nbstream.simulator.http_connection import Response
    from nbstream.simulator.log import Entry
    from nbstream.simulator.message_events import MessageEvents
    from nbstream.simulator.scenarios import Plan

_JSON = {"Content-Type": "application/json"}
_SSE = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "Transfer-Encoding": "chunked",
}
_BOM = b"\xef\xbb\xbf"
_INVALID_CHUNK = b"size\r\n"
_BATCH_EVENTS = 64
_BATCH_BYTES = 1 << 16
_MIN_WAIT = 0.001


class Sender:
    """Sends one completion, or a recorded body, as a plan says.

    Args:
        response: the response to send it on.
        entry: the log entry, in which the sent deltas are counted and the outcome is recorded.
        plan: the scenarios.
        rate: tokens per second; 0 is as fast as possible.
        first_token: seconds before the first token.
        form: writes a completion in a format.
    """

    def __init__(
        self,
        response: Response,
        entry: Entry,
        plan: Plan,
        *,
        rate: float,
        first_token: float,
        form: type[ChunkEvents | MessageEvents] = chunks.ChunkEvents,
    ) -> None:
        self._form = form
        self._response = response
        self._entry = entry
        self._plan = plan
        self._rate = rate
        self._first_token = first_token
        self._queue = plan.get("queue")
        self._linger = plan.get("linger")
        self._damage = plan.get("damage")
        self._fault = next((name for name in ("silence", "reset", "close") if name in plan), None)
        self._options = plan.scenarios[self._fault] if self._fault else {}
        if self._fault is not None:
            response.keep_open = False

    async def send_stream(self, completion: Completion) -> None:
        """Send `completion` as server-sent events."""
        await self._response.send_head(200, {**_SSE, "x-ds-trace-id": completion.id})
        if "bom" in self._plan:
            await self._response.send_chunks([_BOM])
        await self._wait_in_queue()
        await asyncio.sleep(self._first_token)
        await self._send_events(completion)
        await self._end_stream()

    async def send_recording(self, recording: bytes) -> None:
        """Send a recorded body byte for byte, up to the fault if the plan has one."""
        await self._response.send_head(200, _SSE)
        byte = self._options.get("byte")
        byte = len(recording) if byte is None else min(byte, len(recording))
        if self._options.get("ending") == "clean" or self._fault is None:
            await self._response.send_chunks([recording[:byte]])
        else:
            await self._response.send_part(recording, byte)
        await self._end_stream()

    async def send_whole(self, completion: Completion) -> None:
        """Send `completion` as one JSON document, after the time that its stream would take."""
        await asyncio.sleep(self._queue["seconds"] if self._queue else 0)
        await asyncio.sleep(self._first_token + (len(completion.deltas) / self._rate if self._rate else 0))
        failure, form = self._plan.get("error-in-band"), self._form(completion, self._plan)
        document = form.error_object(failure) if failure else form.whole()
        body = chunks.to_json(document).encode()
        headers = {**_JSON, "x-ds-trace-id": completion.id}
        if self._fault is None:
            await self._response.send_whole(200, body, headers)
            self._entry.deltas_sent = len(completion.deltas)
        else:
            byte = self._options.get("byte")
            limit = 0 if self._fault == "silence" else len(body) // 2 if byte is None else byte
            await self._response.send_whole(200, body, headers, limit=limit)
            await self._send_fault(ending="cut")

    async def _wait_in_queue(self) -> None:
        if self._queue is None:
            return
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._queue["seconds"]
        while (left := ends - loop.time()) > 0:
            await self._response.send_chunks([chunks.comment("keep-alive", self._plan)])
            await asyncio.sleep(min(left, max(self._queue["every"], _MIN_WAIT)))

    async def _send_events(self, completion: Completion) -> None:
        """Send each event when it is due, up to the end of the stream or up to the fault."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        deltas = size = 0
        offset = self._response.body_bytes
        batch: list[chunks.Event] = []
        options = self._plan.get("flood")
        form = self._form(completion, self._plan)
        flooding = flood.stream(completion, self._plan, options, form) if options else ()
        for event in form.stream(flooding):
            part = self._bytes_before_fault(event, deltas, offset)
            if part is not None:
                await self._flush(batch)
                if self._fault == "reset":
                    await self._response.send_part(event.data, part)
                else:
                    await self._response.send_chunks([event.data[:part]])
                return
            if event.kind == "delta":
                early = began + deltas / self._rate - loop.time() if self._rate else 0
                if early > 0:
                    await self._flush(batch)
                    await asyncio.sleep(early)
                deltas += 1
            offset += len(event.data)
            size += len(event.data)
            batch.append(self._damaged(event, deltas))
            if len(batch) >= _BATCH_EVENTS or size >= _BATCH_BYTES:
                await self._flush(batch)
                size = 0
        await self._flush(batch)

    async def _flush(self, batch: list[chunks.Event]) -> None:
        if batch:
            await self._response.send_chunks([event.data for event in batch])
            self._entry.deltas_sent += sum(event.kind == "delta" for event in batch)
            batch.clear()

    def _damaged(self, event: chunks.Event, deltas: int) -> chunks.Event:
        """Return an event as it is sent, where `deltas` have come with it."""
        if self._damage is None or event.kind != "delta" or deltas != self._damage["after"] + 1:
            return event
        return replace(event, data=event.data[: len(event.data) // 2] + b"\n\n")

    def _bytes_before_fault(self, event: chunks.Event, deltas: int, offset: int) -> int | None:
        """Return how many bytes of `event` are sent before the fault, or None without a fault.

        Args:
            event: the event that comes next.
            deltas: number of deltas before it.
            offset: number of body bytes before it.
        """
        if self._fault is None:
            return None
        byte = self._options.get("byte")
        if byte is not None:
            return max(0, byte - offset) if byte - offset < len(event.data) else None
        after = self._options["after"]
        if (event.kind == "head" and after > 0) or (event.kind == "delta" and deltas < after):
            return None
        return len(event.data) // 2 if self._fault == "reset" else 0

    async def _end_stream(self) -> None:
        while self._linger is not None:
            await self._response.send_chunks([chunks.comment("keep-alive", self._plan)])
            await asyncio.sleep(max(self._linger["every"], _MIN_WAIT))
        if self._fault is None:
            await self._response.send(LAST_CHUNK)
        else:
            await self._send_fault(ending=self._options.get("ending"))

    async def _send_fault(self, *, ending: str | None) -> None:
        match self._fault:
            case "silence":
                await asyncio.Event().wait()
            case "reset":
                await self._response.reset()
                self._entry.end("reset")
            case _:
                if ending != "cut":
                    await self._response.send(LAST_CHUNK if ending == "clean" else _INVALID_CHUNK)
                self._entry.end("closed")
