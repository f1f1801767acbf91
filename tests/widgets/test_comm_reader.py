"""The reader is told of a message, so that nothing has to look for one again and again."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests import needs

zmq = pytest.importorskip("zmq")
needs.bundle()
from jupyter_client.session import Session  # noqa: E402  (only where it is installed)
from tornado.ioloop import IOLoop  # noqa: E402  (as above)
from zmq.eventloop.zmqstream import ZMQStream  # noqa: E402  (as above)

from nbstream.widgets import comm_reader  # noqa: E402  (as above)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Kernel:
    """The socket of a kernel's shell, and the page's end of it."""

    def __init__(self, context: Any) -> None:
        self.page, socket = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        self.page.bind("inproc://shell")
        socket.connect("inproc://shell")
        self._loop = IOLoop(make_current=False)
        self.shell_stream = ZMQStream(socket, self._loop)
        self.session = Session(key=b"a key of a test")
        self.handled: list[bytes] = []
        self.shell_stream.on_recv(lambda frames: self.handled.append(b"".join(frames)))

    @contextmanager
    def reader(
        self, receive: Callable[..., object] = lambda *_: None
    ) -> Iterator[tuple[comm_reader.Reader, threading.Semaphore]]:
        woken = threading.Semaphore(0)
        with comm_reader.opened(self, receive, woken.release) as reader:
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


@needs.posix("there the socket is polled")
def test_what_rings_while_the_time_is_looked_at_is_not_lost(kernel: Kernel) -> None:
    with kernel.reader() as (reader, _):
        reader.read()

        class Rung(type(reader)):  # type: ignore[misc]
            """Rings just after it was looked whether it has rung."""

            rung = False

            @property
            def _has_rung(self) -> bool:
                before, type(self).rung = self.rung, True
                return before

            @_has_rung.setter
            def _has_rung(self, rung: bool) -> None:
                type(self).rung = rung

        reader.seconds = 0
        vars(reader).pop("_has_rung")
        reader.__class__ = Rung
        reader.read()
        assert Rung.rung


def test_a_message_that_cannot_be_read_early_reaches_the_kernel_in_turn(kernel: Kernel) -> None:
    def fails(_comm_id: str, content: dict[str, Any]) -> None:
        seen.append(content)
        raise RuntimeError("of a receiver")

    seen: list[dict[str, Any]] = []
    with kernel.reader(fails) as (reader, _):
        for number in range(2):
            content = {"comm_id": "a", "data": {"method": "custom", "content": {"number": number}}}
            kernel.session.send(kernel.page, "comm_msg", content)
            reader._looked_at = -1_000
            reader.read()
    assert seen == [{"number": 0}, {"number": 1}]
    assert len(kernel.handled) == 2
