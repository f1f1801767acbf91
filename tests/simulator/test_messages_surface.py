"""The simulator's Anthropic-compatible endpoint: its events, its scenarios, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.client import KEY, NOTICE, Response, chat, logged, request
from tests.wire.messages import reply_of

if TYPE_CHECKING:
    from nbstream.model.reply import Reply
    from nbstream.simulator.server import Simulator

TOOL = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
}
USER = {"role": "user", "content": "a"}
CALL = {"type": "tool_use", "id": "x", "name": "weather", "input": {}}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x", "content": "rain"}]}
OFF = {"thinking": {"type": "disabled"}}
THOUGHT = {"type": "thinking", "thinking": "", "signature": ""}


def ask(sim: Simulator, prompt: str = "median", scenario: str | None = None, **fields: Any) -> Response:
    body = {"model": "deepseek-flash", "max_tokens": 65_536, "stream": True, "messages": [USER | {"content": prompt}]}
    body |= ({} if scenario is None else {"simulate": scenario}) | fields
    return request(sim, "POST", "/anthropic/v1/messages", json.dumps(body).encode())


def reply(sim: Simulator, *arguments: Any, **fields: Any) -> Reply:
    return reply_of([ask(sim, *arguments, **fields).body])


def kinds(response: Response) -> list[str]:
    lines = response.body.decode().split("\n")
    return [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]


def test_the_events_are_those_of_live_captures(sim: Simulator) -> None:
    response = ask(sim, "x", "tool-call say=3", tools=[TOOL])
    seen = [kind for kind, before in zip(kinds(response), [None, *kinds(response)], strict=False) if kind != before]
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    first = ["content_block_start", "ping", "content_block_delta", "content_block_stop"]
    assert seen == ["message_start", *first, *block, *block, "message_delta", "message_stop"]
    payloads = response.chunks
    assert payloads[0]["message"]["usage"]["output_tokens"] == 0
    assert payloads[1]["content_block"] == {"type": "thinking", "thinking": "", "signature": ""}
    signatures = [
        each["delta"]["signature"] for each in payloads if each.get("delta", {}).get("type") == "signature_delta"
    ]
    assert signatures == [payloads[0]["message"]["id"]]
    assert payloads[-2]["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert set(payloads[-2]["usage"]) == {
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "output_tokens",
    }
    assert payloads[-1] == {"type": "message_stop"}
    assert "[DONE]" not in response.body.decode()


def test_both_surfaces_give_the_same_reply(sim: Simulator) -> None:
    other = chat(sim, "median")
    found = reply(sim, "median")
    assert (found.reasoning, found.message["content"]) == (other.joined("reasoning_content"), other.joined("content"))
    assert found.simulated
    assert found.usage is not None
    counted = other.chunks[-1]["usage"]
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (
        counted["prompt_tokens"],
        counted["completion_tokens"],
    )
    whole = reply(sim, "median", stream=False)
    assert (whole.reasoning, whole.answer, whole.message) == (found.reasoning, found.answer, found.message | {
        "content_blocks": whole.message["content_blocks"]
    })  # fmt: skip


def test_a_chain_of_tools(sim: Simulator) -> None:
    turns: list[Any] = [{"role": "user", "content": "[simulate: tool-call steps=2 calls=2]Go"}]
    names = []
    while True:
        found = reply(sim, messages=turns, tools=[TOOL])
        calls = found.tool_calls
        if not calls:
            break
        names.append([(call.name, call.arguments) for call in calls])
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": "rain, 12 degrees"} for call in calls]
        turns += [
            {"role": "assistant", "content": found.message["content_blocks"]},
            {"role": "user", "content": results},
        ]
    assert [[name for name, _ in step] for step in names] == [["weather"] * 2] * 2
    assert len({arguments for step in names for _, arguments in step}) == 4
    assert "rain, 12 degrees" in found.answer


@pytest.mark.parametrize(
    ("model", "served"),
    [
        ("claude-opus-5", "deepseek-v4-pro"),
        ("claude-sonnet-5", "deepseek-flash"),
        ("claude-x", "deepseek-flash"),
        ("deepseek-v4-pro", "deepseek-v4-pro"),
    ],
)
def test_the_names_of_claude_are_mapped(sim: Simulator, model: str, served: str) -> None:
    assert reply(sim, "x", model=model, max_tokens=2).model == served


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"max_tokens": None}, 422, "missing field `max_tokens`"),
        ({"model": "gpt-5"}, 400, "but you passed gpt-5"),
        ({"messages": []}, 400, "Empty input messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, 400, "unknown variant `system`"),
        ({"messages": [USER | {"content": 5}]}, 422, "sequence of blocks"),
        ({"messages": [USER | {"content": [{"type": "document"}]}]}, 422, "`document` is not supported"),
        ({"thinking": {"type": "perhaps"}}, 422, "thinking.type"),
        ({"output_config": {"effort": "extreme"}}, 422, "reasoning_effort"),
        ({"tools": [{"name": "weather"}]}, 422, "input_schema"),
        ({"tools": [TOOL, TOOL]}, 400, "unique"),
        ({"tools": [TOOL], "tool_choice": {"type": "any"}}, 400, "Thinking mode does not support this tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "weather"}}, 400, "Thinking mode does not support"),
        ({"tools": [TOOL], "tool_choice": "auto"}, 422, "tool_choice.type"),
        ({"messages": [USER, {"role": "assistant", "content": "x"}]}, 400, "must be a user message"),
        ({"messages": [USER, {"role": "assistant", "content": [CALL]}, USER]}, 400, "insufficient tool messages"),
        ({"messages": [USER, RESULT]}, 400, "must be a response to a preceding message"),
        (
            {"messages": [USER, {"role": "assistant", "content": [{"type": "thinking", "thinking": "x"}]}, USER]},
            422,
            "not a block of type `thinking`",
        ),
        (
            {"messages": [USER, {"role": "assistant", "content": [CALL]}, RESULT], "tools": [TOOL]},
            400,
            "The `content[].thinking` in the thinking mode must be passed back to the API.",
        ),
        (
            {"messages": [USER, {"role": "assistant", "content": "b"}, USER], "tools": [TOOL]},
            400,
            "The `content[].thinking` in the thinking mode must be passed back to the API.",
        ),
        ({"simulate": "no-such-thing"}, 400, "usage-separate"),
    ],
)
def test_a_request_is_read_strictly(sim: Simulator, fields: dict[str, Any], status: int, says: str) -> None:
    response = ask(sim, "x", **fields)
    assert response.status == status
    # Errors have the form of the other API.
    assert set(response.json["error"]) == {"message", "type", "param", "code"}
    assert says in response.json["error"]["message"]


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [USER, {"role": "assistant", "content": [THOUGHT, CALL]}, RESULT], "tools": [TOOL]},
        {"messages": [USER, {"role": "assistant", "content": [CALL]}, RESULT], "tools": [TOOL], **OFF},
        {"messages": [USER, {"role": "assistant", "content": "b"}, USER]},
        {"system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}], "top_k": 5},
        {"tools": [TOOL], "tool_choice": {"type": "any", "disable_parallel_tool_use": True}, **OFF},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}], "metadata": {"user_id": "u"}},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
    ],
)
def test_what_is_accepted(sim: Simulator, fields: dict[str, Any]) -> None:
    assert ask(sim, "x", **fields).status == 200


def test_thinking_and_effort(sim: Simulator) -> None:
    assert reply(sim, "median", **OFF).reasoning == ""
    low, high = (len(reply(sim, output_config={"effort": effort}).reasoning) for effort in ("low", "max"))
    assert 0 < low < high
    left_out = reply(sim, "median", "thoughts")
    assert left_out.reasoning == ""
    assert left_out.message["content_blocks"][0] == {"type": "thinking", "thinking": "", "signature": left_out.id}
    encrypted = reply(sim, "median", "thoughts kind=encrypted")
    assert encrypted.message["content_blocks"][0]["type"] == "redacted_thinking"
    assert "<think>" in reply(sim, "median", "think-tags").answer


def test_the_last_message_is_the_beginning_of_the_answer(sim: Simulator) -> None:
    whole = reply(sim, "median", **OFF).answer
    rest = reply(sim, messages=[USER | {"content": "median"}, {"role": "assistant", "content": whole[:70]}], **OFF)
    assert rest.message["content"] == whole[70:]


def test_ends_and_faults(sim: Simulator) -> None:
    assert reply(sim, "median", max_tokens=9).finish_reason == "length"
    assert reply(sim, "median", "finish reason=content_filter").finish_reason == "content_filter"
    assert reply(sim, "median", "close after=30").status == "failed"
    assert reply(sim, "median", stop_sequences=["weighs"], **OFF).answer.endswith("the mean ")
    assert kinds(ask(sim, "median", "no-done"))[-1] == "message_delta"
    failed = reply(sim, "median", "error-in-band after=5")
    assert failed.error is not None
    assert (failed.error.kind, failed.error.code) == ("in_band", "api_error")
    for shape in ("string", "message", "openrouter", "event", "html", "text", "empty"):
        assert reply(sim, "median", f"error-in-band shape={shape}").status == "failed"
    assert ask(sim, "median", "529").status == 529
    assert ask(sim, "median", "429 retry-after=1").headers["retry-after"] == "1"
    assert reply(sim, "median", "json").answer.startswith(NOTICE)
    assert reply(sim, "median", "flood times=2 size=10 tokens=0").answer.endswith("x" * 20)
    assert len(reply(sim, "median", "flood kind=calls times=4 size=10").tool_calls) == 2
    assert reply(sim, "median", "cr bom surrogates").answer.split("\n")[0].endswith("\N{WATER WAVE}")


@pytest.mark.parametrize("header", [{"x-api-key": KEY}, {"Authorization": f"Bearer {KEY}"}])
def test_the_key_may_stand_in_a_header_of_its_own(sim: Simulator, header: dict[str, str]) -> None:
    import http.client

    def status(path: str) -> int:
        connection = http.client.HTTPConnection(sim.url.removeprefix("http://"), timeout=10)
        connection.request("GET", path, headers=header)
        found = connection.getresponse().status
        connection.close()
        return found

    assert status("/anthropic/v1/models") == 200
    assert status("/models") == (401 if "x-api-key" in header else 200)
    logged(sim)
    assert {entry["key_digest"] is None for entry in sim.log()} == {"x-api-key" in header, False}


def test_models(sim: Simulator) -> None:
    models = request(sim, "GET", "/anthropic/v1/models").json
    assert [(each["type"], each["id"]) for each in models["data"]] == [
        ("model", "deepseek-flash"),
        ("model", "deepseek-v4-pro"),
    ]
