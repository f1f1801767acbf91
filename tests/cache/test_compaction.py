"""A reply is kept in few chunks, and is the same reply."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from nbstream.client.cache.compaction import compacted
from nbstream.model.reduction import reduced
from nbstream.recordings import seal
from nbstream.recordings.taken import Asked, Taken
from nbstream.wire.anthropic_messages import MessagesDecoder
from nbstream.wire.joined_chunks import joined
from nbstream.wire.response import ResponseDecoder
from tests.cache.conftest import ask, only, sent
from tests.recordings.conftest import told
from tests.wire.messages import OVER, answer, begin, delta, encoded, end, start, stop
from tests.wire.recorded import FOLDER, as_json
from tests.wire.test_invariants import chunk, cut, streams
from tests.wire.test_simulator_streams import FINISH

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.model.reply import Reply
    from nbstream.simulator.server import Simulator

STREAMS = sorted(FOLDER.rglob("*.sse"))
CUTS = st.lists(st.integers(0, 1 << 20), max_size=6)


def _chat() -> ResponseDecoder:
    return ResponseDecoder()


def _messages() -> ResponseDecoder:
    return ResponseDecoder(payloads=MessagesDecoder())


def _reply(pieces: list[bytes], *, is_chat: bool = True) -> Reply:
    decoder = _chat() if is_chat else _messages()
    return reduced([*(event for piece in pieces for event in decoder.feed(piece, 0)), *decoder.finish(0)])


def _kept(pieces: list[bytes], *, is_chat: bool = True) -> list[bytes]:
    """Return the pieces as they are read from a file of the cache."""
    timed = [(float(number), piece) for number, piece in enumerate(pieces)]
    taken = Taken(Asked("POST", "https://host/chat/completions", {}), 0.0, 200, pieces=timed)
    small = compacted(taken, _chat if is_chat else _messages)
    times = [at for at, _ in small.pieces]
    assert times == sorted(times)
    return [piece for _, piece in seal.unsealed(seal.sealed(small)).pieces]


def _sse(chunks: list[Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in chunks) + b"data: [DONE]\n\n"


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
@pytest.mark.parametrize("size", [7, 1 << 20])
def test_each_dialect_makes_the_same_reply(path: Path, size: int) -> None:
    body = path.read_bytes()
    is_chat = path.parent == FOLDER
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    kept = _kept(pieces, is_chat=is_chat)
    one, other = _reply([body], is_chat=is_chat), _reply(kept, is_chat=is_chat)
    assert (one, as_json(one), one.message, one.logprobs) == (other, as_json(other), other.message, other.logprobs)
    assert sum(map(len, kept)) <= len(body)


@given(streams(), CUTS)
def test_each_stream_in_any_pieces_makes_the_same_reply(body: bytes, cuts: list[int]) -> None:
    assert _reply(_kept(cut(body, cuts))) == _reply([body])


_TEXTS = st.text(st.sampled_from('ab \n<>/think日🎉"\\\u2028'), max_size=9) | st.sampled_from(
    ["\ud83c", "\udf89", "x\n"]
)


@given(st.lists(st.tuples(st.sampled_from(["text", "thinking"]), st.lists(_TEXTS, max_size=6)), max_size=4), CUTS)
@example([("text", ["a", "", "b"])], [])
def test_blocks_in_any_pieces_make_the_same_reply(blocks: list[tuple[str, list[str]]], cuts: list[int]) -> None:
    events = [start()]
    for index, (kind, texts) in enumerate(blocks):
        signature = [delta(index, signature="s")] if kind == "thinking" else []
        events += [begin(index, kind), *(delta(index, **{kind: text}) for text in texts), *signature, end(index)]
    body = encoded(*events, stop(), OVER)
    whole, kept = _reply([body], is_chat=False), _kept(cut(body, cuts), is_chat=False)
    assert _reply(kept, is_chat=False) == whole
    # Adjacent texts are one event; an empty one is between others.
    expected = any(one and other for _, texts in blocks for one, other in pairwise(texts))
    assert (body.count(b"_delta") > b"".join(kept).count(b"_delta")) is expected


def test_chunks_become_a_few() -> None:
    words = ["The", " median", "\n", "日本", "\ud83c", "\udf89", ' "quoted"']
    thoughts = [chunk({"content": None, "reasoning_content": word}, usage=None) for word in ("Let", " me", "\n")]
    said = [
        chunk({"content": word, "reasoning_content": None}, obfuscation=f"pad{at}") for at, word in enumerate(words)
    ]
    body = _sse([chunk({"role": "assistant", "content": ""}), *thoughts, *said, chunk({}, "stop")])
    kept = _kept([body])
    assert len(kept) == 5
    reply = _reply(kept)
    assert (reply.reasoning, reply.answer, reply) == ("Let me\n", 'The median\n日本🎉 "quoted"', _reply([body]))
    assert b"pad6" in kept[2]
    details = [{"reasoning": word, "reasoning_details": [{"type": "reasoning.text", "text": word}]} for word in words]
    body = _sse([*map(chunk, details), chunk({"content": "a"}, "null"), chunk({"content": "b"}, "null"), FINISH])
    kept = _kept([body])
    assert (len(kept), _reply(kept), _reply(kept).answer) == (4, _reply([body]), "ab")
    body = encoded(start(), *answer("The", " median\n", "日本"), stop(), OVER)
    assert [each.count(b"text_delta") for each in _kept([body], is_chat=False)] == [0, 0, 1, 0, 0, 0]


def test_a_long_text_is_cut_at_the_ends_of_its_lines() -> None:
    lines = [f"{number} {'word ' * 30}\n" for number in range(9)]
    body = _sse([chunk({"content": text}) for line in lines for text in (line[:50], line[50:])])
    texts = [json.loads(each.data[6:])["choices"][0]["delta"]["content"] for each in joined(body)[:-1]]
    assert texts == ["".join(lines[at : at + 2]) for at in range(0, 9, 2)]
    # Without a line end, too, chunks do not become long.
    assert max(len(each.data) for each in joined(_sse([chunk({"content": "word "})] * 1000))) < 1000


_PROBABILITIES = {"content": [{"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}]}


@pytest.mark.parametrize(
    "same",
    [
        [{**chunk(), "choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": _PROBABILITIES}]}] * 3,
        [chunk({"content": "a"}, usage={"prompt_tokens": 3, "completion_tokens": 1})] * 3,
        [chunk({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "a"}}], "content": "a"})] * 3,
        [chunk({"content": [{"type": "text", "text": "a"}]})] * 3,
        [{**chunk(), "choices": [{"index": at, "delta": {"content": "a"}} for at in (0, 1)]}] * 3,
        [chunk({"content": "a"}), chunk({"content": "a"}, created=1), chunk({"content": "a"}, created=2)],
        [chunk({"content": "a", "refusal": "no"})] * 2,
        # All of the text so far: joined, it would be another answer.
        [chunk({"content": "The median of the numbers resists"[: 11 * at]}) for at in (1, 2, 3)],
        [chunk({})] * 3,
    ],
)
def test_what_else_a_chunk_has_stays(same: list[Any]) -> None:
    body = _sse([*same, chunk({}, "stop")])
    pieces = cut(body, [40, 300])
    assert _kept(pieces) == pieces


@pytest.mark.parametrize("between", [b": keep-alive\n\n", b"id: 7\n", b"data: {\n\n", b"data: [1\n\n", b"\xff\n\n"])
def test_what_is_between_chunks_stays(between: bytes) -> None:
    one = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
    parts = [each.data for each in joined(one * 2 + between + one * 2)]
    assert b"".join(parts).count(between) == 1
    assert len(parts) < 5


@given(st.binary(max_size=60) | st.lists(st.sampled_from([b"data: ", b"{}", b'{"choices"', b"\r\n", b"\n", b":"])))
def test_any_bytes_stay(data: bytes | list[bytes]) -> None:
    body = data if isinstance(data, bytes) else b"".join(data)
    assert b"".join(each.data for each in joined(body)) == body


def test_a_reply_is_kept_in_a_tenth_of_its_size(folder: Path, simulator: Simulator) -> None:
    live = ask("[simulate: tokens=400]")
    assert live.usage is not None
    assert live.usage.completion_tokens is not None
    assert only(folder).stat().st_size < 39 * live.usage.completion_tokens
    assert (told(ask("[simulate: tokens=400]")), sent(simulator)) == (told(live), 1)
