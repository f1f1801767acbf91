"""Content, tool calls and usage, however the server splits them into deltas."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.model.events import Answer, Identified, Reasoning
from nbstream.model.usage import Usage
from nbstream.wire.surrogates import SurrogateJoiner
from nbstream.wire.think_tags import Channel, ThinkSplitter
from tests.wire.test_invariants import chunk, events_of, streams
from tests.wire.test_simulator_streams import FINISH, content, read, stream

fragments = st.lists(
    st.sampled_from(["<think>", "</think>", "<", "</", "think>", "\n", "\r\n", " ", "We", "Yes", "a < b", "日本"]),
    max_size=8,
).map("".join)
cuts = st.lists(st.integers(0, 60), max_size=8)


def deltas_of(text: str, points: list[int]) -> list[str]:
    bounds = sorted({0, len(text), *(point % (len(text) + 1) for point in points)})
    return [text[a:b] for a, b in pairwise(bounds)]


def call(**fields: Any) -> dict[str, Any]:
    return chunk({"tool_calls": [fields]})


def split(pieces: list[str]) -> dict[Channel, str]:
    splitter = ThinkSplitter()
    found: dict[Channel, str] = {"reasoning": "", "answer": ""}
    for channel, text in [part for piece in pieces for part in splitter.feed(piece)] + splitter.flush():
        if channel == "thoughts":
            found = {"reasoning": found["reasoning"] + found["answer"], "answer": ""}
        else:
            found[channel] += text
    return found


@settings(max_examples=500)
@given(fragments, cuts)
def test_splitting_deltas_does_not_move_text_between_channels(text: str, points: list[int]) -> None:
    whole = split([text])
    assert split(deltas_of(text, points)) == whole
    assert split(list(text)) == whole


@given(fragments.map(lambda text: "a" + text.replace("</think>", "<think>")), cuts)
def test_an_answer_that_has_begun_is_unchanged(text: str, points: list[int]) -> None:
    assert split(deltas_of(text, points)) == {"reasoning": "", "answer": text}


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>\nWe</think>\n\nYes", "We", "Yes"),
        ("<think>\n\n</think>\n\nYes", "", "Yes"),
        ("\n <think>We</think>Yes", "We", "Yes"),
        ("<think>We</think><think>x</think>", "We", "<think>x</think>"),
        ("<think>We", "We", ""),
        ("<thinking>We</thinking>Yes", "We", "Yes"),
        ("<thinker>We", "", "<thinker>We"),
        (" Yes", "", " Yes"),
    ],
)
def test_only_a_tag_at_the_start_counts(text: str, reasoning: str, answer: str) -> None:
    assert split(list(text)) == {"reasoning": reasoning, "answer": answer}


def test_endless_white_space_is_not_held_back() -> None:
    # JSON mode sends this if the prompt lacks the word "json".
    splitter = ThinkSplitter()
    assert "".join(text for _ in range(100) for _, text in splitter.feed("    ")) == " " * 400


@given(st.text(max_size=12), cuts)
def test_text_split_within_surrogate_pairs_is_joined(text: str, points: list[int]) -> None:
    raw = text.encode("utf-16-le", "surrogatepass")
    halves = "".join(raw[i : i + 2].decode("utf-16-le", "surrogatepass") for i in range(0, len(raw), 2))
    joiner = SurrogateJoiner()
    joined = "".join(joiner.feed(part) for part in deltas_of(halves, points)) + joiner.flush()
    assert joined == text


def test_a_lone_surrogate_of_the_reasoning_precedes_the_answer() -> None:
    events = events_of([stream(chunk({"reasoning_content": "W\ud83c"}), content("Yes"), FINISH)])
    texts = [event for event in events if isinstance(event, Reasoning | Answer)]
    assert texts == [Reasoning(0, "W"), Reasoning(0, "\ufffd"), Answer(0, "Yes")]


def test_names_from_a_server_have_no_lone_surrogates() -> None:
    reply = read({**content("a", "st\ud83cop"), "id": "\ud83c", "model": "m\udf89"})
    assert (reply.id, reply.model, reply.finish_reason) == ("\ufffd", "m\ufffd", "st\ufffdop")
    failed = read({"error": {"message": "n\ud83co", "code": "\udf89"}})
    assert failed.error is not None
    assert f"{failed.error} {failed.error.code}".isascii()


def test_names_from_a_server_are_one_printable_line() -> None:
    reply = read({**content("a", "st\x1b[1mop\n"), "model": "deep\n\x1b[31mseek", "system_fingerprint": "\x00"})
    assert (reply.model, reply.finish_reason, reply.system_fingerprint) == ("deep [31mseek", "st [1mop", None)
    assert repr(reply) == "<Reply complete from deep [31mseek: 'a'>"


def test_held_back_text_is_kept_however_the_stream_ends() -> None:
    error = {"error": "no"}
    assert read(content("<thi"), error).answer == "<thi"
    assert read(content("<think>We</thi"), error).reasoning == "We</thi"
    assert read(content("\ud83c"), error).answer == "\ufffd"
    for last in (error, FINISH):
        assert read(call(index=0, function={"arguments": "\ud83c"}), last).tool_calls[0].arguments == "\ufffd"


def test_only_the_first_of_several_choices_is_read() -> None:
    both = [{"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "Yes"}}]
    other = {"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]}
    reply = read({"choices": both}, other, FINISH)
    assert (reply.answer, reply.finish_reason) == ("Yes", "stop")


@given(streams())
def test_no_event_is_empty_or_repeated(data: bytes) -> None:
    events = events_of([data])
    assert all(event.text for event in events if isinstance(event, Reasoning | Answer))
    # All chunks of these streams have the same names.
    assert len([event for event in events if isinstance(event, Identified)]) <= 1


def test_reasoning_is_read_from_its_first_field_only() -> None:
    repeated = {"reasoning_details": [{"type": "reasoning.text", "text": "We think"}]}
    reply = read(chunk({"reasoning": "We "}), chunk({"reasoning": "think"}), chunk(repeated), content("Yes", "stop"))
    assert reply.reasoning == "We think"


def test_calls_without_an_index_are_distinguished_by_their_id() -> None:
    reply = read(
        call(id="a", function={"name": "f", "arguments": '{"x"'}),
        call(id="a", function={"arguments": ":1}"}),
        call(id="b", function={"name": "g", "arguments": "{}"}),
        content("", "tool_calls"),
    )
    assert [(one.id, one.name, one.arguments) for one in reply.tool_calls] == [("a", "f", '{"x":1}'), ("b", "g", "{}")]


def test_calls_of_one_delta_without_index_or_id_keep_their_order() -> None:
    both = [{"function": {"name": name, "arguments": "{}"}} for name in "fg"]
    assert [one.name for one in read(chunk({"tool_calls": both}), FINISH).tool_calls] == ["f", "g"]


def test_a_fragment_without_index_or_id_continues_the_last_call() -> None:
    reply = read(
        call(id="a", function={"name": "f", "arguments": ""}),
        call(id=None, index=None, function={"name": None, "arguments": "{1}"}),
        call(id="b", function={"name": "g", "arguments": ""}),
        call(function={"arguments": "{2}"}),
        call(function="rubbish"),
        FINISH,
    )
    assert [(one.id, one.arguments) for one in reply.tool_calls] == [("a", "{1}"), ("b", "{2}")]


def test_a_call_without_an_index_is_separate_from_one_with_an_index() -> None:
    reply = read(
        call(index=0, id="a", function={"arguments": "{1}"}), call(id="b", function={"arguments": "{2}"}), FINISH
    )
    assert [(one.id, one.arguments) for one in reply.tool_calls] == [("a", "{1}"), ("b", "{2}")]


def test_a_call_with_an_index_keeps_its_first_id() -> None:
    # vLLM may send a new id with every fragment.
    reply = read(
        call(index=0, id="a", function={"name": "f"}), call(index=0, id="b", function={"arguments": "{}"}), FINISH
    )
    assert [(one.id, one.arguments) for one in reply.tool_calls] == [("a", "{}")]


@pytest.mark.parametrize("nothing", [None, {}, {"prompt_tokens": None}, {"prompt_tokens": "9"}, [], 7])
def test_empty_usage_does_not_replace_usage(nothing: Any) -> None:
    reply = read({**content("a"), "usage": {"prompt_tokens": 3}}, FINISH, {"choices": [], "usage": nothing})
    assert reply.usage == Usage(prompt_tokens=3)


def test_a_huge_number_is_ignored() -> None:
    huge = 10**400
    reply = read(content("a"), call(index=huge, id="a"), call(id="b"), {**FINISH, "usage": {"completion_tokens": huge}})
    assert reply.usage is None
    assert [tool.id for tool in reply.tool_calls] == ["a", "b"]


@pytest.mark.parametrize(
    ("raw", "hit", "miss"),
    [
        ({"prompt_tokens": 9, "prompt_cache_miss_tokens": 4}, 5, 4),
        ({"prompt_tokens": 9, "prompt_cache_hit_tokens": 4}, 4, 5),
        ({"prompt_tokens": 9}, None, None),
        ({"prompt_cache_miss_tokens": 4}, None, 4),
    ],
)
def test_cache_hits_and_misses_complete_each_other(raw: dict[str, int], hit: int | None, miss: int | None) -> None:
    usage = read({**FINISH, "usage": raw}).usage
    assert usage is not None
    assert (usage.cache_hit_tokens, usage.cache_miss_tokens) == (hit, miss)


def test_the_padding_of_a_chunk_is_no_text() -> None:
    reply = read(*({**content(text), "obfuscation": f"pad{text}"} for text in "abc"), FINISH)
    assert (reply.answer, reply.warnings, dict(reply.extras)) == ("abc", (), {})
