"""The raw bytes of a response: kept as they came, with times, without keys, within a limit."""

from __future__ import annotations

import json
import time
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nbstream
from nbstream.client import trace
from nbstream.client.raw_redaction import LineRedactor, lines_of, without_keys
from nbstream.client.redaction import KeyRedactor
from nbstream.client.retry import Limits
from nbstream.client.run import Run
from nbstream.client.secret import Secret
from nbstream.client.trace import ResponseTrace, Trace, trace_of
from nbstream.model.events import Answer, Event, Started
from nbstream.model.reduction import reduced
from nbstream.model.request import Request
from nbstream.recordings.recording import load
from nbstream.wire.response import ResponseDecoder
from tests.hostile.server import HostileServer, Response
from tests.pieces import PiecesSource
from tests.wire.test_simulator_streams import FINISH, content, stream

if TYPE_CHECKING:
    from nbstream.client.sources import Decoder
    from nbstream.simulator.server import Simulator

STREAMS = sorted((Path(__file__).parents[1] / "data" / "streams").glob("*.sse"))
KEY = "sk-0123456789abcdef/+AZ"
NO_KEY = KeyRedactor()


def decoder() -> Decoder:
    return ResponseDecoder("The test", 1 << 20)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [0, *sorted(min(each, len(data)) for each in places), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


def traced(pieces: list[bytes], redactor: KeyRedactor = NO_KEY) -> ResponseTrace:
    response = ResponseTrace(Request("m"), redactor, decoder)
    response.answered(200, {"Content-Type": "text/event-stream", "Set-Cookie": "a=b"})
    for piece in pieces:
        response.add(piece, time.monotonic())
    response.close("whole")
    return response


def decoded(response: ResponseTrace) -> list[Event]:
    return [event for each in response.events() for event in each.decoded]


@settings(deadline=None)
@given(st.sampled_from(STREAMS), st.lists(st.integers(0, 3_000), max_size=6))
def test_the_events_are_the_response_and_its_meaning(path: Path, places: list[int]) -> None:
    data = path.read_bytes()
    whole = traced([data])
    response = traced(cut(data, places))
    events = response.events()
    assert b"".join(each.data for each in events) == data == b"".join(each.data for each in response.pieces)
    assert [each.offset for each in events] == [0, *accumulate(len(each.data) for each in events)][: len(events)]
    assert [line.data for line in response.iter_lines()] == [line.data for line in whole.iter_lines()]
    for line in response.iter_lines():
        assert data[line.offset :].startswith(line.data)
    direct = decoder()
    given_events = direct.feed(data, 0.0)
    expected = reduced([Started(0, Request("m")), *given_events, *([] if direct.ended else direct.finish(0.0))])
    found = reduced([Started(0, Request("m")), *decoded(response)])
    assert (found.answer, found.reasoning, found.status) == (expected.answer, expected.reasoning, expected.status)


@settings(deadline=None)
@given(st.sampled_from(STREAMS), st.integers(17, 400))
def test_a_reader_gives_each_event_once_while_the_response_arrives(path: Path, size: int) -> None:
    data = path.read_bytes()
    response = ResponseTrace(Request("m"), NO_KEY, decoder)
    reader, found = response.reader(), []
    for start in range(0, len(data), size):
        response.add(data[start : start + size], time.monotonic())
        found += reader.read()
    response.close("whole")
    found += reader.read()
    assert reader.has_ended
    assert reader.read() == []
    again = response.events()
    assert [(each.offset, each.data) for each in found] == [(each.offset, each.data) for each in again]


def test_a_long_line_in_small_pieces_is_searched_once() -> None:
    # In a time that grows with the square of its length, this would take an hour.
    response = traced([b"data: ", *[b"x" * 64] * 100_000, b"\r", b"\n", b"\r\n", b"data: y"])
    assert [len(line.data) for line in response.iter_lines()] == [6 + 6_400_000, 0, 7]


PIECES = [KEY, KEY[:3], KEY[3:11], KEY[11:], *KEY[:6], "a", "s", "b\n", "é\ud83c"]
PARTS = st.lists(st.sampled_from(PIECES), max_size=12)


@settings(deadline=None)
@given(parts=PARTS, places=st.lists(st.integers(0, 2_000), max_size=6), by_reader=st.booleans())
def test_no_key_is_in_the_bytes_however_it_is_split(parts: list[str], places: list[int], *, by_reader: bool) -> None:
    redactor = KeyRedactor(Secret(KEY))
    events = [line for part in parts for line in (content(part), {"id": "same", "choices": []})]
    data = stream(*events, FINISH)
    response = traced(cut(data, places), redactor)
    if by_reader:
        clean = b"".join(each.data for each in response.events())
    else:
        clean = b"".join(each.data for each in response.pieces)
    assert KEY.encode() not in clean
    assert json.dumps(KEY).encode()[1:-1] not in clean
    texts = [json.loads(line[6:]) for line in clean.splitlines() if line.startswith(b"data: {")]
    said = "".join(choice["delta"].get("content") or "" for each in texts for choice in each["choices"])
    whole = "".join(parts)
    assert KEY not in said
    if KEY not in whole and not any(whole.endswith(KEY[:size]) for size in range(12, len(KEY))):
        assert clean == data
    elif KEY in whole:
        assert "<secret>" in said
    assert len(response.pieces) == len(cut(data, places))


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("noise", ["", ": a comment\n", "id: 1\n"])
def test_a_key_that_is_split_is_found_where_an_event_has_several_lines_of_data(indent: int | None, noise: str) -> None:
    parts = ["x ", KEY[:5], KEY[5:10], KEY[10:], " y"]
    values = [json.dumps(content(part), indent=indent).splitlines() for part in parts]
    data = "".join("".join(f"data: {line}\n{noise}" for line in lines) + "\n" for lines in values).encode()
    response = traced([data], KeyRedactor(Secret(KEY)))
    (clean,) = (each.data for each in response.pieces)
    assert reduced([Started(0, Request("m")), *decoded(response)]).answer == "x <secret> y"
    assert len(clean.splitlines()) == len(data.splitlines())
    # Events without a key stay as they came.
    assert clean.split(b"\n\n")[0] == data.split(b"\n\n")[0]
    assert b"".join(each.data for each in response.events()) == clean


def test_data_that_only_begins_like_json_stays_as_it_came() -> None:
    data = b"data: {not JSON\ndata: at all\n\ndata: [DONE]\n\n" + b"data: {\n" * 3
    assert without_keys([data], KeyRedactor(Secret(KEY))) == [data]


def test_the_same_meaning_with_and_without_a_split_key() -> None:
    redactor = KeyRedactor(Secret(KEY))
    pieces = [stream(content(f"x {KEY[:9]}"), done=False), stream(content(KEY[9:] + " y"), content(" z"), FINISH)]
    response = traced(pieces, redactor)
    assert reduced([Started(0, Request("m")), *decoded(response)]).answer == "x <secret> y z"
    assert [each.data for each in response.pieces if b"sk-0" in each.data] == []


@pytest.mark.parametrize("masked", ["sk-01234*****+AZ", KEY, KEY[:10]])
def test_an_error_in_the_stream_has_no_part_of_the_key(masked: str) -> None:
    data = b"data: " + json.dumps({"error": {"message": f"Wrong key: {masked} used"}}).encode() + b"\n\n"
    clean = b"".join(without_keys([data], KeyRedactor(Secret(KEY))))
    assert json.loads(clean[6:])["error"]["message"] == "Wrong key: <secret> used"


@pytest.mark.parametrize(
    "response",
    [
        "<p>Wrong key: {} used</p>\n",
        ": Wrong key: {} used\n\n",
        "data: Wrong key: {} used\n\n",
        'data: {{"detail": "Wrong key: {} used"}}\n\n',
        'data: {{"object": "error", "message": "Wrong key: {} used"}}\n\n',
        'data: {{"base_resp": {{"status_code": 1004, "status_msg": "Wrong key: {} used"}}}}\n\n',
        'event: error\ndata: {{"text": "Wrong key: {} used"}}\n\n',
    ],
)
@pytest.mark.parametrize("masked", ["sk-01234*****+AZ", KEY[:10]])
def test_an_error_in_any_form_has_no_part_of_the_key(response: str, masked: str) -> None:
    clean = b"".join(without_keys([response.format(masked).encode()], KeyRedactor(Secret(KEY))))
    assert clean.decode().replace(" ", "") == response.format("<secret>").replace(" ", "")


def test_a_model_may_write_what_a_part_of_a_key_has() -> None:
    data = stream(content(f"a *****{KEY[-4:]} b"), {"event": 1, "choices": []}, FINISH)
    assert without_keys([data], KeyRedactor(Secret(KEY))) == [data]


def test_a_long_key_in_single_characters_is_found_while_the_response_arrives() -> None:
    key = "eyJ" + "0123456789abcdefABCDEF" * 40
    data = stream(*(content(char) for char in key), FINISH)
    response = traced([data], KeyRedactor(Secret(key)))
    said = "".join(event.text for event in decoded(response) if isinstance(event, Answer))
    raw = b"".join(each.data for each in response.events())
    assert said == "<secret>"
    assert raw.count(b"<secret>") == 1


def test_much_of_a_key_is_removed_from_a_line_that_waits_no_longer() -> None:
    redactor = LineRedactor(KeyRedactor(Secret(KEY)), patience=3)
    clean = [*redactor.feed(json.dumps({"a": KEY[:20]}).encode() + b"\n")]
    for _ in range(200):
        clean += redactor.feed(b'{"b": "x"}\n')
    assert clean[0] == b'{"a":"<secret>"}\n'


def test_a_line_does_not_wait_for_ever_while_the_response_arrives() -> None:
    redactor = LineRedactor(KeyRedactor(Secret(KEY)), patience=200)
    lines = lines_of(b'{"a": "ends with s"}\n' + b'{"b": "x"}\n' * 205)
    given_at = [len(redactor.feed(each)) for each in lines]
    assert sum(given_at) + len(redactor.flush()) == len(lines)
    assert given_at[:202] == [*[0] * 200, 201, 1]


def test_a_reply_has_its_trace(simulator: Simulator) -> None:
    run = nbstream.stream("hello")
    reply = run.result(20)
    found = trace_of(reply)
    assert found is run.receiver.trace
    (response,) = found.responses
    assert (response.status, response.end, response.failure) == (200, "whole", None)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.request == reply.request
    assert b"[DONE]" in response.pieces[-1].data
    answer = "".join(event.text for event in decoded(response) if isinstance(event, Answer))
    assert answer.strip() == reply.answer


def test_retries_and_refusals_are_in_the_trace(simulator: Simulator) -> None:
    reply = nbstream.stream("[simulate: 503 times=1] trace of a retry").result(30)
    found = trace_of(reply)
    assert found is not None
    told = [(each.status, each.end, each.attempt) for each in found.responses]
    assert told == [(503, "refused", 1), (200, "whole", 2)]
    assert found.responses[0].failure is not None
    assert json.loads(found.responses[0].error)["error"]
    assert found.responses[1].begun > found.responses[0].begun


def test_a_stopped_reply_has_what_arrived(simulator: Simulator) -> None:
    run = nbstream.stream("[simulate: silence after=3] trace of a stop")
    while not run.reply.reasoning:
        time.sleep(0.01)
    run.cancel()
    found = trace_of(run.result(20))
    assert found is not None
    assert found.responses[0].end == "stopped"
    assert found.responses[0].pieces


def test_no_key_of_a_request_is_in_its_trace(simulator: Simulator) -> None:
    prompt = f"[simulate: echo] Say {KEY}"
    reply = nbstream.stream(prompt, api_key=KEY).result(20)
    assert "<secret>" in reply.answer
    found = trace_of(reply)
    assert found is not None
    (response,) = found.responses
    shown = [*(each.data for each in response.pieces), *(each.data for each in response.events())]
    assert KEY.encode() not in b"".join(shown)
    assert KEY not in f"{found!r}{response!r}{vars(response)['_headers']}{response.headers}"


def test_the_oldest_bytes_are_dropped_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "_traces", {})
    data = stream(content("x" * 1_000), FINISH)
    monkeypatch.setattr(trace, "MOST_BYTES", 3 * len(data))
    replies = [Run(PiecesSource([(0, data)], speed=0), Limits()).result(20) for _ in range(5)]
    found = [each for each in map(trace_of, replies) if each is not None]
    assert [each.was_dropped for each in found] == [True, True, False, False, False]
    assert [each.size for each in found] == [0, 0, *[len(data)] * 3]
    assert found[0].responses[0].pieces == []


def test_one_response_is_kept_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "_LARGEST", 10)
    monkeypatch.setattr(trace, "_PIECE_BYTES", 0)
    response = traced([b"data: ", b"abc", b"d\n\n"])
    assert response.is_cut
    assert [each.data for each in response.pieces] == [b"data: ", b"abc"]


def test_bytes_that_are_to_be_recorded_are_not_dropped_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "_traces", {})
    monkeypatch.setattr(trace, "MOST_BYTES", 10)
    monkeypatch.setattr(trace, "_MOST_REPLIES", 1)
    # Without [DONE], it ends with the connection.
    data = stream(content("x" * 1_000), FINISH, done=False)
    path = tmp_path / "lesson.jsonl"
    with HostileServer({"v1": lambda _: Response([data])}) as server, nbstream.record(path):
        replies = [nbstream.stream(f"hello {number}", base_url=f"{server.url}/v1") for number in range(4)]
        found = [trace_of(each.result(20)) for each in replies]
    assert [b"".join(piece for _, piece in each.pieces) for each in load(path).taken] == [data] * 4
    assert all(each is None or each.size == 0 for each in found)


def test_what_still_arrives_is_not_dropped_for_newer_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "_traces", {})
    monkeypatch.setattr(trace, "_MOST_REPLIES", 2)
    begun, ended, arriving = Trace(), Trace(), Trace()
    ended.responses.append(traced([b"data: x\n\n"]))
    arriving.responses.append(ResponseTrace(Request("m"), NO_KEY))
    arriving.responses[0].add(b"data: ", 0.0)
    for number, each in enumerate((begun, arriving, ended, Trace())):
        trace.remember(float(number), each)
    assert [each.was_dropped for each in (begun, arriving, ended)] == [False, False, True]
    arriving.responses[0].close("whole")
    trace.remember(9.0, Trace())
    assert arriving.was_dropped
    assert not begun.was_dropped
    monkeypatch.setattr(trace, "_MOST_ARRIVING", 2)
    trace.remember(10.0, Trace())
    assert begun.was_dropped


def test_replies_that_begin_at_the_same_time_have_their_own_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "_traces", {})
    one, two = Trace(), Trace()
    assert trace.remember(5.0, one) == 5.0
    assert trace.remember(5.0, two) != 5.0
    assert len(vars(trace)["_traces"]) == 2
