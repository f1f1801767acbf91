"""Floods, connections that never end, broken HTTP, errors within a stream, and recordings."""

from __future__ import annotations

import http.client
from email.utils import parsedate_to_datetime
from time import time

import pytest

from nbstream.simulator.server import Simulator
from tests.simulator.client import TOOL, body_of, chat, logged, open_raw, read_all, read_until, unchunked
from tests.simulator.conftest import RECORDING


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        ("answer", b'"content":"xxx"'),
        ("reasoning", b'"reasoning_content":"xxx"'),
        ("call", b'"arguments":"xxx"'),
        ("calls", b'{"index":70,"function":{"arguments":"xxx"}}'),
        ("comment", b": xxx\n\n"),
        ("line", b"xxx" * 3),
    ],
)
def test_a_flood_ends_when_the_client_leaves(sim: Simulator, kind: str, mark: bytes) -> None:
    with open_raw(sim, body_of("median", f"flood kind={kind} size=3")) as raw:
        body = read_until(raw, b"xxx", 200)
    assert mark in body.replace(b"\r\n3\r\n", b"")
    assert logged(sim)["outcome"] == "disconnected"


def test_a_flood_can_be_limited(sim: Simulator) -> None:
    plain = chat(sim, "median", "normal")
    response = chat(sim, "median", "flood size=5 times=7")
    assert response.joined("content") == plain.joined("content") + "x" * 35
    assert response.finish_reason == "stop"
    assert len(chat(sim, "median", "flood size=1000000 times=1").body) > 1_000_000


def test_the_connection_can_stay_open_after_the_end(sim: Simulator) -> None:
    for scenario, before in (("linger every=0.001", b"data: [DONE]\n\n"), ("no-done linger every=0", b"}}\n\n")):
        with open_raw(sim, body_of("median", scenario)) as raw:
            body = read_until(raw, b": keep-alive", 5)
            assert before in body
            assert (b"[DONE]" in body) == ("no-done" not in scenario)
        assert logged(sim)["outcome"] == "disconnected"


def test_bytes_that_are_not_http(sim: Simulator) -> None:
    with open_raw(sim, body_of("median", "garbage")) as raw:
        assert read_all(raw) == (b"SSH-2.0-nbstream\r\n\r\n", False)
    response = chat(sim, "median", "close after=3 ending=wrong")
    assert isinstance(response.error, http.client.IncompleteRead)


def test_refusals_whose_body_never_ends_or_breaks(sim: Simulator) -> None:
    with open_raw(sim, body_of("median", "503 body=endless")) as raw:
        assert b"too busy" in read_until(raw, b"10000\r\n", 5)
    assert (logged(sim)["status"], logged(sim)["outcome"]) == (503, "disconnected")
    broken = chat(sim, "median", "503 body=broken")
    assert (broken.status, broken.json["error"]["message"][:7]) == (503, "Service")
    assert isinstance(broken.error, ConnectionResetError | http.client.IncompleteRead)


def test_retry_after_has_three_forms(sim: Simulator) -> None:
    def headers(form: str) -> dict[str, str]:
        return chat(sim, "x", f"429 retry-after=90 form={form}").headers

    assert headers("seconds")["retry-after"] == "90"
    assert headers("milliseconds")["retry-after-ms"] == "90000"
    date = parsedate_to_datetime(headers("date")["retry-after"])
    assert 80 < date.timestamp() - time() <= 90


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ("html", b"event: error\ndata: <!DOCTYPE html>\ndata: <html><head><title>502</title>"),
        ("text", b"event: error\ndata: 502: The server had an error"),
        ("empty", b"event: error\ndata: \n\n"),
        ("object", b'"code":502}}\n\n'),
    ],
)
def test_errors_within_the_stream(sim: Simulator, shape: str, data: bytes) -> None:
    assert data in chat(sim, "median", f"error-in-band after=2 shape={shape} status=502").body


def test_text_before_a_tool_call(sim: Simulator) -> None:
    response = chat(sim, "median", "tool-call say=4", tools=[TOOL])
    assert "Simulated" in response.joined("content")
    assert response.finish_reason == "tool_calls"


@pytest.mark.parametrize("length", [0, 1, 40, len(RECORDING) - 3, len(RECORDING)])
def test_a_recording_is_sent_up_to_any_byte(sim: Simulator, length: int) -> None:
    for fault, outcome in (("reset", "reset"), ("close ending=clean", "closed"), ("close ending=cut", "closed")):
        response = chat(sim, "x", f"recording {fault} byte={length}")
        assert response.body == RECORDING[:length]
        assert (response.error is None) == ("clean" in fault)
        assert logged(sim)["outcome"] == outcome


def test_a_recording_must_be_given_at_the_start(sim: Simulator) -> None:
    with open_raw(sim, body_of("x", "recording")) as raw:
        assert unchunked(read_until(raw, b"\r\n0\r\n\r\n")) == RECORDING
    with Simulator(rate=0, first_token=0) as other:
        assert chat(other, "x", "recording").status == 400
