"""Requests to Anthropic's API: to the simulator's second surface, and what they say elsewhere."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client import settings
from nbstream.client.continuation import actions
from nbstream.client.endpoint_facts import presets
from nbstream.client.endpoints import endpoint_for
from nbstream.client.listings import models_of
from nbstream.client.request_builder import build_request
from nbstream.client.routing import known, route
from nbstream.client.start import source_of
from nbstream.model.exceptions import RequestError
from nbstream.model.request import MESSAGES
from nbstream.model.unreported import unreported_output, unreported_prompt
from nbstream.output.failure_words import message
from nbstream.output.remedies import remedy
from nbstream.simulator.log import key_digest
from tests.client.conftest import KEY

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.model.reply import Reply
    from nbstream.simulator.server import Simulator

FLASH = "deepseek-anthropic/flash"
TOOLS = [
    {
        "type": "function",
        "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
    }
]


def ask(prompt: str, **options: Any) -> Reply:
    return nbstream.stream(prompt, **{"model": FLASH, **options}).result(20)


def last(simulator: Simulator) -> dict[str, Any]:
    entry = simulator.log()[-1]
    assert entry["path"] == "/anthropic/v1/messages"
    body: dict[str, Any] = entry["body"]
    return body


def test_a_reply_is_the_same_on_both_surfaces(simulator: Simulator) -> None:
    one, other = ask("median"), ask("median", model="flash")
    assert [entry["path"] for entry in simulator.log()] == ["/anthropic/v1/messages", "/chat/completions"]
    assert (one.reasoning, one.answer, one.status, one.model, one.finish_reason) == (
        other.reasoning,
        other.answer,
        other.status,
        other.model,
        other.finish_reason,
    )
    assert one.simulated
    assert one.usage is not None
    assert other.usage is not None
    assert (one.usage.prompt_tokens, one.usage.completion_tokens) == (
        other.usage.prompt_tokens,
        other.usage.completion_tokens,
    )
    assert one.cost is not None
    assert other.cost is not None
    assert one.request.endpoint_name == "deepseek-anthropic"
    assert one.request.context_window == 1_048_576


def test_options_become_fields_of_this_api(simulator: Simulator) -> None:
    with pytest.warns(nbstream.NbstreamWarning, match="temperature"):
        ask("x", system="Be brief.", thinking=True, effort="low", max_tokens=500, stop=["y"], temperature=0.5)
    assert last(simulator) == {
        "model": "deepseek-flash",
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "x"}],
        "stream": True,
        "max_tokens": 500,
        "temperature": 0.5,
        "stop_sequences": ["y"],
        "thinking": {"type": "enabled"},
        "output_config": {"effort": "low"},
    }
    assert ask("x", thinking=False).reasoning == ""
    assert last(simulator)["max_tokens"] == 65_536
    assert last(simulator)["thinking"] == {"type": "disabled"}
    ask("x", extra_body={"top_k": 5, "max_tokens": 9})
    assert (last(simulator)["top_k"], last(simulator)["max_tokens"]) == (5, 9)


def test_an_aside_of_the_settings_does_not_reach_this_api(simulator: Simulator) -> None:
    settings.use(settings.Settings(thinking_field="chat_template_kwargs"))
    ask("x", thinking=False)
    assert last(simulator)["thinking"] == {"type": "disabled"}
    assert "chat_template_kwargs" not in last(simulator)


def test_a_chat_goes_on_with_signed_thoughts(simulator: Simulator) -> None:
    chat = nbstream.Chat("messages-0", model=FLASH, extra_body={"tools": TOOLS})
    first = chat.stream("[simulate: tool-call]x").result(20)
    assert first.tool_calls
    second = chat.stream("[simulate: normal tokens=5]y", extra_body={"tools": TOOLS, "tool_choice": "none"}).result(20)
    assert second.status == "complete"
    _, assistant, results = last(simulator)["messages"]
    assert assistant["content"] == first.message["content_blocks"]
    assert assistant["content"][0]["signature"] == first.id
    assert [block["type"] for block in results["content"]] == ["tool_result", "text"]
    assert last(simulator)["tool_choice"] == {"type": "none"}


def test_thoughts_without_text_go_back_all_the_same(simulator: Simulator) -> None:
    chat = nbstream.Chat("messages-1", model=FLASH, extra_body={"tools": TOOLS})
    chat.stream("[simulate: thoughts tool-call]x").result(20)
    assert chat.stream("[simulate: normal]y").result(20).status == "complete"
    assert last(simulator)["messages"][1]["content"][0]["thinking"] == ""


def test_a_chat_may_change_between_the_surfaces(simulator: Simulator) -> None:
    chat = nbstream.Chat("messages-2", extra_body={"tools": TOOLS, "tool_choice": "none"})
    first = chat.stream("[simulate: normal tokens=9]a", model="flash").result(20)
    second = chat.stream("[simulate: normal tokens=9]b", model=FLASH).result(20)
    assert last(simulator)["messages"][1]["content"][0] == {
        "type": "thinking",
        "thinking": first.reasoning,
        "signature": "",
    }
    third = chat.stream("[simulate: normal tokens=9]c", model="flash").result(20)
    assert [each.status for each in (first, second, third)] == ["complete"] * 3
    sent = simulator.log()[-1]["body"]["messages"]
    assert [set(each) for each in sent if each["role"] == "assistant"] == [{"role", "content", "reasoning_content"}] * 2
    # By hand, too.
    by_hand = [{"role": "user", "content": "b"}, second.message, {"role": "user", "content": "d"}]
    assert nbstream.stream(messages=by_hand, model="flash").result(20).status == "complete"
    assert "content_blocks" not in simulator.log()[-1]["body"]["messages"][1]


def test_a_stopped_reply_keeps_what_arrived_and_a_chat_goes_on(simulator: Simulator) -> None:
    chat = nbstream.Chat("messages-3", model=FLASH, extra_body={"tools": TOOLS, "tool_choice": "none"})
    run = chat.stream("[simulate: silence after=20]x")
    while not run.reply.reasoning:
        run.receiver.wait(0, timeout=5)
    run.cancel()
    stopped = run.result(20)
    assert (stopped.status, bool(stopped.reasoning)) == ("cancelled", True)
    # The prompt was reported at the beginning, so its part of the cost is certain.
    assert stopped.usage is not None
    assert (stopped.usage.prompt_tokens, stopped.usage.completion_tokens) == (stopped.usage.cache_miss_tokens, None)
    assert unreported_prompt(stopped) == 0
    assert stopped.cost is not None
    assert stopped.estimate is not None
    assert 0 < unreported_output(stopped) < 60
    assert chat.stream("[simulate: normal tokens=5]y").result(20).status == "complete"
    assert last(simulator)["messages"][1]["content"] == [
        {"type": "thinking", "thinking": stopped.reasoning, "signature": ""}
    ]


def test_retries_errors_and_broken_streams(simulator: Simulator) -> None:
    assert ask("[simulate: 529 times=1 retry-after=0]x").status == "complete"
    refused = ask("[simulate: 401]x")
    assert refused.error is not None
    assert (refused.error.kind, refused.error.status_code, refused.error.cause) == ("refused", 401, "key")
    broken = ask("[simulate: reset after=400]median")
    assert (broken.status, bool(broken.answer)) == ("failed", True)
    in_band = ask("[simulate: error-in-band after=30]median")
    assert in_band.error is not None
    assert (in_band.error.kind, in_band.error.code, bool(in_band.reasoning)) == ("in_band", "api_error", True)
    page = ask("[simulate: html]median")
    assert page.error is not None
    assert (page.error.kind, page.error.cause) == ("not_a_stream", "page")
    assert "/v1/messages" in remedy(page.error, page, "python")
    assert ask("[simulate: json]median").status == "complete"
    assert ask("[simulate: no-done linger every=0.05 tokens=20]median").status == "complete"
    cut = ask("median", max_tokens=9, thinking=False)
    assert (cut.status, cut.finish_reason) == ("truncated", "length")
    assert actions(cut) == ["retry"]
    with pytest.raises(RequestError) as caught:
        cut.resume()
    assert "not known to go on" in str(caught.value)


def test_a_request_can_be_sent_again_on_the_other_surface(simulator: Simulator) -> None:
    cut = ask("median", max_tokens=5)
    from nbstream.client.continuation import retried
    from nbstream.client.start import start_run

    whole = start_run(retried(cut, {"model": "deepseek-flash", "base_url": simulator.url, "max_tokens": 5000})).result(
        20
    )
    assert simulator.log()[-1]["path"] == "/chat/completions"
    assert whole.status == "complete"
    again = start_run(retried(cut, {})).result(20)
    assert (again.finish_reason, last(simulator)["max_tokens"]) == ("length", 5)
    start_run(retried(cut, {"max_tokens": 7})).result(20)
    assert last(simulator)["max_tokens"] == 7


def test_a_beginning_of_the_answer(simulator: Simulator) -> None:
    with pytest.raises(RequestError):
        ask("median", prefix="The")
    settings.current().endpoints = {
        "other": {"base_url": f"{simulator.url}/anthropic", "api": "anthropic", "continuing": "prefill"}
    }
    whole = ask("median", model="other/deepseek-flash", thinking=False)
    begun = str(whole.message["content"])[:70]
    joined = ask("median", model="other/deepseek-flash", thinking=False, prefix=begun)
    assert joined.message["content"] == whole.message["content"]
    assert last(simulator)["messages"][-1] == {"role": "assistant", "content": begun}


def test_images(simulator: Simulator, tmp_path: Path) -> None:
    picture = tmp_path / "dot.png"
    picture.write_bytes(bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000"))
    assert ask("x", files=str(picture)).status == "complete"
    block = last(simulator)["messages"][0]["content"][1]
    assert (block["type"], block["source"]["type"], block["source"]["media_type"]) == ("image", "base64", "image/png")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("", "/anthropic"),
        ("/anthropic", "/anthropic"),
        ("/anthropic/v1", "/anthropic"),
        ("/anthropic/v1/messages", "/anthropic"),
    ],
)
def test_a_base_url_of_this_api_is_recognised(simulator: Simulator, url: str, path: str) -> None:
    name: dict[str, Any] = {"model": FLASH} if not url else {"model": "deepseek-flash", "base_url": simulator.url + url}
    reply = nbstream.stream("x", **name, api_key=KEY, max_tokens=5).result(20)
    assert reply.request.url == f"{simulator.url}{path}/v1/messages"
    assert simulator.log()[-1]["path"] == "/anthropic/v1/messages"
    assert simulator.log()[-1]["key_digest"] == key_digest(KEY)


def test_the_models_of_both_surfaces(simulator: Simulator) -> None:
    endpoint = route(FLASH).endpoint
    assert [each.id for each in models_of(endpoint, "USD")] == ["deepseek-flash", "deepseek-v4-pro"]
    assert simulator.log()[-1]["path"] == "/anthropic/v1/models"


# Claude


@pytest.fixture
def claude(clean: Path, all_keys: None) -> Any:
    return route("anthropic/claude-sonnet-5").endpoint


def request(endpoint: Any, model: str = "claude-sonnet-5", messages: Any = None, **options: Any) -> dict[str, Any]:
    given: Any = options
    return build_request(endpoint, model, messages or [{"role": "user", "content": "x"}], given).body()


def test_claude_gets_its_own_fields(claude: Any) -> None:
    assert claude.address.call == MESSAGES
    assert claude.address.key_header == "x-api-key"
    assert request(claude, thinking=True, effort="max") == {
        "model": "claude-sonnet-5",
        "messages": [{"role": "user", "content": "x"}],
        "stream": True,
        "max_tokens": 32_000,
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": "max"},
    }
    assert request(claude, thinking=False)["thinking"] == {"type": "disabled"}
    assert "thinking" not in request(claude)
    settings.current().thinking_field = "budget"
    chosen: Any = "budget"
    older = build_request(claude, "claude-haiku-4-5", [{"role": "user", "content": "x"}], {"thinking": True}, chosen)
    assert older.body()["thinking"] == {"type": "enabled", "budget_tokens": 16_000}


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("claude-3-7-sonnet-20250219", "enabled"),
        ("claude-sonnet-4-20250514", "enabled"),
        ("claude-haiku-4-5-20251001", "enabled"),
        ("claude-opus-4-6", "adaptive"),
        ("claude-sonnet-5", "adaptive"),
        ("claude-fable-5-1", "adaptive"),
        ("anthropic.claude-opus-4-6-v1", "adaptive"),
        ("claude-next", "adaptive"),
        ("glm-4", "adaptive"),
    ],
)
def test_each_model_of_claude_gets_its_form_of_thinking(claude: Any, model: str, kind: str) -> None:
    assert request(claude, model, thinking=True)["thinking"]["type"] == kind
    assert request(claude, model, thinking=False)["thinking"] == {"type": "disabled"}


def test_a_budget_has_to_fit_into_the_limit(claude: Any) -> None:
    fits = request(claude, "claude-haiku-4-5", thinking=True, max_tokens=1_500)["thinking"]
    assert fits == {"type": "enabled", "budget_tokens": 1_024}
    with pytest.raises(RequestError, match=r"at least 1,024 tokens"):
        request(claude, "claude-haiku-4-5", thinking=True, max_tokens=1_024)


def test_claude_gets_the_schema_of_an_answer(claude: Any) -> None:
    source = source_of("Who?", {"model": "anthropic/claude-sonnet-5", "schema": "name, age int"})
    body = source.request.body()
    form = body["output_config"]["format"]
    assert (set(form), form["type"]) == ({"type", "schema"}, "json_schema")
    assert set(form["schema"]["properties"]) == {"name", "age"}
    assert "response_format" not in body
    effort = source_of("Who?", {"model": "anthropic/claude-sonnet-5", "schema": "name", "effort": "low"})
    assert set(effort.request.body()["output_config"]) == {"effort", "format"}


def test_claude_gets_only_thoughts_that_it_signed(claude: Any) -> None:
    signed = {"type": "thinking", "thinking": "a", "signature": "S"}
    unsigned = {"type": "thinking", "thinking": "b"}
    text = {"type": "text", "text": "Hi"}
    own = {"role": "assistant", "content": "Hi", "reasoning_content": "ab", "content_blocks": [signed, unsigned, text]}

    def sent(message: Any, endpoint: Any = claude, model: str = "claude-sonnet-5") -> Any:
        user = {"role": "user", "content": "x"}
        return request(endpoint, model, [user, message, user])["messages"][1]["content"]

    assert sent(own) == [signed, text]
    assert sent({**own, "content_blocks_from": claude.origin}) == [signed, text]
    assert sent({**own, "content_blocks_from": "https://api.deepseek.com"}) == "Hi"
    assert sent({"role": "assistant", "content": "Hi", "reasoning_content": "a"}) == "Hi"
    deepseek = endpoint_for("deepseek-anthropic")
    assert sent({**own, "content_blocks_from": claude.origin}, deepseek, "deepseek-flash") == [
        signed,
        {**unsigned, "signature": ""},
        text,
    ]


def test_a_model_of_claude_alone_names_no_server(clean: Path, all_keys: None) -> None:
    with pytest.raises(RequestError) as caught:
        route("claude-sonnet-5")
    assert "anthropic/claude-sonnet-5 asks Anthropic" in str(caught.value)
    assert route("anthropic/claude-sonnet-5").model == "claude-sonnet-5"
    assert route("deepseek-anthropic/claude-opus-5").endpoint.base_url == "https://api.deepseek.com/anthropic"
    # Where it may be a model of the usual server, it is one.
    settings.current().base_url = "http://localhost:4000/v1"
    assert route("claude-sonnet-5") == route("claude-sonnet-5", "http://localhost:4000/v1")
    assert route("anthropic/claude-sonnet-5").model == "anthropic/claude-sonnet-5"


def test_a_key_of_the_first_surface_belongs_to_the_second_one_of_the_same_server_only(
    clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    assert route(FLASH).endpoint.api_key is not None
    monkeypatch.setenv("DEEPSEEK_BASE_URL", "https://gateway.example/v1")
    with pytest.raises(RequestError) as caught:
        endpoint_for("deepseek-anthropic", known=known())
    assert "No API key for DeepSeek" in str(caught.value)
    monkeypatch.delenv("DEEPSEEK_BASE_URL")
    with pytest.raises(RequestError) as caught:
        route("anthropic/claude-opus-5")
    assert "No API key for Anthropic" in str(caught.value)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://api.deepseek.com/anthropic")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-second-0123456789")
    found = route("anthropic/claude-opus-5").endpoint
    assert (found.facts.name, found.address.call, found.key_variable) == (
        "deepseek-anthropic",
        MESSAGES,
        "ANTHROPIC_API_KEY",
    )
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://gateway.example")
    found = route("anthropic/claude-opus-5").endpoint
    assert (found.address.call, found.facts.default_max_tokens, found.origin) == (
        MESSAGES,
        32_000,
        "https://gateway.example",
    )
    assert presets()["anthropic"].key_header == found.facts.key_header


def test_errors_of_claude_say_what_happened() -> None:
    from nbstream.wire import server_errors

    def said(status: int, kind: str, words: str) -> tuple[str, str]:
        body = {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_1"}
        failure = server_errors.from_status(status, json.dumps(body), "Anthropic")
        return failure.cause, message(failure)

    assert said(529, "overloaded_error", "Overloaded")[0] == "rate"
    assert said(401, "authentication_error", "invalid x-api-key")[0] == "key"
    assert said(404, "not_found_error", "model: claude-9")[0] == "model"
    assert said(413, "request_too_large", "Request exceeds the maximum size")[0] == "context"
    assert said(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum")[0] == "context"
    limit = "max_tokens: 64000 > 32000, which is the maximum allowed number of output tokens for claude-opus-4-1"
    assert said(400, "invalid_request_error", limit)[0] == "output_limit"
    balance = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."
    assert said(400, "invalid_request_error", balance)[0] == "balance"
    thinking = '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive"'
    assert said(400, "invalid_request_error", thinking)[0] == "no_thinking"
    adaptive = "adaptive thinking is not supported on this model"
    assert said(400, "invalid_request_error", adaptive)[0] == "no_thinking"
    signature = "messages.1.content.0: Invalid `signature` in `thinking` block"
    assert said(400, "invalid_request_error", signature)[0] == "round_trip"
    extra = "seed: Extra inputs are not permitted"
    assert said(400, "invalid_request_error", extra)[0] == "unknown_field"


def test_no_key_is_in_anything(simulator: Simulator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reply = nbstream.stream(f"[simulate: echo]{KEY}", model=FLASH, api_key=KEY).result(20)
    assert KEY not in reply.answer
    assert KEY not in json.dumps(reply.message)
    assert KEY not in repr(reply.request.address)
