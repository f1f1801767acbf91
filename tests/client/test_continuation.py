"""Going on with replies: the requests, the joined replies, and refusals before sending."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nbstream
from nbstream.client import continuation
from nbstream.client.continued_decoder import ContinuedDecoder
from nbstream.client.fill_in import filling_in
from nbstream.client.options import checked
from nbstream.client.start import start_run
from nbstream.model.coalesce import coalesce
from nbstream.model.earlier import Earlier
from nbstream.model.events import Answer, Continued, Started
from nbstream.model.failure import Failure
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.unreported import unreported_output
from nbstream.output import wording
from nbstream.output.sentences import notes
from nbstream.wire.response import ResponseDecoder
from tests.wire.test_simulator_streams import FINISH, content, stream

if TYPE_CHECKING:
    from nbstream.client.run import Run
    from nbstream.simulator.server import Simulator

PROMPT = "median"


def resume(reply: Reply, **options: Any) -> Run:
    return start_run(continuation.resumed(reply, checked(options, "resume")))


def retry(reply: Reply, **options: Any) -> Run:
    return start_run(continuation.retried(reply, checked(options, "retry")))


def fill_in(prefix: str, suffix: str = "", **options: Any) -> Run:
    return start_run(filling_in(prefix, suffix, checked(options, "complete")))


def whole() -> Reply:
    return nbstream.stream(PROMPT).result(20)


def cut(after: int, **options: Any) -> Reply:
    return nbstream.stream(f"[simulate: truncate after={after}]{PROMPT}", **options).result(20)


def thoughts() -> int:
    usage = whole().usage
    assert usage is not None
    assert usage.reasoning_tokens is not None
    return usage.reasoning_tokens


def last_body(simulator: Simulator) -> dict[str, Any]:
    body: dict[str, Any] = simulator.log()[-1]["body"]
    return body


def uncut(reply: Reply, **options: Any) -> Reply:
    """Go on with a reply without the scenario that cuts it off."""
    return resume(reply, **options, extra_body={"simulate": "normal"}).result(20)


def test_a_truncated_reply_goes_on_below_beta_and_is_one_reply(simulator: Simulator) -> None:
    expected, first = whole(), cut(thoughts() + 40, max_tokens=9000)
    assert first.status == "truncated"
    reply = uncut(first)
    assert (reply.status, reply.answer, reply.reasoning) == ("complete", expected.answer, expected.reasoning)
    assert reply.message == expected.message
    entry = simulator.log()[-1]
    assert entry["path"] == "/beta/chat/completions"
    last = {"role": "assistant", "content": first.message["content"], "prefix": True}
    assert entry["body"]["messages"][-1] == {**last, "reasoning_content": first.reasoning}
    assert entry["body"]["messages"][:-1] == list(first.request.messages)
    assert entry["body"]["max_tokens"] == 9000
    assert (reply.request.address.path, reply.request.body()) == ("/beta", entry["body"])
    assert first.usage is not None
    assert expected.usage is not None
    assert reply.usage is not None
    assert reply.usage.completion_tokens == expected.usage.completion_tokens
    assert reply.timing.ended is not None
    assert first.timing.ended is not None
    assert reply.timing.ended > first.timing.ended
    assert reply.earlier is not None
    assert reply.earlier.requests == 1


def test_a_joined_reply_goes_on_again_and_with_another_limit(simulator: Simulator) -> None:
    expected, reply = whole(), cut(thoughts() + 10)
    for times in (1, 2, 3):
        reply = resume(reply, max_tokens=77).result(20)
        assert reply.earlier is not None
        assert reply.earlier.requests == times
        assert expected.answer.startswith(reply.answer)
        assert last_body(simulator)["max_tokens"] == 77
        assert [each["role"] for each in last_body(simulator)["messages"]] == ["user", "assistant"]
    assert uncut(reply, max_tokens=9000).answer == expected.answer


def test_a_stopped_reply_goes_on_from_where_it_stopped(simulator: Simulator) -> None:
    prompt = f"[simulate: silence after={thoughts() + 20}]{PROMPT}"
    run = nbstream.stream(prompt, thinking=True)
    while not run.reply.answer:
        time.sleep(0.01)
    run.cancel()
    stopped = run.result(20)
    reply = uncut(stopped)
    assert reply.answer == whole().answer
    assert reply.own.usage == reply.usage
    assert unreported_output(reply) > 0
    assert reply.cost is not None
    assert reply.cost.at_least
    assert reply.estimate == stopped.estimate
    assert any(f"would cost {reply.spend}" in item and " + about $" in item for item in wording.footer(reply))


def test_without_thinking_the_prefix_has_no_reasoning(simulator: Simulator) -> None:
    uncut(cut(10, thinking=False))
    assert "reasoning_content" not in last_body(simulator)["messages"][-1]
    assert last_body(simulator)["thinking"] == {"type": "disabled"}


def test_a_reply_without_an_answer_is_asked_anew_and_says_so(simulator: Simulator) -> None:
    first = cut(5)
    assert first.reasoning
    reply = uncut(first)
    assert reply.answer == whole().answer
    assert reply.earlier is None
    assert [each.kind for each in reply.warnings] == ["asked_anew"]
    assert simulator.log()[-2]["path"] == "/chat/completions"


def test_a_prefix_that_the_server_repeats_is_shown_once(simulator: Simulator) -> None:
    first = cut(thoughts() + 30)
    reply = resume(first, extra_body={"simulate": "repeat-prefix"}).result(20)
    assert reply.answer == whole().answer
    assert [each.kind for each in reply.warnings] == ["repeated"]


@pytest.mark.parametrize("scenario", ["beta status=404", "beta status=400"])
def test_nothing_is_lost_if_beta_fails(simulator: Simulator, scenario: str) -> None:
    first = cut(thoughts() + 30)
    reply = resume(first, extra_body={"simulate": scenario}).result(20)
    assert reply.status == "failed"
    assert (reply.answer, reply.usage, reply.cost) == (first.answer, first.usage, first.cost)
    assert reply.simulated
    # It can be continued once more.
    assert uncut(reply).answer == whole().answer


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        ("complete", "complete"),
        ("tools", "tool calls"),
        ("refused", "refused"),
        ("nothing", "before anything"),
        ("running", "still arriving"),
        ("journal", "journal"),
    ],
)
def test_a_reply_that_cannot_go_on_is_one_sentence(simulator: Simulator, reply: str, sentence: str) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    made = {
        "complete": lambda: nbstream.stream(PROMPT).result(20),
        "tools": lambda: nbstream.stream("[simulate: tool-call]x", extra_body={"tools": tools}).result(20),
        "refused": lambda: nbstream.stream("[simulate: finish reason=content_filter]x").result(20),
        "nothing": lambda: nbstream.stream("[simulate: 400]x").result(20),
        "running": lambda: Reply(status="answering"),
        "journal": lambda: reduce(Reply(), Started(0, Request("m", simulator.url))).__class__(
            status="failed", error=Failure("kernel_ended"), request=Request("m", simulator.url)
        ),
    }[reply]()
    sent = len(simulator.log())
    with pytest.raises(nbstream.RequestError, match=sentence) as error:
        resume(made)
    assert "\n" not in str(error.value)
    assert len(simulator.log()) == sent


def test_another_server_is_refused_before_anything_is_sent(simulator: Simulator) -> None:
    url = simulator.url
    with pytest.raises(nbstream.RequestError, match="not known to go on"):
        nbstream.stream("x", model="some-model", base_url=url, prefix="Sure")
    with pytest.raises(nbstream.RequestError, match="not known to fill in"):
        fill_in("def f():", model="some-model", base_url=url)
    assert simulator.log() == []


def test_the_pair_of_fields_of_vllm_where_the_endpoint_says_so(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"base_url": f"{simulator.url}/v1", "continuing": "continue_final_message", "title": "Mine"}
    monkeypatch.setattr("nbstream.client.settings.current", _with_endpoint(entry))
    nbstream.stream("x", model="mine/deepseek-flash", prefix="Sure", thinking=False).result(20)
    entry_sent = simulator.log()[-1]
    assert entry_sent["path"] == "/v1/chat/completions"
    assert entry_sent["body"]["continue_final_message"] is True
    assert entry_sent["body"]["add_generation_prompt"] is False
    assert entry_sent["body"]["messages"][-1] == {"role": "assistant", "content": "Sure"}


def _with_endpoint(entry: dict[str, Any]) -> Any:
    chosen = nbstream.settings.__class__(endpoints={"mine": entry})
    return lambda: chosen


def test_an_answer_begins_with_the_given_text(simulator: Simulator) -> None:
    reply = nbstream.stream(PROMPT, prefix="*Simulated: no").result(20)
    assert reply.answer == whole().answer
    assert reply.message["content"].count("*Simulated") == 1
    assert simulator.log()[-2]["path"] == "/beta/chat/completions"
    body = simulator.log()[-2]["body"]
    last = {"role": "assistant", "content": "*Simulated: no", "prefix": True, "reasoning_content": ""}
    assert body["messages"][-1] == last
    repeated = nbstream.stream(f"[simulate: repeat-prefix]{PROMPT}", prefix="*Simulated: no").result(20)
    assert repeated.answer == whole().answer
    # JSON mode stays as it was asked for.
    asked = nbstream.stream("json", prefix="{", extra_body={"response_format": {"type": "json_object"}}).result(20)
    assert asked.answer.startswith("{")


def test_json_is_continued_without_its_field_and_that_is_said(simulator: Simulator) -> None:
    json_mode = {"response_format": {"type": "json_object"}}
    first = nbstream.stream("[simulate: truncate after=4] json", extra_body=json_mode, thinking=False).result(20)
    assert last_body(simulator)["response_format"] == json_mode["response_format"]
    joined = resume(first).result(20)
    for reply in (joined, resume(joined).result(20)):
        assert "response_format" not in last_body(simulator)
        assert reply.status == "truncated"
        (note,) = notes(reply, "python")
        assert note.startswith("The reply was continued without `response_format`")
    # Asked anew, it is sent as it was at first.
    again = retry(joined).result(20)
    assert last_body(simulator)["response_format"] == json_mode["response_format"]
    assert notes(again, "python") == []


def test_a_structured_answer_keeps_its_structure(simulator: Simulator) -> None:
    first = cut(4, schema="name", thinking=False)
    joined = resume(first).result(20)
    assert joined.request.structure == first.request.structure is not None
    for reply in (joined, first):
        assert retry(reply).result(20).request.structure == first.request.structure
        assert last_body(simulator)["response_format"] == {"type": "json_object"}


def test_a_given_beginning_stays_when_the_reply_is_continued_or_asked_again(simulator: Simulator) -> None:
    first = nbstream.stream(f"[simulate: truncate after=10]{PROMPT}", prefix="*Simulated: no").result(20)
    assert uncut(first).answer == whole().answer
    again = retry(first).result(20)
    assert again.answer == first.answer
    assert last_body(simulator)["messages"][-1]["content"] == "*Simulated: no"
    once_more = retry(uncut(first)).result(20)
    assert once_more.answer == whole().answer


def test_retry_sends_the_same_messages_with_other_options(simulator: Simulator) -> None:
    first = nbstream.stream(PROMPT, system="Be brief.", thinking=True, max_tokens=9000).result(20)
    again = retry(first, model="pro", effort="max").result(20)
    body = last_body(simulator)
    assert again.request.messages == first.request.messages
    assert (body["model"], body["reasoning_effort"], body["max_tokens"]) == ("deepseek-v4-pro", "max", 9000)
    retry(again, thinking=False).result(20)
    body = last_body(simulator)
    assert body["thinking"] == {"type": "disabled"}
    assert "reasoning_effort" not in body
    # Of a joined reply: its prompt, without the part that was continued.
    joined = uncut(cut(thoughts() + 5))
    assert retry(joined).result(20).answer == whole().answer
    entry = simulator.log()[-2]
    assert (entry["path"], len(entry["body"]["messages"])) == ("/chat/completions", 1)
    with pytest.raises(nbstream.RequestError, match="cannot be changed"):
        retry(first, system="Be long.")


def test_the_key_of_a_request_is_used_again_and_only_for_its_server(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = nbstream.stream("[simulate: truncate after=10]x", api_key="sk-mine-0123456789abc", thinking=False).result(
        20
    )
    monkeypatch.delenv("DEEPSEEK_API_KEY")
    uncut(first)
    digests = {entry["key_digest"] for entry in simulator.log()}
    assert len(digests) == 1
    assert "sk-mine" not in json.dumps(simulator.log())


def test_the_middle_of_a_text_is_filled_in(simulator: Simulator) -> None:
    run = fill_in("def fib(n):", "    return fib(n - 1)", max_tokens=100, temperature=0)
    reply = run.result(20)
    assert reply.status == "complete"
    assert reply.message["content"].startswith("\n    # Simulated")
    entry = simulator.log()[-1]
    assert entry["path"] == "/beta/completions"
    assert entry["body"] == {
        "model": "deepseek-flash",
        "prompt": "def fib(n):",
        "suffix": "    return fib(n - 1)",
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0,
        "max_tokens": 100,
    }
    assert reply.request.body() == entry["body"]
    assert reply.cost is not None
    cut_off = fill_in("def fib(n):", "x", max_tokens=5).result(20)
    assert cut_off.status == "truncated"
    joined = resume(cut_off, max_tokens=50).result(20)
    assert last_body(simulator)["prompt"] == "def fib(n):" + cut_off.message["content"]
    retry(joined).result(20)
    assert last_body(simulator)["prompt"] == "def fib(n):"
    for unfit in ({"thinking": True}, {"system": "x"}, {"effort": "low"}):
        with pytest.raises(nbstream.RequestError):
            fill_in("a", "b", **unfit)


def decoded(before: str, data: bytes, cuts: list[int]) -> Reply:
    earlier = Earlier(before, requests=1)
    decoder = ContinuedDecoder(ResponseDecoder(), earlier)
    reply = reduce(reduce(Reply(), Started(0, Request())), Continued(0, earlier))
    places = sorted({0, len(data), *(at % len(data) for at in cuts)})
    for begin, end in pairwise(places):
        for event in coalesce(decoder.feed(data[begin:end], 1.0)):
            reply = reduce(reply, event)
    for event in decoder.finish(2.0):
        reply = reduce(reply, event)
    return reply


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    sizes=st.lists(st.integers(1, 8), min_size=1),
    cuts=st.lists(st.integers(0, 3000), max_size=5),
    repeats=st.booleans(),
)
def test_a_repeated_prefix_is_taken_off_however_it_is_split(
    sizes: list[int], cuts: list[int], *, repeats: bool
) -> None:
    before, rest = "The list:\n\n1. apples\n2. pears\n", "3. plums\n"
    pieces: list[str] = []
    text, at = (before if repeats else "") + rest, 0
    while at < len(text):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[at : at + size])
        at += size
    reply = decoded(before, stream(*map(content, pieces), FINISH), cuts)
    assert reply.message["content"] == before + rest
    assert reply.status == "complete"


def test_text_that_is_held_back_is_not_lost_by_a_stop() -> None:
    earlier = Earlier("The answer is", requests=1)
    decoder = ContinuedDecoder(ResponseDecoder(), earlier)
    assert not any(isinstance(event, Answer) for event in decoder.feed(stream(content("The ans"), done=False), 1.0))
    assert [event for event in decoder.flush(2.0) if isinstance(event, Answer)] == [Answer(2.0, "The ans")]


def test_a_script_goes_on_with_a_reply_and_prints_the_whole(
    simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    first = nbstream.ask(f"[simulate: truncate after=30]{PROMPT}", thinking=False)
    assert "Go on with reply.resume()" in capsys.readouterr().out
    reply = first.resume(extra_body={"simulate": "normal"})
    shown = capsys.readouterr().out
    assert shown.startswith(first.answer)
    assert reply.answer in shown
    assert "deepseek-flash · continued · simulated" in shown
    assert nbstream.last is reply
    code = nbstream.complete("def fib(n):", "    return fib(n - 1)")
    assert code.answer in capsys.readouterr().out
    with pytest.raises(TypeError, match="resume"):
        first.resume(no_such_option=1)
