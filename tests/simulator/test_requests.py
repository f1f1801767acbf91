"""Which requests are refused, and how a request names its scenario."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import pytest

from nbstream.simulator import scenarios
from nbstream.simulator.server import Simulator
from tests.simulator.client import TOOL, Response, body_of, chat, logged, read_all, request

NOT_PASSED_BACK = {
    "error": {
        "message": "The `reasoning_content` in the thinking mode must be passed back to the API.",
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_request_error",
    }
}


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        (
            {"model": "deepseek-chat"},
            400,
            "The supported API model names are deepseek-flash, deepseek-v4-pro, but you passed deepseek-chat.",
        ),
        ({"model": "deepseek/deepseek-flash"}, 400, "but you passed deepseek/deepseek-flash."),
        ({"model": None}, 422, "model"),
        ({"messages": []}, 400, "Empty input messages"),
        ({"messages": "hello"}, 422, "messages"),
        ({"messages": [{"role": "developer", "content": "x"}]}, 400, "unknown variant `developer`"),
        ({"messages": [{"content": "x"}]}, 422, "role"),
        ({"messages": [{"role": "user", "content": 5}]}, 422, "content"),
        ({"temperature": 2.5}, 422, "temperature"),
        ({"temperature": "hot"}, 422, "temperature"),
        ({"top_p": -0.1}, 422, "top_p"),
        ({"top_p": 0}, 422, "(0, 1.0]"),
        ({"top_p": "x"}, 422, "top_p"),
        ({"top_logprobs": 21}, 422, "[0, 20]"),
        ({"user_id": "ü" * 257}, 422, "user_id"),
        ({"presence_penalty": 3}, 422, "presence_penalty"),
        ({"max_tokens": 0}, 400, "the valid range of max_tokens is [1, 393216]"),
        ({"max_tokens": 1.5}, 422, "max_tokens"),
        ({"stop": ["x"] * 17}, 400, "Stop string array too long: 17"),
        ({"stop": [5]}, 422, "stop"),
        ({"stream": "yes"}, 422, "stream"),
        ({"thinking": {"type": "perhaps"}}, 422, "thinking"),
        ({"reasoning_effort": "extreme"}, 422, "reasoning_effort"),
        ({"response_format": {"type": "json_schema"}}, 400, "This response_format type is unavailable now"),
        ({"response_format": {"type": "json_object"}}, 400, "Prompt must contain the word 'json' in some form"),
        ({"tools": [TOOL, TOOL]}, 400, "unique"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, 400, "tools[0]"),
        ({"tools": [{"name": "weather"}]}, 422, "tools[0]"),
        ({"tools": [TOOL], "tool_choice": "required"}, 400, "Thinking mode does not support this tool_choice"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "weather"}}},
            400,
            "Thinking mode does not support this tool_choice",
        ),
        ({"simulate": "no-such-thing"}, 400, "usage-separate"),
        ({"simulate": "reset often=1"}, 400, "has no option 'often'"),
        ({"simulate": "reset after=soon"}, 400, "cannot be 'soon'"),
        ({"simulate": "429 body=pdf"}, 400, "octet"),
        ({"simulate": 5}, 400, "simulate"),
    ],
)
def test_a_request_is_read_strictly(sim: Simulator, fields: dict[str, Any], status: int, says: str) -> None:
    response = chat(sim, "x", **fields)
    assert response.status == status
    assert set(response.json["error"]) == {"message", "type", "param", "code"}
    assert says in response.json["error"]["message"]


def test_stream_options_and_unknown_fields_are_accepted(sim: Simulator) -> None:
    assert chat(sim, "x", stream_options={"include_usage": True}, user="me", seed=1, top_p=0.5).status == 200


def _call(name: str) -> dict[str, Any]:
    return {"id": name, "type": "function", "function": {"name": "weather", "arguments": "{}"}}


def _tool(name: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": name, "content": "rain"}


USER = {"role": "user", "content": "a"}
CALLS = {"role": "assistant", "content": None, "reasoning_content": "", "tool_calls": [_call("x"), _call("y")]}
INSUFFICIENT = "(insufficient tool messages following tool_calls message)"
ORPHAN = "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'"


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        (
            [USER, {"role": "assistant", "content": None}],
            "Invalid assistant message: content or tool_calls must be set",
        ),
        ([USER, {"role": "assistant", "reasoning_content": "x"}], "content or tool_calls must be set"),
        ([USER, {"role": "assistant", "content": ""}, USER], ""),
        ([USER, CALLS], INSUFFICIENT),
        ([USER, CALLS, _tool("x")], INSUFFICIENT),
        ([USER, CALLS, _tool("x"), USER, _tool("y")], INSUFFICIENT),
        ([USER, CALLS, _tool("y"), _tool("x")], ""),
        ([USER, CALLS, _tool("y"), _tool("x"), _tool("x")], ORPHAN),
        ([USER, _tool("x")], ORPHAN),
    ],
)
def test_chains_of_tools_are_whole(sim: Simulator, messages: list[dict[str, Any]], says: str) -> None:
    response = chat(sim, messages=messages, tools=[TOOL], thinking={"type": "disabled"}, max_tokens=2)
    assert response.status == (400 if says else 200)
    if says:
        assert says in response.json["error"]["message"]


def test_reasoning_must_be_passed_back_if_there_are_tools(sim: Simulator) -> None:
    def asked(assistant: dict[str, Any], **fields: Any) -> Response:
        turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", **assistant}]
        return chat(sim, messages=[*turns, {"role": "user", "content": "c"}], **fields)

    refused = asked({}, tools=[TOOL])
    assert (refused.status, refused.json) == (400, NOT_PASSED_BACK)
    assert asked({"reasoning_content": ""}, tools=[TOOL]).status == 200
    assert asked({}).status == 200
    assert asked({}, tools=[TOOL], thinking={"type": "disabled"}).status == 200


@pytest.mark.parametrize("key", [None, "", "bad-key"])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/beta/chat/completions"), ("GET", "/models"), ("GET", "/user/balance")]
)
def test_a_key_is_needed(sim: Simulator, method: str, path: str, key: str | None) -> None:
    response = request(sim, method, path, json.dumps(body_of("x")).encode() if method == "POST" else None, key)
    assert response.status == 401
    shown = "-key" if key else ""
    assert response.json["error"]["message"] == f"Authentication Fails, Your api key: ****{shown} is invalid"
    assert response.json["error"]["type"] == "authentication_error"


def test_models_and_balance(sim: Simulator) -> None:
    models = request(sim, "GET", "/v1/models").json
    assert models["object"] == "list"
    assert models["data"][0] == {"id": "deepseek-flash", "object": "model", "owned_by": "deepseek"}
    balance = request(sim, "GET", "/user/balance").json
    assert balance["is_available"] is True
    assert set(balance["balance_infos"][0]) == {"currency", "total_balance", "granted_balance", "topped_up_balance"}
    assert all(isinstance(value, str) for value in balance["balance_infos"][0].values())


@pytest.mark.parametrize("alias", ["deepseek-v4-flash", "deepseek-v4-flash-vision-exp"])
def test_a_legacy_model_name_is_an_alias_of_flash(sim: Simulator, alias: str) -> None:
    chunk = chat(sim, "x", model=alias).chunks[0]
    assert chunk["model"] == "deepseek-flash"
    assert re.fullmatch("[0-9a-f]+", chunk["system_fingerprint"])


def test_a_refused_key_is_repeated_in_part(sim: Simulator) -> None:
    said = chat(sim, "x [simulate: 401]").json["error"]["message"]
    assert said == "Authentication Fails, Your api key: ****1234 is invalid"


def test_usage_is_null_on_every_chunk_but_the_last_if_asked_for(sim: Simulator) -> None:
    *others, last = chat(sim, "x", max_tokens=3, stream_options={"include_usage": True}).chunks
    assert [chunk["usage"] for chunk in others] == [None] * 4
    assert last["usage"]["completion_tokens"] == 3
    *others, last = chat(sim, "x", max_tokens=3, stream_options={"include_usage": False}).chunks
    assert not any("usage" in chunk for chunk in others)
    assert last["usage"]["completion_tokens"] == 3


def test_other_paths_and_methods(sim: Simulator) -> None:
    assert request(sim, "GET", "/nothing").status == 404
    assert request(sim, "GET", "/chat/completions").status == 405
    assert request(sim, "POST", "/models").status == 405


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"rubbish\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 400),
    ],
)
def test_an_invalid_request_is_answered_and_the_connection_closed(sim: Simulator, sent: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", int(sim.url.rpartition(":")[2])), timeout=10) as raw:
        raw.sendall(sent)
        response, _ = read_all(raw)
    assert response.startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"[]", b'"x"', b'{"messages": NaN}'])
def test_a_body_that_is_not_a_chat_request(sim: Simulator, body: bytes) -> None:
    response = request(sim, "POST", "/chat/completions", body)
    assert response.status in (400, 422)
    assert response.json["error"]["type"] == "invalid_request_error"


def test_the_field_overrides_the_directive_and_the_directive_the_default() -> None:
    with Simulator(rate=0, first_token=0, scenario="truncate after=3") as sim:
        assert chat(sim, "median").chunks[-1]["usage"]["completion_tokens"] == 3
        assert chat(sim, "median [simulate: truncate after=4]").chunks[-1]["usage"]["completion_tokens"] == 4
        response = chat(sim, "median [simulate: truncate after=4]", "truncate after=5")
        assert response.chunks[-1]["usage"]["completion_tokens"] == 5
        assert logged(sim)["scenario"] == "truncate after=5"


def test_a_directive_is_not_part_of_the_prompt(sim: Simulator) -> None:
    with_it = chat(sim, "median [simulate: truncate after=4]").chunks[-1]["usage"]
    without = chat(sim, "median ", "truncate after=4").chunks[-1]["usage"]
    assert with_it["prompt_tokens"] == without["prompt_tokens"]
    earlier = [
        {"role": "user", "content": "a [simulate: 503]"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    assert chat(sim, messages=earlier).status == 200


def test_the_help_lists_every_scenario_and_option() -> None:
    table = scenarios.table()
    for scenario in scenarios.SCENARIOS:
        assert f"\n  {scenario.name}" in table
        assert all(f"[{option.name}=" in table for option in scenario.options)
        if scenario.name != scenarios.STATUS:
            assert scenario.name in scenarios.parse(scenario.name)
    assert max(map(len, table.split("\n"))) <= 80


def test_scenarios_combine_and_an_option_belongs_to_the_name_before_it() -> None:
    plan = scenarios.parse("rate=5 truncate after=3 finish reason=aborted after=4")
    assert plan.get("truncate") == {"after": 3}
    assert plan.get("finish") == {"reason": "aborted", "after": 4}
    assert plan.common == {"rate": 5.0}
