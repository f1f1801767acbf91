"""How thinking is switched on and off, and the note if a server goes on thinking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client import settings
from nbstream.client.endpoints import endpoint_for
from nbstream.client.options import checked
from nbstream.client.request_builder import build_request
from nbstream.client.thinking import FIELDS, ThinkingField, field_that_switches_off
from nbstream.model.events import Warned
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.warning import ReplyWarning
from nbstream.output.remedies import remedy
from nbstream.output.sentences import notes
from nbstream.output.settled import settled_html
from nbstream.wire import server_errors
from tests.hostile.server import HostileServer, Response, chunk

if TYPE_CHECKING:
    from nbstream.model.presentation import Audience


def body(field: ThinkingField, *, thinking: bool, **options: Any) -> dict[str, Any]:
    endpoint = endpoint_for("http://localhost:1/v1", environ={})
    request = build_request(
        endpoint, "m", [{"role": "user"}], checked({"thinking": thinking, **options}, "stream"), field
    )
    return dict(request.parameters)


@pytest.mark.parametrize(
    ("field", "on", "off"),
    [
        ("thinking", {"type": "enabled"}, {"type": "disabled"}),
        (
            "chat_template_kwargs",
            {"thinking": True, "enable_thinking": True},
            {"thinking": False, "enable_thinking": False},
        ),
        ("reasoning_effort", "medium", "none"),
        ("enable_thinking", True, False),
        ("reasoning", {"enabled": True}, {"enabled": False}),
    ],
)
def test_each_server_gets_its_own_field(field: ThinkingField, on: object, off: object) -> None:
    for thinking, sent in ((True, on), (False, off)):
        parameters = body(field, thinking=thinking)
        assert parameters[field] == sent
        assert not {*parameters} & ({*FIELDS} - {field})
        assert field_that_switches_off(parameters) == ("" if thinking else field)


def test_every_field_of_the_setting_is_known() -> None:
    for field in FIELDS:
        settings.Settings(thinking_field=field)
        assert field in str(settings.Settings.class_traits()["thinking_field"].help)


def test_an_effort_and_a_switch_in_one_field_do_not_contradict() -> None:
    assert body("reasoning_effort", thinking=True, effort="high")["reasoning_effort"] == "high"
    assert body("reasoning_effort", thinking=False, effort="high")["reasoning_effort"] == "none"


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"reasoning": {"effort": "none"}}, "reasoning"),
        ({"think": False}, "think"),
        ({"chat_template_kwargs": {"enable_thinking": False}}, "chat_template_kwargs"),
        ({"chat_template_kwargs": {"enable_thinking": True, "seed": 0}}, ""),
        ({"thinking": {"type": "enabled", "budget_tokens": 0}}, ""),
        ({"thinking": None}, ""),
        ({}, ""),
    ],
)
def test_the_field_that_switches_off_is_found(parameters: dict[str, Any], field: str) -> None:
    assert field_that_switches_off(parameters) == field


def ask(**options: Any) -> nbstream.Reply:
    chunks = [chunk(reasoning_content="They ask."), chunk(content="Yes.", finish="stop")]
    with HostileServer({"v1": lambda _: Response(chunks)}) as server:
        return nbstream.stream("hello", base_url=f"{server.url}/v1", **options).result(20)


@pytest.mark.parametrize(
    ("audience", "setting"),
    [("cell", "%config DeepSeekMagics.thinking_field"), ("python", "nbstream.settings.thinking_field")],
)
def test_a_server_that_goes_on_thinking_is_told_with_the_setting(audience: Audience, setting: str) -> None:
    reply = ask(thinking=False)
    assert reply.status == "complete"
    assert [(each.kind, each.where) for each in reply.warnings] == [("thought_anyway", "thinking")]
    (note,) = notes(reply, audience)
    assert "although `thinking` switched it off" in note
    assert f"{setting} names the field" in note
    assert "chat_template_kwargs for vLLM, SGLang, llama.cpp and mlx_lm" in note
    assert "chat_template_kwargs" in settled_html(reply)
    (other,) = ask(extra_body={"chat_template_kwargs": {"enable_thinking": False}}).warnings
    assert other.where == "chat_template_kwargs"


@pytest.mark.parametrize("options", [{}, {"thinking": True}, {"effort": "low"}])
def test_thinking_that_was_wanted_is_no_news(options: dict[str, Any]) -> None:
    assert ask(**options).warnings == ()


@pytest.mark.parametrize(
    ("name", "on", "off"),
    [
        ("mistral", {"reasoning_effort": "high"}, {"reasoning_effort": "none"}),
        ("ollama", {"reasoning_effort": "medium"}, {"reasoning_effort": "none"}),
        ("openrouter", {"reasoning": {"enabled": True}}, {"reasoning": {"enabled": False}}),
        ("vllm", {"chat_template_kwargs": {"thinking": True, "enable_thinking": True}}, None),
        ("deepseek", {"thinking": {"type": "enabled"}}, {"thinking": {"type": "disabled"}}),
    ],
)
def test_an_endpoint_has_its_own_field(name: str, on: dict[str, Any], off: dict[str, Any] | None) -> None:
    endpoint = endpoint_for(name, "x")
    for thinking, sent in ((True, on), (False, off)):
        built = build_request(endpoint, "m", [{"role": "user"}], {"thinking": thinking})
        if sent is not None:
            assert {**built.parameters, **sent} == built.parameters
    # The setting goes before the endpoint.
    built = build_request(endpoint, "m", [{"role": "user"}], {"thinking": True}, "enable_thinking")
    assert built.parameters["enable_thinking"] is True


def test_the_limit_of_tokens_has_the_name_that_the_endpoint_knows() -> None:
    for name, field in (("openai", "max_completion_tokens"), ("ollama", "max_tokens")):
        built = build_request(endpoint_for(name, "x"), "m", [{"role": "user"}], {"max_tokens": 5})
        assert {key: value for key, value in built.parameters.items() if "tokens" in key} == {field: 5}


@pytest.mark.parametrize(
    ("audience", "setting"),
    [("cell", "%config DeepSeekMagics.endpoints, thinking_field of gpu,"), ("python", "nbstream.settings.endpoints")],
)
def test_an_endpoint_that_goes_on_thinking_is_told_with_its_own_field(audience: Audience, setting: str) -> None:
    warned = Reply(request=Request("m", endpoint_name="gpu"))
    warned = reduce(warned, Warned(0, ReplyWarning("thought_anyway", where="thinking")))
    (note,) = notes(warned, audience)
    assert f"switched it off. {setting}" in note
    failure = server_errors.from_status(422, '{"error": "Unexpected keys in the request: thinking"}', "gpu:8000")
    asked = Request("m", endpoint_name="gpu", parameters={"thinking": {"type": "enabled"}})
    assert f"{setting}" in remedy(failure, Reply(request=asked), audience)
