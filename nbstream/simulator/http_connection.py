"""The part of HTTP/1.1 that the simulator needs, on a socket that it can also break.

A `Connection` reads requests and notices at once when the client closes it. A `Response` writes one
answer, or a part of one.
"""

from __future__ import annotations

import asyncio
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from socket import IPPROTO_TCP, SO_LINGER, SOL_SOCKET, TCP_NODELAY, create_server, socket
from typing import TYPE_CHECKING

if sys.platform == "linux":
    import fcntl
    import termios

if TYPE_CHECKING:
    from asyncio.trsock import TransportSocket
    from collections.abc import Callable, Mapping

_MAX_LINE = 16 * 1024
_MAX_HEADERS = 100
#: An image may have 32 MiB, which takes a third more in base64.
_MAX_BODY = 64 * 1024 * 1024
_REQUEST_LINE_PARTS = 3
_BACKLOG = 128
_POLLS_WITHOUT_WAIT = 100
_POLL_SECONDS = 0.001
_BYTE_SECONDS = 0.001

#: Ends a chunked body.
LAST_CHUNK = b"0\r\n\r\n"


class BadRequest(Exception):  # noqa: N818 - an answer, not a defect
    """The client did not send a request that this server can read.

    The server answers with `status` and closes the connection.
    """

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """One complete request. `path` has no query; the names in `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def wants_close(self) -> bool:
        """Whether the client asks to close the connection after this request."""
        return "close" in self.headers.get("connection", "").lower()


class _Protocol(asyncio.StreamReaderProtocol):
    """Notices when the client closes the connection, even while nothing is read or written."""

    def __init__(self, on_accept: Callable[[Connection], None]) -> None:
        self.client_left = asyncio.Event()
        reader = asyncio.StreamReader(limit=_MAX_LINE)
        super().__init__(reader, lambda reader, writer: on_accept(Connection(reader, writer, self.client_left)))

    def eof_received(self) -> bool | None:
        self.client_left.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.client_left.set()
        super().connection_lost(exc)


def listen(port: int) -> socket:
    """Return a socket that listens on 127.0.0.1 only.

    Raises:
        OSError: if the port is in use or not permitted.
    """
    listener = create_server(("127.0.0.1", port), backlog=_BACKLOG)
    listener.setblocking(False)  # noqa: FBT003 - socket's own signature
    return listener


async def accept(listener: socket, on_accept: Callable[[Connection], None]) -> None:
    """Call `on_accept` with the connection of every client, until cancelled.

    Needs an event loop that has `add_reader`. This is not done with `loop.create_server` or
    `loop.sock_accept`: if a client connects in the same iteration of the loop in which those are
    closed or cancelled, its socket stays open without an owner, and the client waits without end
    (seen with Python 3.11).
    """
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def accept_one() -> None:
        with suppress(OSError):  # the client has already closed the connection
            client, _ = listener.accept()
            client.setblocking(False)  # noqa: FBT003  (socket's own signature)
            # asyncio sets it only where the socket names its protocol. Without it, each answer on a
            # kept connection waits 40 ms for the client's acknowledgement.
            client.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            task = loop.create_task(_connect(client, on_accept))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    loop.add_reader(listener, accept_one)
    try:
        await asyncio.Event().wait()
    finally:
        loop.remove_reader(listener)
        await asyncio.gather(*tasks, return_exceptions=True)


async def _connect(client: socket, on_accept: Callable[[Connection], None]) -> None:
    await asyncio.get_running_loop().connect_accepted_socket(lambda: _Protocol(on_accept), client)


class Connection:
    """The connection to one client. `client_left` is set when the client closes its side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client_left: asyncio.Event) -> None:
        self._reader = reader
        self.writer = writer
        self.client_left = client_left
        # Without a buffer here, drained bytes are in the kernel's buffer, so the log counts only
        # sent deltas.
        writer.transport.set_write_buffer_limits(high=0)

    async def read_request(self) -> Request | None:
        """Return the next request, or None when the client has closed the connection.

        Raises:
            BadRequest: if the client sent something else than a request.
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
        for _ in range(_MAX_HEADERS):
            line = await self._line()
            if not line:
                raise ConnectionResetError
            if not line.strip():
                return headers
            name, colon, value = line.decode("utf-8", "surrogateescape").partition(":")
            if not colon:
                raise BadRequest(HTTPStatus.BAD_REQUEST, "A header has no colon.")
            headers[name.strip().lower()] = value.strip()
        raise BadRequest(HTTPStatus.BAD_REQUEST, f"More than {_MAX_HEADERS} headers.")

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        if "transfer-encoding" in headers:
            raise BadRequest(HTTPStatus.LENGTH_REQUIRED, "Send the body with Content-Length.")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise BadRequest(HTTPStatus.BAD_REQUEST, "Content-Length is not a number.")
        if int(length) > _MAX_BODY:
            raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is limited to {_MAX_BODY} bytes.")
        if headers.get("expect", "").lower() == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return await self._reader.readexactly(int(length))

    async def close(self, *, abort: bool) -> None:
        """Close the connection; with `abort`, discard bytes that are not sent yet."""
        if abort:
            self.writer.transport.abort()
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


class Response:
    """The answer to one request.

    Args:
        connection: the connection that the request came from.
        on_begin: called with the HTTP status just before the first byte is sent.

    Attributes:
        keep_open: whether the connection can be used for another request afterwards.
        one_byte: whether to send each byte in a packet of its own.
        body_bytes: number of bytes of a streamed body so far, without the framing of HTTP chunks.
    """

    def __init__(self, connection: Connection, on_begin: Callable[[int], object]) -> None:
        self._writer = connection.writer
        self._on_begin = on_begin
        self.keep_open = True
        self.one_byte = False
        self.body_bytes = 0

    async def send_head(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the status line and the headers."""
        self._on_begin(status)
        phrase = next((known.phrase for known in HTTPStatus if known == status), "Unknown")
        connection = "keep-alive" if self.keep_open else "close"
        lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        lines += ["Server: nbstream-simulator", f"Connection: {connection}", "", ""]
        await self.send("\r\n".join(lines).encode("latin-1", "replace"))

    async def send_whole(
        self, status: int, body: bytes, headers: Mapping[str, str], *, limit: int | None = None
    ) -> None:
        """Send a complete answer, but no more than `limit` bytes of the body."""
        await self.send_head(status, {**headers, "Content-Length": str(len(body))})
        await self.send(body[:limit])

    async def send_chunks(self, pieces: list[bytes]) -> None:
        """Send each piece as one HTTP chunk, all in one write."""
        self.body_bytes += sum(map(len, pieces))
        await self.send(b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece))

    async def send_part(self, piece: bytes, length: int) -> None:
        """Send the header of an HTTP chunk and the first `length` bytes of the chunk."""
        if length:
            self.body_bytes += length
            await self.send(b"%x\r\n%b" % (len(piece), piece[:length]))

    async def reset(self) -> None:
        """Break the connection with a TCP reset, after the client has received all bytes."""
        await self._until_delivered()
        self._writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def send(self, data: bytes) -> None:
        """Send `data` as it is, whether it is HTTP or not."""
        for piece in (data[at : at + 1] for at in range(len(data))) if self.one_byte else (data,):
            self._writer.write(piece)
            await self._writer.drain()
            # `drain` alone does not let other tasks run, such as the one that notices a hang-up.
            await asyncio.sleep(0)
            if self.one_byte:
                # Otherwise the system might join several bytes into one packet. To wait until the
                # client has acknowledged the byte would take 40 ms.
                await asyncio.sleep(_BYTE_SECONDS)

    async def _until_delivered(self) -> None:
        """Wait until the client's system has acknowledged all bytes.

        If the client does not read, this may not return.
        """
        polls = 0
        while _unacknowledged(self._writer.get_extra_info("socket")):
            polls += 1
            await asyncio.sleep(0 if polls < _POLLS_WITHOUT_WAIT else _POLL_SECONDS)


def _unacknowledged(connected: TransportSocket) -> int:
    """Return how many bytes the other side has not acknowledged (`man 7 tcp`).

    On systems other than Linux this is not known, and 0.
    """
    if sys.platform != "linux" or connected.fileno() < 0:
        return 0
    (count,) = struct.unpack("i", fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, bytes(4)))
    return int(count)
