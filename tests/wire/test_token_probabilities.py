"""The probabilities of tokens, in the forms of the servers that send them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.probabilities import Alternative, Token
from nbstream.wire import token_probabilities
from nbstream.wire.response import ResponseDecoder
from tests.wire.test_invariants import chunk, cut, events_of, reply_of

if TYPE_CHECKING:
    from nbstream.model.reply import Reply


def entry(text: str, logprob: Any = -0.5, top: Any = (), **fields: Any) -> dict[str, Any]:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode()), "top_logprobs": list(top), **fields}


def scored(delta: dict[str, Any], logprobs: Any, reason: str | None = None) -> dict[str, Any]:
    found = chunk(delta, reason)
    found["choices"][0]["logprobs"] = logprobs
    return found


def encoded(*chunks: Any) -> bytes:
    return b"".join(f"data: {json.dumps(each)}\n\n".encode() for each in [*chunks, chunk({}, "stop")])


def read(*chunks: Any) -> Reply:
    return reply_of(events_of([encoded(*chunks)]))


def places(reply: Reply) -> list[tuple[str, str]]:
    return [(token.channel, token.text) for token in reply.logprobs]


def test_deepseek_sends_the_tokens_of_reasoning_in_a_field_of_their_own() -> None:
    reply = read(
        scored({"reasoning_content": "We"}, {"content": None, "reasoning_content": [entry("We", -0.1)]}),
        scored({"content": "Yes"}, {"content": [entry("Yes", -0.25, [entry("Yes", -0.25), entry("No", -9999.0)])]}),
    )
    thought, said = reply.logprobs
    assert thought == Token("We", -0.1, b"We", None, "reasoning")
    assert said == Token(
        "Yes", -0.25, b"Yes", None, "answer", (Alternative("Yes", -0.25, b"Yes"), Alternative("No", -9999.0, b"No"))
    )
    assert said.probability == pytest.approx(math.exp(-0.25))
    assert said.alternatives[1].probability == 0


def test_a_part_of_a_character_keeps_its_bytes() -> None:
    # As DeepSeek writes it (standardcompletions/rfcs, issue 2).
    parts = [entry(r"\xf0\x9f", bytes=[0xF0, 0x9F]), entry(r"\x8c\x8d", bytes=[0x8C, 0x8D])]
    reply = read(scored({"content": ""}, {"content": parts[:1]}), scored({"content": "🌍"}, {"content": parts[1:]}))
    assert [token.data for token in reply.logprobs] == [b"\xf0\x9f", b"\x8c\x8d"]
    assert b"".join(token.data or b"" for token in reply.logprobs).decode() == reply.answer == "🌍"


def test_tokens_in_content_belong_to_the_text_of_their_chunk() -> None:
    # vLLM and SGLang: reasoning that is parsed on the server; SGLang's first chunk of a step.
    reply = read(
        scored({"reasoning_content": "One"}, {"content": [entry("One")]}),
        scored({"reasoning_content": " two", "content": " three"}, {"content": [entry(" two"), entry(" three")]}),
        scored({"content": "."}, {"content": [entry(".")]}),
    )
    assert places(reply) == [("reasoning", "One"), ("reasoning", " two"), ("answer", " three"), ("answer", ".")]


def test_tokens_before_their_text_wait_for_it() -> None:
    reply = read(
        scored({"content": "<think>"}, {"content": [entry("<think>")]}),
        scored({"content": "Hm"}, {"content": [entry("Hm")]}),
        scored({"content": "</think>"}, {"content": [entry("</think>")]}),
        scored({"content": "Yes"}, {"content": [entry("Yes")]}),
        scored({}, {"content": [entry("<|end|>")]}),
    )
    assert (reply.reasoning, reply.answer) == ("Hm", "Yes")
    assert places(reply) == [
        ("reasoning", "<think>"),
        ("reasoning", "Hm"),
        ("answer", "</think>"),
        ("answer", "Yes"),
        ("answer", "<|end|>"),
    ]


def test_an_answer_that_was_reasoning_takes_its_tokens_along() -> None:
    reply = read(
        scored({"content": "Hm"}, {"content": [entry("Hm")]}),
        scored({"content": "</think>Yes"}, {"content": [entry("</think>"), entry("Yes")]}),
    )
    assert (reply.reasoning, reply.answer) == ("Hm", "Yes")
    assert [channel for channel, text in places(reply) if text == "Hm"] == ["reasoning"]
    assert places(reply)[-1] == ("answer", "Yes")


def test_tokens_of_tool_calls_and_refusals_are_told_apart() -> None:
    call = {"tool_calls": [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{}"}}]}
    reply = read(
        scored(call, {"content": [entry("{}")]}), scored({"refusal": "No"}, {"content": None, "refusal": [entry("No")]})
    )
    assert places(reply) == [("call", "{}"), ("refusal", "No")]


def test_the_lists_of_completions_that_are_no_chats() -> None:
    lists = {
        "tokens": ["a", " b"],
        "token_logprobs": [None, -0.5],
        "top_logprobs": [None, {" b": -0.5, " c": -1.5}],
        "text_offset": [0, 1],
    }
    reply = read({"choices": [{"index": 0, "text": "a b", "logprobs": lists}]})
    assert reply.logprobs == (
        Token("a"),
        Token(" b", -0.5, alternatives=(Alternative(" b", -0.5), Alternative(" c", -1.5))),
    )
    assert not reply.extras


def test_fields_of_other_servers_are_kept() -> None:
    # llama.cpp numbers the tokens of its vocabulary.
    reply = read(scored({"content": "a"}, {"content": [entry("a", id=64, top=[{"id": 65, "token": "b"}])]}))
    assert (reply.logprobs[0].id, reply.logprobs[0].alternatives) == (64, (Alternative("b", None, None, 65),))
    strange = {"token": "c", "logprob": "low", "bytes": [999], "entropy": 0.5}
    reply = read(scored({"content": "ac"}, {"content": [7, strange], "top_k": 3}))
    assert reply.logprobs == (Token("c"),)
    assert reply.extras == {"logprobs.content": [7, strange], "logprobs.top_k": 3}
    assert read(scored({"content": "a"}, [-0.1])).extras == {"logprobs": [-0.1]}


def test_numbers_that_json_does_not_have() -> None:
    data = encoded(scored({"content": "ab"}, {"content": [entry("a", -math.inf), entry("b", math.nan)]}))
    first, second = reply_of(events_of([data])).logprobs
    assert (first.logprob, first.probability, second.logprob) == (-math.inf, 0, None)


def test_what_does_not_fit_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_probabilities, "MOST_KEPT", 3)
    reply = read(*(scored({"content": "a"}, {"content": [entry("a")]}) for _ in range(6)))
    assert (len(reply.logprobs), reply.answer, reply.status) == (3, "aaaaaa", "complete")
    assert [(each.kind, each.where, each.count) for each in reply.warnings] == [("not_kept", "logprobs", 1)]


def test_tokens_that_wait_for_their_text_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_probabilities, "MOST_KEPT", 3)
    reply = read(*(scored({}, {"content": [entry("a")]}) for _ in range(6)))
    assert len(reply.logprobs) == 3
    assert [each.kind for each in reply.warnings] == ["not_kept"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab\ud83d", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["content", "token", "logprob", "bytes", "top_logprobs", "tokens", "token_logprobs", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(st.tuples(st.sampled_from(["a", "<think>", "", None]), JSON), max_size=4), st.lists(st.integers(0)))
def test_nothing_raises_and_chunking_never_changes_the_tokens(
    parts: list[tuple[str | None, Any]], cuts: list[int]
) -> None:
    data = encoded(*(scored({"content": text}, value) for text, value in parts))
    whole, split = reply_of(events_of([data])), reply_of(events_of(cut(data, cuts)))
    assert repr(split.logprobs) == repr(whole.logprobs)
    assert (
        split.answer
        == whole.answer
        == reply_of(events_of([encoded(*(chunk({"content": t}) for t, _ in parts))])).answer
    )


def test_a_stop_loses_no_token() -> None:
    decoder = ResponseDecoder()
    data = encoded(scored({"content": "<think>"}, {"content": [entry("<think>")]})).partition(b"\n\n")[0] + b"\n\n"
    assert places(reply_of([*decoder.feed(data, 0), *decoder.flush(1)])) == [("answer", "<think>")]
