"""An API key is sent to its own server only, and is in no output, file, log or traceback."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbstream
from nbstream.client.endpoints import Secret, endpoint_for
from nbstream.client.redaction import MARK, SHORTEST_KEY, KeyRedactor
from nbstream.output.sentences import message
from tests.hints import hint_of
from tests.hostile import keys
from tests.hostile.server import HostileServer, Request, Response, chunk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def test_the_key_is_in_no_output_however_a_request_ends() -> None:
    found = keys.end_every_way()
    assert found.places > 500
    assert found.seen == []


def test_neither_prompt_nor_key_follows_a_redirect() -> None:
    found, elsewhere = keys.redirect_every_way()
    assert found.places > 300
    assert found.seen == []
    assert elsewhere == []


@pytest.mark.kernel
def test_the_key_is_in_no_output_of_a_kernel(tmp_path: Path) -> None:
    found = keys.look_into_kernel(tmp_path)
    assert found.places > 200
    assert found.seen == []


def test_the_search_finds_a_key() -> None:
    found = keys.Sightings()
    found.look("nowhere", "canary")
    for place, text in (
        ("plain", keys.KEY),
        ("URL", "canary-key%2F0f3b%2B7e91%3D%3D"),
        ("JSON", r"canary-key\/0f3b+7e91=="),
    ):
        found.look(place, text)
    assert found.seen == ["plain", "URL", "JSON"]
    assert found.places == 4


def test_the_message_of_a_redirect_has_its_target_without_user_and_query() -> None:
    answers = {"from": lambda _: Response([], 307, {"Location": "https://user:x@other.test:8443/v1/chat?key=x#y"})}
    with HostileServer(answers) as server:
        reply = nbstream.stream("hello", base_url=f"{server.url}/from", api_key="x").result(20)
    assert reply.error is not None
    assert "it redirects to https://other.test:8443/v1/chat" in message(reply.error)
    assert "Neither prompt nor key was sent there" in hint_of(reply)
    assert "\n" not in str(reply.error)


def test_a_key_is_sent_to_its_own_server_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_: Request) -> Response:
        return Response([chunk(content="yes", finish="stop")])

    with HostileServer({"v1": answer}) as own, HostileServer({"v1": answer}) as other:
        monkeypatch.setenv("DEEPSEEK_BASE_URL", f"{own.url}/v1")
        monkeypatch.setenv("DEEPSEEK_API_KEY", keys.KEY)
        port = own.url.rpartition(":")[2]
        for url in (f"{own.url}/v1/", f"{other.url}/v1", f"http://localhost:{port}/v1"):
            assert nbstream.stream("hello", base_url=url).result(20).answer == "yes"
        sent, to_other_name = own.requests
        assert sent.key == keys.KEY
        assert keys.KEY not in to_other_name.text + other.requests[0].text
        assert "authorization" not in other.requests[0].headers


def test_the_message_does_not_repeat_an_invalid_base_url() -> None:
    for url in (keys.KEY, f"https://user:{keys.KEY}@host:x", f"https://user:{keys.KEY}@host"):
        with pytest.raises(nbstream.RequestError) as caught:
            endpoint_for(url, environ={})
        assert "canary" not in str(caught.value)


KEYS = st.text('abcde/+"<', min_size=SHORTEST_KEY, max_size=24)


@given(KEYS, st.lists(st.sampled_from(["key", "half", "a", "b\n", "é"]), max_size=8), st.data())
def test_the_key_is_redacted_however_a_stream_is_split(key: str, parts: list[str], data: st.DataObject) -> None:
    text = "".join({"key": key, "half": key[: len(key) // 2]}.get(part, part) for part in parts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    redactor = KeyRedactor(Secret(key))
    assert b"".join(through(redactor, pieces)) == b"".join(through(redactor, [text]))
    assert key.encode() not in b"".join(through(redactor, pieces))
    if key not in text.decode():
        assert b"".join(through(redactor, pieces)) == text


def test_a_short_key_is_left_in_an_answer() -> None:
    pieces = [b"ollama serves ", b"models"]
    assert through(KeyRedactor(Secret("ollama")), pieces) == pieces
    assert through(KeyRedactor(None), pieces) == pieces
    assert KeyRedactor(Secret("ollama")).redact("bad key ollama") == f"bad key {MARK}"


def test_only_the_beginning_of_a_key_is_held_back() -> None:
    redactor = KeyRedactor(Secret(keys.KEY))
    assert through(redactor, [b"data: x\n\n", b"y can", b"y"]) == [b"data: x\n\n", b"y ", b"cany"]


def through(redactor: KeyRedactor, pieces: list[bytes]) -> list[bytes]:
    async def given_pieces() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def collect() -> list[bytes]:
        return [piece async for piece in redactor.redact_stream(given_pieces())]

    return asyncio.run(collect())
