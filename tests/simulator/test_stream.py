"""The normal stream, the other formats of a stream, and a client that is not ours."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from nbstream.model.reply import SIMULATED_FINGERPRINT
from tests import needs
from tests.simulator.client import KEY, NOTICE, body_of, chat, logged, open_raw, read_all, read_until, unchunked

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator


def test_a_normal_stream(sim: Simulator) -> None:
    response = chat(sim, "Why does the median resist outliers?")
    assert response.status == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    first, *middle, last = response.chunks
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": None, "reasoning_content": ""}
    assert {chunk["system_fingerprint"] for chunk in response.chunks} == {SIMULATED_FINGERPRINT}
    assert {(chunk["id"], chunk["model"], chunk["object"]) for chunk in response.chunks} == {
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
    assert response.body.endswith(b"\n\ndata: [DONE]\n\n")
    assert response.joined("content").split("\n")[0] == NOTICE
    entry = logged(sim)
    assert (entry["id"], entry["outcome"], entry["deltas_sent"]) == (first["id"], "served", len(middle))
    assert entry["started"] <= entry["first_byte"] <= entry["ended"]


def test_a_stream_is_chunked_http_and_the_connection_can_be_used_again(sim: Simulator) -> None:
    with open_raw(sim, body_of("median")) as raw:
        streamed = read_until(raw, b"\r\n0\r\n\r\n")
        assert unchunked(streamed).endswith(b"data: [DONE]\n\n")
        assert b"Connection: keep-alive" in streamed
        raw.sendall(b"GET /models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n")
        again, reset = read_all(raw)
    assert again.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Connection: close" in again
    assert not reset


def test_an_answer_that_is_not_streamed(sim: Simulator) -> None:
    streamed = chat(sim, "median")
    response = chat(sim, "median", stream=False)
    assert response.headers["content-type"] == "application/json"
    message = response.json["choices"][0]["message"]
    assert response.json["object"] == "chat.completion"
    assert message["content"] == streamed.joined("content")
    assert message["reasoning_content"] == streamed.joined("reasoning_content")
    assert response.json["choices"][0]["finish_reason"] == "stop"
    assert response.json["usage"]["completion_tokens"] == streamed.chunks[-1]["usage"]["completion_tokens"]


def test_the_rate_delays_the_next_token(sim: Simulator) -> None:
    # One token in a thousand seconds: the first comes at once, the second does not come.
    with open_raw(sim, body_of("median", "normal rate=0.001")) as raw:
        seen = read_until(raw, b"\n\n", 2)
        raw.settimeout(0.05)
        with pytest.raises(TimeoutError):
            raw.recv(1)
    assert seen.count(b"data: ") == 2
    assert logged(sim)["deltas_sent"] == 1


def test_the_first_token_is_delayed(sim: Simulator) -> None:
    with open_raw(sim, body_of("median", "normal first-token=1000")) as raw:
        head = read_until(raw, b"\r\n\r\n")
        raw.settimeout(0.05)
        with pytest.raises(TimeoutError):
            raw.recv(1)
    assert head.endswith(b"\r\n\r\n")
    assert logged(sim)["outcome"] == "disconnected"


@needs.linux("it counts packets (tcp_info)")
def test_each_byte_in_a_packet_of_its_own(sim: Simulator) -> None:
    with open_raw(sim, body_of("中位数", "one-byte", max_tokens=10)) as raw:
        read = read_until(raw, b"0\r\n\r\n")
        # Linux: tcp_info.tcpi_data_segs_in, at byte 152, is the number of received packets with
        # data.
        info = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        (packets,) = struct.unpack_from("I", info, 152)
    # One that is acknowledged late is sent again, alone or with those after it, which is rare.
    assert -len(read) / 100 <= packets - len(read) <= 3
    assert unchunked(read).count(b"data: ") == 13


def test_reasoning_in_other_fields(sim: Simulator) -> None:
    usual = chat(sim, "median")
    reasoning, answer = usual.joined("reasoning_content"), usual.joined("content")
    for name in ("reasoning", "details", "reasoning details", "think-tags"):
        response = chat(sim, "median", name)
        assert b"reasoning_content" not in response.body
        deltas = [chunk["choices"][0]["delta"] for chunk in response.chunks]
        details = "".join(part["text"] for delta in deltas for part in delta.get("reasoning_details", []))
        assert details == (reasoning if "details" in name else "")
        assert response.joined("reasoning") == (reasoning if "reasoning" in name else "")
        if name == "think-tags":
            assert [delta["content"] for delta in deltas[1:3]] == ["<thi", "nk>\n"]
            assert response.joined("content") == f"<think>\n{reasoning}\n</think>\n\n{answer}"
        else:
            assert response.joined("content") == answer


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
    response = chat(sim, "median", "surrogates", reasoning_effort="none")
    contents = [chunk["choices"][0]["delta"]["content"] for chunk in response.chunks]
    at = next(number for number, text in enumerate(contents) if "\ud83c" in text)
    assert contents[at].endswith("\ud83c")
    assert contents[at + 1].startswith("\udf0a")
    assert rb"\ud83c" in response.body
    healed = "".join(contents).encode("utf-16", "surrogatepass").decode("utf-16")
    assert healed.startswith(f"{NOTICE} \N{WATER WAVE}\n")
    assert response.chunks[-1]["usage"]["completion_tokens"] == len(contents) - 2


def test_a_format_and_a_fault_combine(sim: Simulator) -> None:
    response = chat(sim, "median", "think-tags crlf usage-every reset after=3")
    assert response.body.count(b"\r\n\r\n") == 4
    assert b"<thi" in response.body
    assert isinstance(response.error, ConnectionResetError)


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


def test_a_cancelled_openai_client_is_noticed_while_the_server_is_silent(sim: Simulator) -> None:
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
