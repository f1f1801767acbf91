"""Sends requests to the simulator with `http.client` and raw sockets, and reads its responses."""

from __future__ import annotations

import http.client
import json
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator

KEY = "sk-canary-1234"
NOTICE = "*Simulated: no model was called.*"
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
}


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes
    error: Exception | None = None

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def chunks(self) -> list[Any]:
        data = [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]
        return [json.loads(each) for each in data if each != "[DONE]"]

    def joined(self, field: str) -> str:
        deltas = [choice["delta"] for chunk in self.chunks for choice in chunk["choices"]]
        return "".join(delta.get(field) or "" for delta in deltas)

    @property
    def finish_reason(self) -> Any:
        return next(c["finish_reason"] for chunk in self.chunks for c in chunk["choices"] if c["finish_reason"])


def body_of(prompt: str, scenario: str | None = None, **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": "deepseek-flash",
        "messages": [{"role": "user", "content": prompt}],
        "stream": True,
    }
    return body | ({} if scenario is None else {"simulate": scenario}) | fields


def request(sim: Simulator, method: str, path: str, body: bytes | None = None, key: str | None = KEY) -> Response:
    connection = http.client.HTTPConnection(sim.url.removeprefix("http://"), timeout=10)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    try:
        connection.request(method, path, body, headers)
        read, error = b"", None
        with connection.getresponse() as received:
            try:
                while piece := received.read1(65536):
                    read += piece
            except (OSError, http.client.HTTPException) as caught:
                error = caught
        return Response(received.status, {k.lower(): v for k, v in received.headers.items()}, read, error)
    finally:
        connection.close()


def chat(sim: Simulator, prompt: str = "median", scenario: str | None = None, **fields: Any) -> Response:
    return request(sim, "POST", "/chat/completions", json.dumps(body_of(prompt, scenario, **fields)).encode())


def open_raw(sim: Simulator, body: dict[str, Any], *, buffer: int = 1 << 18) -> socket.socket:
    content = json.dumps(body).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {KEY}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    raw = socket.socket()
    # Otherwise the system lets the buffer grow to many megabytes.
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    raw.settimeout(10)
    raw.connect(("127.0.0.1", int(sim.url.rpartition(":")[2])))
    raw.sendall(head.encode() + content)
    return raw


def read_until(raw: socket.socket, mark: bytes, times: int = 1) -> bytes:
    read = b""
    while read.count(mark) < times:
        piece = raw.recv(65536)
        assert piece, f"closed before {mark!r}: {read!r}"
        read += piece
    return read


def read_all(raw: socket.socket) -> tuple[bytes, bool]:
    """Return all bytes up to the end, and whether the connection was reset."""
    read = b""
    try:
        while piece := raw.recv(65536):
            read += piece
    except ConnectionResetError:
        return read, True
    return read, False


def logged(sim: Simulator) -> dict[str, Any]:
    """Return the log entry of the last request, once that has ended."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        entries = sim.log()
        if entries and entries[-1]["outcome"] is not None:
            return entries[-1]
        time.sleep(0.001)
    raise AssertionError(f"the request has not ended: {sim.log()}")


def unchunked(raw: bytes) -> bytes:
    """Return the body of a chunked response; fail if a chunk is wrong or the last is missing."""
    _, _, rest = raw.partition(b"\r\n\r\n")
    body = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        assert rest[length : length + 2] == b"\r\n"
        body, rest = body + rest[:length], rest[length + 2 :]
        if length == 0:
            assert rest == b""
            return body
