"""What the decoder makes of content, tool calls and usage, however the server cuts them into deltas."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.model.events import Answer, Identified, Reasoning
from nbstream.model.usage import Usage
from nbstream.wire.openai_chat import Channel, Healer, ThinkSplitter
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
        found[channel] += text
    return found


@settings(max_examples=500)
@given(fragments, cuts)
def test_where_deltas_are_cut_does_not_move_text_between_reasoning_and_answer(text: str, points: list[int]) -> None:
    whole = split([text])
    assert split(deltas_of(text, points)) == whole
    assert split(list(text)) == whole


@given(fragments.map(lambda text: "a" + text), cuts)
def test_an_answer_that_has_begun_is_kept_to_the_letter(text: str, points: list[int]) -> None:
    assert split(deltas_of(text, points)) == {"reasoning": "", "answer": text}


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>\nWe</think>\n\nYes", "We", "Yes"),
        ("<think>\n\n</think>\n\nYes", "", "Yes"),
        ("\n <think>We</think>Yes", "We", "Yes"),
        ("<think>We</think><think>x</think>", "We", "<think>x</think>"),
        ("<think>We", "We", ""),
        ("<thinking>We", "", "<thinking>We"),
        (" Yes", "", " Yes"),
    ],
)
def test_the_tag_counts_at_the_start_only(text: str, reasoning: str, answer: str) -> None:
    assert split(list(text)) == {"reasoning": reasoning, "answer": answer}


def test_endless_white_space_is_shown_and_not_saved_up() -> None:
    # JSON mode without the word json in the prompt gives this; waiting for a tag would show nothing, ever.
    splitter = ThinkSplitter()
    assert "".join(text for _ in range(100) for _, text in splitter.feed("    ")) == " " * 400


@given(st.text(max_size=12), cuts)
def test_any_text_survives_being_cut_into_utf_16_halves(text: str, points: list[int]) -> None:
    raw = text.encode("utf-16-le", "surrogatepass")
    halves = "".join(raw[i : i + 2].decode("utf-16-le", "surrogatepass") for i in range(0, len(raw), 2))
    healer = Healer()
    healed = "".join(healer.feed(part) for part in deltas_of(halves, points)) + healer.flush()
    assert healed == text


def test_a_half_that_reasoning_never_completed_stands_before_the_answer() -> None:
    events = events_of([stream(chunk({"reasoning_content": "W\ud83c"}), content("Yes"), FINISH)])
    texts = [event for event in events if isinstance(event, Reasoning | Answer)]
    assert texts == [Reasoning(0, "W"), Reasoning(0, "\ufffd"), Answer(0, "Yes")]


def test_everything_a_server_names_can_be_written_to_a_file() -> None:
    reply = read({**content("a", "st\ud83cop"), "id": "\ud83c", "model": "m\udf89"})
    assert (reply.id, reply.model, reply.finish_reason) == ("\ufffd", "m\ufffd", "st\ufffdop")
    failed = read({"error": {"message": "n\ud83co", "code": "\udf89"}})
    assert failed.error is not None
    assert f"{failed.error} {failed.error.code}".isascii()


def test_what_a_server_names_is_one_line_of_printable_text() -> None:
    reply = read({**content("a", "st\x1b[1mop\n"), "model": "deep\n\x1b[31mseek", "system_fingerprint": "\x00"})
    assert (reply.model, reply.finish_reason, reply.system_fingerprint) == ("deep [31mseek", "st [1mop", None)
    assert repr(reply) == "<Reply complete from deep [31mseek: 'a'>"


def test_what_was_held_back_is_kept_whatever_ends_the_stream() -> None:
    error = {"error": "no"}
    assert read(content("<thi"), error).answer == "<thi"
    assert read(content("<think>We</thi"), error).reasoning == "We</thi"
    assert read(content("\ud83c"), error).answer == "\ufffd"
    for last in (error, FINISH):
        assert read(call(index=0, function={"arguments": "\ud83c"}), last).tool_calls[0].arguments == "\ufffd"


def test_of_several_choices_the_first_is_read() -> None:
    both = [{"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "Yes"}}]
    other = {"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]}
    reply = read({"choices": both}, other, FINISH)
    assert (reply.answer, reply.finish_reason) == ("Yes", "stop")


@given(streams())
def test_events_say_something_and_say_it_once(data: bytes) -> None:
    events = events_of([data])
    assert all(event.text for event in events if isinstance(event, Reasoning | Answer))
    # Every chunk of these carries the same names.
    assert len([event for event in events if isinstance(event, Identified)]) <= 1


def test_the_field_that_reasoning_began_in_is_the_only_one_read() -> None:
    told_again = {"reasoning_details": [{"type": "reasoning.text", "text": "We think"}]}
    reply = read(chunk({"reasoning": "We "}), chunk({"reasoning": "think"}), chunk(told_again), content("Yes", "stop"))
    assert reply.reasoning == "We think"


def test_calls_without_an_index_are_told_apart_by_their_id() -> None:
    reply = read(
        call(id="a", function={"name": "f", "arguments": '{"x"'}),
        call(id="a", function={"arguments": ":1}"}),
        call(id="b", function={"name": "g", "arguments": "{}"}),
        content("", "tool_calls"),
    )
    assert [(one.id, one.name, one.arguments) for one in reply.tool_calls] == [("a", "f", '{"x":1}'), ("b", "g", "{}")]


def test_calls_of_one_delta_without_index_or_id_stand_in_their_order() -> None:
    both = [{"function": {"name": name, "arguments": "{}"}} for name in "fg"]
    assert [one.name for one in read(chunk({"tool_calls": both}), FINISH).tool_calls] == ["f", "g"]


def test_a_fragment_that_names_no_call_goes_on_with_the_last_one() -> None:
    reply = read(
        call(id="a", function={"name": "f", "arguments": ""}),
        call(id=None, index=None, function={"name": None, "arguments": "{1}"}),
        call(id="b", function={"name": "g", "arguments": ""}),
        call(function={"arguments": "{2}"}),
        call(function="rubbish"),
        FINISH,
    )
    assert [(one.id, one.arguments) for one in reply.tool_calls] == [("a", "{1}"), ("b", "{2}")]


def test_a_call_without_an_index_does_not_run_into_one_that_has_it() -> None:
    reply = read(
        call(index=0, id="a", function={"arguments": "{1}"}), call(id="b", function={"arguments": "{2}"}), FINISH
    )
    assert [(one.id, one.arguments) for one in reply.tool_calls] == [("a", "{1}"), ("b", "{2}")]


def test_a_call_with_an_index_keeps_its_first_id() -> None:
    # vLLM has been seen to make up a new id for every fragment.
    reply = read(
        call(index=0, id="a", function={"name": "f"}), call(index=0, id="b", function={"arguments": "{}"}), FINISH
    )
    assert [(one.id, one.arguments) for one in reply.tool_calls] == [("a", "{}")]


@pytest.mark.parametrize("nothing", [None, {}, {"prompt_tokens": None}, {"prompt_tokens": "9"}, [], 7])
def test_usage_that_says_nothing_takes_nothing_away(nothing: Any) -> None:
    reply = read({**content("a"), "usage": {"prompt_tokens": 3}}, FINISH, {"choices": [], "usage": nothing})
    assert reply.usage == Usage(prompt_tokens=3)


def test_a_number_beyond_all_measure_is_none() -> None:
    huge = 10**400
    reply = read(content("a"), call(index=huge, id="a"), call(id="b"), {**FINISH, "usage": {"completion_tokens": huge}})
    assert reply.usage == Usage()
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
def test_one_half_of_the_prompt_gives_the_other(raw: dict[str, int], hit: int | None, miss: int | None) -> None:
    usage = read({**FINISH, "usage": raw}).usage
    assert usage is not None
    assert (usage.cache_hit_tokens, usage.cache_miss_tokens) == (hit, miss)
