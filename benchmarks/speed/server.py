"""Streams recordings at an even rate: `python -m benchmarks.speed.server`, which prints its port.

Everything is encoded in advance, so that sending takes little CPU time. The server is a separate
process, so that its time is not counted as that of kernel or page.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from benchmarks.speed.recording import Plan, deltas, event, last_events, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
#: Number of bytes to write before waiting for the reader.
_PIECE = 64 << 10


@cache
def _recorded(plan: Plan) -> tuple[list[bytes], bytes]:
    return [event(*delta) for delta in deltas(plan)], last_events(plan)


def _stamped(number: int) -> bytes:
    # Some list items, so that there are finished blocks.
    start = "\n- " if number % 20 == 0 else " "
    return event("content", f"{start}{stamp(time.time())}")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def _send(writer: asyncio.StreamWriter, plan: Plan) -> None:
    events, last = ([], last_events(plan)) if plan.stamped else _recorded(plan)
    count = plan.tokens if plan.stamped else len(events)
    began = time.monotonic()
    sent = 0
    while sent < count:
        if plan.rate:
            due = min(count, int((time.monotonic() - began) * plan.rate) + 1)
            # Each delta is a separate packet, as from a real server.
            for number in range(sent, due):
                writer.write(_chunk(_stamped(number) if plan.stamped else events[number]))
            sent = due
            await writer.drain()
            await asyncio.sleep(max(0.0, began + sent / plan.rate - time.monotonic()))
        else:
            until, size = sent, 0
            while until < count and size < _PIECE:
                size += len(events[until])
                until += 1
            writer.write(b"".join(map(_chunk, events[sent:until])))
            sent = until
            await writer.drain()
    writer.write(_chunk(last) + b"0\r\n\r\n")
    await writer.drain()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            body = json.loads(await reader.readexactly(int(lengths[0].split(b":")[1])))
            plan = Plan.read(body["model"])
            writer.write(_HEAD)
            await _send(writer, plan)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def running() -> Iterator[str]:
    """Start the server in a separate process; yield its URL."""
    command = [sys.executable, "-m", "benchmarks.speed.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_main())
