"""What the simulator answers: reasoning, answers, lengths, tools, and the count of tokens."""

from __future__ import annotations

import contextlib
import io
import json
import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from nbstream.simulator import prepared_texts, tokens
from tests.simulator.client import NOTICE, Response, body_of, chat, request

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator


@pytest.mark.parametrize("fields", [{"thinking": {"type": "disabled"}}, {"reasoning_effort": "none"}])
def test_without_thinking_there_is_no_reasoning(sim: Simulator, fields: dict[str, Any]) -> None:
    response = chat(sim, "median", **fields)
    assert response.chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert response.joined("reasoning_content") == ""
    assert response.joined("content").startswith(NOTICE)
    assert response.chunks[-1]["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


def test_effort_is_mapped_and_changes_the_length_of_reasoning(sim: Simulator) -> None:
    def reasoning(effort: str) -> str:
        return chat(sim, "median", reasoning_effort=effort).joined("reasoning_content")

    low, high, most = reasoning("low"), reasoning("high"), reasoning("max")
    assert 0 < len(low) < len(high) < len(most)
    assert most.startswith(high)
    assert high.startswith(low)
    assert (reasoning("minimal"), reasoning("medium"), reasoning("xhigh"), reasoning("ultra")) == (
        low,
        high,
        high,
        most,
    )


def test_the_same_prompt_gets_the_same_answer_in_its_own_language(sim: Simulator) -> None:
    assert chat(sim, "anything").joined("content") == chat(sim, "anything").joined("content")
    by_hash = {chat(sim, f"question {n}", max_tokens=60, reasoning_effort="none").joined("content") for n in range(12)}
    assert len(by_hash) == 3
    chinese = chat(sim, "递归怎么想")
    assert chinese.joined("content").startswith(f"{prepared_texts.NOTICES['zh']}\n\n## 递归")
    assert "递归" in chinese.body.decode()  # as UTF-8, not as escapes


@pytest.mark.parametrize("name", prepared_texts.topics())
def test_a_topic_has_every_kind_of_markdown_and_its_code_runs(name: str) -> None:
    answer = prepared_texts.topics()[name].answer
    for kind in [
        r"^## ",
        r"^### ",
        r"^ {2,}- ",
        r"^\|:?-+",
        r"^```python$",
        r"~~",
        r"\$5",
        r"\*\*",
        "[\U0001f300-\U0001faff☕✅⛰]",
    ]:
        assert re.search(kind, answer, re.MULTILINE), f"{name} has no {kind}"
    assert answer.count("```") % 2 == 0
    blocks = re.findall(r"^```python\n(.*?)^```\n?(?:\n```text\n(.*?)^```)?", answer + "\n", re.MULTILINE | re.DOTALL)
    assert blocks
    for code, shown in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, {})  # our own text
        if shown:
            assert printed.getvalue().strip("\n") == shown.strip("\n")


@pytest.mark.parametrize("wanted", [30, 400, 5000])
@pytest.mark.parametrize("prompt", ["median", "递归"])
def test_the_length_of_an_answer_is_adjustable(sim: Simulator, prompt: str, wanted: int) -> None:
    response = chat(sim, prompt, f"normal tokens={wanted}", reasoning_effort="none")
    used = response.chunks[-1]["usage"]["completion_tokens"]
    assert used <= wanted
    assert used >= wanted - 200
    assert response.finish_reason == "stop"
    assert response.joined("content").count("```") % 2 == 0


def test_a_topic_can_be_named(sim: Simulator) -> None:
    assert "Expand, move, contract" in chat(sim, "x", "normal topic=en-migration").joined("content")
    assert "en-migration" in chat(sim, "x", "normal topic=nothing").json["error"]["message"]


def test_echo(sim: Simulator) -> None:
    prompt = "  \\frac{1}{2} {'a': 1} %x $y }\n\n\n<b> \N{WATER WAVE} 中文\t"
    assert chat(sim, prompt, "echo").joined("content") == f"{NOTICE}\n\n{prompt}".replace(
        NOTICE, prepared_texts.NOTICES["zh"]
    )


def test_max_tokens_counts_reasoning_and_answer(sim: Simulator) -> None:
    response = chat(sim, "median", max_tokens=33)
    assert (response.finish_reason, response.chunks[-1]["usage"]["completion_tokens"]) == ("length", 33)
    assert len(response.chunks) == 33 + 2


def test_stop_sequences(sim: Simulator) -> None:
    whole = chat(sim, "median").joined("content")
    response = chat(sim, "median", stop=["never there", "weighs", "The mean asks"])
    assert response.joined("content") == whole[: whole.index("weighs")]
    assert response.finish_reason == "stop"


def test_json_mode(sim: Simulator) -> None:
    response = chat(sim, "answer in JSON", response_format={"type": "json_object"})
    assert json.loads(response.joined("content"))["simulated"] == "No model was called."
    spaces = chat(sim, "answer in JSON", "spaces", response_format={"type": "json_object"})
    assert set(spaces.joined("content")) == {" "}
    assert spaces.finish_reason == "stop"
    flood = chat(sim, "answer", "whitespace", max_tokens=500, reasoning_effort="none")
    assert flood.joined("content").strip() == ""
    assert (flood.finish_reason, flood.chunks[-1]["usage"]["completion_tokens"]) == ("length", 500)


def test_probabilities_come_for_the_reasoning_and_the_answer(sim: Simulator) -> None:
    chunks = chat(sim, "median", logprobs=True, top_logprobs=3, reasoning_effort="low").chunks
    seen = set()
    for choice in (chunk["choices"][0] for chunk in chunks[1:-1]):
        field = "content" if choice["delta"]["content"] else "reasoning_content"
        tokens = choice["logprobs"][field]
        # An emoji is two tokens, and only their bytes are known.
        assert b"".join(bytes(token["bytes"]) for token in tokens).decode() == choice["delta"][field]
        assert len(tokens) > 1 or tokens[0]["token"] == choice["delta"][field]
        for token in tokens:
            assert token["top_logprobs"][0]["logprob"] == token["logprob"] <= 0
            assert sum(math.exp(each["logprob"]) for each in token["top_logprobs"]) <= 1.001
            assert len(token["top_logprobs"]) == 3
        seen.add(field)
    assert seen == {"content", "reasoning_content"}
    assert chat(sim, "median", logprobs=True, max_tokens=3).chunks[1]["choices"][0]["logprobs"]["reasoning_content"]
    assert chat(sim, "median", max_tokens=3).chunks[1]["choices"][0]["logprobs"] is None


def test_a_prefix_is_continued_on_the_beta_path_only(sim: Simulator) -> None:
    whole = chat(sim, "median")
    reasoning, answer = whole.joined("reasoning_content"), whole.joined("content")

    def sent(path: str, content: str, thought: str, **more: Any) -> Response:
        scenario = more.pop("simulate", "normal")
        last = {"role": "assistant", "content": content, "reasoning_content": thought, "prefix": True}
        body = body_of("median") | {"messages": [{"role": "user", "content": "median"}, last], "simulate": scenario}
        return request(sim, "POST", path, json.dumps(body | more).encode())

    def rest(path: str, content: str, thought: str, **more: Any) -> tuple[str, str]:
        response = sent(path, content, thought, **more)
        return response.joined("reasoning_content"), response.joined("content")

    assert rest("/beta/chat/completions", answer[:70], reasoning) == ("", answer[70:])
    assert rest("/beta/chat/completions", "", reasoning[:50]) == (reasoning[50:], answer)
    assert rest("/beta/chat/completions", answer[:70], reasoning, simulate="repeat-prefix") == ("", answer)
    # A stop in the prefix is none: DeepSeek's own example begins with a fence and stops at one.
    fence = answer.index("```")
    begun = answer[: fence + 3]
    assert rest("/beta/chat/completions", begun, "", stop=["```"])[1] == answer[fence + 3 :].partition("```")[0]
    refused = sent("/chat/completions", answer[:70], reasoning)
    assert refused.status == 400
    assert "prefix mode on" in refused.json["error"]["message"]
    assert sent("/beta/chat/completions", "A", "", simulate="beta status=404").status == 404


def test_the_middle_of_a_text_is_filled_in_below_beta(sim: Simulator) -> None:
    def fill(path: str = "/beta/completions", **more: Any) -> Response:
        body = {"model": "deepseek-flash", "prompt": "def fib(n):", "suffix": "    return fib(n-1) + fib(n-2)"}
        return request(sim, "POST", path, json.dumps({**body, **more}).encode())

    whole = fill().json
    text = whole["choices"][0]["text"]
    assert (whole["object"], whole["choices"][0]["finish_reason"]) == ("text_completion", "stop")
    assert whole["usage"]["completion_tokens_details"] == {"reasoning_tokens": 0}
    assert fill(echo=True).json["choices"][0]["text"] == "def fib(n):" + text
    streamed = fill(stream=True, prompt="[simulate: usage-separate]def fib(n):")
    chunks = [chunk for chunk in streamed.chunks if chunk["choices"]]
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == text
    assert fill(stream=True, max_tokens=3).chunks[-1]["choices"][0]["finish_reason"] == "length"
    assert fill(stop="return").json["choices"][0]["text"] == text.partition("return")[0]
    assert fill("/completions").status == 404
    assert fill("/v1/completions").status == 404
    assert fill(prompt=["def"]).status == 422
    assert fill(thinking={"type": "enabled"}).status == 400
    assert fill(model="deepseek-chat").status == 400


def test_pro_does_not_see_images(sim: Simulator) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "median [simulate: normal]"}, image]}]

    def prompt_tokens(model: str) -> int:
        return int(chat(sim, messages=messages, model=model, max_tokens=1).chunks[-1]["usage"]["prompt_tokens"])

    assert prompt_tokens("deepseek-v4-pro") < prompt_tokens("deepseek-flash")


def test_tokens_join_to_the_text_and_have_the_documented_size() -> None:
    english = prepared_texts.topics()["en-median"].answer
    chinese = "".join(re.findall("[\u4e00-\u9fff]", prepared_texts.topics()["zh-median"].answer))
    for text in (english, chinese, "", "\n" * 50, "👩\u200d🔬\ud800x", "a1_" * 40):
        assert "".join(tokens.split(text)) == text
    assert 3 < len(english) / len(tokens.split(english)) < 5
    assert 0.55 < len(tokens.split(chinese)) / len(chinese) < 0.65


def test_the_prefix_cache_counts_whole_units_of_one_key_and_model(sim: Simulator) -> None:
    words = " ".join(f"word{n}" for n in range(300))

    def usage(prompt: str, key: str = "sk-cache", model: str = "deepseek-flash") -> tuple[int, int]:
        content = json.dumps(body_of(prompt, max_tokens=1, model=model)).encode()
        reported = request(sim, "POST", "/chat/completions", content, key).chunks[-1]["usage"]
        assert reported["prompt_tokens_details"]["cached_tokens"] == reported["prompt_cache_hit_tokens"]
        return reported["prompt_tokens"], reported["prompt_cache_hit_tokens"]

    total, hit = usage(words)
    assert hit == 0
    assert usage(words) == (total, total // 64 * 64)
    assert usage(words + " and one more question")[1] == total // 64 * 64
    assert usage("x " + words)[1] == 0
    assert usage(words, key="sk-other")[1] == 0
    assert usage(words, model="deepseek-v4-pro")[1] == 0
