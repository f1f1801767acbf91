"""Plays one completion on one response: in time, and with the faults that only a socket or a clock can have.

This module must not know how a completion is worked out, nor how its events are written.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from nbstream.simulator import chunks, flood

if TYPE_CHECKING:
    from nbstream.simulator.completion import Completion
    from nbstream.simulator.http_connection import Response
    from nbstream.simulator.log import Entry
    from nbstream.simulator.scenarios import Plan

_JSON = {"Content-Type": "application/json"}
_EVENTS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "Transfer-Encoding": "chunked",
}
_BOM = b"\xef\xbb\xbf"
_BATCH = 64
_BATCH_BYTES = 1 << 16
_SHORTEST_WAIT = 0.001


class Player:
    """Plays a plan.

    Args:
        response: where to.
        entry: where the deltas that went out are counted, and how it ended.
        plan: the scenarios.
        rate: tokens per second; 0 is as fast as possible.
        first_token: seconds before the first token.
    """

    def __init__(self, response: Response, entry: Entry, plan: Plan, *, rate: float, first_token: float) -> None:
        self._response = response
        self._entry = entry
        self._plan = plan
        self._rate = rate
        self._first_token = first_token
        self._queue = plan.get("queue")
        self._linger = plan.get("linger")
        self._fault = next((name for name in ("silence", "reset", "close") if name in plan), None)
        self._options = plan.steps[self._fault] if self._fault else {}
        if self._fault is not None:
            response.keep_open = False

    async def play_stream(self, made: Completion) -> None:
        """Send `made` as server-sent events."""
        await self._response.send_head(200, {**_EVENTS, "x-ds-trace-id": made.id})
        if "bom" in self._plan:
            await self._response.send_chunks([_BOM])
        await self._wait_in_queue()
        await asyncio.sleep(self._first_token)
        await self._send_events(made)
        await self._end_stream()

    async def play_recording(self, recording: bytes) -> None:
        """Send a body that was recorded before, byte for byte, up to where the fault strikes."""
        await self._response.send_head(200, _EVENTS)
        byte = self._options.get("byte")
        byte = len(recording) if byte is None else min(byte, len(recording))
        if self._options.get("ending") == "clean" or self._fault is None:
            await self._response.send_chunks([recording[:byte]])
        else:
            await self._response.send_part(recording, byte)
        await self._end_stream()

    async def _end_stream(self) -> None:
        while self._linger is not None:
            await self._response.send_chunks([chunks.comment("keep-alive", self._plan)])
            await asyncio.sleep(max(self._linger["every"], _SHORTEST_WAIT))
        if self._fault is None:
            await self._response.end_chunks()
        else:
            await self._break(ending=self._options.get("ending"))

    async def play_whole(self, made: Completion) -> None:
        """Send `made` as one JSON document, at the time at which all of it would have been streamed."""
        await asyncio.sleep(self._queue["seconds"] if self._queue else 0)
        await asyncio.sleep(self._first_token + (len(made.deltas) / self._rate if self._rate else 0))
        failure = self._plan.get("error-in-band")
        document = chunks.error_object(failure) if failure else chunks.whole(made, self._plan)
        body = chunks.dump(document).encode()
        headers = {**_JSON, "x-ds-trace-id": made.id}
        if self._fault is None:
            await self._response.send_whole(200, body, headers)
            self._entry.deltas_sent = len(made.deltas)
        else:
            byte = self._options.get("byte")
            only = 0 if self._fault == "silence" else len(body) // 2 if byte is None else byte
            await self._response.send_whole(200, body, headers, only=only)
            await self._break(ending="cut")

    async def _wait_in_queue(self) -> None:
        if self._queue is None:
            return
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._queue["seconds"]
        while (left := ends - loop.time()) > 0:
            await self._response.send_chunks([chunks.comment("keep-alive", self._plan)])
            await asyncio.sleep(min(left, max(self._queue["every"], _SHORTEST_WAIT)))

    async def _send_events(self, made: Completion) -> None:
        """Send each event when its time has come, up to the end or to where the fault strikes."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        deltas = size = 0
        planned = self._response.body_bytes
        waiting: list[chunks.Event] = []
        options = self._plan.get("flood")
        flooding = flood.stream(made, self._plan, options) if options else ()
        for event in chunks.stream(made, self._plan, flooding):
            part = self._broken_at(event, deltas, planned)
            if part is not None:
                await self._flush(waiting)
                if self._fault == "reset":
                    await self._response.send_part(event.data, part)
                else:
                    await self._response.send_chunks([event.data[:part]])
                return
            if event.kind == "delta":
                early = began + deltas / self._rate - loop.time() if self._rate else 0
                if early > 0:
                    await self._flush(waiting)
                    await asyncio.sleep(early)
                deltas += 1
            planned += len(event.data)
            size += len(event.data)
            waiting.append(event)
            if len(waiting) >= _BATCH or size >= _BATCH_BYTES:
                await self._flush(waiting)
                size = 0
        await self._flush(waiting)

    async def _flush(self, waiting: list[chunks.Event]) -> None:
        if waiting:
            await self._response.send_chunks([event.data for event in waiting])
            self._entry.deltas_sent += sum(event.kind == "delta" for event in waiting)
            waiting.clear()

    def _broken_at(self, event: chunks.Event, deltas: int, planned: int) -> int | None:
        """Return how many bytes of `event` still go out, or None if the fault does not strike in it."""
        if self._fault is None:
            return None
        byte = self._options.get("byte")
        if byte is not None:
            return max(0, byte - planned) if byte - planned < len(event.data) else None
        after = self._options["after"]
        if (event.kind == "head" and after > 0) or (event.kind == "delta" and deltas < after):
            return None
        return len(event.data) // 2 if self._fault == "reset" else 0

    async def _break(self, *, ending: str | None) -> None:
        match self._fault:
            case "silence":
                await asyncio.Event().wait()
            case "reset":
                await self._response.reset()
                self._entry.end("reset")
            case _:
                if ending == "wrong":
                    await self._response.send_wrong_chunk()
                if ending == "clean":
                    await self._response.end_chunks()
                self._entry.end("closed")
