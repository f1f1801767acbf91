"""The file of a recording: readable, without keys, whole after a crash, and of many writers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import nbstream
from nbstream.client.endpoints import endpoint_for
from nbstream.client.player import Player, player_at, player_of
from nbstream.client.recorder import taken_of
from nbstream.client.retry import Limits
from nbstream.client.run import Run
from nbstream.client.sources.choice import source_for
from nbstream.client.trace import trace_of
from nbstream.model.request import Request
from nbstream.recordings import lines
from nbstream.recordings.lines import FormatError
from nbstream.recordings.matching import canonical, key_of
from nbstream.recordings.recording import Recording, load
from nbstream.recordings.taken import Asked, Taken
from tests.hostile import keys
from tests.hostile.server import HostileServer, Response, chunk
from tests.hostile.server import Request as Received
from tests.pieces import PiecesSource
from tests.recordings.conftest import told

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator

STREAMS = sorted((Path(__file__).parents[1] / "data" / "streams").glob("*.sse"))
BODY = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
ASKED = Asked("POST", "https://api.test/v1/chat/completions", BODY)


NEWER = "it was made by a newer nbstream (format 2; this one reads up to 1): update nbstream"


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [0, *sorted({each % (len(data) + 1) for each in places}), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


@hypothesis_settings(deadline=None)
@given(st.sampled_from(STREAMS), st.lists(st.integers(0, 20_000), max_size=8), st.sampled_from(["max", 50, 400.0]))
def test_any_stream_in_any_pieces_at_any_speed_is_the_same_reply(path: Path, places: list[int], speed: Any) -> None:
    pieces = [(0.001, piece) for piece in cut(path.read_bytes(), places)]
    source = PiecesSource(pieces, speed=0)
    live = Run(source, Limits(retries=0)).result(20)
    trace = trace_of(live)
    assert trace is not None
    taken = taken_of(trace.responses[0], live.usage, live.cost)
    (read,) = lines.read([lines.header(), *lines.to_lines(taken).splitlines(keepends=True)])
    assert b"".join(piece for _, piece in read.pieces) == b"".join(piece for _, piece in taken.pieces)
    request = Request("m", "https://api.test", tuple(BODY["messages"]))  # type: ignore[arg-type]
    recording = Recording([Taken(Asked("POST", request.url, request.body()), **_rest(read))], "x")
    endpoint = endpoint_for(
        "https://api.test", player=Player(recording, Path("x"), float(str(speed).replace("max", "inf")))
    )
    replayed = Run(source_for(endpoint, request), Limits(retries=0)).result(20)
    one, other = told(live), told(replayed)
    for each in (one, other):
        for step in each["steps"]:
            step.pop("body")
        if each["error"] is not None:
            each["error"] = (each["error"].kind, each["error"].cause, each["error"].said)
    assert one == other


def _rest(taken: Taken) -> dict[str, Any]:
    return {name: getattr(taken, name) for name in Taken.__dataclass_fields__ if name != "asked"}


@given(st.lists(st.tuples(st.floats(0, 99), st.binary(max_size=12)), max_size=6))
def test_all_bytes_come_back(pieces: list[tuple[float, bytes]]) -> None:
    data = lines.header() + lines.to_lines(Taken(ASKED, 1.0, 200, pieces=pieces))
    (read,) = lines.read(data.splitlines(keepends=True))
    assert b"".join(piece for _, piece in read.pieces) == b"".join(piece for _, piece in pieces)
    assert (read.asked, read.instant, read.status) == (ASKED, 1.0, 200)


def test_text_is_text_although_a_piece_ends_within_a_character() -> None:
    data = "data: 数据 🌍 é\n\n".encode()
    pieces = [(float(at), data[at : at + 1]) for at in range(len(data))]
    text = lines.to_lines(Taken(ASKED, 1.0, 200, pieces=pieces)).decode()
    assert "base64" not in text
    assert "🌍" in text
    assert "base64" in lines.to_lines(Taken(ASKED, 1.0, 200, pieces=[(0.0, b"\xff\x00")])).decode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"\n\n", "it is empty"),
        (b"hello\n", "it is no recording of nbstream"),
        (b'{"key": "0", "whole": true}\n', "it is no recording of nbstream"),
        (b"[1]\n", "it is no recording of nbstream"),
        (
            b'{"nbstream_recording": 2}\n',
            NEWER,
        ),
        (b'{"nbstream_recording": true}\n', "it has no valid version"),
        (b'{"nbstream_recording": 1}\n{"request": 5}\n', "line 2 cannot be read"),
        (b'{"nbstream_recording": 1}\nnonsense\n{"end": "whole"}\n', "line 2 cannot be read"),
    ],
)
def test_another_file_is_refused_and_left_as_it_is(content: bytes, said: str, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(nbstream.RequestError) as caught, nbstream.replay(path):
        pass
    assert f"lesson.jsonl cannot be replayed: {said}. Nothing was sent." in str(caught.value)
    if content.strip() and "line 2" not in said:
        with pytest.raises(nbstream.RequestError, match="is left as it is"), nbstream.record(path):
            pass
    assert path.read_bytes() == content


def test_there_is_no_such_file(path: Path) -> None:
    with pytest.raises(nbstream.RequestError, match=r"There is no recording .*lesson\.jsonl\. Nothing was sent\."):
        nbstream.stream("hello", base_url=f"replay:{path}")
    with pytest.raises(nbstream.RequestError, match="cannot be written: No such file"), nbstream.record(path / "x"):
        pass
    for speed in (0, -1, "fast", float("nan")):
        with pytest.raises(nbstream.RequestError, match="`speed=` must be"), nbstream.replay(path, speed):
            pass


def test_what_a_killed_process_has_torn_is_left_out(path: Path, simulator: Simulator) -> None:
    with nbstream.record(path):
        nbstream.stream("[simulate: normal tokens=3] first", thinking=False).result(20)
    whole = path.read_bytes()
    for size in range(len(whole) - 400, len(whole), 97):
        path.write_bytes(whole + whole[len(lines.header()) : size])
        assert len(load(path).taken) == 1
        with nbstream.record(path):
            nbstream.stream("[simulate: normal tokens=3] second", thinking=False).result(20)
        assert [each.asked.body["messages"][-1]["content"][-5:] for each in load(path).taken] == [  # type: ignore[index]
            "first",
            "econd",
        ]


@pytest.mark.usefixtures("simulator")
def test_a_whole_last_line_is_kept_although_an_editor_took_its_end(path: Path) -> None:
    with nbstream.record(path):
        nbstream.stream("[simulate: normal tokens=3] first", thinking=False).result(20)
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    with nbstream.record(path):
        nbstream.stream("[simulate: normal tokens=3] second", thinking=False).result(20)
    assert len(load(path).taken) == 2
    # The header alone.
    path.write_bytes(lines.header().removesuffix(b"\n"))
    with nbstream.record(path):
        nbstream.stream("[simulate: normal tokens=3] third", thinking=False).result(20)
    assert len(load(path).taken) == 1


@pytest.mark.parametrize(
    "line",
    [
        '{"at": 1e999, "text": "x"}',
        '{"at": NaN, "text": "x"}',
        '{"response": 1e999}',
        '{"end": "whole", "at": Infinity}',
        '{"end": "broken", "at": 1, "failure": "x"}',
        '{"end": "whole", "at": 1, "cost": [1]}',
        '{"response": 200, "headers": {"x: y\\r\\nz": "1"}}',
    ],
)
def test_values_that_are_none_are_told(path: Path, line: str) -> None:
    request = '{"request": "POST https://a.test/chat/completions", "recorded": "2026-11-26T06:17:36Z"}'
    path.write_text("\n".join([lines.header().decode().strip(), request, line, '{"end": "whole", "at": 1}']))
    with pytest.raises(nbstream.RequestError, match="line 3 cannot be read"), nbstream.replay(path):
        pass


def test_headers_that_somebody_has_edited_are_one_line() -> None:
    data = lines.header() + lines.to_lines(Taken(ASKED, 1.0, 429, {"Retry-After": "0\r\nX-Other: 1"}, end="refused"))
    (read,) = lines.read(data.splitlines(keepends=True))
    assert read.headers == {"retry-after": "0 X-Other: 1"}


def test_a_request_that_is_nested_too_deeply_is_told(path: Path) -> None:
    body = '{"x": ' * 700 + "1" + "}" * 700
    request = f'{{"request": "POST https://a.test/x", "recorded": "2026-11-26T06:17:36Z", "body": {body}}}'
    path.write_text("\n".join([lines.header().decode().strip(), request, '{"end": "whole", "at": 1}']))
    with pytest.raises(nbstream.RequestError, match="cannot be replayed"), nbstream.replay(path):
        pass


def test_several_processes_append_to_one_file(path: Path) -> None:
    code = (
        "import sys\n"
        "from nbstream.client.recorder import Recorder\n"
        "from nbstream.client.redaction import KeyRedactor\n"
        "from nbstream.client.trace import ResponseTrace\n"
        "from nbstream.model.request import Request\n"
        "recorder = Recorder(sys.argv[1])\n"
        "for number in range(40):\n"
        "    request = Request(f'{sys.argv[2]} {number}', 'https://a.test')\n"
        "    response = ResponseTrace(request, KeyRedactor())\n"
        "    response.answered(200, {})\n"
        "    for _ in range(50):\n"
        "        response.add(b'x' * 1000, 0.0)\n"
        "    response.close('whole')\n"
        "    recorder.write(response)\n"
        "assert recorder.flush() == ''\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(path), str(number)]) for number in range(3)]
    assert [each.wait(120) for each in started] == [0, 0, 0]
    found = [each.asked.body["model"] for each in load(path).taken]  # type: ignore[index]
    assert sorted(found) == sorted(f"{process} {number}" for process in range(3) for number in range(40))
    assert path.read_bytes().count(b"nbstream_recording") == 1


@pytest.mark.parametrize("in_body", [False, True])
def test_no_key_is_in_a_recording_however_a_request_ends(path: Path, *, in_body: bool) -> None:
    found = keys.Sightings()
    extra = {"proxy": {"api_key": keys.KEY, "headers": {"X": [f"Bearer {keys.KEY}"]}}} if in_body else None
    options: dict[str, Any] = {"api_key": "the-servers-own-0123" if in_body else keys.KEY, "extra_body": extra}
    with HostileServer(keys.ANSWERS) as server, nbstream.record(path):
        for name in keys.ANSWERS:
            run = nbstream.stream("hello", base_url=f"{server.url}/{name}?key={keys.KEY}", **options)
            run.receiver._limits = Limits(bytes_idle=0.3, payload_idle=0.3, retries=0)
            if name == "cancelled":
                run.receiver.wait(1, timeout=10)
                run.cancel()
            run.result(20)
    found.look("file", path.read_text("utf-8"))
    recording = load(path)
    assert len(recording.taken) == len(keys.ANSWERS)
    for taken in recording.taken:
        data = b"".join(piece for _, piece in taken.pieces)
        name = taken.asked.url
        found.look(f"{name}: bytes", data.decode("utf-8", "replace"))
        found.look(f"{name}: error", f"{taken.error}{taken.headers}{taken.failure}{taken.asked}")
        for place, text in _joined(data).items():
            found.look(f"{name}: {place}", text)
    assert found.seen == []
    assert found.places > 60


@pytest.mark.parametrize("name", ["code", "sig", "auth"])
def test_a_key_in_the_query_is_not_in_what_the_server_says_of_it(path: Path, name: str) -> None:
    key = "canary/0123456789+abcdef=="
    query = f"{name}={quote(key, safe='')}&mode=pass&auth_mode=plain"

    def refuse(request: Received) -> Response:
        return Response([f"No {request.path}, {key}".encode()], 404)

    def repeat(request: Received) -> Response:
        return Response([chunk(content=f"No {request.path}, {key}")])

    with HostileServer({"refuse": refuse, "repeat": repeat}) as server, nbstream.record(path):
        for each in ("refuse", "repeat"):
            url = f"{server.url}/{each}?{query}"
            nbstream.stream("hello", base_url=url, api_key="another-0123456789").result(20)
    text = path.read_text()
    assert not any(each in text for each in keys.spellings(key))
    assert text.count("auth_mode=plain") == 4


def _joined(data: bytes) -> dict[str, str]:
    """Return the texts of each field of a stream, joined, as a reader could join them."""
    texts: defaultdict[str, str] = defaultdict(str)

    def add(value: Any, place: str) -> None:
        if isinstance(value, str):
            texts[place] += value
        elif isinstance(value, dict):
            inner = f"{place}[{value['index']}]" if "index" in value else place
            for name, each in value.items():
                add(each, f"{inner}.{name}")
        elif isinstance(value, list):
            for each in value:
                add(each, f"{place}[]")

    for line in data.splitlines():
        if line.startswith(b"data: {"):
            try:
                add(json.loads(line[6:]), "")
            except ValueError:
                continue
    return texts


def test_the_headers_of_neither_side_are_in_it(path: Path, simulator: Simulator) -> None:
    with nbstream.record(path):
        nbstream.stream("headers", api_key="sk-abcdefghijkl0123456789").result(20)
    (taken,) = load(path).taken
    assert set(taken.headers) == {"content-type"}
    text = path.read_text("utf-8").lower()
    assert not any(name in text for name in ("authorization", "x-ds-trace-id", "sk-abc", "user-agent"))
    head = json.loads(text.splitlines()[1])
    assert head["request"] == f"post {simulator.url}/chat/completions"
    end = json.loads(text.splitlines()[-1])
    assert end["end"] == "whole"
    assert end["usage"]["completion_tokens"] > 1
    assert float(end["cost"]["amount"]) > 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([0.5, 1.0, -0.0]) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_two_requests_match_exactly_if_they_are_equal(one: Any, other: Any) -> None:
    asked = [Asked("POST", "https://a.test/chat/completions", {"model": "m", "x": each}) for each in (one, other)]
    recording = Recording([Taken(asked[0], 0.0, 200)], "x")
    is_same = json.dumps(canonical(one), sort_keys=True) == json.dumps(canonical(other), sort_keys=True)
    assert (recording.response_to(asked[1]) is not None) is is_same
    difference = recording.difference(asked[1])
    assert (difference is None) is is_same
    if difference is not None:
        assert difference.path.startswith("x")
        assert difference.recorded != difference.asked
    assert key_of(asked[0]) == key_of(Asked("POST", "https://b.test/v1/chat/completions", {"x": one, "model": "m"}))


def test_a_long_difference_is_cut_around_its_place() -> None:
    long = "word " * 100
    bodies = [{"messages": [{"content": f"{long}{end}\n{long}"}]} for end in ("one", "two")]
    asked = [Asked("POST", "https://a.test/chat/completions", each) for each in bodies]
    difference = Recording([Taken(asked[0], 0.0, 200)], "x").difference(asked[1])
    assert difference is not None
    assert difference.path == "messages[0].content"
    assert "one\\nword" in difference.recorded
    assert "two\\nword" in difference.asked
    assert "\n" not in str(difference)
    assert len(str(difference)) < 200


def test_the_same_host_goes_before_others() -> None:
    taken = [Taken(Asked("POST", f"https://{host}/v1/chat/completions", BODY), at) for at, host in enumerate("abc")]
    recording = Recording(taken, "x")
    url = "https://{}/chat/completions"
    found = [recording.response_to(Asked("POST", url.format(host), BODY)) for host in "bbdcd"]
    assert [each.instant for each in found if each is not None] == [1, 1, 0, 2, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.test/v1/chat/completions", "https://gateway.test/x/deepseek/chat/completions"),
        ("https://a.test/api/v1/chat/completions", "http://127.0.0.1:1/chat/completions"),
        ("https://a.test/anthropic/v1/messages", "https://b.test/v1/messages"),
    ],
)
def test_the_same_call_at_a_gateway_is_the_same(one: str, other: str) -> None:
    recording = Recording([Taken(Asked("POST", one, BODY), 1.0, 200)], "x")
    assert recording.response_to(Asked("POST", other, BODY)) is not None
    for call in ("/completions", "/messages", "/chat/completions"):
        if not other.endswith(call):
            assert recording.response_to(Asked("POST", f"https://a.test/v1{call}", BODY)) is None


def test_a_player_for_another_process(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(lines.header())
    player = player_of(path, "max")
    monkeypatch.chdir(path.parent)
    again = player_at(player_of("lesson.jsonl", 4).url)
    assert (again.speed, again.path) == (4.0, path)
    assert player.url.endswith("?speed=inf")


def test_a_group_without_its_request_is_left_out() -> None:
    data = (
        lines.header() + b'{"at": 1, "text": "x"}\n{"end": "whole", "at": 1}\n' + lines.to_lines(Taken(ASKED, 1.0, 200))
    )
    assert len([*lines.read(data.splitlines())]) == 1
    with pytest.raises(FormatError, match="line 3 cannot be read"):
        [*lines.read((lines.header() + b'{"request": "GET x", "recorded": "2026-01-01"}\n{"end": 1}\n').splitlines())]
