"""Keys in the body of a request: they are sent, and never shown or kept."""

from __future__ import annotations

import copy
import json
import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbstream
from nbstream.chat.conversation import Chat
from nbstream.client import continuation
from nbstream.client.hidden_fields import secrets_in, with_hidden
from nbstream.client.options import checked
from nbstream.client.redaction import KeyRedactor
from nbstream.client.secret import Secret
from nbstream.client.start import source_of, start_run
from nbstream.model.hidden_text import MARK, HiddenText, hidden_in, revealed
from nbstream.model.saved_values import encode
from nbstream.output import sent_request
from tests.batch.jobs import run
from tests.snippets.bodies import FIELDS, VARIABLES, WEATHER, WITH_KEYS

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.model.reply import Reply
    from nbstream.simulator.server import Simulator

KEY = "sk-canary-0123456789"
#: Fields that servers take, and none of them is secret.
OPEN: dict[str, Any] = {
    "response_format": {"type": "json_schema", "json_schema": {"name": "answer_key", "schema": {}}},
    "tools": [WEATHER],
    "tool_choice": {"type": "function", "function": {"name": "get_api_key"}},
    "prompt_cache_key": "notebook-0123456789abcdef",
    "stop_token_ids": [1, 2],
    "skip_special_tokens": True,
    "max_tokens_per_second": "auto",
    "user": "student-0123456789abcdef",
    "safety_identifier": "0123456789abcdef0123456789abcdef",
    "guided_regex": r"[A-Z]{3}\d+",
    "metadata": {"run": "2026-11-26T02:00:00", "url": "https://a.test/path?q=1"},
    "logit_bias": {"123": -1},
    "eos_token": "</s>",
    "chat_template": "{% for message in messages %}{{ bos_token }}{% endfor %}",
    "models": ["anthropic/claude-sonnet-4", "deepseek/deepseek-v4-pro"],
    "keyword": "token",
}
#: A schema of arguments with names that are secret elsewhere.
LOGIN = {
    "type": "object",
    "properties": {"password": {"type": "string", "description": "The password"}, "api_key": {"enum": ["a", "b"]}},
    "required": ["password", "api_key"],
    "dependentRequired": {"password": ["api_key"]},
}


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ({"api_key": KEY}, {"api_key": MARK}),
        ({"headers": {"Authorization": f"Bearer {KEY}"}}, {"headers": {"Authorization": MARK}}),
        ({"headers": {"X-Auth-Token": "abc"}}, {"headers": {"X-Auth-Token": MARK}}),
        ({"headers": {"Cookie": "session=1; a=2"}}, {"headers": {"Cookie": MARK}}),
        ({"a": [{"b": [KEY, "open"]}]}, {"a": [{"b": [MARK, "open"]}]}),
        ({"a": "Bearer abc12345"}, {"a": MARK}),
        ({"keys": {"api_keys": ["one", "two"]}}, {"keys": {"api_keys": [MARK, MARK]}}),
        ({"credentials": {"login": {"value": "x"}}}, {"credentials": {"login": {"value": MARK}}}),
        ({"server_url": f"https://a.test/sse?token={KEY}"}, {"server_url": MARK}),
        ({"server_url": "https://me:pass@a.test/sse"}, {"server_url": MARK}),
        ({"key": "0123456789abcdef0123"}, {"key": MARK}),
        ({"key": "column", "x": "Bearer tokens"}, {"key": "column", "x": "Bearer tokens"}),
        ({"api_key": None, "password": 5, "token": ""}, {"api_key": None, "password": 5, "token": ""}),
        ({"schema": LOGIN}, {"schema": LOGIN}),
        (OPEN, OPEN),
    ],
)
def test_what_is_hidden_and_what_is_not(field: dict[str, Any], shown: dict[str, Any]) -> None:
    found = with_hidden(field)
    assert found == shown
    assert revealed(found) == field


def test_a_secret_of_the_environment_is_hidden_in_any_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SERVICE_PASSWORD", "correct-horse-7")
    assert with_hidden({"a": "x correct-horse-7"}) == {"a": MARK}


@given(FIELDS)
def test_what_is_sent_is_what_was_given(fields: dict[str, Any]) -> None:
    assert revealed(with_hidden(fields)) == fields


def test_a_hidden_text_reads_as_a_mark() -> None:
    text = HiddenText(KEY, "BODY_KEY")
    shown = [repr(text), str(text), f"{text}", f"{text!r:>20}", json.dumps([text]), text + "", repr(text.reveal())]
    shown += [repr(copy.deepcopy([text])), repr(pickle.loads(pickle.dumps(text))), repr(encode({"a": (text,)}))]
    shown += [repr(vars(HiddenText)), text.upper(), repr(list(hidden_in({"a": [text]})))]
    assert not [each for each in shown if "canary" in each]
    assert json.dumps(revealed([copy.deepcopy(text)])) == f'["{KEY}"]'


def asked(simulator: Simulator, text: str = "Hi", **options: Any) -> Reply:
    return nbstream.stream(f"[simulate: {text}]", base_url=simulator.url, thinking=False, **options).result(20)


def test_the_body_is_sent_with_its_keys_and_shown_without(simulator: Simulator) -> None:
    reply = asked(simulator, extra_body=WITH_KEYS)
    body = simulator.log()[0]["body"]
    assert {name: body[name] for name in WITH_KEYS} == WITH_KEYS
    request = reply.request
    shown = [repr(request), repr(request.parameters), repr(request.body()), repr(reply), json.dumps(request.body())]
    shown += [request.json(), request.python(), request.curl(), request.node(), request.node(sdk=True)]
    shown += [sent_request.account_text(request), sent_request.account_html(request), repr(encode(reply))]
    shown += [pickle.dumps(request).decode("latin-1"), str(vars(source_of("Hi", {"extra_body": WITH_KEYS})))]
    assert not [(each, value) for each in shown for value in VARIABLES.values() if value in each]
    assert request.parameters["proxies"][0]["headers"]["X-Title"] == WITH_KEYS["proxies"][0]["headers"]["X-Title"]


def test_a_key_of_the_body_is_not_in_the_answer(simulator: Simulator) -> None:
    url = f"https://a.test/?key={KEY[::-1]}"
    said = f"the keys are {KEY} and {KEY[::-1]}"
    extra = {"a": f"Bearer {KEY}", "url": url}
    reply = nbstream.stream(
        f"[simulate: echo] {said}", base_url=simulator.url, thinking=False, extra_body=extra
    ).result(20)
    assert reply.answer.endswith(f"the keys are {MARK} and {MARK}")


def test_it_is_sent_again_with_its_keys(simulator: Simulator) -> None:
    first = asked(simulator, "truncate after=9", extra_body=WITH_KEYS)
    assert first.status == "truncated"
    for source in (continuation.retried(first, checked({}, "retry")), continuation.resumed(first, checked({}, "x"))):
        simulator.clear_log()
        start_run(source).result(20)
        assert simulator.log()[0]["body"]["api_key"] == WITH_KEYS["api_key"]


def test_a_saved_chat_holds_no_key_and_asks_for_it(simulator: Simulator, tmp_path: Path) -> None:
    chat = Chat("with-keys", base_url=simulator.url, thinking=False, extra_body=WITH_KEYS)
    chat.stream("Hi").result(20)
    assert simulator.log()[0]["body"]["proxies"] == WITH_KEYS["proxies"]
    text = chat.to_json()
    assert not [value for value in VARIABLES.values() if value in text + repr(chat.defaults)]
    chat.save(tmp_path / "chat.json")
    loaded = Chat.load(tmp_path / "chat.json", "with-keys-again")
    simulator.clear_log()
    for ask in (
        lambda: loaded.stream("Hi"),
        lambda: continuation.retried(loaded.turns[0].reply, checked({}, "retry")),
    ):
        with pytest.raises(nbstream.RequestError, match="secret in the field api_key of `extra_body=` is not kept"):
            ask()
    assert simulator.log() == []
    assert loaded.stream("Hi", extra_body=WITH_KEYS).result(20).status == "complete"


@given(st.lists(st.text("abcdef0123456789/+", min_size=16, max_size=24), min_size=1, max_size=3), st.text(max_size=20))
def test_each_of_several_keys_is_removed(keys: list[str], text: str) -> None:
    redactor = KeyRedactor(*map(Secret, keys), None, Secret("word"))
    said = text.join(["", *keys, *reversed(keys), ""])
    for found in (redactor.redact(said), redactor.redact_answer(said), redactor.redact_error(said)):
        assert not [key for key in keys if key in found and len(set(key)) > 3]


def test_the_secret_in_a_hidden_text_is_without_its_scheme() -> None:
    def found(text: str) -> list[str]:
        return [each.reveal() for each in secrets_in(HiddenText(text, "X"))]

    assert found("Bearer abc 1") == ["Bearer abc 1"]
    assert found(" Bearer abc1") == ["abc1"]
    assert found("https://me:p%40ss@a.test/?token=abc&b=1") == ["abc", "p@ss"]


def test_a_key_of_the_body_goes_to_no_worker(simulator: Simulator) -> None:
    with (
        ProcessPoolExecutor(1) as executor,
        pytest.raises(nbstream.RequestError, match="`extra_body=` is not sent to workers"),
    ):
        run(["Hi"], options={"extra_body": {"api_key": KEY}}, executor=executor)
    assert simulator.log() == []
