"""Requests in the form of chat completions become bodies of Anthropic's Messages API."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.messages_body import messages_body
from nbstream.model.request import MESSAGES, Address, Request

USER = {"role": "user", "content": "Hi"}
CALL = {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
OTHER = {"id": "t2", "type": "function", "function": {"name": "look", "arguments": "{"}}
TOOL = {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}}


def body(*messages: Any, **parameters: Any) -> dict[str, Any]:
    return messages_body("m", messages, parameters)


def turns(*messages: Any) -> Any:
    return body(*messages)["messages"]


def test_a_request_has_the_body_and_the_address_of_its_api() -> None:
    request = Request("m", "https://api.example", (USER,), {"stop": ["x"]}, address=Address("/anthropic", MESSAGES))
    assert request.url == "https://api.example/anthropic/v1/messages"
    assert request.body() == {"model": "m", "messages": [USER], "stop_sequences": ["x"]}
    assert Request("m", "https://api.example", (USER,), {"stop": ["x"]}).body()["stop"] == ["x"]


def test_system_prompts_stand_apart() -> None:
    found = body({"role": "system", "content": "Be brief."}, USER, {"role": "system", "content": "In French."})
    assert (found["system"], found["messages"]) == ("Be brief.\n\nIn French.", [USER])
    cached = {"type": "text", "text": "Long", "cache_control": {"type": "ephemeral"}}
    assert body({"role": "system", "content": [cached]}, USER)["system"] == [cached]
    assert "system" not in body(USER)


def test_calls_and_their_results() -> None:
    assistant = {"role": "assistant", "content": "I look.", "tool_calls": [CALL, OTHER]}
    results = [
        {"role": "tool", "tool_call_id": "t1", "content": "rain"},
        {"role": "tool", "tool_call_id": "t2", "content": "no JSON", "is_error": True},
    ]
    assert turns(USER, assistant, *results, {"role": "user", "content": "Go on"}) == [
        USER,
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}},
                {"type": "tool_use", "id": "t2", "name": "look", "input": {"INVALID_JSON": "{"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "rain"},
                {"type": "tool_result", "tool_use_id": "t2", "content": "no JSON", "is_error": True},
                {"type": "text", "text": "Go on"},
            ],
        },
    ]


def test_blocks_go_back_verbatim() -> None:
    blocks = [
        {"type": "thinking", "thinking": "", "signature": "S"},
        {"type": "redacted_thinking", "data": "E"},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}},
        {"type": "tool_use", "id": "cut", "name": "look", "input": {}},
    ]
    assistant = {"role": "assistant", "content": "I look.", "tool_calls": [CALL], "content_blocks": blocks}
    result = {"role": "tool", "tool_call_id": "t1", "content": "rain"}
    assert turns(USER, assistant, result)[1]["content"] == blocks[:4]
    stopped = {"role": "assistant", "content": "", "content_blocks": [{"type": "thinking", "thinking": "So"}]}
    assert turns(USER, stopped)[1]["content"] == [{"type": "thinking", "thinking": "So", "signature": ""}]
    assert blocks[0] == {"type": "thinking", "thinking": "", "signature": "S"}


def test_reasoning_of_another_api_is_a_thought_without_a_signature() -> None:
    assistant = {"role": "assistant", "content": "Yes", "reasoning_content": ""}
    assert turns(USER, assistant)[1]["content"] == [
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "text", "text": "Yes"},
    ]


def test_a_turn_without_content_is_left_out_and_neighbours_are_joined() -> None:
    empty = {"role": "assistant", "content": ""}
    assert turns(USER, empty, {"role": "user", "content": "Again"}) == [
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "Again"}]}
    ]
    assert turns(USER, {"role": "assistant", "content": "", "refusal": "No."})[1]["content"] == "No."


def test_images() -> None:
    url = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    data = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    text = {"type": "text", "text": "What is it?"}
    found = turns(
        {"role": "user", "content": [text, data, url]}, {"role": "tool", "tool_call_id": "t", "content": [data]}
    )
    inline = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    linked = {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}
    assert found[0]["content"][:3] == [text, inline, linked]
    assert found[0]["content"][3]["content"] == [inline]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"stream": True, "stream_options": {"include_usage": True}}, {"stream": True}),
        ({"stop": "x"}, {"stop_sequences": ["x"]}),
        ({"max_completion_tokens": 5}, {"max_tokens": 5}),
        ({"reasoning_effort": "low"}, {"output_config": {"effort": "low"}}),
        ({"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        (
            {"thinking": {"type": "adaptive"}, "reasoning_effort": "max"},
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}},
        ),
        (
            {"tools": [TOOL]},
            {"tools": [{"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}]},
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "strict": True}}]},
            {"tools": [{"name": "f", "strict": True, "input_schema": {"type": "object", "properties": {}}}]},
        ),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, ...),
        ({"tool_choice": "auto"}, {"tool_choice": {"type": "auto"}}),
        ({"tool_choice": "required"}, {"tool_choice": {"type": "any"}}),
        ({"tool_choice": "none"}, {"tool_choice": {"type": "none"}}),
        (
            {"tool_choice": {"type": "function", "function": {"name": "look"}}},
            {"tool_choice": {"type": "tool", "name": "look"}},
        ),
        ({"tool_choice": {"type": "any"}}, ...),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}},
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
        ),
        ({"response_format": {"type": "json_object"}}, {}),
        ({"user": "u"}, {"metadata": {"user_id": "u"}}),
        ({"top_k": 5, "thinking": {"type": "enabled", "budget_tokens": 2000}}, ...),
    ],
)
def test_parameters(given: dict[str, Any], expected: Any) -> None:
    found = body(USER, **given)
    del found["model"], found["messages"]
    assert found == (given if expected is ... else expected)


def test_one_call_at_a_time() -> None:
    found = body(USER, tools=[TOOL], parallel_tool_calls=False)
    assert found["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert "tool_choice" not in body(USER, tools=[TOOL], parallel_tool_calls=True)
    assert body(USER, tools=[TOOL], tool_choice="none", parallel_tool_calls=False)["tool_choice"] == {"type": "none"}


texts = st.sampled_from(["", "a", "  b\n"])


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A conversation, maybe with tools, blocks, and turns that brought nothing."""
    found: list[dict[str, Any]] = [USER]
    for number in range(draw(st.integers(0, 4))):
        ids = [f"t{number}{each}" for each in range(draw(st.integers(0, 2)))]
        calls = [
            {"id": each, "function": {"name": "f", "arguments": draw(st.sampled_from(["", "{}", "["]))}} for each in ids
        ]
        message: dict[str, Any] = {"role": "assistant", "content": draw(texts), "tool_calls": calls}
        if draw(st.booleans()):
            message["reasoning_content"] = draw(texts)
        if draw(st.booleans()):
            given = [
                {"type": "tool_use", "id": each, "name": "f", "input": {}}
                for each in [*ids, "cut off"][:: draw(st.sampled_from([1, -1]))]
            ]
            message["content_blocks"] = [{"type": "thinking", "thinking": "", "signature": "S"}, *given]
        found += [message, *({"role": "tool", "tool_call_id": each, "content": draw(texts)} for each in ids)]
        if draw(st.booleans()):
            found.append({"role": "user", "content": draw(st.sampled_from(["x", "y"]))})
    return found


@given(histories())
def test_any_history_is_one_that_the_api_accepts(history: list[dict[str, Any]]) -> None:
    """Roles alternate, each call has its result in the next turn, and no text is empty."""
    made = turns(*history)
    assert [turn["role"] for turn in made] == [("user", "assistant")[at % 2] for at in range(len(made))]
    blocks = [turn["content"] if isinstance(turn["content"], list) else [] for turn in made]
    assert all(turn["content"] for turn in made)
    assert all(block["text"] for turn in blocks for block in turn if block["type"] == "text")
    for turn, following in zip(blocks, [*blocks[1:], []], strict=True):
        asked = [block["id"] for block in turn if block["type"] == "tool_use"]
        answered = [block["tool_use_id"] for block in following if block["type"] == "tool_result"]
        assert sorted(asked) == sorted(answered)
        # Results come first in their turn.
        kinds = [block["type"] == "tool_result" for block in following]
        assert kinds == sorted(kinds, reverse=True)
