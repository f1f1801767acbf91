"""The reader is told of a message, so that nothing has to look for one again and again."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests import needs

zmq = pytest.importorskip("zmq")
needs.bundle()
from tornado.ioloop import IOLoop  # noqa: E402  (only where it is installed)
from zmq.eventloop.zmqstream import ZMQStream  # noqa: E402  (as above)

from nbstream.widgets import comm_reader  # noqa: E402  (as above)

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kernel:
    """The socket of a kernel's shell, and the page's end of it."""

    def __init__(self, context: Any) -> None:
        self.page, socket = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        self.page.bind("inproc://shell")
        socket.connect("inproc://shell")
        self._loop = IOLoop(make_current=False)
        self.shell_stream = ZMQStream(socket, self._loop)
        self.session = SimpleNamespace()
        self.handled: list[bytes] = []
        self.shell_stream.on_recv(lambda frames: self.handled.append(b"".join(frames)))

    @contextmanager
    def reader(self) -> Iterator[tuple[comm_reader.Reader, threading.Semaphore]]:
        woken = threading.Semaphore(0)
        with comm_reader.opened(self, lambda *_: None, woken.release) as reader:
            assert reader is not None
            # Only what tells of messages counts here.
            reader.seconds = 1_000
            yield reader, woken

    def close(self) -> None:
        self.shell_stream.close()
        self.page.close()
        self._loop.close()


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    context = zmq.Context()
    made = Kernel(context)
    yield made
    made.close()
    context.term()


@needs.posix("there the socket is polled")
def test_each_message_wakes_once_and_is_handled_in_order(kernel: Kernel) -> None:
    with kernel.reader() as (reader, woken):
        reader.read()
        for number in range(20):
            assert not woken.acquire(blocking=False)
            kernel.page.send(b"%d" % number)
            assert woken.acquire(timeout=20)
            reader.read()
    assert kernel.handled == [b"%d" % number for number in range(20)]
