"""Small messages are messages of Jupyter's protocol, as Jupyter itself reads them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import zmq
from jupyter_client.session import Session

from nbstream.widgets.small_messages import send_small

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT = {"comm_id": "a" * 16, "data": {"method": "custom", "content": {"seq": 7, "answer": [["tail", 3, "é ☂"]]}}}


@dataclass
class Kernel:
    session: Session
    iopub_socket: Any
    page: zmq.Socket[bytes]

    def received(self) -> list[bytes]:
        assert self.page.poll(1_000)
        return self.page.recv_multipart()


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    with zmq.Context() as context, context.socket(zmq.PUSH) as iopub, context.socket(zmq.PULL) as page:
        iopub.bind("inproc://page")
        page.connect("inproc://page")
        yield Kernel(Session(key=b"secret", username='an "odd" näme'), iopub, page)


def test_jupyter_reads_a_small_message(kernel: Kernel) -> None:
    send_small(kernel, "comm_msg", CONTENT)
    _, parts = kernel.session.feed_identities(kernel.received())
    message = kernel.session.deserialize(parts)
    assert message["content"] == CONTENT
    assert message["parent_header"] == message["metadata"] == {}
    assert message["header"]["session"] == kernel.session.session
    assert message["header"].keys() == kernel.session.msg_header("comm_msg").keys()
    assert message["header"]["username"] == kernel.session.username
    assert timedelta(seconds=-1) < datetime.now(UTC) - message["header"]["date"] < timedelta(minutes=1)


def test_a_small_message_has_a_smaller_envelope_than_that_of_ipykernel(kernel: Kernel) -> None:
    kernel.session.send(kernel.iopub_socket, "comm_msg", CONTENT)
    before = sum(map(len, kernel.received()))
    send_small(kernel, "comm_msg", CONTENT)
    assert sum(map(len, kernel.received())) <= before - 50


def test_an_answer_names_its_question(kernel: Kernel) -> None:
    question = kernel.session.msg("comm_msg")
    send_small(kernel, "comm_msg", CONTENT, question)
    _, parts = kernel.session.feed_identities(kernel.received())
    message = kernel.session.deserialize(parts)
    assert message["content"] == CONTENT
    assert message["parent_header"]["msg_id"] == question["msg_id"]


def test_each_message_has_an_id_of_its_own(kernel: Kernel) -> None:
    ids = set()
    for _ in range(3):
        send_small(kernel, "comm_msg", CONTENT)
        _, parts = kernel.session.feed_identities(kernel.received())
        ids.add(kernel.session.deserialize(parts)["msg_id"])
    assert len(ids) == 3


def test_what_is_no_json_is_sent_as_ipykernel_sends_it(kernel: Kernel) -> None:
    send_small(kernel, "comm_msg", {"data": b"bytes"})
    _, parts = kernel.session.feed_identities(kernel.received())
    assert kernel.session.deserialize(parts)["content"]["data"]


def test_a_forked_process_sends_nothing(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: pid + 1)
    send_small(kernel, "comm_msg", CONTENT)
    assert not kernel.page.poll(50)
