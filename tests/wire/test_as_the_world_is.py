"""Streams as real servers send them, of the kinds that people reported as read wrongly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nbstream.model import rates
from nbstream.model.events import Event, Moved, Waiting
from nbstream.model.reply import Reply, ReplyError
from nbstream.model.usage import Usage
from nbstream.model.warning import ReplyWarning
from nbstream.output import sentences, wording
from nbstream.wire.response import ResponseDecoder
from tests.wire.test_invariants import chunk, events_of, reply_of
from tests.wire.test_simulator_streams import FINISH, content, read, stream


def call(name: str = "look", **fields: Any) -> dict[str, Any]:
    arguments = fields.pop("arguments", "")
    return chunk({"tool_calls": [{"function": {"name": name, "arguments": arguments}, **fields}]})


def calls_of(reply: Reply) -> list[tuple[str, str, str]]:
    return [(one.id, one.name, one.arguments) for one in reply.tool_calls]


def texts_of(reply: Reply) -> tuple[str, str]:
    return reply.reasoning, reply.answer


# W1


def test_two_calls_under_one_index_are_told_apart_by_their_ids() -> None:
    north, south = '{"path":"north"}', '{"path":"south"}'
    reply = read(call(index=0, id="call_a", arguments=north), call(index=0, id="call_b", arguments=south), FINISH)
    assert calls_of(reply) == [("call_a", "look", north), ("call_b", "look", south)]


def test_an_empty_or_repeated_id_continues_a_call() -> None:
    reply = read(
        call(index=7, id="a", arguments='{"x"'),
        call("", index=7, id="", arguments=":"),
        call("", index=7, id="a", arguments="1"),
        call("", arguments="}"),
        call("g", index=8, id="b", arguments="{}"),
        call("", index=7, id="a", arguments=" "),
        FINISH,
    )
    assert calls_of(reply) == [("a", "look", '{"x":1} '), ("b", "g", "{}")]


def test_calls_without_ids_under_one_index_are_told_apart_by_their_names() -> None:
    reply = read(call("f", index=0, arguments="{}"), call("g", index=0, arguments="{}"), FINISH)
    assert calls_of(reply) == [("", "f", "{}"), ("", "g", "{}")]


def test_the_function_call_of_older_servers_is_a_tool_call() -> None:
    reply = read(
        chunk({"function_call": {"name": "look", "arguments": '{"x"'}}),
        chunk({"function_call": {"arguments": ":1}"}}),
        content("", "function_call"),
    )
    assert calls_of(reply) == [("", "look", '{"x":1}')]


def test_calls_that_the_last_message_repeats_count_once() -> None:
    message = {"tool_calls": [{"id": "a", "function": {"name": "look", "arguments": '{"x":1}'}}]}
    reply = read(
        call(index=0, id="a", arguments='{"x"'), call("", index=0, arguments=":1"), {"choices": [{"message": message}]}
    )
    assert calls_of(reply) == [("a", "look", '{"x":1}')]


# W2

THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "Weigh both. "}]}


@pytest.mark.parametrize("field", ["delta", "message"])
def test_content_may_be_a_list_of_parts(field: str) -> None:
    parts: list[list[Any]] = [[THINKING], [{"type": "text", "text": "Take the "}], ["train."]]
    whole = [[part for each in parts for part in each]]
    reply = read(
        *[{"choices": [{field: {"content": each}}]} for each in (parts if field == "delta" else whole)], FINISH
    )
    assert (texts_of(reply), reply.status) == (("Weigh both. ", "Take the train."), "complete")


def test_a_completion_that_was_not_streamed_may_have_parts() -> None:
    message = {"content": [THINKING, {"type": "text", "text": "Yes"}]}
    body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()
    assert texts_of(reply_of(events_of([body]))) == ("Weigh both. ", "Yes")


def test_unknown_parts_are_reported() -> None:
    reply = read(chunk({"content": [{"type": "poem", "verse": "Roses"}, {"type": "text", "text": "Yes"}]}), FINISH)
    assert reply.answer == "Yes"
    assert [(each.kind, each.said) for each in reply.warnings] == [("other_text", "Roses")]


# W3


@pytest.mark.parametrize("tag", ["</think>", "</thinking>"])
def test_a_closing_tag_after_a_reasoning_field_is_dropped(tag: str) -> None:
    for pieces in ([tag + "\n\nHi"], list(tag + "\n\nHi"), ["\n", tag, "\n", "\nHi"]):
        reply = read(chunk({"reasoning": "We"}), *map(content, pieces), FINISH)
        assert texts_of(reply) == ("We", "Hi")


@pytest.mark.parametrize(
    "thoughts",
    [
        "Okay, let me see.",
        "1. The product.\n\n2. Say it briefly.",
        "Okay.\n\nWait, hmm.\n",
        "A `</think>` is a tag.\n\n```\n</think>\n```\nSo.",
    ],
)
@pytest.mark.parametrize("gap", ["\n\n", "\n", ""])
def test_bare_thoughts_become_reasoning_at_their_closing_tag(thoughts: str, gap: str) -> None:
    text = f"{thoughts}</think>{gap}Hi"
    for pieces in ([text], list(text), [text[:-3], text[-3:]]):
        reply = read(*map(content, pieces), FINISH)
        assert texts_of(reply) == (thoughts, "Hi")


@pytest.mark.parametrize(
    "text",
    [
        "Use `</think>` to end.",
        "One.\n\nThe tag </think> ends thoughts.",
        "```\n</think>\n```",
        "One.\n\n    </think>\n\nTwo.",
        "a <think>x</think> b",
        "One.\n\nIt ends (</think>) there.",
    ],
)
def test_a_closing_tag_in_code_or_further_down_is_text(text: str) -> None:
    for pieces in ([text], list(text)):
        assert texts_of(read(*map(content, pieces), FINISH)) == ("", text)


def test_the_move_of_thoughts_is_one_event_with_all_of_them() -> None:
    events = events_of([stream(content("Okay"), content(", so.</th"), content("ink>Hi"), FINISH)])
    assert [event for event in events if isinstance(event, Moved)] == [Moved(0, "reasoning", "Okay, so.")]


def test_a_moved_text_counts_as_time_of_reasoning() -> None:
    decoder = ResponseDecoder()
    events: list[Event] = []
    for at, text in ((1.0, "Okay"), (3.0, " so.</think>"), (4.0, "Hi")):
        events += decoder.feed(stream(content(text), done=False), at)
    reply = reply_of([*events, *decoder.feed(stream(FINISH), 5.0)])
    assert (reply.timing.reasoning_started, reply.timing.answer_started, reply.timing.reasoning_seconds) == (1, 4, 3)


# W4


def test_a_last_chunk_that_repeats_the_message_counts_once() -> None:
    deltas = [chunk({"reasoning_content": "Weigh."}), content("Bonn lies "), content("on the Rhine")]
    message = {"role": "assistant", "content": "Bonn lies on the Rhine.", "reasoning_content": "Weigh."}
    for last in (
        {"choices": [{"message": message, "finish_reason": "stop"}]},
        {"choices": [{"delta": {}, "message": message, "finish_reason": "stop"}]},
        {"choices": [{"delta": {"content": "."}, "message": message, "finish_reason": "stop"}]},
        content("Bonn lies on the Rhine.", "stop"),
    ):
        reply = read(*deltas, last)
        assert (texts_of(reply), reply.warnings) == (("Weigh.", "Bonn lies on the Rhine."), ())


def test_a_message_with_other_words_is_kept() -> None:
    other = {"choices": [{"message": {"content": "Something else"}, "finish_reason": "stop"}]}
    reply = read(content("Bonn"), other)
    assert reply.answer == "Bonn"
    assert [each.said for each in reply.warnings] == ["Something else"]


def test_cumulative_chunks_count_once() -> None:
    for field in ("content", "reasoning_content"):
        reply = read(
            *[chunk({field: text}) for text in ("Bo", "Bonn", "Bonn lies", "Bonn lies on", "Bonn lies on")], FINISH
        )
        assert reply.reasoning + reply.answer == "Bonn lies on"


@pytest.mark.parametrize(
    "pieces", [["ha", "ha", "ha"], ["ha", "haha", "ha"], ["Bo", "Bonn"], ["\n", "\n\n", "\n\n\nx"]]
)
def test_repeated_words_are_not_cumulative(pieces: list[str]) -> None:
    assert read(*map(content, pieces), FINISH).message["content"] == "".join(pieces)


# W5

CUT = 'data: {"id":"x","choices":[{"index":0,"delta":{"role":"adata: '


def test_an_event_that_cannot_be_read_is_reported_and_the_reply_not_complete() -> None:
    glued = (CUT + json.dumps(content("b")) + "\n\n").encode()
    reply = reply_of(events_of([stream(content("a"), done=False), glued, stream(content("c"), FINISH)]))
    assert (reply.answer, reply.status) == ("abc", "truncated")
    assert reply.warnings == (ReplyWarning("unreadable", CUT.removesuffix("data: ").removeprefix("data: ")),)
    assert sentences.notes(reply, "cell") == []
    assert 'The part begins with {"id":"x",' in sentences.alert(reply, "cell")
    with pytest.raises(ReplyError, match="could not be read"):
        reply.raise_for_status()


@pytest.mark.parametrize(
    "data",
    [
        "data: data: {}\n\n",
        "data: {}\ndata: {}\n\n",
        "data: {}data: {}\n\n",
        "data: {}{}\n\n",
        "data: [{}]\n\n",
        "{}\n",
        " data: {}\n",
        "event: delta\ndata: {}\n\n",
    ],
)
def test_what_can_be_read_is_read(data: str) -> None:
    said = data.replace("{}", json.dumps(content("b"))).encode()
    reply = reply_of(events_of([stream(content("a"), done=False), said, stream(content("c"), FINISH)]))
    assert (reply.answer, reply.status, reply.warnings) == ("a" + "b" * data.count("{}") + "c", "complete", ())


def test_lines_of_json_are_chunks() -> None:
    lines = "\n".join(json.dumps(each) for each in (content("a"), content("b"), FINISH)).encode()
    assert (reply_of(events_of([lines])).answer, reply_of(events_of([lines])).status) == ("ab", "complete")


def test_the_rest_of_a_broken_line_is_reported() -> None:
    broken = b'data: {"choices": [{"delta": {"content": "lo\nst"}}]}\n\n'
    reply = reply_of(events_of([stream(content("a"), done=False), broken, stream(content("c"), FINISH)]))
    assert (reply.answer, reply.status) == ("ac", "truncated")
    assert "lo" in reply.warnings[0].said
    assert "st" in reply.warnings[0].said


def test_a_chunk_on_the_line_of_done_is_read() -> None:
    data = b"data: " + json.dumps(content("a")).encode() + b"[DONE]\n\n"
    reply = reply_of(events_of([data]))
    assert (reply.answer, reply.status) == ("a", "complete")


# W6


@pytest.mark.parametrize("reason", ["null", "None", "", "NULL"])
def test_a_finish_reason_that_says_nothing_is_none(reason: str) -> None:
    reply = read(content("a", reason), content("b", reason), content("", "stop"))
    assert (reply.answer, reply.finish_reason, sentences.alert(reply, "cell")) == ("ab", "stop", "")
    decoder = ResponseDecoder()
    decoder.feed(stream(content("a", reason), done=False), 0)
    assert not decoder.finished


def test_text_after_a_finish_reason_is_kept_and_waited_for() -> None:
    decoder = ResponseDecoder()
    events = decoder.feed(stream(content("a", "stop"), done=False), 0)
    assert decoder.finished
    events += decoder.feed(stream(content("b"), done=False), 1)
    assert not decoder.finished
    events += decoder.feed(stream(content("c", "length")), 2)
    reply = reply_of(events)
    assert (reply.answer, reply.finish_reason, reply.status) == ("abc", "length", "truncated")


def test_text_after_a_finish_reason_without_an_end_is_not_complete() -> None:
    assert read(content("a", "stop"), content("b"), done=False).status == "failed"


# W7


def test_a_refusal_is_shown_and_in_the_reply() -> None:
    reply = read(chunk({"refusal": "I can't "}), chunk({"refusal": "help."}), FINISH)
    assert (reply.refusal, reply.answer, reply.status) == ("I can't help.", "", "complete")
    assert sentences.alert(reply, "cell") == "The model refused to answer: I can't help."
    parts = read(chunk({"content": [{"type": "refusal", "refusal": "No."}]}), FINISH)
    assert parts.refusal == "No."


# W8


def test_the_same_text_in_both_fields_is_shown_once() -> None:
    both = [{"reasoning_content": text, "content": text} for text in ("Weigh ", "both.")]
    reply = read(*map(chunk, both), content("Take the train."), FINISH)
    assert (texts_of(reply), reply.warnings) == (("Weigh both.", "Take the train."), ())


def test_tags_in_content_beside_a_reasoning_field_are_out() -> None:
    first = {"reasoning_content": "Weigh ", "content": "<think>Weigh "}
    for last in ([content("</think>\n\nTake it.")], [content("</th"), content("ink>"), content("\n\nTake it.")]):
        reply = read(chunk(first), chunk({"reasoning_content": "both.", "content": "both."}), *last, FINISH)
        assert (texts_of(reply), reply.warnings) == (("Weigh both.", "Take it."), ())
    late = read(chunk({"reasoning": "We"}), content("<think>We</think>\n\nYes"), FINISH)
    assert (texts_of(late), late.warnings) == (("We", "Yes"), ())


def test_an_opening_tag_that_was_left_in_the_reasoning_field_is_out() -> None:
    reply = read(chunk({"reasoning": "<think>\nWe"}), chunk({"reasoning": " go"}), content("</think>Hi"), FINISH)
    assert texts_of(reply) == ("We go", "Hi")


def test_an_answer_that_begins_like_the_reasoning_is_not_lost() -> None:
    whole = read({"choices": [{"message": {"reasoning": "Yes, it is prime.", "content": "Yes"}}]}, FINISH)
    assert texts_of(whole) == ("Yes, it is prime.", "Yes")
    parting = read(
        chunk({"reasoning": "The", "content": "The"}), chunk({"reasoning": " user", "content": " answer"}), FINISH
    )
    assert texts_of(parting) == ("The user", "The answer")


def test_a_reply_that_is_the_same_in_both_fields_to_its_end_is_an_answer() -> None:
    reply = read(*[chunk({"reasoning": text, "content": text}) for text in ("Bonn ", "lies.")], FINISH)
    assert texts_of(reply) == ("", "Bonn lies.")


# W11


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ({"prompt_tokens": 32, "completion_tokens": 6, "total_tokens": 127, "reasoning_tokens": 89}, (89, 6)),
        ({"prompt_tokens": 32, "completion_tokens": 95, "total_tokens": 127, "reasoning_tokens": 89}, (89, 6)),
        ({"prompt_tokens": 32, "completion_tokens": 6, "total_tokens": 40, "reasoning_tokens": 89}, (None, 8)),
        ({"prompt_tokens": 32, "completion_tokens": 6, "reasoning_tokens": 89}, (None, 6)),
        ({"prompt_tokens": 32.0, "completion_tokens": 6.0, "total_tokens": 38.0}, (None, 6)),
    ],
)
def test_reasoning_may_be_counted_apart(raw: dict[str, Any], shown: tuple[int | None, int]) -> None:
    if (reasoning := raw.pop("reasoning_tokens", None)) is not None:
        raw["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    reply = read(content("a"), {**FINISH, "usage": raw})
    assert reply.usage is not None
    assert (reply.usage.reasoning_tokens, rates.answer_tokens(reply)) == shown
    assert "in 32" in wording.footer(reply)


@pytest.mark.parametrize(
    "raw",
    [{"prompt_tokens": "n/a"}, {"completion_tokens": "6"}, {"prompt_tokens": 0, "completion_tokens": 0}, {"x": 1}],
)
def test_usage_without_a_count_is_not_reported(raw: dict[str, Any]) -> None:
    reply = read(content("Some words"), {**FINISH, "usage": raw})
    assert reply.usage is None
    assert any("usage not reported" in item for item in wording.footer(reply))


def test_no_token_for_a_text_is_no_count() -> None:
    reply = read(content("Some words"), {**FINISH, "usage": {"prompt_tokens": 32, "completion_tokens": 0}})
    assert reply.usage == Usage(32)
    assert not any(item.startswith("out") for item in wording.footer(reply))


@pytest.mark.parametrize(
    ("cost", "kept"),
    [
        (0.0012, 0.0012),
        (0, 0.0),
        (-1, None),
        # Vercel's gateway
        ("0.0012", 0.0012),
        ("12 cents", None),
        (True, None),
        (float("nan"), None),
        # Perplexity
        ({"input_tokens_cost": 0.001, "request_cost": 0.005, "total_cost": 0.006}, 0.006),
        ({"request_cost": 0.005}, None),
        ({"total_cost": 0.006, "currency": "EUR"}, None),
    ],
)
def test_a_cost_of_the_server_is_kept_if_it_is_one(cost: Any, kept: float | None) -> None:
    usage = read(content("a"), {**FINISH, "usage": {"prompt_tokens": 3, "completion_tokens": 1, "cost": cost}}).usage
    assert usage == Usage(3, 1, cost=kept)


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        # OpenRouter with the user's own key: it bills a fee, and the provider bills the rest.
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.0360795}}, 0.0360795),
        ({"cost": 0.0018, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.0360795}}, 0.0378795),
        ({"cost": 0.0018, "is_byok": True}, None),
        ({"cost": 0.02, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.02}}, 0.02),
        ({"cost": 0.02, "cost_details": {"upstream_inference_cost": None}}, 0.02),
        ({"cost": 0.02, "currency": "CNY"}, None),
        ({"cost": 0.02, "currency": "USD"}, 0.02),
    ],
)
def test_a_cost_is_all_that_is_billed_in_dollars_or_unknown(more: dict[str, Any], kept: float | None) -> None:
    usage = read(content("a"), {**FINISH, "usage": {"prompt_tokens": 3, "completion_tokens": 1, **more}}).usage
    assert usage == Usage(3, 1, cost=kept)


@pytest.mark.parametrize(
    ("raw", "counted"),
    [
        # Anthropic's way through a gateway: the tokens in the cache are counted apart.
        ({"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 900}}, (1000, 900, 100)),
        ({"prompt_tokens": 950, "prompt_tokens_details": {"cached_tokens": 50}, "total_tokens": 1006}, (1000, 50, 950)),
        ({"prompt_tokens": 100, "prompt_cache_hit_tokens": 900, "prompt_cache_miss_tokens": 100}, (1000, 900, 100)),
        # Numbers that contradict each other: the larger prompt, without a split.
        ({"prompt_tokens": 1000, "prompt_cache_hit_tokens": 100, "prompt_cache_miss_tokens": 100}, (1000, None, None)),
        ({"prompt_tokens": 1000, "prompt_cache_hit_tokens": 900, "prompt_cache_miss_tokens": 900}, (1800, None, None)),
        # mlx-vlm
        ({"input_tokens": 1000, "output_tokens": 6, "completion_tokens": None}, (1000, None, None)),
    ],
)
def test_the_parts_of_a_prompt_are_all_of_it(raw: dict[str, Any], counted: tuple[int, int | None, int | None]) -> None:
    usage = read(content("a"), {**FINISH, "usage": {"completion_tokens": 6, **raw}}).usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.cache_hit_tokens, usage.cache_miss_tokens) == counted
    assert usage.completion_tokens == 6


def test_tokens_that_only_the_total_has_are_output() -> None:
    """Gemini's thoughts, of a gateway that leaves out how many they are."""
    usage = read(
        content("a"), {**FINISH, "usage": {"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}}
    ).usage
    assert usage == Usage(20, 603, 623)


def test_an_absurd_number_is_no_count() -> None:
    usage = read(content("a"), {**FINISH, "usage": {"prompt_tokens": 2**53 - 1, "completion_tokens": 6}}).usage
    assert usage == Usage(None, 6)


@pytest.mark.parametrize("counted", [0, 1, 2])
def test_a_count_from_before_the_last_text_is_no_count_of_the_reply(counted: int) -> None:
    """vLLM counts so far in each chunk; a proxy may lose the last one."""
    so_far = {"prompt_tokens": 30, "completion_tokens": counted, "total_tokens": 30 + counted, "cost": 0.1}
    early = {**content("One " * counted), "usage": so_far}
    assert read(early, content("two three"), FINISH).usage == Usage(30)
    # The chunk of the finish, or one after it, counts all, also with the same numbers.
    assert read(early, content("two three"), {**FINISH, "usage": {**so_far, "completion_tokens": 9}}).usage == Usage(
        30, 9, 30 + counted, cost=0.1
    )


# W13, W14, W15


def test_a_wrapped_completion_is_read() -> None:
    whole = {"choices": [{"message": {"content": "Yes"}, "finish_reason": "stop"}]}
    body = json.dumps({"data": whole, "success": True}).encode()
    assert reply_of(events_of([body])).answer == "Yes"
    assert read({"result": {"data": content("Yes")}}, {"data": FINISH}).answer == "Yes"


@pytest.mark.parametrize(
    "markup",
    ["<\uff5cDSML\uff5ctool_calls>\n<x>", "<tool_call>\n{}", "[TOOL_CALLS][{}]", "<|tool_calls_section_begin|>"],
)
def test_a_tool_call_that_was_not_parsed_is_noted(markup: str) -> None:
    reply = read(content("I look.\n\n" + markup), FINISH)
    assert reply.answer.endswith(markup)
    assert [each.kind for each in reply.warnings] == ["raw_tool_call"]
    assert reply.status == "complete"
    assert read(content(f"```\n{markup}\n```"), FINISH).warnings == ()


def test_done_without_a_finish_reason_is_complete() -> None:
    reply = read(content("a"))
    assert (reply.status, reply.finish_reason, sentences.alert(reply, "cell")) == ("complete", None, "")
    assert read(content("a"), done=False).status == "failed"


@pytest.mark.parametrize("field", ["reasoning_text", "thinking", "reason", "thoughts", "thinking_blocks"])
def test_reasoning_under_another_name_is_read_once(field: str) -> None:
    value = [{"type": "thinking", "thinking": "We", "signature": "s"}] if field == "thinking_blocks" else "We"
    for delta in ({field: value}, {field: value, "reasoning_content": "We"}, {"reasoning": "We", field: value}):
        reply = read(chunk(delta), content("Yes"), FINISH)
        assert texts_of(reply) == ("We", "Yes")
        assert not reply.warnings


@pytest.mark.parametrize("field", ["finish_reason", "reasoning_effort", "stop_reason", "thinking_signature"])
def test_fields_about_reasoning_are_not_reasoning(field: str) -> None:
    assert texts_of(read(chunk({"content": "Yes", field: "high"}), FINISH)) == ("", "Yes")


def test_different_reasoning_in_a_second_field_is_kept() -> None:
    reply = read(chunk({"reasoning_content": "We go", "reasoning": "A summary"}), content("Yes"), FINISH)
    assert reply.reasoning == "We go"
    assert [each.said for each in reply.warnings] == ["A summary"]
    later = read(chunk({"reasoning_content": "We"}), chunk({"reasoning": " go"}), content("Yes"), FINISH)
    assert later.reasoning == "We go"


# S6 and the others


def test_other_choices_are_kept_in_warnings() -> None:
    both = {"choices": [{"index": number, "delta": {"content": text}} for number, text in enumerate(("Yes", "No"))]}
    reply = read(both, both, FINISH)
    assert reply.answer == "YesYes"
    assert reply.warnings == (ReplyWarning("other_choice", "NoNo", "choices[1].delta.content", 2),)
    assert sentences.notes(reply, "python") == [
        "The server sent more than one answer. The others are in `reply.warnings`."
    ]


def test_blank_lines_around_an_answer_are_only_in_the_message() -> None:
    reply = read(content("\n\n"), content("  Yes\n"), content("\n \n"), FINISH)
    assert (reply.answer, reply.message["content"]) == ("  Yes", "\n\n  Yes\n\n \n")


def test_the_message_tells_no_reasoning_field_from_an_empty_one() -> None:
    assert "reasoning_content" not in read(content("Yes"), FINISH).message
    assert "reasoning_content" not in read(chunk({"content": "Yes", "reasoning_content": None}), FINISH).message
    empty = read(chunk({"content": "Yes", "reasoning_content": ""}), FINISH)
    assert (empty.message["reasoning_content"], empty.reasoning_field) == ("", "reasoning_content")
    calls = read(call(id="a", arguments="{}"), FINISH).message["tool_calls"]
    assert calls == [{"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}}]


def test_other_fields_of_a_chunk_are_extras() -> None:
    reply = read({**content("a"), "provider": "X", "citations": ["u"]}, {**FINISH, "timings": {"predicted_ms": 7}})
    assert reply.extras == {"provider": "X", "citations": ["u"], "timings": {"predicted_ms": 7}}
    assert reply.warnings == ()


def test_text_in_an_unknown_field_is_reported() -> None:
    reply = read(
        chunk({"content": "a", "aside": "Psst. "}), chunk({"aside": "Hey."}), {"tail": "x"}, {"tail": "y"}, FINISH
    )
    assert reply.warnings == (
        ReplyWarning("other_text", "Psst. Hey.", "delta.aside", 2),
        ReplyWarning("other_text", "xy", "tail", 1),
    )


@pytest.mark.parametrize(
    "chunks",
    [
        [{"choices": [{"text": "Yes", "index": 0}]}],
        [{"choices": [{"text": "Yes", "delta": {"content": "Yes"}}]}],
        [{"choices": [{"delta": "Yes"}]}],
        [{"choices": ["Yes"]}],
        [{"choices": {"delta": {"content": "Yes"}}}],
        [{"choices": [{"index": 1, "delta": {"content": "Yes"}}]}],
        [{"message": {"role": "assistant", "content": "Y"}, "done": False}, {"message": {"content": "es"}}],
        [{"choices": [{"delta": {"content": None, "audio": {"id": "x", "transcript": "Yes"}}}]}],
        [{"choices": [{"delta": {"content": {"type": "text", "text": "Yes"}}}]}],
    ],
)
def test_an_answer_in_an_odd_place_is_read(chunks: list[Any]) -> None:
    reply = read(*chunks)
    assert (reply.answer, reply.status, reply.warnings) == ("Yes", "complete", ())


# From further public reports


def test_an_index_that_counts_tokens_is_one_choice() -> None:
    # huggingface/text-generation-inference 1648
    chunks = [{"choices": [{"index": n, "delta": {"content": t}}]} for n, t in enumerate("I'm", 1)]
    reply = read(*chunks)
    assert (reply.answer, reply.warnings) == ("I'm", ())


def test_the_tags_of_minimax_m3_are_tags() -> None:
    # vllm-project/vllm 45687
    reply = read(*map(content, ["<mm:think>", "We", "</mm:think>", "Yes"]), FINISH)
    assert texts_of(reply) == ("We", "Yes")


def test_reasoning_between_two_stretches_of_answer_is_kept() -> None:
    # open-webui/open-webui 24697
    pieces = [{"reasoning": "One."}, {"content": "A"}, {"reasoning": "Two."}, {"content": "B"}]
    assert texts_of(read(*map(chunk, pieces), FINISH)) == ("One.Two.", "AB")


def test_a_choice_that_is_null_is_no_text() -> None:
    # Osmantic/ODS 1809
    mirrored = [{"reasoning": "We", "content": "We"}]
    reply = read({"choices": [None]}, {"choices": []}, *map(chunk, mirrored), content("Yes"), FINISH)
    assert (texts_of(reply), reply.warnings) == (("We", "Yes"), ())


def test_a_malformed_last_chunk_of_a_tool_call_is_not_complete() -> None:
    # SamSaffron/term-llm 448
    broken = b'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"argum\n\ndata: [DONE]\n\n'
    reply = reply_of(events_of([stream(call(index=0, id="a", arguments='{"x"'), done=False), broken]))
    assert (reply.status, calls_of(reply)) == ("truncated", [("a", "look", '{"x"')])


def test_a_summary_within_parts_is_reasoning() -> None:
    # omnigent-ai/omnigent 4746
    part = {"type": "reasoning", "summary": [{"text": "We", "type": "summary_text"}]}
    reply = read(chunk({"content": [part]}), chunk({"content": [{"type": "text", "text": "Yes"}]}), FINISH)
    assert (texts_of(reply), reply.warnings) == (("We", "Yes"), ())


def test_events_without_blank_lines_between_them_are_read_as_they_come() -> None:
    # rexxars/eventsource-parser 31
    decoder = ResponseDecoder()
    lines = [f"data:{json.dumps(each)}\n".encode() for each in (content("a"), content("b"), FINISH)]
    seen = [len(decoder.feed(line, 0)) > 0 for line in lines]
    assert seen == [False, True, True]
    assert reply_of(events_of([*lines, b"data:[DONE]\n"])).answer == "ab"
    assert read({"choices": [{"delta": {"content": "a\n}\n{"}}]}, FINISH).answer == "a\n}\n{"


@pytest.mark.parametrize("data", ["ping", '{"type": "ping"}', "1795272566"])
def test_a_heartbeat_is_as_a_comment(data: str) -> None:
    beat = f"event: ping\ndata: {data}\n\n".encode()
    decoder = ResponseDecoder()
    assert decoder.feed(b": hi\n\n" + beat, 0) == [Waiting(0, "hi"), Waiting(0, "")]
    assert decoder.payloads == 0
    reply = reply_of(events_of([b": hi\n\n", beat, stream(content("a"), done=False), beat, stream(FINISH)]))
    assert (reply.answer, reply.status, reply.warnings) == ("a", "complete", ())


def test_an_event_with_a_name_of_its_own_is_reported_and_no_damage() -> None:
    events = b"event: progress\ndata: half done\n\nevent: close\ndata: [DONE]\n\n"
    reply = reply_of(events_of([stream(content("a"), FINISH, done=False), events]))
    assert reply.status == "complete"
    assert reply.warnings == (ReplyWarning("other_text", "half done", "event progress"),)
    broken = b'event: delta\ndata: {"cho\n\n'
    assert reply_of(events_of([stream(content("a"), done=False), broken, stream(FINISH)])).status == "truncated"


def alternating(*words: str, then: str = "") -> tuple[str, str]:
    pairs = [chunk({name: word}) for word in words for name in ("reasoning_content", "content")]
    return texts_of(read(*pairs, *([content(then)] if then else []), FINISH))


def test_a_text_that_alternates_between_both_fields_is_shown_once() -> None:
    assert alternating("Hel", "lo ", "you") == ("", "Hello you")
    assert alternating("I ", "think", then="Yes") == ("I think", "Yes")


def test_an_answer_that_begins_with_the_word_of_its_reasoning_is_whole() -> None:
    assert alternating("OK") == ("OK", "OK")
    assert alternating("We", then=" are") == ("We", "We are")
