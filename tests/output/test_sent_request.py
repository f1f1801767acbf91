"""What `%deepseek request` shows of a request: all of a program, and a bounded account."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given

from nbstream.model.printable import printable
from nbstream.model.request import FIM, Address, Inserted, Request, TurnPlace
from nbstream.output.sent_request import LANGUAGES, account_html, account_text, code_html
from nbstream.snippets import code_of
from tests.snippets.bodies import TRAPS, VALUES, WEATHER

HERE = "http://127.0.0.1:8000"


def request(messages: list[dict[str, Any]], **fields: Any) -> Request:
    return Request("m", HERE, tuple(messages), **fields)


def user(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


class Tags(HTMLParser):
    """Collects the names of all tags and attributes, and the text of each `pre`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.code = ""
        self._is_code = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names |= {tag, *(name for name, _ in attrs)}
        self._is_code |= tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        self._is_code &= tag != "pre"

    def handle_data(self, data: str) -> None:
        self.code += data if self._is_code else ""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", TRAPS)
def test_a_program_is_shown_exactly(language: str, text: str) -> None:
    code = code_of(request(user(text)), language)
    html = code_html(code, language)
    shown = Tags(html)
    assert shown.code == code
    assert shown.names <= {"div", "pre", "code", "span", "class", "style", "dir"}
    assert '<span class="' in html
    # In Markdown a blank line would end it.
    assert "\n\n" not in html


def test_a_long_program_is_complete() -> None:
    code = code_of(request(user("x" * 200_000)), "python")
    assert Tags(code_html(code, "python")).code == code


@given(VALUES)
def test_the_account_of_any_request_is_safe(value: Any) -> None:
    asked = request([{"role": "user", "content": value, "x": value}, *user(str(value))], parameters={"y": value})
    text, html = account_text(asked), account_html(asked)
    assert printable(text) == text
    assert Tags(html).names <= {"div", "table", "tr", "th", "td", "details", "open", "summary", "class", "style"}
    assert "\n\n" not in html


def test_the_account_names_the_parameters_and_each_message() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Köln"}'}}
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        *user("Weather?"),
        {"role": "assistant", "content": "", "reasoning_content": "I ask.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "rain"},
        {"role": "assistant", "content": "It", "prefix": True},
    ]
    asked = request(
        messages,
        parameters={"stream": True, "thinking": {"type": "enabled"}, "tools": [WEATHER]},
        key_origin="environment",
        turn=TurnPlace("plan", 2, 2, 1),
        inserted=(Inserted("df", "pandas DataFrame", "…", "5 of 10 rows", is_cut=True),),
        address=Address("/v1", query=(("v", "1"),), query_variables=(("key", "URL_KEY"),), key_variable="MY_KEY"),
    )
    assert account_text(asked).split("\n") == [
        f"POST {HERE}/v1/chat/completions?v=1&key=…",
        "field     value",
        "model     m",
        "key       from the variable MY_KEY",
        "chat      plan, turn 3, 2 turns before it",
        "stream    true",
        'thinking  {"type": "enabled"}',
        "tools     weather",
        "",
        "1 · system · 9 characters",
        "    Be brief.",
        "",
        "2 · user · 8 characters",
        "    Weather?",
        "",
        "3 · assistant · reasoning_content · 6 characters",
        "    I ask.",
        "",
        "3 · assistant · 0 characters",
        "",
        "3 · assistant · calls weather",
        '    {"city": "Köln"}',
        "",
        "4 · tool · 4 characters · result of weather · tool_call_id: c1",
        "    rain",
        "",
        "5 · assistant · 2 characters · prefix: true",
        "    It",
        "",
        "Put below the prompt: df (pandas DataFrame, 5 of 10 rows, cut)",
        "",
        "To send it again: %deepseek request json, python, curl or node; in Python reply.request.python() and so on.",
    ]
    words = re.sub(r"<[^>]*>", "\n", unescape(account_html(asked)))
    for word in ("2 · user · 8 characters", "Weather?", "calls weather", "Put below the prompt: df"):
        assert word in words


def test_a_long_text_and_an_image_are_cut_and_it_is_said() -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{'A' * 8_000}"}}
    text = account_text(request(user([{"type": "text", "text": "a" * 9_000 + "z" * 1_000}, image])))
    assert "1 · user · 10,000 characters · image/png, 6 kB, not shown" in text
    assert "[… 8,200 characters are not shown here …]" in text
    assert text.count("a") < 2_000
    assert text.count("z") == 300
    assert "AAAA" not in text
    # A program has all of it.
    assert "A" * 8_000 in code_of(request(user([image])), "curl")


def test_of_many_messages_the_last_ones_are_shown() -> None:
    messages = [{"role": "system", "content": "Be brief."}] + [
        message for n in range(300) for message in user(f"<{n}>")
    ]
    text = account_text(request(messages))
    assert "Be brief." in text
    assert "… 260 earlier messages: %deepseek request json shows all of them" in text
    assert [f"<{n}>" in text for n in (0, 259, 260, 299)] == [False, False, True, True]


def test_a_completion_of_a_text_shows_prefix_and_suffix() -> None:
    asked = request([], parameters={"prompt": "def f(x):\n", "suffix": "return"}, address=Address("/beta", FIM))
    text = account_text(asked)
    assert text.startswith(
        f"POST {HERE}/beta/completions\nfield  value\nmodel  m\n\nprompt · 10 characters\n    def f(x):"
    )
    assert "suffix · 6 characters\n    return\n" in text


def test_a_tool_s_result_is_named_by_its_tool() -> None:
    call = {"id": "call_0", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bonn"}'}}
    messages = [
        *user("Hi"),
        {"role": "assistant", "content": "", "reasoning_content": "Look.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_0", "content": "sunny"},
        {"role": "tool", "tool_call_id": "unknown", "content": "x"},
    ]
    text = account_text(request(messages, parameters={"tools": [WEATHER]}), before=2)
    assert "tools  weather" in text
    assert "2 · assistant · reasoning_content · 5 characters\n    Look." in text
    assert '2 · assistant · calls weather\n    {"city": "Bonn"}' in text
    assert "3 · tool · 5 characters · result of weather · tool_call_id: call_0\n    sunny" in text
    assert "4 · tool · 1 character · tool_call_id: unknown" in text
    assert "The 2 requests before it, in the same reply: reply.steps[0].request and so on." in text
    assert "result of weather" in account_html(request(messages))


@pytest.mark.parametrize("calls", [None, "x", {"a": 1}, [1, None], [{"function": "x"}], [{"function": {"name": 7}}]])
def test_calls_of_any_form_are_told(calls: Any) -> None:
    messages = [{"role": "assistant", "content": "a", "tool_calls": calls}]
    assert "1 · assistant · 1 character" in account_text(request(messages))
