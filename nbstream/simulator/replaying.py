"""Answers requests from a recording: `nbstream simulate --replay lesson.jsonl`.

Requests are matched as nbstream itself matches them, at any host and with any key or none.
"""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING

from nbstream.recordings.matching import canonical
from nbstream.recordings.taken import Asked
from nbstream.simulator.http_connection import LAST_CHUNK
from nbstream.simulator.refusal import Refusal

if TYPE_CHECKING:
    from nbstream.recordings.recording import Recording
    from nbstream.recordings.taken import Taken
    from nbstream.simulator.http_connection import Request, Response
    from nbstream.simulator.log import Entry

_EVENTS = {"content-type": "text/event-stream; charset=utf-8"}


class Replaying:
    """Answers requests with the responses of a recording.

    Args:
        recording: the recording.
        speed: 2 is twice as fast as it was recorded; infinity does not wait.
    """

    def __init__(self, recording: Recording, speed: float = 1.0) -> None:
        self._recording = recording
        self._speed = speed

    async def answer(self, request: Request, response: Response, entry: Entry) -> None:
        """Send the recorded response to a request, with its faults.

        Raises:
            Refusal: if there is none.
        """
        asked = _asked(request)
        taken = self._recording.response_to(asked, any_host=True)
        if taken is None:
            raise Refusal(400, self._unknown(asked), "not_recorded")
        entry.scenario = "replay"
        began = asyncio.get_running_loop().time()
        if taken.status is None:
            await self._until(began, taken.seconds)
            await _fail(taken, response, entry)
        elif taken.end == "refused":
            await self._until(began, taken.seconds)
            await response.send_whole(taken.status, taken.error.encode("utf-8", "replace"), taken.headers)
        else:
            await self._stream(taken, taken.status, response, entry, began)

    async def _stream(self, taken: Taken, status: int, response: Response, entry: Entry, began: float) -> None:
        is_whole = taken.end in ("whole", "left")
        response.keep_open = response.keep_open and is_whole
        await response.send_head(status, {**_EVENTS, **taken.headers, "Transfer-Encoding": "chunked"})
        for at, piece in taken.pieces:
            await self._until(began, at)
            await response.send_chunks([piece])
            entry.deltas_sent += piece.count(b"data:")
        await self._until(began, taken.seconds)
        if is_whole:
            await response.send(LAST_CHUNK)
        else:
            await _fail(taken, response, entry)

    async def _until(self, began: float, seconds: float) -> None:
        if not math.isinf(self._speed):
            await asyncio.sleep(began + seconds / self._speed - asyncio.get_running_loop().time())

    def _unknown(self, asked: Asked) -> str:
        difference = self._recording.difference(asked)
        said = f"{self._recording.name} has no response to this request"
        if difference is None:
            return f"{said}: no {asked.call} was recorded."
        return f"{said}. The nearest recorded request differs in {difference}"


def _asked(request: Request) -> Asked:
    body = None
    if request.method == "POST":
        try:
            body = json.loads(request.body)
        except (ValueError, RecursionError):
            body = None
        body = canonical(body) if isinstance(body, dict) else {}
    return Asked(request.method, f"http://127.0.0.1{request.path}", body)


async def _fail(taken: Taken, response: Response, entry: Entry) -> None:
    """End a response that broke, or that the user stopped: nobody knows how it would go on."""
    if (taken.failure or {}).get("kind") == "stalled":
        await asyncio.Event().wait()
    await response.reset()
    entry.end("reset")
