"""The simulator, by the bytes that it sends: raw sockets, `http.client`, and the OpenAI SDK as a client of its own."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import io
import json
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from nbstream.model.reply import SIMULATED_FINGERPRINT
from nbstream.simulator import prepared_texts, scenarios, tokens
from nbstream.simulator.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sk-canary-1234"
NOTICE = "*Simulated: no model was called.*"
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
}
NOT_PASSED_BACK = {
    "error": {
        "message": "The `reasoning_content` in the thinking mode must be passed back to the API.",
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_request_error",
    }
}


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(rate=0, first_token=0) as simulator:
        yield simulator


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    running.clear_log()
    return running


@dataclass
class Got:
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


def request(sim: Simulator, method: str, path: str, body: bytes | None = None, key: str | None = KEY) -> Got:
    connection = http.client.HTTPConnection(sim.url.removeprefix("http://"), timeout=10)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    try:
        connection.request(method, path, body, headers)
        read, error = b"", None
        with connection.getresponse() as response:
            try:
                while piece := response.read1(65536):
                    read += piece
            except (OSError, http.client.HTTPException) as caught:
                error = caught
        return Got(response.status, {k.lower(): v for k, v in response.headers.items()}, read, error)
    finally:
        connection.close()


def chat(sim: Simulator, prompt: str = "median", scenario: str | None = None, **fields: Any) -> Got:
    return request(sim, "POST", "/chat/completions", json.dumps(body_of(prompt, scenario, **fields)).encode())


def open_raw(sim: Simulator, body: dict[str, Any], *, buffer: int = 1 << 18) -> socket.socket:
    content = json.dumps(body).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {KEY}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)  # or the kernel would grow it to many megabytes
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
    """Return every byte up to the end, and whether that end was a reset."""
    read = b""
    try:
        while piece := raw.recv(65536):
            read += piece
    except ConnectionResetError:
        return read, True
    return read, False


def logged(sim: Simulator) -> dict[str, Any]:
    """Return the last request once it is over."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        entries = sim.log()
        if entries and entries[-1]["outcome"] is not None:
            return entries[-1]
        time.sleep(0.001)
    raise AssertionError(f"still going on: {sim.log()}")


def unchunked(raw: bytes) -> bytes:
    """Return the body of a whole chunked answer, and fail if the framing is wrong."""
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


# The stream as DeepSeek sends it


def test_a_normal_stream(sim: Simulator) -> None:
    got = chat(sim, "Why does the median resist outliers?")
    assert got.status == 200
    assert got.headers["content-type"] == "text/event-stream; charset=utf-8"
    first, *middle, last = got.chunks
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": None, "reasoning_content": ""}
    assert {chunk["system_fingerprint"] for chunk in got.chunks} == {SIMULATED_FINGERPRINT}
    assert {(chunk["id"], chunk["model"], chunk["object"]) for chunk in got.chunks} == {
        (first["id"], "deepseek-flash", "chat.completion.chunk")
    }
    kinds = ["reasoning_content" if c["choices"][0]["delta"]["content"] is None else "content" for c in middle]
    assert kinds == sorted(kinds, reverse=True)  # all reasoning, then all of the answer
    assert all(chunk["choices"][0]["delta"][kind] for chunk, kind in zip(middle, kinds, strict=True))
    assert last["choices"][0]["delta"] == {"content": "", "reasoning_content": None}
    assert last["choices"][0]["finish_reason"] == "stop"
    usage = last["usage"]
    assert usage["completion_tokens"] == len(middle)
    assert usage["completion_tokens_details"]["reasoning_tokens"] == kinds.count("reasoning_content")
    assert usage["prompt_tokens"] == usage["prompt_cache_hit_tokens"] + usage["prompt_cache_miss_tokens"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert not any("usage" in chunk for chunk in [first, *middle])
    assert got.body.endswith(b"\n\ndata: [DONE]\n\n")
    assert got.joined("content").split("\n")[0] == NOTICE
    entry = logged(sim)
    assert (entry["id"], entry["outcome"], entry["deltas_sent"]) == (first["id"], "served", len(middle))
    assert entry["started"] <= entry["first_byte"] <= entry["ended"]


def test_the_bytes_are_chunked_http_and_the_connection_serves_again(sim: Simulator) -> None:
    with open_raw(sim, body_of("median")) as raw:
        streamed = read_until(raw, b"\r\n0\r\n\r\n")
        assert unchunked(streamed).endswith(b"data: [DONE]\n\n")
        assert b"Connection: keep-alive" in streamed
        raw.sendall(b"GET /models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n")
        again, reset = read_all(raw)
    assert again.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Connection: close" in again
    assert not reset


def test_without_a_stream(sim: Simulator) -> None:
    streamed = chat(sim, "median")
    got = chat(sim, "median", stream=False)
    assert got.headers["content-type"] == "application/json"
    message = got.json["choices"][0]["message"]
    assert got.json["object"] == "chat.completion"
    assert message["content"] == streamed.joined("content")
    assert message["reasoning_content"] == streamed.joined("reasoning_content")
    assert got.json["choices"][0]["finish_reason"] == "stop"
    assert got.json["usage"]["completion_tokens"] == streamed.chunks[-1]["usage"]["completion_tokens"]


def test_the_rate_holds_the_next_token_back(sim: Simulator) -> None:
    # One token every thousand seconds: the first comes at once, the second does not come.
    with open_raw(sim, body_of("median", "normal rate=0.001")) as raw:
        seen = read_until(raw, b"\n\n", 2)
        raw.settimeout(0.05)
        with pytest.raises(TimeoutError):
            raw.recv(1)
    assert seen.count(b"data: ") == 2
    assert logged(sim)["deltas_sent"] == 1


def test_the_first_token_is_held_back(sim: Simulator) -> None:
    with open_raw(sim, body_of("median", "normal first-token=1000")) as raw:
        head = read_until(raw, b"\r\n\r\n")
        raw.settimeout(0.05)
        with pytest.raises(TimeoutError):
            raw.recv(1)
    assert head.endswith(b"\r\n\r\n")
    assert logged(sim)["outcome"] == "disconnected"


# What is said


@pytest.mark.parametrize("fields", [{"thinking": {"type": "disabled"}}, {"reasoning_effort": "none"}])
def test_without_thinking_there_is_no_reasoning(sim: Simulator, fields: dict[str, Any]) -> None:
    got = chat(sim, "median", **fields)
    assert got.chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert got.joined("reasoning_content") == ""
    assert got.joined("content").startswith(NOTICE)
    assert got.chunks[-1]["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


def test_effort_is_mapped_and_changes_the_length_of_reasoning(sim: Simulator) -> None:
    def reasoning(effort: str) -> str:
        return chat(sim, "median", reasoning_effort=effort).joined("reasoning_content")

    low, high, most = reasoning("low"), reasoning("high"), reasoning("max")
    assert 0 < len(low) < len(high) < len(most)
    assert most.startswith(high)
    assert high.startswith(low)
    assert (reasoning("minimal"), reasoning("medium"), reasoning("xhigh"), reasoning("ultra")) == (
        low,
        high,
        high,
        most,
    )


def test_the_same_prompt_gets_the_same_words_and_chinese_gets_chinese(sim: Simulator) -> None:
    assert chat(sim, "anything").joined("content") == chat(sim, "anything").joined("content")
    by_hash = {chat(sim, f"question {n}", max_tokens=60, reasoning_effort="none").joined("content") for n in range(12)}
    assert len(by_hash) == 3
    chinese = chat(sim, "递归怎么想")
    assert chinese.joined("content").startswith(f"{prepared_texts.NOTICES['zh']}\n\n## 递归")
    assert "递归" in chinese.body.decode()  # as UTF-8, not as escapes


@pytest.mark.parametrize("name", prepared_texts.topics())
def test_a_topic_has_every_kind_of_markdown_and_its_code_runs(name: str) -> None:
    answer = prepared_texts.topics()[name].answer
    for kind in [
        r"^## ",
        r"^### ",
        r"^ {2,}- ",
        r"^\|:?-+",
        r"^```python$",
        r"~~",
        r"\$5",
        r"\*\*",
        "[\U0001f300-\U0001faff☕✅⛰]",
    ]:
        assert re.search(kind, answer, re.MULTILINE), f"{name} has no {kind}"
    assert answer.count("```") % 2 == 0
    blocks = re.findall(r"^```python\n(.*?)^```\n?(?:\n```text\n(.*?)^```)?", answer + "\n", re.MULTILINE | re.DOTALL)
    assert blocks
    for code, shown in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, {})  # our own text
        if shown:
            assert printed.getvalue().strip("\n") == shown.strip("\n")


@pytest.mark.parametrize("wanted", [30, 400, 5000])
@pytest.mark.parametrize("prompt", ["median", "递归"])
def test_the_length_of_an_answer_is_adjustable(sim: Simulator, prompt: str, wanted: int) -> None:
    got = chat(sim, prompt, f"normal tokens={wanted}", reasoning_effort="none")
    used = got.chunks[-1]["usage"]["completion_tokens"]
    assert used <= wanted
    assert used >= wanted - 200
    assert got.finish_reason == "stop"
    assert got.joined("content").count("```") % 2 == 0


def test_a_topic_can_be_named(sim: Simulator) -> None:
    assert "Expand, move, contract" in chat(sim, "x", "normal topic=en-migration").joined("content")
    assert "en-migration" in chat(sim, "x", "normal topic=nothing").json["error"]["message"]


def test_echo(sim: Simulator) -> None:
    prompt = "  \\frac{1}{2} {'a': 1} %x $y }\n\n\n<b> \N{WATER WAVE} 中文\t"
    assert chat(sim, prompt, "echo").joined("content") == f"{NOTICE}\n\n{prompt}".replace(
        NOTICE, prepared_texts.NOTICES["zh"]
    )


def test_max_tokens_counts_reasoning_and_answer(sim: Simulator) -> None:
    got = chat(sim, "median", max_tokens=33)
    assert (got.finish_reason, got.chunks[-1]["usage"]["completion_tokens"]) == ("length", 33)
    assert len(got.chunks) == 33 + 2


def test_stop_sequences(sim: Simulator) -> None:
    whole = chat(sim, "median").joined("content")
    got = chat(sim, "median", stop=["never there", "weighs", "The mean asks"])
    assert got.joined("content") == whole[: whole.index("weighs")]
    assert got.finish_reason == "stop"


def test_json_mode(sim: Simulator) -> None:
    got = chat(sim, "answer in JSON", response_format={"type": "json_object"})
    assert json.loads(got.joined("content"))["simulated"] == "No model was called."
    flood = chat(sim, "answer", response_format={"type": "json_object"}, max_tokens=500, reasoning_effort="none")
    assert flood.joined("content").strip() == ""
    assert (flood.finish_reason, flood.chunks[-1]["usage"]["completion_tokens"]) == ("length", 500)


def test_tokens_join_to_the_text_and_are_about_as_many_as_documented() -> None:
    english = prepared_texts.topics()["en-median"].answer
    chinese = "".join(re.findall("[\u4e00-\u9fff]", prepared_texts.topics()["zh-median"].answer))
    for text in (english, chinese, "", "\n" * 50, "👩\u200d🔬\ud800x", "a1_" * 40):
        assert "".join(tokens.split(text)) == text
    assert 3 < len(english) / len(tokens.split(english)) < 5
    assert 0.55 < len(tokens.split(chinese)) / len(chinese) < 0.65


def test_the_prefix_cache_counts_whole_units_of_one_key_and_model(sim: Simulator) -> None:
    words = " ".join(f"word{n}" for n in range(300))

    def usage(prompt: str, key: str = "sk-cache", model: str = "deepseek-flash") -> tuple[int, int]:
        content = json.dumps(body_of(prompt, max_tokens=1, model=model)).encode()
        reported = request(sim, "POST", "/chat/completions", content, key).chunks[-1]["usage"]
        assert reported["prompt_tokens_details"]["cached_tokens"] == reported["prompt_cache_hit_tokens"]
        return reported["prompt_tokens"], reported["prompt_cache_hit_tokens"]

    total, hit = usage(words)
    assert hit == 0
    assert usage(words) == (total, total // 64 * 64)
    assert usage(words + " and one more question")[1] == total // 64 * 64
    assert usage("x " + words)[1] == 0
    assert usage(words, key="sk-other")[1] == 0
    assert usage(words, model="deepseek-v4-pro")[1] == 0


def test_tools_are_called_and_their_answers_answered(sim: Simulator) -> None:
    got = chat(sim, "Weather?", "tool-call calls=2", tools=[TOOL])
    fragments = [f for c in got.chunks for f in c["choices"][0]["delta"].get("tool_calls", [])]
    heads = [fragment for fragment in fragments if "id" in fragment]
    assert [(head["index"], head["function"]["name"], head["function"]["arguments"]) for head in heads] == [
        (0, "weather", ""),
        (1, "weather", ""),
    ]
    for index in (0, 1):
        arguments = "".join(f["function"]["arguments"] for f in fragments if f["index"] == index)
        assert json.loads(arguments) == {"city": "Hangzhou", "days": 2}
    assert got.finish_reason == "tool_calls"
    assert got.joined("content") == ""
    plain = chat(sim, "Weather?", "tool-call", tools=[TOOL], stream=False).json["choices"][0]["message"]
    assert json.loads(plain["tool_calls"][0]["function"]["arguments"]) == {"city": "Hangzhou", "days": 2}
    messages = [
        {"role": "user", "content": "Weather? [simulate: tool-call]"},
        {"role": "assistant", "content": None, "reasoning_content": "", "tool_calls": plain["tool_calls"]},
        {"role": "tool", "tool_call_id": "x", "content": "rain, 12 degrees"},
    ]
    answered = chat(sim, messages=messages, tools=[TOOL])
    assert answered.finish_reason == "stop"
    assert "rain, 12 degrees" in answered.joined("content")


def test_tools_are_left_alone_without_the_scenario_unless_required(sim: Simulator) -> None:
    assert chat(sim, "Weather?", tools=[TOOL]).finish_reason == "stop"
    fields: dict[str, Any] = {"tools": [TOOL], "thinking": {"type": "disabled"}}
    assert chat(sim, "Weather?", **fields, tool_choice="required").finish_reason == "tool_calls"


# Refusals


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"model": "deepseek-chat"}, 400, "Model Not Exist"),
        ({"model": None}, 422, "model"),
        ({"messages": []}, 400, "Empty input messages"),
        ({"messages": "hello"}, 422, "messages"),
        ({"messages": [{"role": "developer", "content": "x"}]}, 400, "unknown variant `developer`"),
        ({"messages": [{"content": "x"}]}, 422, "role"),
        ({"messages": [{"role": "user", "content": 5}]}, 422, "content"),
        ({"temperature": 2.5}, 422, "temperature"),
        ({"temperature": "hot"}, 422, "temperature"),
        ({"top_p": -0.1}, 422, "top_p"),
        ({"presence_penalty": 3}, 422, "presence_penalty"),
        ({"max_tokens": 0}, 400, "the valid range of max_tokens is [1, 393216]"),
        ({"max_tokens": 1.5}, 422, "max_tokens"),
        ({"stop": ["x"] * 17}, 422, "stop"),
        ({"stream": "yes"}, 422, "stream"),
        ({"thinking": {"type": "perhaps"}}, 422, "thinking"),
        ({"reasoning_effort": "extreme"}, 422, "reasoning_effort"),
        ({"response_format": {"type": "json_schema"}}, 400, "response_format"),
        ({"tools": [{"name": "weather"}]}, 422, "tools[0]"),
        ({"tools": [TOOL], "tool_choice": "required"}, 400, "Thinking mode does not support this tool_choice"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "weather"}}},
            400,
            "Thinking mode does not support this tool_choice",
        ),
        ({"simulate": "no-such-thing"}, 400, "usage-separate"),
        ({"simulate": "reset often=1"}, 400, "has no option 'often'"),
        ({"simulate": "reset after=soon"}, 400, "cannot be 'soon'"),
        ({"simulate": "429 body=pdf"}, 400, "octet"),
        ({"simulate": 5}, 400, "simulate"),
    ],
)
def test_a_request_is_read_strictly(sim: Simulator, fields: dict[str, Any], status: int, says: str) -> None:
    got = chat(sim, "x", **fields)
    assert got.status == status
    assert set(got.json["error"]) == {"message", "type", "param", "code"}
    assert says in got.json["error"]["message"]


def test_stream_options_and_unknown_fields_are_accepted(sim: Simulator) -> None:
    assert chat(sim, "x", stream_options={"include_usage": True}, user="me", seed=1, top_p=0.5).status == 200


def test_reasoning_has_to_be_passed_back_where_there_are_tools(sim: Simulator) -> None:
    def asked(assistant: dict[str, Any], **fields: Any) -> Got:
        turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", **assistant}]
        return chat(sim, messages=[*turns, {"role": "user", "content": "c"}], **fields)

    refused = asked({}, tools=[TOOL])
    assert (refused.status, refused.json) == (400, NOT_PASSED_BACK)
    assert asked({"reasoning_content": ""}, tools=[TOOL]).status == 200
    assert asked({}).status == 200
    assert asked({}, tools=[TOOL], thinking={"type": "disabled"}).status == 200


@pytest.mark.parametrize("key", [None, "", "bad-key"])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/beta/chat/completions"), ("GET", "/models"), ("GET", "/user/balance")]
)
def test_a_key_is_needed(sim: Simulator, method: str, path: str, key: str | None) -> None:
    got = request(sim, method, path, json.dumps(body_of("x")).encode() if method == "POST" else None, key)
    assert got.status == 401
    shown = "-key" if key else ""
    assert got.json["error"]["message"] == f"Authentication Fails, Your api key: ****{shown} is invalid"
    assert got.json["error"]["type"] == "authentication_error"


def test_models_and_balance(sim: Simulator) -> None:
    models = request(sim, "GET", "/v1/models").json
    assert models["object"] == "list"
    assert models["data"][0] == {"id": "deepseek-flash", "object": "model", "owned_by": "deepseek"}
    balance = request(sim, "GET", "/user/balance").json
    assert balance["is_available"] is True
    assert set(balance["balance_infos"][0]) == {"currency", "total_balance", "granted_balance", "topped_up_balance"}
    assert all(isinstance(value, str) for value in balance["balance_infos"][0].values())


def test_the_legacy_alias_is_served_as_flash(sim: Simulator) -> None:
    assert chat(sim, "x", model="deepseek-v4-flash").chunks[0]["model"] == "deepseek-flash"


def test_other_paths_and_methods(sim: Simulator) -> None:
    assert request(sim, "GET", "/nothing").status == 404
    assert request(sim, "GET", "/chat/completions").status == 405
    assert request(sim, "POST", "/models").status == 405


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"rubbish\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 400),
    ],
)
def test_rubbish_is_answered_and_the_connection_closed(sim: Simulator, sent: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", int(sim.url.rpartition(":")[2])), timeout=10) as raw:
        raw.sendall(sent)
        got, _ = read_all(raw)
    assert got.startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"[]", b'"x"', b'{"messages": NaN}'])
def test_a_body_that_is_no_request(sim: Simulator, body: bytes) -> None:
    got = request(sim, "POST", "/chat/completions", body)
    assert got.status in (400, 422)
    assert got.json["error"]["type"] == "invalid_request_error"


# How a scenario is chosen


def test_the_field_comes_before_the_directive_and_that_before_the_default() -> None:
    with Simulator(rate=0, first_token=0, scenario="truncate after=3") as sim:
        assert chat(sim, "median").chunks[-1]["usage"]["completion_tokens"] == 3
        assert chat(sim, "median [simulate: truncate after=4]").chunks[-1]["usage"]["completion_tokens"] == 4
        got = chat(sim, "median [simulate: truncate after=4]", "truncate after=5")
        assert got.chunks[-1]["usage"]["completion_tokens"] == 5
        assert logged(sim)["scenario"] == "truncate after=5"


def test_a_directive_is_no_part_of_the_prompt(sim: Simulator) -> None:
    with_it = chat(sim, "median [simulate: truncate after=4]").chunks[-1]["usage"]
    without = chat(sim, "median ", "truncate after=4").chunks[-1]["usage"]
    assert with_it["prompt_tokens"] == without["prompt_tokens"]
    earlier = [
        {"role": "user", "content": "a [simulate: 503]"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    assert chat(sim, messages=earlier).status == 200


def test_the_help_lists_every_scenario_and_option() -> None:
    table = scenarios.table()
    for scenario in scenarios.SCENARIOS:
        assert f"\n  {scenario.name}" in table
        assert all(f"[{option.name}=" in table for option in scenario.options)
        if scenario.name != scenarios.STATUS:
            assert scenario.name in scenarios.parse(scenario.name)
    assert max(map(len, table.split("\n"))) <= 80


def test_names_combine_and_options_belong_to_the_name_before_them() -> None:
    plan = scenarios.parse("rate=5 truncate after=3 finish reason=aborted after=4")
    assert plan.get("truncate") == {"after": 3}
    assert plan.get("finish") == {"reason": "aborted", "after": 4}
    assert plan.common == {"rate": 5.0}


# Faults before the stream


@pytest.mark.parametrize("status", [401, 402, 404, 409, 422, 429, 500, 503, 529])
def test_a_status(sim: Simulator, status: int) -> None:
    got = chat(sim, "x", f"{status}")
    assert got.status == status
    assert got.json["error"]["message"]
    assert "retry-after" not in got.headers
    assert (logged(sim)["status"], logged(sim)["outcome"]) == (status, "served")


def test_a_status_in_every_shape_of_body(sim: Simulator) -> None:
    def refused(body: str) -> Got:
        return chat(sim, "x", f"402 body={body} retry-after=2")

    shapes = {name: refused(name) for name in ("json", "string", "message", "html", "octet", "empty")}
    assert {got.headers["retry-after"] for got in shapes.values()} == {"2"}
    assert shapes["json"].json["error"]["message"] == "Insufficient Balance"
    assert shapes["string"].json == {"error": "Insufficient Balance"}
    assert shapes["message"].json == {"message": "Insufficient Balance"}
    assert shapes["html"].headers["content-type"].startswith("text/html")
    assert shapes["html"].body.startswith(b"<!DOCTYPE html>")
    assert shapes["octet"].headers["content-type"] == "application/octet-stream"
    assert shapes["octet"].body == b"Insufficient Balance"
    assert shapes["empty"].body == b""
    assert "content-type" not in shapes["empty"].headers


def test_a_status_a_number_of_times_for_each_prompt(sim: Simulator) -> None:
    def statuses(prompt: str, count: int) -> list[int]:
        return [chat(sim, prompt, "429 times=2").status for _ in range(count)]

    assert statuses("one", 3) == [429, 429, 200]
    assert statuses("two", 1) == [429]
    assert statuses("one", 3) == [429, 429, 200]  # and over again, so that a demo can be repeated
    assert statuses("two", 2) == [429, 200]


def test_a_queue_sends_keep_alives_then_answers(sim: Simulator) -> None:
    got = chat(sim, "median", "queue seconds=0.05 every=0.01")
    before, _, _ = got.body.partition(b"data: ")
    assert before == b": keep-alive\n\n" * before.count(b":")
    assert before.count(b":") >= 1
    assert got.finish_reason == "stop"


def test_an_endless_queue(sim: Simulator) -> None:
    with open_raw(sim, body_of("median", "queue seconds=inf every=0.001")) as raw:
        assert b"data:" not in read_until(raw, b": keep-alive\n\n", 20)
    assert logged(sim)["outcome"] == "disconnected"


def test_headers_come_late(sim: Simulator) -> None:
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


# Faults in the stream


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


def test_a_reset_delivers_everything_before_it_and_half_an_event(sim: Simulator) -> None:
    whole = chat(sim, "median").body.split(b"\n\n")
    for _ in range(50):
        got = chat(sim, "median", "reset after=20")
        *complete, half = got.body.split(b"\n\n")
        assert isinstance(got.error, ConnectionResetError)
        assert len(complete) == 21
        assert len(half) == (len(whole[21]) + 2) // 2
        assert half.startswith(b'data: {"id":')
    entry = logged(sim)
    assert (entry["outcome"], entry["deltas_sent"]) == ("reset", 20)


def test_a_reset_waits_for_a_client_that_reads_slowly(sim: Simulator) -> None:
    with open_raw(sim, body_of("median", "reset after=1000 tokens=2000"), buffer=1 << 14) as raw:
        read = read_until(raw, b"\n\n")
        time.sleep(0.2)  # long enough for the server to fill every buffer in between
        rest, reset = read_all(raw)
    assert reset
    assert (read + rest).count(b"data: {") == 1 + 1000 + 1


@pytest.mark.parametrize("fault", ["reset", "close ending=clean", "close ending=cut"])
def test_a_cut_at_any_byte(sim: Simulator, fault: str) -> None:
    whole = len(chat(sim, "median", max_tokens=5).body)
    for byte in [*range(0, whole, 37), whole - 1, whole]:
        got = chat(sim, "median", f"{fault} byte={byte}", max_tokens=5)
        assert len(got.body) == byte
        assert got.body.count(b"\n\n") <= 8
        assert (got.error is None) == fault.endswith("clean")


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
def test_a_fault_beyond_the_end_strikes_before_the_finish(sim: Simulator, fault: str) -> None:
    with open_raw(sim, body_of("median", f"{fault} after=100000", max_tokens=5)) as raw:
        read = read_until(raw, b"\n\n\r\n", 6)
        if fault != "silence":
            read += read_all(raw)[0]
    assert b'"finish_reason":"' not in read
    assert logged(sim)["deltas_sent"] == 5


def test_faults_of_an_answer_that_is_not_streamed(sim: Simulator) -> None:
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


def test_no_done(sim: Simulator) -> None:
    got = chat(sim, "median", "no-done")
    assert got.finish_reason == "stop"
    assert b"[DONE]" not in got.body


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
    got = chat(sim, "median", f"error-in-band after=3 shape={shape}")
    assert got.error is None
    assert len(got.chunks) == 1 + 3 + 1
    assert b"[DONE]" not in got.body
    assert contains(got.chunks[-1], last)


def contains(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return all(key in whole and contains(whole[key], value) for key, value in part.items())
    if isinstance(part, list):
        return all(contains(one, other) for one, other in zip(whole, part, strict=True))
    return bool(whole == part)


def test_an_error_event(sim: Simulator) -> None:
    got = chat(sim, "median", "error-in-band after=0 shape=event")
    assert got.body.split(b"\n\n")[1].startswith(b"event: error\ndata: {")


# Dialects


def test_one_byte_in_each_packet(sim: Simulator) -> None:
    with open_raw(sim, body_of("中位数", "one-byte", max_tokens=10)) as raw:
        read = read_until(raw, b"0\r\n\r\n")
        # Linux: tcp_info.tcpi_data_segs_in, at byte 152; how many packets with data have come in.
        info = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        (packets,) = struct.unpack_from("I", info, 152)
    assert packets == len(read)
    assert unchunked(read).count(b"data: ") == 13


def test_reasoning_in_other_fields(sim: Simulator) -> None:
    usual = chat(sim, "median")
    reasoning, answer = usual.joined("reasoning_content"), usual.joined("content")
    for name in ("reasoning", "details", "reasoning details", "think-tags"):
        got = chat(sim, "median", name)
        assert b"reasoning_content" not in got.body
        deltas = [chunk["choices"][0]["delta"] for chunk in got.chunks]
        details = "".join(part["text"] for delta in deltas for part in delta.get("reasoning_details", []))
        assert details == (reasoning if "details" in name else "")
        assert got.joined("reasoning") == (reasoning if "reasoning" in name else "")
        if name == "think-tags":
            assert [delta["content"] for delta in deltas[1:3]] == ["<thi", "nk>\n"]
            assert got.joined("content") == f"<think>\n{reasoning}\n</think>\n\n{answer}"
        else:
            assert got.joined("content") == answer


def test_usage_in_a_chunk_of_its_own_or_in_every_chunk(sim: Simulator) -> None:
    separate = chat(sim, "median", "usage-separate", max_tokens=5).chunks
    assert [("usage" in chunk, len(chunk["choices"])) for chunk in separate[-2:]] == [(False, 1), (True, 0)]
    every = chat(sim, "median", "usage-every", max_tokens=5).chunks
    assert [chunk["usage"]["completion_tokens"] for chunk in every] == [0, 1, 2, 3, 4, 5, 5]


def test_line_ends_and_a_byte_order_mark(sim: Simulator) -> None:
    def masked(body: bytes) -> bytes:
        return re.sub(rb'"id":"[^"]*"|"created":\d+|"prompt_tokens.*', b"", body)

    usual = chat(sim, "median", "queue seconds=0.001", max_tokens=5).body
    for name, newline in (("crlf", b"\r\n"), ("cr", b"\r")):
        other = chat(sim, "median", f"{name} queue seconds=0.001", max_tokens=5).body
        assert masked(other.replace(newline, b"\n")) == masked(usual)
        assert b"\n" not in other.replace(newline, b"")
    marked = chat(sim, "median", "bom queue seconds=0.001", max_tokens=5).body
    assert marked.startswith(b"\xef\xbb\xbf: keep-alive\n\n")
    assert marked.count(b"\xef\xbb\xbf") == 1


def test_a_surrogate_pair_is_split_over_two_deltas(sim: Simulator) -> None:
    got = chat(sim, "median", "surrogates", reasoning_effort="none")
    contents = [chunk["choices"][0]["delta"]["content"] for chunk in got.chunks]
    at = next(number for number, text in enumerate(contents) if "\ud83c" in text)
    assert contents[at].endswith("\ud83c")
    assert contents[at + 1].startswith("\udf0a")
    assert rb"\ud83c" in got.body
    healed = "".join(contents).encode("utf-16", "surrogatepass").decode("utf-16")
    assert healed.startswith(f"{NOTICE} \N{WATER WAVE}\n")
    assert got.chunks[-1]["usage"]["completion_tokens"] == len(contents) - 2


def test_a_dialect_and_a_fault_combine(sim: Simulator) -> None:
    got = chat(sim, "median", "think-tags crlf usage-every reset after=3")
    assert got.body.count(b"\r\n\r\n") == 4
    assert b"<thi" in got.body
    assert isinstance(got.error, ConnectionResetError)


# The log


def test_a_client_that_leaves_in_mid_stream(sim: Simulator) -> None:
    with open_raw(sim, body_of("median", "normal rate=100")) as raw:
        read_until(raw, b"\n\n", 5)
    entry = logged(sim)
    assert entry["outcome"] == "disconnected"
    assert entry["deltas_sent"] >= 3


def test_a_client_that_does_not_read_and_leaves(sim: Simulator) -> None:
    asked = body_of("median", "normal tokens=200000", reasoning_effort="none", max_tokens=200_000)
    with open_raw(sim, asked, buffer=1 << 14) as raw:
        read_until(raw, b"\n\n")
    entry = logged(sim)
    assert entry["outcome"] == "disconnected"
    assert entry["deltas_sent"] < 150_000


def test_the_log_over_http_knows_no_key(sim: Simulator) -> None:
    chat(sim, "what is logged", max_tokens=1)
    request(sim, "POST", "/chat/completions", b"{rubbish")
    request(sim, "GET", "/models", key=None)
    text = request(sim, "GET", "/_log", key=None).body.decode()
    assert KEY not in text
    first, second, third = json.loads(text)
    assert first["body"]["messages"] == [{"role": "user", "content": "what is logged"}]
    assert (first["path"], first["model"], first["scenario"]) == ("/chat/completions", "deepseek-flash", "normal")
    assert first["key_digest"] == second["key_digest"] != KEY
    assert (second["status"], second["body"]) == (400, "{rubbish")
    assert (third["status"], third["key_digest"]) == (401, None)
    assert request(sim, "DELETE", "/_log").json == []
    assert sim.log() == []


# Its life


def test_it_stops_without_a_trace_and_starts_again() -> None:
    before = threading.active_count()
    simulator = Simulator(rate=0, first_token=0)
    with simulator:
        url = simulator.url
        silent = open_raw(simulator, body_of("x", "silence after=0"))
        read_until(silent, b"\r\n\r\n")
        idle = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
    with silent, idle:
        assert silent.recv(1) == b""
        assert idle.recv(1) == b""
    simulator.stop()
    assert simulator.log()[-1]["outcome"] == "stopped"
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        chat(simulator, "x")
    with simulator:
        assert simulator.url == url
        assert chat(simulator, "x").status == 200


def test_it_listens_on_the_loopback_address_only(sim: Simulator) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", int(sim.url.rpartition(":")[2])), timeout=10)


def test_a_port_in_use_is_an_error_at_the_start(sim: Simulator) -> None:
    with pytest.raises(OSError, match="Address already in use"):
        Simulator(port=int(sim.url.rpartition(":")[2])).start()


COMMAND = (
    # Whatever started the tests may ignore Ctrl-C, as a shell does for what it runs in the background.
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "import argparse, sys; from nbstream.simulator import server; "
    "parser = argparse.ArgumentParser(); server.add_arguments(parser); sys.exit(server.main(parser.parse_args()))"
)


def test_the_command_says_how_to_use_it_and_ends_quietly_on_ctrl_c() -> None:
    arguments = [sys.executable, "-X", "dev", "-c", COMMAND, "--port", "0", "--scenario", "429 times=1"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"DEEPSEEK_BASE_URL=(http://127\.0\.0\.1:(\d+)) DEEPSEEK_API_KEY=simulated", line)
        assert found, line
        taken = subprocess.run(
            [sys.executable, "-c", COMMAND, "--port", found[2]], capture_output=True, text=True, check=False
        )
        address = ("127.0.0.1", int(found[2]))
        with socket.create_connection(address):
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate()
    assert (process.returncode, output, errors) == (0, "", "")
    assert taken.returncode == 1
    assert taken.stderr == f"nbstream simulate: cannot listen on port {found[2]}: it is in use\n"


@pytest.mark.parametrize("wrong", [["--port", "70000"], ["--rate", "-1"], ["--scenario", "nothing"]])
def test_the_command_refuses_wrong_arguments(wrong: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", COMMAND, *wrong], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert wrong[1] in done.stderr


# A client that we did not write


def test_the_openai_client_streams_from_it(sim: Simulator) -> None:
    openai = pytest.importorskip("openai")
    with openai.OpenAI(api_key=KEY, base_url=sim.url, max_retries=0) as client:
        messages = [{"role": "user", "content": "Why does the median resist outliers?"}]
        stream = client.chat.completions.create(model="deepseek-flash", messages=messages, stream=True)
        chunks = list(stream)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks).startswith(NOTICE)
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert chunks[-1].usage.completion_tokens == len(chunks) - 2
        assert [model.id for model in client.models.list()] == ["deepseek-flash", "deepseek-v4-pro"]
        with pytest.raises(openai.RateLimitError, match="Rate Limit Reached"):
            client.chat.completions.create(model="deepseek-flash", messages=messages, extra_body={"simulate": "429"})


def test_a_cancelled_openai_client_is_seen_to_leave_while_the_server_is_silent(sim: Simulator) -> None:
    openai = pytest.importorskip("openai")

    async def cancelled() -> None:
        async with openai.AsyncOpenAI(api_key=KEY, base_url=sim.url, max_retries=0) as client:
            messages = [{"role": "user", "content": "x [simulate: silence after=2]"}]
            deltas = asyncio.Event()

            async def read() -> None:
                async for chunk in await client.chat.completions.create(
                    model="deepseek-flash", messages=messages, stream=True
                ):
                    if chunk.choices[0].delta.reasoning_content:
                        deltas.set()

            task = asyncio.create_task(read())
            await deltas.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(cancelled())
    assert logged(sim)["outcome"] == "disconnected"
