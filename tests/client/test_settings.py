"""Endpoints and keys, models, and the options and body of a request."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.client import models
from nbstream.client.endpoints import endpoint_for
from nbstream.client.options import checked
from nbstream.client.request_builder import build_request, parameter_notes, turns
from nbstream.client.secret import Secret
from nbstream.client.settings import Settings
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from nbstream.model.request import Request

KEY = "sk-canary-0123456789"


def request(url: str = "https://api.deepseek.com", model: str = "deepseek-flash", **options: Any) -> Request:
    field = options.pop("thinking_field", "thinking")
    messages = [{"role": "user", "content": "x"}]
    return build_request(endpoint_for(url, KEY, {}), model, messages, checked(options, "stream"), field)


def notes(url: str = "https://api.deepseek.com", **options: Any) -> list[str]:
    return parameter_notes(request(url, **options), endpoint_for(url, KEY, {}))


def test_the_key_of_the_environment_is_for_its_own_origin_only() -> None:
    environ = {"DEEPSEEK_API_KEY": KEY, "DEEPSEEK_BASE_URL": "https://one.example/v1"}
    own = endpoint_for(environ=environ)
    assert own.base_url == "https://one.example/v1"
    assert own.api_key is not None
    assert own.api_key.reveal() == KEY
    assert endpoint_for("https://one.example/beta", environ=environ).api_key is not None
    for other in (
        "https://two.example",
        "http://one.example/v1",
        "https://one.example:8443",
        "https://one.example.evil",
    ):
        assert endpoint_for(other, environ=environ).api_key is None, other


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.deepseek.com/v1", "https://api.deepseek.com"),
        ("https://API.deepseek.com:443", "https://api.deepseek.com"),
        ("http://localhost:80/x", "http://localhost"),
        ("http://[::1]:8000/v1", "http://[::1]:8000"),
    ],
)
def test_origins_have_one_spelling(url: str, origin: str) -> None:
    assert endpoint_for(url, "k", environ={}).origin == origin


def test_an_explicit_key_belongs_to_the_explicit_server() -> None:
    endpoint = endpoint_for("https://two.example", "sk-other", environ={"DEEPSEEK_API_KEY": KEY})
    assert endpoint.api_key is not None
    assert endpoint.api_key.reveal() == "sk-other"


def test_deepseek_without_a_key_is_explained_in_two_lines() -> None:
    with pytest.raises(RequestError) as caught:
        endpoint_for(environ={})
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert "DEEPSEEK_API_KEY" in lines[0]
    assert "nbstream demo" in lines[1]


@pytest.mark.parametrize("key", [f"Bearer {KEY}", f'"{KEY}"', f"'{KEY}'", f"{KEY}\u2014", f"{KEY}\nx"])
def test_a_key_with_something_around_it_is_told_without_the_key(key: str) -> None:
    for options in ({"api_key": key, "environ": {}}, {"environ": {"DEEPSEEK_API_KEY": key}}):
        with pytest.raises(RequestError) as caught:
            endpoint_for(**options)
        assert KEY not in str(caught.value)
        assert "key" in str(caught.value)
    assert endpoint_for(api_key=f" {KEY}\n", environ={}).api_key == Secret(KEY)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.b/v1/", "https://a.b/v1"),
        ("https://a.b/v1/chat/completions", "https://a.b/v1"),
        ("https://a.b/v1//chat/completions/", "https://a.b/v1"),
        ("https://a.b/x/chat/completions?api-version=1", "https://a.b/x?api-version=1"),
        ("https://a.b/x/?api-version=1#f", "https://a.b/x?api-version=1"),
    ],
)
def test_a_base_url_ends_where_the_path_of_the_api_begins(url: str, kept: str) -> None:
    endpoint = endpoint_for(url, "k", environ={})
    assert endpoint.base_url == kept
    assert endpoint.path_url == kept.partition("?")[0]
    assert endpoint.query == ({"api-version": "1"} if "?" in kept else {})


def test_another_server_needs_no_key() -> None:
    assert endpoint_for("http://localhost:11434/v1", environ={}).api_key is None


@pytest.mark.parametrize(
    "url", ["", "x", "ftp://a.b", "https://", "https://a:b:c", "https://user:pass@a.b", "https://a.b:x"]
)
def test_invalid_base_urls_are_errors(url: str) -> None:
    if not url:
        assert endpoint_for(url, "k", environ={}).on_deepseek
        return
    with pytest.raises(RequestError) as caught:
        endpoint_for(url, environ={})
    assert "pass" not in str(caught.value).replace("password", "")


def test_a_secret_is_never_shown() -> None:
    secret = Secret(KEY)
    endpoint = endpoint_for(api_key=KEY, environ={})
    for shown in (repr(secret), str(secret), f"{secret}", repr(endpoint), repr(vars(Settings())), repr([secret])):
        assert KEY not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_names_of_models_are_resolved() -> None:
    assert models.resolve("flash", {}, on_deepseek=True) == "deepseek-flash"
    assert models.resolve("pro", {}, on_deepseek=True) == "deepseek-v4-pro"
    assert models.resolve("qwen3:8b", {}, on_deepseek=False) == "qwen3:8b"
    assert models.resolve("pro", {"pro": "mine"}, on_deepseek=True) == "mine"
    assert models.resolve("deepseek-chat", {}, on_deepseek=False) == "deepseek-chat"
    assert models.resolve("best", {"best": "big", "big": "pro"}, on_deepseek=True) == "deepseek-v4-pro"
    assert models.resolve("a", {"a": "b", "b": "a"}, on_deepseek=False) == "a"
    with pytest.raises(RequestError, match="retired"):
        models.resolve("old", {"old": "deepseek-chat"}, on_deepseek=True)


def test_a_system_prompt_in_the_messages_replaces_the_configured_one() -> None:
    own = [{"role": "system", "content": "mine"}, {"role": "user", "content": "x"}]
    assert list(turns(None, own, None, "configured")) == own
    assert turns(None, own[1:], None, "configured")[0]["content"] == "configured"
    assert turns("x", None, "given", "configured")[0]["content"] == "given"
    assert len(turns("x", None, "", "configured")) == 1
    with pytest.raises(RequestError, match="two system prompts"):
        turns(None, own, "given")


def test_the_model_of_extra_body_is_the_requested_model() -> None:
    asked = request(extra_body={"model": "other", "seed": 1})
    assert (asked.model, asked.parameters["seed"], asked.body()["model"]) == ("other", 1, "other")
    assert asked.endpoint == "https://api.deepseek.com"
    assert KEY not in repr(asked)


@pytest.mark.parametrize("name", models.RETIRED)
def test_a_retired_model_names_its_replacement(name: str) -> None:
    with pytest.raises(RequestError, match="flash"):
        models.resolve(name, {}, on_deepseek=True)


@given(st.text(min_size=1).filter(str.strip))
def test_prompts_are_literal(prompt: str) -> None:
    (turn,) = turns(prompt, None, None)
    assert turn == {"role": "user", "content": prompt}


@pytest.mark.parametrize(
    ("prompt", "messages"), [(None, None), ("x", [{"role": "user"}]), ("  \n", None), (None, []), (None, ["x"])]
)
def test_invalid_prompts_and_messages_are_errors(prompt: str | None, messages: list[dict[str, str]] | None) -> None:
    with pytest.raises(RequestError):
        turns(prompt, messages, None)


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"top_p": float("inf")},
        {"top_p": 0},
        {"top_p": 1.5},
        {"max_tokens": 0},
        {"effort": "huge"},
    ],
)
def test_values_out_of_range_are_errors(options: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        request(**options)


def test_the_body_has_the_given_options_and_nothing_else() -> None:
    assert request().body() == {
        "model": "deepseek-flash",
        "messages": [{"role": "user", "content": "x"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    body = request(thinking=False, effort="max", max_tokens=5, stop=("a",), extra_body={"max_tokens": 6}).body()
    assert body["thinking"] == {"type": "disabled"}
    assert body["reasoning_effort"] == "max"
    assert body["stop"] == ["a"]
    assert body["max_tokens"] == 6
    other = request(thinking=True, thinking_field="chat_template_kwargs").body()
    assert other["chat_template_kwargs"]["thinking"] is True
    assert "thinking" not in other


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"temperature": 0.5}, "temperature"),
        ({"top_p": 0.5}, "top_p"),
        ({"extra_body": {"presence_penalty": 1}}, "presence_penalty"),
        ({"extra_body": {"frequency_penalty": 1}, "thinking": False}, "frequency_penalty"),
        ({"thinking": False, "top_p": 0.5}, "top_p=` has no effect"),
        ({"thinking": False, "top_p": 0.5, "model": "deepseek-v4-pro"}, "top_p=` may have no effect"),
        ({"thinking": False, "effort": "max"}, "effort"),
    ],
)
def test_options_without_effect_are_noted(options: dict[str, Any], word: str) -> None:
    (sentence,) = notes(**options)
    assert word in sentence


@pytest.mark.parametrize(("model", "said"), [("deepseek-v4-pro", 1), ("deepseek-flash", 0)])
def test_an_image_that_the_model_does_not_see_is_noted(model: str, said: int) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    content = [{"type": "text", "text": "What is this?"}, image]
    assert len(notes(model=model, extra_body={"messages": [{"role": "user", "content": content}]})) == said


@pytest.mark.parametrize("options", [{}, {"thinking": False, "temperature": 0.5}, {"top_p": 0.97}, {"effort": "low"}])
def test_options_with_an_effect_are_not_noted(options: dict[str, Any]) -> None:
    assert notes(**options) == []


@pytest.mark.parametrize(
    ("url", "model"),
    [
        ("http://localhost:11434/v1", "deepseek-r1:8b"),
        ("https://vllm.example/v1", "deepseek-v4-pro"),
        ("http://localhost:8000/v1", "deepseek-ai/DeepSeek-V4"),
    ],
)
def test_there_are_no_notes_for_other_servers(url: str, model: str) -> None:
    assert notes(url, model=model, temperature=0.5, top_p=0.5) == []
