"""Faults before and in the stream."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests import needs
from tests.simulator.client import NOTICE, Response, body_of, chat, logged, open_raw, read_all, read_until, unchunked

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator


@pytest.mark.parametrize("status", [401, 402, 404, 409, 422, 429, 500, 503, 529])
def test_a_refusal(sim: Simulator, status: int) -> None:
    response = chat(sim, "x", f"{status}")
    assert response.status == status
    assert response.json["error"]["message"]
    assert "retry-after" not in response.headers
    assert (logged(sim)["status"], logged(sim)["outcome"]) == (status, "served")


def test_a_refusal_with_every_kind_of_body(sim: Simulator) -> None:
    def refused(body: str) -> Response:
        return chat(sim, "x", f"402 body={body} retry-after=2")

    shapes = {name: refused(name) for name in ("json", "string", "message", "html", "octet", "empty")}
    assert {response.headers["retry-after"] for response in shapes.values()} == {"2"}
    assert shapes["json"].json["error"]["message"] == "Insufficient Balance"
    assert shapes["string"].json == {"error": "Insufficient Balance"}
    assert shapes["message"].json == {"message": "Insufficient Balance"}
    assert shapes["html"].headers["content-type"].startswith("text/html")
    assert shapes["html"].body.startswith(b"<!DOCTYPE html>")
    assert shapes["octet"].headers["content-type"] == "application/octet-stream"
    assert shapes["octet"].body == b"Insufficient Balance"
    assert shapes["empty"].body == b""
    assert "content-type" not in shapes["empty"].headers


def test_a_refusal_can_be_limited_to_a_number_of_times_per_prompt(sim: Simulator) -> None:
    def statuses(prompt: str, count: int) -> list[int]:
        return [chat(sim, prompt, "429 times=2").status for _ in range(count)]

    assert statuses("one", 3) == [429, 429, 200]
    assert statuses("two", 1) == [429]
    assert statuses("one", 3) == [429, 429, 200]  # it starts again, so that a demo can be repeated
    assert statuses("two", 2) == [429, 200]


def test_a_queue_sends_keep_alives_then_answers(sim: Simulator) -> None:
    response = chat(sim, "median", "queue seconds=0.05 every=0.01")
    before, _, _ = response.body.partition(b"data: ")
    assert before == b": keep-alive\n\n" * before.count(b":")
    assert before.count(b":") >= 1
    assert response.finish_reason == "stop"


def test_an_endless_queue(sim: Simulator) -> None:
    with open_raw(sim, body_of("median", "queue seconds=inf every=0.001")) as raw:
        assert b"data:" not in read_until(raw, b": keep-alive\n\n", 20)
    assert logged(sim)["outcome"] == "disconnected"


def test_late_headers(sim: Simulator) -> None:
    assert chat(sim, "median", "headers-late seconds=0.01").finish_reason == "stop"
    with open_raw(sim, body_of("median", "headers-late seconds=inf")) as raw:
        raw.settimeout(0.05)
        with pytest.raises(TimeoutError):
            raw.recv(1)
        assert sim.log()[-1]["outcome"] is None
    entry = logged(sim)
    assert (entry["outcome"], entry["first_byte"], entry["status"]) == ("disconnected", None, None)


def test_html_and_json_instead_of_a_stream(sim: Simulator) -> None:
    html = chat(sim, "x", "html")
    assert (html.status, html.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert html.body.startswith(b"<!DOCTYPE html>")
    plain = chat(sim, "x", "json")
    assert (plain.status, plain.headers["content-type"]) == (200, "application/json")
    assert plain.json["choices"][0]["message"]["content"].startswith(NOTICE)


@pytest.mark.parametrize("after", [0, 1, 20])
def test_silence(sim: Simulator, after: int) -> None:
    with open_raw(sim, body_of("median", f"silence after={after}")) as raw:
        read = read_until(raw, b"\r\n\r\n") if after == 0 else read_until(raw, b"\n\n\r\n", after + 1)
        raw.settimeout(0.05)
        with pytest.raises(TimeoutError):
            raw.recv(1)
    assert read.count(b"data: ") == (0 if after == 0 else after + 1)
    entry = logged(sim)
    assert (entry["outcome"], entry["deltas_sent"]) == ("disconnected", after)


@needs.linux(needs.DELIVERY)
def test_a_reset_sends_everything_before_it_and_half_an_event(sim: Simulator) -> None:
    whole = chat(sim, "median").body.split(b"\n\n")
    for _ in range(50):
        response = chat(sim, "median", "reset after=20")
        *complete, half = response.body.split(b"\n\n")
        assert isinstance(response.error, ConnectionResetError)
        assert len(complete) == 21
        assert len(half) == (len(whole[21]) + 2) // 2
        assert half.startswith(b'data: {"id":')
    entry = logged(sim)
    assert (entry["outcome"], entry["deltas_sent"]) == ("reset", 20)


@needs.linux(needs.DELIVERY)
def test_a_reset_waits_for_a_client_that_reads_slowly(sim: Simulator) -> None:
    with open_raw(sim, body_of("median", "reset after=1000 tokens=2000"), buffer=1 << 14) as raw:
        read = read_until(raw, b"\n\n")
        time.sleep(0.2)  # long enough for the server to fill all buffers between the two
        rest, reset = read_all(raw)
    assert reset
    assert (read + rest).count(b"data: {") == 1 + 1000 + 1


@pytest.mark.parametrize("fault", ["reset", "close ending=clean", "close ending=cut"])
def test_a_cut_at_any_byte(sim: Simulator, fault: str) -> None:
    whole = len(chat(sim, "median", max_tokens=5).body)
    for byte in [*range(0, whole, 37), whole - 1, whole]:
        response = chat(sim, "median", f"{fault} byte={byte}", max_tokens=5)
        assert len(response.body) == byte
        assert response.body.count(b"\n\n") <= 8
        assert (response.error is None) == fault.endswith("clean")


def test_a_close_is_clean_or_cut(sim: Simulator) -> None:
    with open_raw(sim, body_of("median", "close after=4")) as raw:
        clean, reset = read_all(raw)
    assert not reset
    assert unchunked(clean).count(b"data: ") == 5
    assert b'finish_reason":"' not in clean
    with open_raw(sim, body_of("median", "close after=4 ending=cut")) as raw:
        cut, reset = read_all(raw)
    assert not reset
    assert not cut.endswith(b"0\r\n\r\n")
    assert cut.count(b"data: ") == 5
    assert (logged(sim)["outcome"], logged(sim)["deltas_sent"]) == ("closed", 4)


@pytest.mark.parametrize("fault", ["silence", "reset", "close"])
def test_a_fault_after_more_deltas_than_there_are_comes_before_the_finish(sim: Simulator, fault: str) -> None:
    with open_raw(sim, body_of("median", f"{fault} after=100000", max_tokens=5)) as raw:
        read = read_until(raw, b"\n\n\r\n", 6)
        if fault != "silence":
            read += read_all(raw)[0]
    assert b'"finish_reason":"' not in read
    assert logged(sim)["deltas_sent"] == 5


def test_faults_in_an_answer_that_is_not_streamed(sim: Simulator) -> None:
    whole = chat(sim, "median", stream=False, max_tokens=5)
    reset = chat(sim, "median", "reset", stream=False, max_tokens=5)
    assert isinstance(reset.error, ConnectionResetError)
    assert len(reset.body) == len(whole.body) // 2
    closed = chat(sim, "median", "close byte=10", stream=False, max_tokens=5)
    assert (closed.body[:6], len(closed.body)) == (b'{"id":', 10)
    failed = chat(sim, "median", "error-in-band shape=string", stream=False)
    assert list(failed.json) == ["error"]


def test_truncate_and_finish(sim: Simulator) -> None:
    truncated = chat(sim, "median", "truncate after=7")
    assert (truncated.finish_reason, truncated.chunks[-1]["usage"]["completion_tokens"]) == ("length", 7)
    odd = chat(sim, "median", "finish reason=solar_flare after=3")
    assert (odd.finish_reason, len(odd.chunks)) == ("solar_flare", 5)
    whole = chat(sim, "median", "finish reason=insufficient_system_resource")
    assert whole.finish_reason == "insufficient_system_resource"
    assert whole.joined("content") == chat(sim, "median").joined("content")


def test_a_damaged_event_is_the_first_half_of_one(sim: Simulator) -> None:
    whole = chat(sim, "median", max_tokens=40).body.split(b"\n\n")
    events = chat(sim, "median", "damage after=20", max_tokens=40).body.split(b"\n\n")
    assert len(events) == len(whole)
    assert [len(event) for event in events[1:21]] == [len(event) for event in whole[1:21]]
    assert len(events[21]) == (len(whole[21]) + 2) // 2
    assert events[21].startswith(b'data: {"id":')
    assert [len(event) for event in events[22:-3]] == [len(event) for event in whole[22:-3]]
    assert logged(sim)["deltas_sent"] == 40


def test_no_done(sim: Simulator) -> None:
    response = chat(sim, "median", "no-done")
    assert response.finish_reason == "stop"
    assert b"[DONE]" not in response.body


@pytest.mark.parametrize(
    ("shape", "last"),
    [
        ("object", {"error": {"type": "server_error", "code": 500}}),
        ("string", {"error": "The server had an error while processing your request."}),
        ("message", {"object": "error", "code": 500}),
        ("openrouter", {"error": {"code": 502}, "choices": [{"finish_reason": "error"}]}),
    ],
)
def test_an_error_in_band(sim: Simulator, shape: str, last: dict[str, Any]) -> None:
    response = chat(sim, "median", f"error-in-band after=3 shape={shape}")
    assert response.error is None
    assert len(response.chunks) == 1 + 3 + 1
    assert b"[DONE]" not in response.body
    assert contains(response.chunks[-1], last)


def contains(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return all(key in whole and contains(whole[key], value) for key, value in part.items())
    if isinstance(part, list):
        return all(contains(one, other) for one, other in zip(whole, part, strict=True))
    return bool(whole == part)


def test_an_error_event(sim: Simulator) -> None:
    response = chat(sim, "median", "error-in-band after=0 shape=event")
    assert response.body.split(b"\n\n")[1].startswith(b"event: error\ndata: {")
