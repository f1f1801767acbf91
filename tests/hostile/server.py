"""A server that answers with given bytes and records its requests.

The first part of a request's path names the answer, so that one origin, for which a key is set, has
many answers.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Request:
    """A request that the server has received."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """The API key in the request's body or, if that has none, in its headers; or empty."""
        proxy = json.loads(self.body).get("proxy") if self.body else None
        return proxy["api_key"] if proxy else self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def text(self) -> str:
        """The whole request as text."""
        return f"{self.path}\n{self.headers}\n{self.body!r}"


@dataclass(frozen=True)
class Response:
    """A response: pieces to send, and events to wait for, in their order.

    If `resets` is true, the connection is reset at the end.
    """

    pieces: Sequence[bytes | threading.Event] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream"})
    resets: bool = False


Answer: TypeAlias = "Callable[[Request], Response]"


def event(value: Any, name: str = "") -> bytes:
    """Return one server-sent event with `value` as JSON."""
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(value).encode() + b"\n\n"


def chunk(*, finish: str | None = None, **delta: Any) -> bytes:
    """Return a chunk of a chat completion as a server-sent event."""
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _nothing(_: Request) -> Response:
    return Response([b"Not found."], 404)


class HostileServer:
    """A context manager that listens on a free port of 127.0.0.1."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.requests: list[Request] = []
        self._closing = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.path, headers, self.rfile.read(size))
                outer.requests.append(request)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self._send(answers.get(self.path.split("/")[1], _nothing)(request))

            def do_GET(self) -> None:
                self.do_POST()

            def _send(self, response: Response) -> None:
                self.send_response(response.status)
                for name, value in response.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for piece in response.pieces:
                    if isinstance(piece, bytes):
                        self.wfile.write(piece)
                    else:
                        outer._wait(piece)
                if response.resets:
                    # With a linger time of 0, closing the socket resets the connection.
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def _wait(self, release: threading.Event) -> None:
        for _ in range(int(_TIMEOUT_SECONDS / 0.02)):
            if release.wait(0.02) or self._closing.is_set():
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
