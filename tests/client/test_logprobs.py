"""Probabilities of tokens, from the option to the saved reply."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nbstream
from nbstream.client.raw_redaction import LineRedactor, lines_of
from nbstream.client.redacted_decoder import RedactedDecoder
from nbstream.client.redaction import KeyRedactor
from nbstream.client.secret import Secret
from nbstream.model.exceptions import RequestError
from nbstream.model.hidden_text import MARK
from nbstream.model.probabilities import Alternative, Token
from nbstream.model.saved_values import decode, encode
from nbstream.wire.response import ResponseDecoder
from tests.client.test_continuation import uncut
from tests.client.test_key import KEYS
from tests.wire.test_invariants import reply_of
from tests.wire.test_token_probabilities import encoded, entry, scored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.model.reply import Reply

pytestmark = pytest.mark.usefixtures("simulator")


def ask(prompt: str, **options: Any) -> Reply:
    return nbstream.stream(prompt, **options).result(20)


def spelled(tokens: Iterable[Token]) -> str:
    return b"".join(token.data or b"" for token in tokens).decode()


def test_each_token_of_the_reply_has_its_probability() -> None:
    reply = ask("median", logprobs=3, effort="low", max_tokens=300)
    assert {name: reply.request.parameters[name] for name in ("logprobs", "top_logprobs")} == {
        "logprobs": True,
        "top_logprobs": 3,
    }
    texts = {"reasoning": reply.reasoning, "answer": reply.message["content"]}
    for channel, text in texts.items():
        tokens = [token for token in reply.logprobs if token.channel == channel]
        assert spelled(tokens) == text
    assert all(len(token.alternatives) == 3 and 0 < (token.probability or 0) <= 1 for token in reply.logprobs)
    assert ask("median", max_tokens=5).logprobs == ()


def test_a_character_of_two_tokens_has_all_its_bytes() -> None:
    reply = ask("[simulate: echo]Say 🎉, please.", logprobs=1, thinking=False)
    assert "🎉" in reply.answer
    assert [token.text for token in reply.logprobs if "\\x" in token.text] == [r" \xf0\x9f", r"\x8e\x89,"]
    assert spelled(reply.logprobs) == reply.message["content"]


def test_a_saved_reply_has_them() -> None:
    reply = ask("median", logprobs=2, max_tokens=20)
    kept = json.loads(json.dumps(encode(reply)))
    assert decode(kept) == reply
    assert decode(kept).logprobs == reply.logprobs != ()
    # Each token has two alternatives: about as many characters as the server sent of each name.
    assert len(json.dumps(kept)) < 8_000


def test_a_reply_that_goes_on_keeps_those_of_its_beginning() -> None:
    first = ask("[simulate: truncate after=9]median", logprobs=1, thinking=False)
    assert first.status == "truncated"
    whole = uncut(first)
    assert whole.logprobs[: len(first.logprobs)] == first.logprobs
    assert spelled(whole.logprobs) == whole.message["content"]


@pytest.mark.parametrize("value", [-1, True, 1.5, "3"])
def test_a_value_that_is_no_number_of_alternatives(value: Any) -> None:
    with pytest.raises(RequestError, match="`logprobs=` is"):
        nbstream.stream("hello", logprobs=value, api_key="none", base_url="http://127.0.0.1:1")


def test_what_servers_do_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPSEEK_BASE_URL", raising=False)
    with pytest.raises(RequestError, match="DeepSeek gives at most 20"):
        nbstream.stream("hello", logprobs=21, api_key="none")
    with pytest.raises(RequestError, match="Anthropic's API has no probabilities"):
        nbstream.stream("hello", logprobs=2, model="anthropic/claude-x", api_key="none")


def spelled_out(tokens: tuple[Token, ...]) -> list[str]:
    """Return every text that the tokens spell, and their alternatives."""
    texts = "".join(token.text for token in tokens), b"".join(token.data or b"" for token in tokens).decode()
    others = [text for token in tokens for each in token.alternatives for text in (each.text, repr(each.data))]
    return [*texts, *others]


@settings(deadline=None)
@given(KEYS, st.text("ab/", max_size=20), st.text("ab/", max_size=20), st.integers(1, 9))
def test_the_key_is_in_no_token_however_it_is_split(key: str, before: str, after: str, size: int) -> None:
    text = before + key + after
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    chunks = [
        scored({"content": piece}, {"content": [entry(piece, top=[entry(piece), entry(key)])]}) for piece in pieces
    ]
    # Text and bytes may differ.
    chunks += [scored({"content": "x"}, {"content": [entry("x", bytes=list(piece.encode()))]}) for piece in pieces]
    decoder = RedactedDecoder(ResponseDecoder(), KeyRedactor(Secret(key)))
    reply = reply_of([*decoder.feed(encoded(*chunks), 0), *decoder.finish(1)])
    assert not any(key in each for each in spelled_out(reply.logprobs))
    assert any(token.text == MARK for token in reply.logprobs)


@given(st.lists(st.sampled_from(["a", "b", "abc", "é", "1"]), max_size=12))
def test_tokens_that_spell_no_key_stay_as_they_are(pieces: list[str]) -> None:
    chunks = [scored({"content": piece}, {"content": [entry(piece, top=[entry(piece)])]}) for piece in pieces]
    decoder = RedactedDecoder(ResponseDecoder(), KeyRedactor(Secret("abcabcabcabc1abc2")))
    reply = reply_of([*decoder.feed(encoded(*chunks), 0), *decoder.finish(1)])
    alone = [
        Token(piece, -0.5, piece.encode(), alternatives=(Alternative(piece, -0.5, piece.encode()),)) for piece in pieces
    ]
    assert list(reply.logprobs) == alone


@settings(deadline=None)
@given(KEYS, st.integers(1, 30))
def test_the_key_is_in_no_raw_line_of_tokens(key: str, size: int) -> None:
    pieces = [key[at : at + size] for at in range(0, len(key), size)]
    data = encoded(*(scored({"content": each}, {"content": [entry(each, top=[entry(each)])]}) for each in pieces))
    reader = LineRedactor(KeyRedactor(Secret(key)))
    lines = [line for each in lines_of(data) for line in reader.feed(each)] + reader.flush()
    spelled_by = {"token": "", "bytes": ""}
    for line in lines:
        for name in spelled_by:
            for value in re.findall(rf'"{name}":\s*("[^"]*"|\[[^\]]*\])', line.decode()):
                read = json.loads(value)
                spelled_by[name] += read if isinstance(read, str) else bytes(read).decode("latin-1")
    assert key not in spelled_by["token"]
    assert spelled_by["bytes"] == ""
