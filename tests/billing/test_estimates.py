"""About how many tokens a prompt has: messages, tools, schemas and images."""

from __future__ import annotations

import base64
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image

from nbstream.billing.estimates import estimated_usage, prompt_tokens_estimate
from nbstream.billing.image_tokens import image_tokens, size_of
from nbstream.model.events import Answer, Ended, Finished, Reasoning, Started, UsageReported
from nbstream.model.request import Request
from nbstream.model.token_estimate import estimate_tokens
from nbstream.model.unreported import unreported_output, unreported_prompt
from nbstream.model.usage import Usage
from nbstream.output.cost_account import cost_account
from tests.priced import priced

HOST = "https://api.deepseek.com"
NOON = 1_795_222_800.0
TOOL = {
    "type": "function",
    "function": {"name": "weather", "description": "Tell the weather of a city.", "parameters": {}},
}


def tokens(*messages: dict[str, Any], **parameters: Any) -> int:
    return prompt_tokens_estimate(Request("deepseek-flash", HOST, messages, parameters))


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def picture(kind: str, width: int = 640, height: int = 480) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(file, kind)
    return file.getvalue()


def url(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize("text", ["Why does the median resist outliers? " * 20, "为什么中位数不受离群值影响。" * 20])
def test_text_is_counted_with_a_little_for_each_message(text: str) -> None:
    assert tokens(user(text)) == estimate_tokens(text) + 7
    assert tokens(user([{"type": "text", "text": text}])) == tokens(user(text))
    assert tokens(user(text), user(text)) == 2 * tokens(user(text)) - 4
    assert tokens(prompt=text, suffix="") == estimate_tokens(text) + 4
    assert prompt_tokens_estimate(Request()) == 0


def test_tools_and_schemas_are_a_part_of_the_prompt() -> None:
    plain = tokens(user("Why?"))
    assert tokens(user("Why?"), tools=[TOOL]) > plain + 100
    assert tokens(user("Why?"), temperature=1.0, stop=["x" * 1000]) == plain
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object", "properties": {}}}}
    assert tokens(user("Why?"), response_format=form) > plain + 10
    # DeepSeek reads earlier reasoning only with tools.
    thought = {"role": "assistant", "content": "So.", "reasoning_content": "Hm. " * 100}
    with_tools = tokens(thought, tools=[TOOL]) - tokens({**thought, "reasoning_content": ""}, tools=[TOOL])
    assert with_tools == estimate_tokens("Hm. " * 100)
    assert tokens(thought) == tokens({**thought, "reasoning_content": ""})
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": json.dumps({"city": "Paris"})}}
    assert tokens({"role": "assistant", "content": "", "tool_calls": [call]}) > 15


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
def test_an_image_counts_by_its_size_and_not_by_its_bytes(kind: str) -> None:
    data = picture(kind)
    assert size_of(data) == (640, 480)
    # Twelve rows of 16 squares, as vLLM counts them for DeepSeek V4.1.
    assert image_tokens(url(data, kind)) == 12 * 17 + 2
    part = {"type": "image_url", "image_url": {"url": url(data, kind)}}
    source = {"type": "base64", "media_type": f"image/{kind}", "data": base64.b64encode(data).decode()}
    plain = tokens(user([]))
    assert tokens(user([part])) - plain == tokens(user([{"type": "image", "source": source}])) - plain > 200


def test_an_image_of_unknown_size_counts_as_a_large_one() -> None:
    large = image_tokens(url(picture("png", 3000, 2000), "png"))
    for address in (
        "https://a.b/c.png",
        "",
        "data:image/png;base64,????",
        url(b"\x89PNG", "png"),
        url(b"RIFF", "webp"),
    ):
        assert image_tokens(address) == large == 384
    assert image_tokens(url(picture("png", 10, 10), "png")) < large


def test_the_account_of_a_stopped_request_says_what_is_estimated() -> None:
    started = Started(0, Request("deepseek-flash", HOST, (user("Why? " * 100),)), NOON)
    stopped = priced([started, Reasoning(1, "Hm. " * 50), Ended(2, "cancelled")])
    assert stopped.estimate is not None
    (first, second) = cost_account(stopped).notes
    assert first == "The server did not report the tokens of this request, so its cost is not certain."
    given, received = unreported_prompt(stopped), unreported_output(stopped)
    said = f"about {given:,} tokens in, about {received:,} tokens out, about {stopped.estimate.text(1)}."
    assert second == f"By an estimate, it took {said}"
    # With each piece, as vLLM can.
    counted = priced(
        [started, Answer(1, "One two"), UsageReported(1, Usage(200, 2, 202, 0, 200)), Ended(2, "cancelled")]
    )
    assert counted.estimate is None
    assert any(
        note.startswith("It is a lower bound, as the server counted only up to here")
        for note in cost_account(counted).notes
    )


def test_what_is_estimated_before_a_request_grows_with_the_reply() -> None:
    request = Request("deepseek-flash", HOST, (user("Why? " * 100),))
    before = estimated_usage(request)
    assert (before.completion_tokens, before.cache_miss_tokens) == (0, before.prompt_tokens)
    arriving = priced([Started(0, request, NOON), Answer(1, "One two three four")])
    assert estimated_usage(arriving).prompt_tokens == before.prompt_tokens
    assert (estimated_usage(arriving).completion_tokens or 0) >= 4
    done = priced(
        [Started(0, request, NOON), UsageReported(1, Usage(9, 1, 10, 0, 9)), Finished(1, "stop"), Ended(1, "served")]
    )
    assert estimated_usage(done) == Usage(9, 1, 10, 0, 9)
    assert done.cost is not None
    assert done.cost.amount > Decimal(0)


def test_replies_that_were_asked_for_at_once_are_all_estimated() -> None:
    one, three = (
        priced(
            [
                Started(0, Request("deepseek-flash", HOST, (user("Why?"),), {"n": choices}), NOON),
                Answer(1, "Because of it. " * 20),
                Ended(2, "cancelled"),
            ]
        ).own.unreported
        for choices in (1, 3)
    )
    assert one is not None
    assert three is not None
    assert three.completion_tokens == 3 * (one.completion_tokens or 0)


def test_a_cost_that_may_be_higher_or_lower_is_an_estimate_and_no_exact_amount() -> None:
    """Of a deployment at Azure that does not tell what was in its cache."""
    started = Started(0, Request("gpt-5", "https://x.openai.azure.com/v1", (user("Why?"),)), NOON)
    reply = priced(
        [started, Answer(1, "So."), UsageReported(1, Usage(1_000, 10, 1_010)), Finished(1, "stop"), Ended(2, "served")]
    )
    assert reply.cost is None
    assert reply.spend.unknown == 0
    assert str(reply.spend) == "about $0.001"
    assert unreported_output(reply) == unreported_prompt(reply) == 0
    why, about = cost_account(reply).notes
    assert why.startswith("The cost may be higher or lower than the price says, as the server did not say")
    assert why.endswith("cache, and a deployment in one region may cost more.")
    assert about == "By an estimate, it is about $0.001."
