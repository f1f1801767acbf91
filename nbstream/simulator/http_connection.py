"""As much HTTP/1.1 as the simulator needs, on a socket that it can also break.

A `Connection` reads requests and knows at once when the client has gone; a `Response` writes one answer, or a part of
one. This module must not know what is asked or answered.
"""

from __future__ import annotations

import asyncio
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from socket import SO_LINGER, SOL_SOCKET, create_server, socket
from typing import TYPE_CHECKING

if sys.platform == "linux":
    import fcntl
    import termios

if TYPE_CHECKING:
    from asyncio.trsock import TransportSocket
    from collections.abc import Callable, Mapping

_LINE_LIMIT = 16 * 1024
_HEADERS_LIMIT = 100
_BODY_LIMIT = 32 * 1024 * 1024
_REQUEST_LINE_PARTS = 3
_BACKLOG = 128
_QUICK_TURNS = 100
_SLOW_TURN = 0.001


class BadRequest(Exception):  # noqa: N818 - an answer, not a defect
    """What came is not a request that this server reads; it is answered with `status`, and the connection closed."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """One request, wholly read. `path` has no query; the names of `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def wants_close(self) -> bool:
        """Whether the client will send no other request on this connection."""
        return "close" in self.headers.get("connection", "").lower()


class _Protocol(asyncio.StreamReaderProtocol):
    """Tells at once that the client has gone, also while nobody reads or writes."""

    def __init__(self, accepted: Callable[[Connection], None]) -> None:
        self.gone = asyncio.Event()
        reader = asyncio.StreamReader(limit=_LINE_LIMIT)
        super().__init__(reader, lambda reader, writer: accepted(Connection(reader, writer, self.gone)))

    def eof_received(self) -> bool | None:
        self.gone.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()
        super().connection_lost(exc)


def listen(port: int) -> socket:
    """Return a socket that listens on the loopback address, and on no other.

    Raises:
        OSError: if the port is in use or may not be had.
    """
    listener = create_server(("127.0.0.1", port), backlog=_BACKLOG)
    listener.setblocking(False)  # noqa: FBT003 - socket's own signature
    return listener


async def accept(listener: socket, accepted: Callable[[Connection], None]) -> None:
    """Hand every client to `accepted`, until cancelled. Needs a loop that has `add_reader`.

    Neither `loop.create_server` nor `loop.sock_accept`: a client that arrives in the very turn of the loop in which
    these are closed or cancelled is left with an open socket that nobody knows of (Python 3.11), and waits for ever.
    """
    loop = asyncio.get_running_loop()
    arriving: set[asyncio.Task[None]] = set()

    def arrived() -> None:
        with suppress(OSError):  # it has already gone
            client, _ = listener.accept()
            client.setblocking(False)  # noqa: FBT003 - socket's own signature
            task = loop.create_task(_connect(client, accepted))
            arriving.add(task)
            task.add_done_callback(arriving.discard)

    loop.add_reader(listener, arrived)
    try:
        await asyncio.Event().wait()
    finally:
        loop.remove_reader(listener)
        await asyncio.gather(*arriving, return_exceptions=True)


async def _connect(client: socket, accepted: Callable[[Connection], None]) -> None:
    await asyncio.get_running_loop().connect_accepted_socket(lambda: _Protocol(accepted), client)


class Connection:
    """One client. `gone` is set when it has closed its side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gone: asyncio.Event) -> None:
        self._reader = reader
        self.writer = writer
        self.gone = gone
        # With no buffer of our own, what was drained is with the kernel, and what the log counts is on its way.
        writer.transport.set_write_buffer_limits(high=0)

    async def read_request(self) -> Request | None:
        """Return the next request, or None when the client is done.

        Raises:
            BadRequest: if what came is none.
        """
        try:
            line = await self._line()
            if not line:
                return None
            parts = line.decode("latin-1").split()
            if len(parts) != _REQUEST_LINE_PARTS or parts[2] != "HTTP/1.1":
                raise BadRequest(HTTPStatus.BAD_REQUEST, "This is not an HTTP/1.1 request.")
            headers = await self._headers()
            body = await self._body(headers)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return Request(parts[0], parts[1].partition("?")[0], headers, body)

    async def _line(self) -> bytes:
        try:
            return await self._reader.readline()
        except ValueError:
            raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "A line is too long.") from None

    async def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for _ in range(_HEADERS_LIMIT):
            line = await self._line()
            if not line:
                raise ConnectionResetError
            if not line.strip():
                return headers
            name, colon, value = line.decode("utf-8", "surrogateescape").partition(":")
            if not colon:
                raise BadRequest(HTTPStatus.BAD_REQUEST, "A header has no colon.")
            headers[name.strip().lower()] = value.strip()
        raise BadRequest(HTTPStatus.BAD_REQUEST, f"More than {_HEADERS_LIMIT} headers.")

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        if "transfer-encoding" in headers:
            raise BadRequest(HTTPStatus.LENGTH_REQUIRED, "Send the body with Content-Length.")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise BadRequest(HTTPStatus.BAD_REQUEST, "Content-Length is not a number.")
        if int(length) > _BODY_LIMIT:
            raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is limited to {_BODY_LIMIT} bytes.")
        if headers.get("expect", "").lower() == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return await self._reader.readexactly(int(length))

    async def close(self, *, at_once: bool) -> None:
        """Close the connection; `at_once` drops what is not sent yet."""
        if at_once:
            self.writer.transport.abort()
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


class Response:
    """The answer to one request.

    Args:
        connection: the client that asked.
        begins: called with the HTTP status just before the first byte is sent.

    Attributes:
        keep_open: whether the connection can serve another request after it.
        one_byte: send each byte in a packet of its own.
        body_bytes: bytes of a streamed body so far, counted before chunking.
    """

    def __init__(self, connection: Connection, begins: Callable[[int], object]) -> None:
        self._writer = connection.writer
        self._begins = begins
        self.keep_open = True
        self.one_byte = False
        self.body_bytes = 0

    async def send_head(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the status line and the headers."""
        self._begins(status)
        phrase = next((each.phrase for each in HTTPStatus if each == status), "Unknown")
        connection = "keep-alive" if self.keep_open else "close"
        lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        lines += ["Server: nbstream-simulator", f"Connection: {connection}", "", ""]
        await self._send("\r\n".join(lines).encode("latin-1", "replace"))

    async def send_whole(
        self, status: int, body: bytes, headers: Mapping[str, str], *, only: int | None = None
    ) -> None:
        """Send an answer whose length is known; with `only`, no more than that many bytes of its body."""
        await self.send_head(status, {**headers, "Content-Length": str(len(body))})
        await self._send(body[:only])

    async def send_chunks(self, pieces: list[bytes]) -> None:
        """Send each piece as one chunk of the body, all in one write."""
        self.body_bytes += sum(map(len, pieces))
        await self._send(b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece))

    async def send_part(self, piece: bytes, length: int) -> None:
        """Send the beginning of a chunk: its first `length` bytes."""
        if length:
            self.body_bytes += length
            await self._send(b"%x\r\n%b" % (len(piece), piece[:length]))

    async def send_wrong_chunk(self) -> None:
        """Send a chunk whose size is no number, as nothing that follows HTTP does."""
        await self._send(b"size\r\n")

    async def send_garbage(self) -> None:
        """Send what another protocol would, and no HTTP at all."""
        self.keep_open = False
        await self._send(b"SSH-2.0-nbstream\r\n\r\n")

    async def end_chunks(self) -> None:
        """End a chunked body properly."""
        await self._send(b"0\r\n\r\n")

    async def reset(self) -> None:
        """Break the connection with a TCP reset, once the client's kernel has everything that was sent before."""
        await self._until_delivered()
        self._writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def _send(self, data: bytes) -> None:
        for piece in (data[at : at + 1] for at in range(len(data))) if self.one_byte else (data,):
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(0)  # drain alone does not let anybody else run, such as the one who notices a hang-up
            if self.one_byte:
                await self._until_delivered()  # or the kernel joins what waits to be sent into one packet

    async def _until_delivered(self) -> None:
        """Wait until the client's kernel has acknowledged everything; a client that does not read may prevent it."""
        turns = 0
        while _unacknowledged(self._writer.get_extra_info("socket")):
            turns += 1
            await asyncio.sleep(0 if turns < _QUICK_TURNS else _SLOW_TURN)


def _unacknowledged(connected: TransportSocket) -> int:
    """Return how many bytes the other side has not acknowledged; 0 where the system does not tell (`man 7 tcp`)."""
    if sys.platform != "linux" or connected.fileno() < 0:
        return 0
    (count,) = struct.unpack("i", fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, bytes(4)))
    return int(count)
