"""A turn as the source of a cell: the magic sends the same request with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import nbstream
from nbstream.chat import conversation
from nbstream.jupyter.magic import DeepSeekMagics
from nbstream.output.cell_source import cell_source
from nbstream.sessions.per_session import PerSession

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator


@pytest.fixture(autouse=True)
def _own_chats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_chats", PerSession(dict))


def parsed(source: str) -> tuple[Any, str]:
    """Return what the magic reads on the first line, and the prompt."""
    # IPython takes these for the ends of lines.
    line, *rest = source.splitlines(keepends=True)
    line, prompt = line.removesuffix("\n"), "".join(rest)
    magics = DeepSeekMagics(InteractiveShell.instance())
    return magics._parse(line.removeprefix("%%deepseek ")), prompt


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"model": "pro"},
        {"model": "other-model", "thinking": True, "effort": "max"},
        {"thinking": False, "temperature": 0.5, "max_tokens": 50, "stop": ["a b", "'c"]},
        {"stop": "END", "top_p": 0.96},
        {"stop": ["one\ntwo"]},
        {"stop": ["--", "-END", "- x", "a=b"]},
        {"stop": "one\rtwo", "effort": "low"},
    ],
)
def test_the_cell_asks_the_same(simulator: Simulator, options: dict[str, Any]) -> None:
    chat = nbstream.Chat("it's")
    prompt = "[simulate: echo] {{ x }} \\frac{1}{2}\n%%deepseek -m x"
    first = chat.stream(prompt, **options).result().request
    arguments, again = parsed(cell_source(chat.name, prompt, first, chat.defaults))
    assert (arguments.chat, again) == ("it's", prompt)
    given = {name: getattr(arguments, name) for name in ("model", "thinking", "effort", "temperature", "top_p")}
    given |= {name: getattr(arguments, name) for name in ("max_tokens", "stop", "base_url")}
    body = {} if arguments.raw_body is None else {"extra_body": json.loads(arguments.raw_body)}
    other = nbstream.Chat("other")
    second = other.stream(again, **given, **body).result().request
    assert (second.model, second.endpoint, dict(second.parameters)) == (
        first.model,
        first.endpoint,
        dict(first.parameters),
    )


def test_what_the_chat_has_anyway_is_no_flag(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan", model="pro", thinking=False, max_tokens=20)
    request = chat.stream("one").result().request
    assert cell_source("plan", "one", request, chat.defaults) == "%%deepseek -c plan\none"
    request = chat.stream("two", model="flash", thinking=True).result().request
    source = cell_source("plan", "two", request, chat.defaults)
    assert source.splitlines()[0] == "%%deepseek -c plan -m flash"


def test_tools_are_named_and_no_key_is_in_it(simulator: Simulator) -> None:
    def weather(city: str) -> str:
        """Tell the weather."""
        return city

    key = "sk-canary-0123456789"
    chat = nbstream.Chat("plan", api_key=key, base_url=f"{simulator.url}/v1?token={key}")
    request = chat.stream("one", tools=[weather], tool_choice="none").result().request
    source = cell_source("plan", "one", request, chat.defaults)
    assert "-T weather" in source
    assert key not in source
