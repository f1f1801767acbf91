"""The programs of requests to Anthropic's API send what was sent and print the reply."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client import settings
from nbstream.client.start import start_run
from nbstream.model.exceptions import RequestError
from nbstream.output.sent_request import account_text
from tests import needs
from tests.pieces import PiecesSource
from tests.snippets import bodies
from tests.snippets.programs import KEY, Output, code, run
from tests.snippets.test_programs import sent
from tests.wire.messages import reply_of

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.model.reply import Reply
    from nbstream.simulator.server import Simulator

pytestmark = pytest.mark.filterwarnings("ignore::nbstream.NbstreamWarning")
NAMES = [
    pytest.param("python"),
    pytest.param("curl", marks=[needs.command("curl", "curl"), needs.posix("there is no /dev/fd")]),
    pytest.param("node", marks=needs.command("node", "nodejs")),
]
SIGNED = [
    {"type": "thinking", "thinking": 'Any number…\n\n"7" it is.', "signature": "c2ln=="},
    {"type": "text", "text": "\n\nSeven."},
    {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "成都"}},
]
CALL = {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "成都"}'}}
CASES: dict[str, dict[str, Any]] = {
    "plain": {"prompt": "[simulate: tokens=60] What is a median?"},
    "all options": {
        "prompt": "[simulate: echo]Tell `${x}` $HOME 'a' \"b\" END of it",
        "system": 'You are terse.\nYou\'re "polite".',
        "thinking": True,
        "effort": "max",
        "max_tokens": 4_000,
        "temperature": 0.5,
        "stop": ["END", "\n\n\n"],
        "extra_body": {"top_k": 5, "cache_control": {"type": "ephemeral"}, "x": [True, None, 2**60]},
    },
    "keys": {"prompt": "[simulate: tokens=20] Hi", "extra_body": bodies.WITH_KEYS},
    "tools": {
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "Seven.", "tool_calls": [CALL], "content_blocks": SIGNED},
            {"role": "tool", "tool_call_id": "t1", "content": "rain"},
            {"role": "user", "content": "[simulate: tool-call calls=2 say=9] b"},
        ],
        "extra_body": {"tools": [bodies.WEATHER], "tool_choice": "auto"},
    },
    "an error": {"prompt": "[simulate: error-in-band after=3] Hi"},
}


def asked(simulator: Simulator, case: str, header: str = "authorization") -> Reply:
    settings.current().endpoints = {
        "sim": {"base_url": f"{simulator.url}/anthropic", "api": "anthropic", "key_header": header}
    }
    options = dict(CASES[case])
    return nbstream.stream(options.pop("prompt", None), model="sim/deepseek-flash", api_key=KEY, **options).result(20)


def check(name: str, output: Output, reply: Reply) -> None:
    if name == "curl":
        # Each response has an id of its own, which signs its thoughts.
        found = reply_of([output.out.encode()])
        assert (found.reasoning, found.message["content"]) == (reply.reasoning, reply.message["content"])
        assert [call.arguments for call in found.tool_calls] == [call.arguments for call in reply.tool_calls]
        return
    assert output.out == f"{reply.message['content']}\n", output.err
    if reply.reasoning:
        assert output.err.startswith(f"{reply.reasoning}\n\n" if reply.answer else reply.reasoning)
    for call in reply.tool_calls:
        assert f"{call.name}: {call.arguments}" in output.err
    assert reply.usage is not None
    assert str(reply.usage.completion_tokens) in output.err


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", [case for case in CASES if case != "an error"])
@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_each_program_sends_the_body_and_prints_the_reply(
    simulator: Simulator, name: str, case: str, header: str, tmp_path: Path
) -> None:
    reply = asked(simulator, case, header)
    assert reply.status == "complete"
    digest = simulator.log()[-1]["key_digest"]
    wanted = sent(simulator)
    assert KEY not in code(reply.request, name)
    other = {"ANTHROPIC_API_KEY": "sk-of-another-server", "ANTHROPIC_AUTH_TOKEN": "sk-of-a-third-one"}
    output = run(tmp_path, name, code(reply.request, name), **other)
    assert [entry["key_digest"] for entry in simulator.log()] == [digest], output.err
    assert sent(simulator) == wanted
    assert output.code == 0, output.err
    check(name, output, reply)


@pytest.mark.parametrize("name", NAMES)
def test_an_error_of_the_server_is_printed(simulator: Simulator, name: str, tmp_path: Path) -> None:
    reply = asked(simulator, "an error")
    assert reply.error is not None
    output = run(tmp_path, name, code(reply.request, name))
    assert reply.error.said in (output.out if name == "curl" else output.err)
    assert name == "curl" or output.code != 0


def test_the_account_and_the_json_are_those_of_this_api(simulator: Simulator) -> None:
    reply = asked(simulator, "tools")
    assert bodies.canonical(json.loads(reply.request.json())) == bodies.canonical(reply.request.body())
    account = account_text(reply.request)
    assert account.startswith(f"POST {simulator.url}/anthropic/v1/messages")
    for words in (
        "max_tokens",
        "tools  ",
        "weather",
        "2 · assistant · thinking · 23 characters, signed",
        "result of weather",
    ):
        assert words in account
    assert "stream_options" not in account
    with pytest.raises(RequestError):
        reply.request.node(sdk=True)
    recording = start_run(PiecesSource([(0, b"data: [DONE]\n\n")], speed=0)).result()
    with pytest.raises(RequestError):
        recording.request.python()
