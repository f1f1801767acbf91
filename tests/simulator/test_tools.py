"""Which tools the simulator calls, with which arguments, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.simulator import arguments
from tests.simulator.client import NOTICE, TOOL, Response, body_of, chat, request

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator

#: nbformat needs it, so it is there.
SCHEMAS: Any = pytest.importorskip("jsonschema")
ADD: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "add",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}, "note": {"type": "string"}},
            "required": ["a", "b"],
        },
    },
}


def converse(sim: Simulator, prompt: str, *results: str, **fields: Any) -> list[Response]:
    """Send a prompt, then a result for each call, and return every response.

    Every call of step number n gets `results[n]`, or, after them, the word "done".
    """
    turns: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    responses: list[Response] = []
    sent: dict[str, Any] = {"tools": [TOOL, ADD], "thinking": {"type": "disabled"}, "stream": False, **fields}
    while True:
        response = chat(sim, messages=turns, **sent)
        responses.append(response)
        message = response.json["choices"][0]["message"]
        calls = message.get("tool_calls", [])
        if not calls or len(responses) > 12:
            return responses
        said = results[len(responses) - 1] if len(responses) <= len(results) else "done"
        turns += [message, *({"role": "tool", "tool_call_id": call["id"], "content": said} for call in calls)]


def calls_in(responses: list[Response]) -> list[list[tuple[str, str]]]:
    messages = [response.json["choices"][0]["message"] for response in responses]
    return [
        [(call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls", ())]
        for message in messages
    ]


def test_tools_are_called_and_their_results_are_used(sim: Simulator) -> None:
    response = chat(sim, "Weather?", "tool-call calls=2", tools=[TOOL])
    fragments = [f for c in response.chunks for f in c["choices"][0]["delta"].get("tool_calls", [])]
    heads = [fragment for fragment in fragments if "id" in fragment]
    assert [(head["index"], head["function"]["name"], head["function"]["arguments"]) for head in heads] == [
        (0, "weather", ""),
        (1, "weather", ""),
    ]
    for index, expected in enumerate([{"city": "Hangzhou", "days": 2}, {"city": "Paris", "days": 3}]):
        assert json.loads("".join(f["function"]["arguments"] for f in fragments if f["index"] == index)) == expected
    assert response.finish_reason == "tool_calls"
    assert response.joined("content") == ""
    assert response.joined("reasoning_content")
    plain, answered = converse(sim, "Weather? [simulate: tool-call]", "rain, 12 degrees")
    call = plain.json["choices"][0]["message"]["tool_calls"][0]
    assert json.loads(call["function"]["arguments"]) == {"city": "Hangzhou", "days": 2}
    assert answered.json["choices"][0]["finish_reason"] == "stop"
    assert "rain, 12 degrees" in answered.json["choices"][0]["message"]["content"]


def test_tools_are_called_only_in_the_scenario_or_if_required(sim: Simulator) -> None:
    assert chat(sim, "Weather?", tools=[TOOL]).finish_reason == "stop"
    fields: dict[str, Any] = {"tools": [TOOL, ADD], "thinking": {"type": "disabled"}, "stream": False}
    named = {"type": "function", "function": {"name": "add"}}
    assert calls_in([chat(sim, "x", **fields, tool_choice="required")])[0][0][0] == "weather"
    assert calls_in([chat(sim, "x", **fields, tool_choice=named)]) == [[("add", '{"a": 2, "b": 2}')]]
    assert calls_in([chat(sim, "x", "tool-call", **fields, tool_choice="none")]) == [[]]
    assert calls_in([chat(sim, "x", "tool-call", stream=False)]) == [[]]


def test_a_chain_has_as_many_steps_as_asked_for_and_new_arguments_in_each(sim: Simulator) -> None:
    *steps, answered = converse(sim, "[simulate: tool-call steps=3 calls=2 say=4]Go")
    called = calls_in(steps)
    assert [[name for name, _ in step] for step in called] == [["weather", "add"]] * 3
    assert len({each for step in called for each in step}) == 6
    assert all(NOTICE.startswith(step.json["choices"][0]["message"]["content"]) for step in steps)
    assert answered.json["choices"][0]["message"]["content"].startswith(NOTICE)


def test_the_prompt_says_which_tools_are_called(sim: Simulator) -> None:
    prompt = (
        'Compare.\n[simulate: call] weather {"city": "[Paris]"}\n'
        '  [simulate: call] weather {"city": "Lima"}  \n'
        '[simulate: call step=2] add {"a": 1, "b": 2\n[simulate: echo]'
    )
    first, second, answered = converse(sim, prompt)
    assert calls_in([first, second]) == [
        [("weather", '{"city": "[Paris]"}'), ("weather", '{"city": "Lima"}')],
        [("add", '{"a": 1, "b": 2')],
    ]
    assert answered.json["choices"][0]["message"]["content"] == f"{NOTICE}\n\nCompare.\n"
    parts = [{"type": "text", "text": "x\n[simulate: call] add {}"}]
    response = chat(sim, messages=[{"role": "user", "content": parts}], tools=[ADD], stream=False)
    assert calls_in([response]) == [[("add", "{}")]]
    refused = chat(sim, '[simulate: call often=1] add {"a": 1}', tools=[ADD])
    assert (refused.status, "has no option 'often'" in refused.json["error"]["message"]) == (400, True)
    # Of an earlier prompt, nothing is called.
    turns = [{"role": "user", "content": "[simulate: call] add {}"}, {"role": "assistant", "content": "a"}]
    later = chat(
        sim,
        messages=[*turns, {"role": "user", "content": "x"}],
        tools=[ADD],
        thinking={"type": "disabled"},
        stream=False,
    )
    assert calls_in([later]) == [[]]


def test_what_is_broken_is_mended_in_the_next_step(sim: Simulator) -> None:
    def first_and_second(kind: str) -> tuple[tuple[str, str], tuple[str, str]]:
        first, second, _ = calls_in(converse(sim, f"[simulate: tool-call steps=2 broken={kind}]x", tools=[ADD]))
        return first[0], second[0]

    whole = ("add", '{"a": 3, "b": 3}')
    assert first_and_second("json") == (("add", '{"a": 2, "b": 2, '), whole)
    assert first_and_second("arguments") == (("add", '{"a": "no a", "b": "no b"}'), whole)
    assert first_and_second("unknown") == (("no_such_tool", '{"a": 2, "b": 2}'), whole)
    assert first_and_second("name") == (("", '{"a": 2, "b": 2}'), ("", whole[1]))
    nameless = converse(sim, "[simulate: tool-call broken=id]x")[0].json["choices"][0]["message"]["tool_calls"]
    assert [call["id"] for call in nameless] == [""]
    response = chat(sim, "x", "tool-call broken=index calls=2", tools=[TOOL])
    fragments = [f for c in response.chunks for f in c["choices"][0]["delta"].get("tool_calls", [])]
    assert {fragment["index"] for fragment in fragments} == {0}
    assert len({fragment["id"] for fragment in fragments if "id" in fragment}) == 2
    assert chat(sim, "x", "tool-call finish reason=stop", tools=[TOOL]).finish_reason == "stop"


def test_calls_may_share_an_id_or_come_where_none_is_allowed(sim: Simulator) -> None:
    response = chat(sim, "Weather?", "tool-call calls=2 broken=same-id", tools=[TOOL], stream=False)
    first, second = response.json["choices"][0]["message"]["tool_calls"]
    assert first["id"] == second["id"]
    assert first["function"]["arguments"] != second["function"]["arguments"]
    response = chat(sim, "Weather?", "tool-call broken=choice", tools=[TOOL], tool_choice="none", stream=False)
    assert response.json["choices"][0]["finish_reason"] == "tool_calls"
    response = chat(sim, "Weather?", "tool-call", tools=[TOOL], tool_choice="none", stream=False)
    assert response.json["choices"][0]["finish_reason"] == "stop"


def test_a_call_is_repeated_after_a_denial_or_for_ever(sim: Simulator) -> None:
    denied, again, other, _ = calls_in(converse(sim, "[simulate: tool-call repeat=denied steps=2]x", "Denied."))
    assert denied == again
    assert other != again
    assert len(calls_in(converse(sim, "[simulate: tool-call repeat=denied]x", *["denied"] * 3))) == 5
    endless = calls_in(converse(sim, "[simulate: tool-call repeat=always]x"))
    assert len(endless) == 13
    assert len({step[0] for step in endless}) == 1


@pytest.mark.parametrize(("pieces", "size"), [("token", 3), ("whole", 26), ("character", 1)])
def test_arguments_come_in_pieces_of_any_size(sim: Simulator, pieces: str, size: int) -> None:
    response = chat(sim, '[simulate: call] add {"a": 1000, "b": 12345678}', f"tool-call pieces={pieces}", tools=[ADD])
    fragments = [f for c in response.chunks for f in c["choices"][0]["delta"].get("tool_calls", [])]
    given_out = [f["function"]["arguments"] for f in fragments if "id" not in f]
    assert "".join(given_out) == '{"a": 1000, "b": 12345678}'
    assert max(map(len, given_out)) == size


def test_arguments_may_be_a_megabyte(sim: Simulator) -> None:
    response = chat(sim, "x", "tool-call size=1000000", tools=[TOOL], stream=False)
    ((_, given_out),) = calls_in([response])[0]
    assert len(json.loads(given_out)["city"]) == 1_000_000
    assert response.json["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("choice", "status"),
    [
        ("maybe", 422),
        ({"type": "function"}, 422),
        ({"type": "function", "function": {"name": "other"}}, 400),
        ({"type": "function", "function": {"name": "weather"}}, 200),
    ],
)
def test_a_choice_of_tools_is_read_strictly(sim: Simulator, choice: Any, status: int) -> None:
    fields: dict[str, Any] = {"thinking": {"type": "disabled"}, "tool_choice": choice}
    assert chat(sim, "x", tools=[TOOL], **fields).status == status
    assert chat(sim, "x", tool_choice="required", thinking={"type": "disabled"}).status == 400


def test_reasoning_goes_back_before_the_results_of_tools_even_without_tools(sim: Simulator) -> None:
    call = {"id": "x", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    turns: list[dict[str, Any]] = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "x", "content": "rain"},
    ]
    refused = chat(sim, messages=turns)
    assert (refused.status, "must be passed back" in refused.json["error"]["message"]) == (400, True)
    turns[1]["reasoning_content"] = ""
    assert chat(sim, messages=turns).status == 200


STRICT: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
    "required": ["city", "days"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, ""),
        ({"required": ["city"]}, "every property must be required: days is not"),
        ({"additionalProperties": True}, "root: `additionalProperties` must be false"),
        ({"type": "array"}, "the root must be of type object"),
        (
            {"properties": {"city": {"type": "string", "minLength": 1}}, "required": ["city"]},
            "city: `minLength` is not supported",
        ),
        ({"properties": {"a": {"type": "array"}}, "required": ["a"]}, "a.items: not a schema"),
        ({"properties": {"a": {}}, "required": ["a"]}, "a: a value without a type"),
        ({"properties": {"a": {"type": "object"}}, "required": ["a"]}, "a: `additionalProperties` must be false"),
        ({"properties": {"a": {"type": ["array", "null"]}}, "required": ["a"]}, "use anyOf"),
        ({"properties": {"a": {"type": "string", "format": "date"}}, "required": ["a"]}, "the format 'date'"),
        ({"$defs": {"x": {"type": "array", "items": {"type": "string"}, "maxItems": 3}}}, "x: `maxItems`"),
    ],
)
def test_schemas_of_strict_tools_are_checked_below_beta(sim: Simulator, changes: dict[str, Any], says: str) -> None:
    def sent(path: str, *tools: dict[str, Any]) -> Response:
        return request(sim, "POST", path, json.dumps(body_of("x", tools=list(tools), max_tokens=1)).encode())

    tool = {"type": "function", "function": {"name": "look", "strict": True, "parameters": STRICT | changes}}
    response = sent("/beta/chat/completions", tool)
    assert response.status == (400 if says else 200)
    assert not says or says in response.json["error"]["message"]
    assert sent("/chat/completions", tool).status == 200
    assert sent("/beta/chat/completions", tool, TOOL).status == 400


_LEAVES = st.one_of(
    st.fixed_dictionaries({"type": st.just("string")}, optional={"maxLength": st.integers(1, 9)}),
    st.fixed_dictionaries({"type": st.just("integer")}, optional={"minimum": st.integers(-9, 90)}),
    st.fixed_dictionaries({"type": st.just("number")}, optional={"exclusiveMaximum": st.integers(-9, 9)}),
    st.fixed_dictionaries({"type": st.just("integer"), "multipleOf": st.integers(2, 9)}),
    st.fixed_dictionaries({"enum": st.lists(st.sampled_from(["a", "b", 1, 2.5, None]), min_size=1, max_size=4)}),
    st.sampled_from([{"type": "boolean"}, {"const": "x"}, {"type": "null"}, {"$ref": "#/$defs/named"}]),
)
_SCHEMAS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items, "minItems": 2}, inner),
        st.builds(lambda either: {"anyOf": [either, {"type": "null"}]}, inner),
        st.builds(
            lambda properties, keep: {
                "type": "object",
                "properties": properties,
                "required": sorted(properties)[keep:],
            },
            st.dictionaries(st.sampled_from("abcd"), inner),
            st.integers(0, 2),
        ),
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["city", "days", "x", "y"]), _SCHEMAS, min_size=1), st.integers(0, 5))
def test_made_arguments_fit_their_schema(properties: dict[str, Any], number: int) -> None:
    schema = {"type": "object", "properties": properties, "$defs": {"named": {"type": "string"}}}
    validator = SCHEMAS.Draft202012Validator(schema)
    assert list(validator.iter_errors(arguments.fitting(schema, number))) == []
    assert arguments.fitting(schema, number) == arguments.fitting(schema, number)


def test_made_arguments_of_a_tool_without_parameters() -> None:
    assert arguments.fitting(None) == {}
    assert arguments.fitting({"type": "object", "properties": {}}) == {}
    assert arguments.unfitting({}) == {"surplus": True}
    assert arguments.unfitting(ADD["function"]["parameters"]) == {"a": "no a", "b": "no b"}
