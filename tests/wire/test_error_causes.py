"""The causes of errors of servers, and the advice for each."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.client import retry
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.output.failure_words import message
from nbstream.output.remedies import remedy
from nbstream.wire import server_errors
from tests.wire.error_bodies import BODIES, openai

if TYPE_CHECKING:
    from nbstream.model.failure import Failure, FailureCause


HINTS: dict[FailureCause, str] = {
    "balance": "Top up",
    "rate": "wait",
    "key": "DEEPSEEK_API_KEY",
    "upstream_balance": "whoever runs it can top it up",
    "key_budget": "That is the budget of your key",
    "key_model": "Your key may not use this model",
    "upstream_key": "the key which the proxy holds",
    "model": "“v3” was asked for",
    "context": "The prompt is too long",
    "output_limit": "max_tokens=",
    "round_trip": "lacks its reasoning",
    "json_word": "Name JSON",
    "response_format": "The prompt asks for JSON by itself",
    "no_thinking": "cannot think",
    "unknown_field": "Leave out",
    "path": "/v1",
    "scheme": "https://",
    "region": "does not serve this country",
    "content": "content filter",
    "page": "A proxy may also be in between",
    "loading": "loading the model",
    "": "",
}
#: The causes that another attempt may change.
PASSING = ("", "rate", "loading")
ASKED = Request("v3", parameters={"thinking": {"type": "enabled"}, "reasoning_effort": "low"}, key_origin="environment")


@pytest.mark.parametrize(("server", "status", "body", "cause"), BODIES, ids=[f"{row[0]}-{row[3]}" for row in BODIES])
def test_the_cause_of_an_error_is_found(server: str, status: int, body: str, cause: FailureCause) -> None:
    refused = server_errors.from_status(status, body, server)
    assert refused.cause == cause
    check(refused, cause)
    if body.startswith("{") and status not in (410, 413) and cause != "path":
        within = server_errors.from_chunk(json.loads(body), "The server")
        assert within is not None
        if cause != "rate" or within.status_code is not None:
            assert within.cause == cause
            check(within, cause)


def check(failure: Failure, cause: FailureCause) -> None:
    advice = remedy(failure, Reply(request=ASKED), "python")
    assert HINTS[cause] in advice
    if cause != "output_limit":
        assert "Raise" not in advice
    assert "{" not in message(failure).replace("{'", "")
    may_repeat = cause in PASSING and (failure.status_code == 429 or (failure.status_code or 0) >= 500)
    assert (retry.delay(failure, 1) is not None) == may_repeat


@pytest.mark.parametrize(
    ("asked", "server", "body"),
    [
        ("deepseek-v3", "DeepSeek", openai("Model Not Exist")),
        ("deepseek/deepseek-flash", "a.b", openai("The supported API model names are deepseek-flash, but …")),
        ("deepseek-v3", "a.b", "Gone"),
    ],
)
def test_a_wrong_model_is_told_what_deepseek_has(asked: str, server: str, body: str) -> None:
    failure = server_errors.from_status(410 if body == "Gone" else 400, body, server)
    advice = remedy(failure, Reply(request=Request(asked)), "cell")
    assert f"“{asked}” was asked for" in advice
    assert "deepseek-flash and deepseek-v4-pro" in advice
    assert "-m flash or pro" in advice


@pytest.mark.parametrize("asked", ["llama9", "deepseek-flash", "deepseek-chat"])
def test_a_model_of_another_server_is_not_told_of_deepseek(asked: str) -> None:
    failure = server_errors.from_status(404, openai(f"model '{asked}' not found"), "127.0.0.1:11434")
    advice = remedy(failure, Reply(request=Request(asked)), "cell")
    assert advice == f"“{asked}” was asked for; name a model that 127.0.0.1:11434 has with -m."


def test_a_retired_model_is_told_with_its_replacement() -> None:
    failure = server_errors.from_status(400, openai("The supported API model names are a, b, but you passed c."), "a.b")
    advice = remedy(failure, Reply(request=Request("deepseek-reasoner")), "cell")
    assert advice.endswith("use -m flash with --think instead.")


@pytest.mark.parametrize(
    ("origin", "words", "others"),
    [
        ("argument", "given as api_key=", "DEEPSEEK_API_KEY"),
        ("environment", "Check DEEPSEEK_API_KEY", "api_key="),
        ("elsewhere", "belongs to another server", "none is set"),
        ("none", "none is set", "belongs to another"),
    ],
)
def test_the_advice_on_a_key_fits_its_origin(origin: Any, words: str, others: str) -> None:
    failure = server_errors.from_status(401, openai("no"), "a.b")
    advice = remedy(failure, Reply(request=Request(key_origin=origin)), "cell")
    assert words in advice
    assert others not in advice


def test_a_field_is_named_as_the_option_that_sends_it() -> None:
    asked = Reply(request=Request(parameters={"thinking": {}, "reasoning_effort": "low", "seed": 1}))
    for field, option in (("thinking", "--think and --no-think"), ("reasoning_effort", "--effort"), ("seed", "`seed`")):
        for status, words in ((422, "Unexpected fields in the request: {{'{}'}}"), (400, "bad {}")):
            failure = server_errors.from_status(status, openai(words.format(field)), "a.b")
            assert f"Leave out {option}." in remedy(failure, asked, "cell")


def test_the_error_of_a_provider_behind_openrouter_is_shown() -> None:
    raw = json.dumps({"error": {"message": "Insufficient Balance", "code": "invalid_request_error"}})
    body = openai("Provider returned error", code=400, metadata={"raw": raw, "provider_name": "DeepSeek"})
    failure = server_errors.from_status(400, body, "a.b")
    assert failure.said == "Provider returned error: Insufficient Balance"
    assert failure.cause == "balance"


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        ({"message": "no", "type": "BadRequestError", "code": 400}, "BadRequestError", 400),
        ({"message": "no", "type": "None", "param": "None", "code": "400"}, "400", 400),
        ({"message": "no", "code": 429, "status": "RESOURCE_EXHAUSTED"}, "RESOURCE_EXHAUSTED", 429),
        ({"message": "no", "type": "t", "code": "c"}, "c", None),
        ({"message": "no", "type": None, "code": True}, None, None),
    ],
)
def test_the_code_is_a_word_where_there_is_one(error: dict[str, Any], code: str | None, status: int | None) -> None:
    failure = server_errors.from_chunk({"error": error}, "The server")
    assert failure is not None
    assert (failure.code, failure.status_code) == (code, status)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please try again in 1.2s.", 1.2),
        ("Please try again in 6m0s. Visit", 360),
        ("Please try again in 1h2m3.5s", 3723.5),
        ("Try again in 60 seconds.", 60),
        ("Please retry in 12.5s.", 12.5),
        ("Please try again in 250ms.", 0.25),
        ("Retry after 2 minutes", 120),
        ("retry in a moment", None),
        ("Limit 30000, Used 29000", None),
    ],
)
def test_the_wait_that_a_message_asks_for_is_read(words: str, seconds: float | None) -> None:
    failure = server_errors.from_status(429, openai(f"Rate limit reached. {words}"), "a.b")
    assert failure.retry_after == (None if seconds is None else pytest.approx(seconds))
    assert server_errors.from_status(400, openai(f"Bad. {words}"), "a.b").retry_after == failure.retry_after
    assert server_errors.from_status(402, openai(f"No balance. {words}"), "a.b").retry_after is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: (
            st.lists(each)
            | st.dictionaries(
                st.sampled_from(["error", "message", "code", "type", "metadata", "raw", "detail", "loc"]), each
            )
        ),
    )
)
def test_any_body_is_read(value: Any) -> None:
    for body in (json.dumps(value), repr(value), f"x: {json.dumps({'error': value})}", openai(str(value))):
        failure = server_errors.from_status(400, body, "a.b")
        assert len(failure.said) <= 300
        assert message(failure).startswith("a.b answered 400")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "words",
    [
        "insufficient_",
        "insufficient" + "_" * 50,
        "balance ",
        "quota ",
        "model ",
        "max_tokens",
        "exceed the ",
        "api key ",
        "parameter ",
        "retry in 1 ",
        "unexpected ",
        '{"error": ',
        "{'error': ",
        "model 'x' is ",
    ],
)
def test_any_words_are_read_in_linear_time(words: str) -> None:
    for _ in range(20):
        server_errors.from_status(400, openai(words * (200_000 // len(words))), "a.b")


def test_a_server_that_fails_without_a_key_is_told_with_its_variable() -> None:
    failure = server_errors.from_status(500, "Internal Server Error", "LiteLLM at localhost:4000")
    request = Request(key_origin="none", key_variable="LITELLM_PROXY_API_KEY", endpoint_name="litellm")
    advice = remedy(failure, Reply(request=request), "cell")
    assert advice.endswith(
        "No key was sent, as none is set. Enter one with %deepseek key litellm, or set LITELLM_PROXY_API_KEY before "
        "the kernel starts."
    )
    assert "key" not in remedy(failure, Reply(request=replace(request, key_origin="environment")), "cell")


@pytest.mark.parametrize("origin", ["prompt", "keyring", "colab", "environment", "none", "elsewhere"])
@pytest.mark.parametrize("audience", ["cell", "python", "terminal"])
def test_the_advice_on_a_key_is_for_its_reader(origin: Any, audience: Any) -> None:
    failure = server_errors.from_status(401, openai("no"), "OpenRouter")
    request = Request(key_origin=origin, key_variable="OPENROUTER_API_KEY", endpoint_name="openrouter")
    advice = remedy(failure, Reply(request=request), audience)
    assert "{" not in advice
    assert ("%deepseek" in advice) == (audience != "python" and origin not in ("environment", "colab"))
